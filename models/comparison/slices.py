"""Where the arms differ: slices, and which of many differences are more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.comparison.arms import Frames
from models.comparison.blocks import Units
from models.comparison.ratios import Difference, Ratio, differences_of

FALSE_DISCOVERIES = 0.05
"""Share of the named slices that may be chance (Benjamini and Hochberg 1995)."""
FEWEST_BLOCKS = 10
HOUR_US = 3_600_000_000
CROWDS = ((0, "nobody"), (1, "1 or 2"), (3, "3 to 5"), (6, "6 or more"))


class Slice(NamedTuple):
    """Some of the rows.

    Attributes:
        dimension: What it is cut by, as `camera` or `hour`.
        value: Which one.
        rows: Which rows are in it, shape `(N,)`.
    """

    dimension: str
    value: str
    rows: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class SliceResult:
    """A measure in a slice.

    Attributes:
        dimension: What the slice is cut by.
        value: Which one.
        blocks: Blocks with anything to measure.
        difference: The measure.
        named: Whether the arms differ here by more than chance, over all slices.
        enough: Whether there are blocks enough to judge.
    """

    dimension: str
    value: str
    blocks: int
    difference: Difference
    named: bool
    enough: bool

    def explain(self) -> str:
        """The result in one sentence."""
        where, it = f"{self.dimension} {self.value}", self.difference
        if not self.enough:
            if not np.isfinite(it.error):
                return f"{where}: one block or none, not enough to judge {it.measure}."
            return (
                f"{where}: {self.blocks} blocks are not enough to judge {it.measure}; "
                f"a difference of {it.detectable:.3f} would be seen."
            )
        ends = f"{it.difference:+.4f} ({it.low:+.4f} to {it.high:+.4f})"
        if self.named:
            return f"{where}: {it.measure} differs by {ends}."
        return (
            f"{where}: no difference of {it.measure} beyond chance, {ends}; "
            f"one of {it.detectable:.4f} would be seen."
        )


def slices_of_frames(frames: Frames, people: NDArray[np.float64]) -> list[Slice]:
    """By camera, hour, light, camera and light, and how many people there are."""
    result = [Slice("camera", str(c), frames.cameras == c) for c in np.unique(frames.cameras)]
    hour = frames.times_us // HOUR_US % 24
    result += [Slice("hour", f"{h:02d} UTC", hour == h) for h in np.unique(hour).tolist()]
    if len(frames.light):
        for light in np.unique(frames.light):
            own = frames.light == light
            result.append(Slice("light", str(light), own))
            result += [
                Slice("camera and light", f"{c} {light}", own & (frames.cameras == c))
                for c in np.unique(frames.cameras)
            ]
    for number, (least, name) in enumerate(CROWDS):
        below = CROWDS[number + 1][0] if number + 1 < len(CROWDS) else np.inf
        rows = (people >= least) & (people < below)
        if rows.any():
            result.append(Slice("crowding", name, rows))
    return result


def cut_to(ratio: Ratio, rows: NDArray[np.bool_]) -> Ratio:
    """A measure within a slice."""
    return Ratio(
        name=ratio.name,
        up_a=ratio.up_a * rows,
        up_b=ratio.up_b * rows,
        down_a=ratio.down_a * rows,
        down_b=ratio.down_b * rows,
        higher_is_better=ratio.higher_is_better,
    )


def discoveries(p: NDArray[np.float64], rate: float = FALSE_DISCOVERIES) -> NDArray[np.bool_]:
    """Which of many probabilities are below what chance explains (Benjamini and Hochberg 1995)."""
    named = np.zeros(len(p), dtype=bool)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    below = np.flatnonzero(p[order] <= rate * np.arange(1, len(order) + 1) / max(1, len(order)))
    if len(below):
        named[order[: below[-1] + 1]] = True
    return named


def judge(
    names: Sequence[tuple[str, str]],
    ratios: Sequence[Ratio],
    units: Units,
    *,
    resamples: int,
    seed: int,
) -> tuple[SliceResult, ...]:
    """Judge measures that are cut into slices, with false discoveries held down over all of them.

    Args:
        names: Dimension and value of each measure's slice.
        ratios: The measures, 0 outside their slice.
        units: What is drawn.
        resamples: How many draws.
        seed: Of the draws.
    """
    if not ratios:
        return ()
    differences = differences_of(ratios, units, resamples=resamples, seed=seed)
    blocks = [_blocks(ratio, units) for ratio in ratios]
    enough = np.array([count >= FEWEST_BLOCKS for count in blocks])
    p = np.where(enough, [one.p for one in differences], np.nan)
    named = discoveries(p)
    return tuple(
        SliceResult(
            dimension=dimension,
            value=value,
            blocks=blocks[k],
            difference=differences[k],
            named=bool(named[k]),
            enough=bool(enough[k] and np.isfinite(p[k])),
        )
        for k, (dimension, value) in enumerate(names)
    )


def _blocks(ratio: Ratio, units: Units) -> int:
    held = np.bincount(units.of_row, weights=ratio.down_a + ratio.down_b) > 0
    return int(held.sum() // 2)
