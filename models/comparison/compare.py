"""Compare two arms over the same frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.comparison.arms import Arm, BoxesOfFrames, Frames, Truth, check_pair
from models.comparison.blocks import Units, block_length_s, strata_of, units_of
from models.comparison.bootstrap import interval, resample
from models.comparison.curves import BINS, Bins, average_precisions, bin_of, bins_of
from models.comparison.matching import hits, pairs_of
from models.comparison.ratios import RESAMPLES, Difference, Ratio, difference, differences_of
from models.comparison.slices import SliceResult, cut_to, judge, slices_of_frames
from models.comparison.verdict import MARGIN, Verdict, verdict
from models.evaluation.detection import IOU_THRESHOLDS, SCORE_THRESHOLD

Floats = NDArray[np.float64]

OVERLAP = 0.5
HOUR_US = 3_600_000_000
VERDICT_BY = "F1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What a comparison shows; differences are arm b's value less arm a's.

    Attributes:
        hours: Hours of video, all cameras together.
        frames: Frames that were compared.
        block_s: Length of a block, s, from the autocorrelation of the paired difference.
        blocks: How many blocks there are.
        drawn: What is drawn: `cameras`, or `time within each camera`.
        missing_a: Frames on which arm a failed.
        missing_b: Frames on which arm b failed.
        differences: With truth: AP, AP50, precision, recall, F1. Always: people a frame, and
            ms a frame where both arms have it.
        agreement: Boxes that both arms have at an overlap of 0.5, as a share of the boxes of
            either: `2 pairs / (boxes of a + boxes of b)`; NaN without boxes.
        slices: With truth: recall (and precision, where frames are cut) in each slice.
        verdict: By F1; None without truth, where no arm can be called better.
        bins_a: Boxes of arm a by score, for other thresholds; None without truth.
        bins_b: The same of arm b.
    """

    hours: float
    frames: int
    block_s: float
    blocks: int
    drawn: str
    missing_a: int
    missing_b: int
    differences: tuple[Difference, ...]
    agreement: float
    slices: tuple[SliceResult, ...]
    verdict: Verdict | None
    bins_a: Bins | None
    bins_b: Bins | None

    def of(self, measure: str) -> Difference:
        """The difference by one measure.

        Raises:
            KeyError: The comparison has no such measure.
        """
        for one in self.differences:
            if one.measure == measure:
                return one
        raise KeyError(measure)


def compare(
    a: Arm,
    b: Arm,
    truth: Truth | None = None,
    *,
    threshold: float = SCORE_THRESHOLD,
    margin: float = MARGIN,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two arms over the same frames.

    Args:
        a: What runs now.
        b: What may replace it.
        truth: The people who are there, over the same frames.
        threshold: Score from which boxes count, a multiple of 0.005.
        margin: Loss of F1 that is accepted.
        resamples: Draws of the bootstrap.
        seed: Of the draws: the same inputs and seed give the same result.

    Raises:
        NotComparable: The inputs do not fit each other.
    """
    check_pair(a, b, truth)
    frames = a.frames
    first = round(threshold * BINS)
    kept_a, kept_b = _kept(a.found, first), _kept(b.found, first)
    count_a = np.bincount(kept_a.frames, minlength=len(frames)).astype(float)
    count_b = np.bincount(kept_b.frames, minlength=len(frames)).astype(float)
    in_both = hits(pairs_of(kept_b, kept_a, len(frames), OVERLAP), OVERLAP)[0]
    boxes = count_a.sum() + count_b.sum()
    agreement = float(2 * len(in_both) / boxes) if boxes else float("nan")

    ones = np.ones(len(frames))
    ratios = [Ratio(name="people a frame", up_a=count_a, up_b=count_b, down_a=ones, down_b=ones)]
    if len(a.frame_ms) and len(b.frame_ms):
        ratios.append(
            Ratio(
                name="ms a frame",
                up_a=a.frame_ms,
                up_b=b.frame_ms,
                down_a=ones,
                down_b=ones,
                higher_is_better=False,
            )
        )
    if truth is None:
        units = units_of(frames, block_length_s(frames, count_b - count_a))
        differences = differences_of(ratios, units, resamples=resamples, seed=seed)
        return _result(a, b, units, differences, agreement)

    found_a, found_b = _found(kept_a, truth, frames), _found(kept_b, truth, frames)
    of_person = truth.people.frames
    right_a = np.bincount(of_person, weights=found_a, minlength=len(frames)).astype(float)
    right_b = np.bincount(of_person, weights=found_b, minlength=len(frames)).astype(float)
    people = np.bincount(of_person, minlength=len(frames)).astype(float)
    recall = Ratio(name="recall", up_a=right_a, up_b=right_b, down_a=people, down_b=people)
    precision = Ratio(name="precision", up_a=right_a, up_b=right_b, down_a=count_a, down_b=count_b)
    f1 = Ratio(
        name="F1",
        up_a=2 * right_a,
        up_b=2 * right_b,
        down_a=count_a + people,
        down_b=count_b + people,
    )
    errors = (2 * right_b - count_b) - (2 * right_a - count_a)
    units = units_of(frames, block_length_s(frames, errors))
    differences = differences_of(
        [precision, recall, f1, *ratios], units, resamples=resamples, seed=seed
    )
    (bins_a, exact_a), (bins_b, exact_b) = bins_of(a, truth, units), bins_of(b, truth, units)
    differences = (
        *_precisions(bins_a, bins_b, exact_a, exact_b, units, resamples, seed),
        *differences,
    )
    cut = [
        ((one.dimension, one.value), cut_to(ratio, one.rows))
        for one in slices_of_frames(frames, people)
        for ratio in (recall, precision)
    ]
    cut += _slices_of_people(truth.people, found_a, found_b, len(frames))
    results = judge(
        [name for name, _ in cut],
        [ratio for _, ratio in cut],
        units,
        resamples=resamples,
        seed=seed,
    )
    by = next(one for one in differences if one.measure == VERDICT_BY)
    judged = verdict(by, a=a.name, b=b.name, hours=hours_of(frames), margin=margin)
    return _result(a, b, units, differences, agreement, results, judged, bins_a, bins_b)


def hours_of(frames: Frames) -> float:
    """Hours of video, all cameras together: between the first and last frame of each series."""
    strata = strata_of(frames)
    first = np.searchsorted(strata, np.arange(int(strata[-1]) + 1))
    last = np.r_[first[1:], len(frames)] - 1
    return float((frames.times_us[last] - frames.times_us[first]).sum() / HOUR_US)


def _result(
    a: Arm,
    b: Arm,
    units: Units,
    differences: tuple[Difference, ...],
    agreement: float,
    slices: tuple[SliceResult, ...] = (),
    judged: Verdict | None = None,
    bins_a: Bins | None = None,
    bins_b: Bins | None = None,
) -> Comparison:
    return Comparison(
        hours=hours_of(a.frames),
        frames=len(a.frames),
        block_s=units.block_s,
        blocks=units.blocks,
        drawn="cameras" if units.by_camera else "time within each camera",
        missing_a=int(a.failed.sum()),
        missing_b=int(b.failed.sum()),
        differences=differences,
        agreement=agreement,
        slices=slices,
        verdict=judged,
        bins_a=bins_a,
        bins_b=bins_b,
    )


def _kept(found: BoxesOfFrames, first: int) -> BoxesOfFrames:
    keep = bin_of(found.scores) >= first
    return BoxesOfFrames(
        frames=found.frames[keep], boxes=found.boxes[keep], scores=found.scores[keep]
    )


def _found(kept: BoxesOfFrames, truth: Truth, frames: Frames) -> Floats:
    """Which people have a box, 0 or 1, shape `(people,)`."""
    found = np.zeros(len(truth.people.frames))
    found[hits(pairs_of(kept, truth.people, len(frames), OVERLAP), OVERLAP)[1]] = 1.0
    return found


def _precisions(
    a: Bins, b: Bins, exact_a: Floats, exact_b: Floats, units: Units, resamples: int, seed: int
) -> tuple[Difference, ...]:
    """AP and AP50 of both arms, from one product over the bins that are not empty."""
    levels = len(IOU_THRESHOLDS)
    sums = np.concatenate(
        [np.concatenate([one.right.reshape(len(units), -1), one.boxes], axis=1) for one in (a, b)]
        + [a.people[:, None]],
        axis=1,
    )
    held = sums.any(axis=0)
    half = levels * BINS + BINS

    def both(totals: NDArray[np.floating]) -> NDArray[np.floating]:
        whole = np.zeros((len(totals), sums.shape[1]), dtype=totals.dtype)
        whole[:, held] = totals
        values = [
            average_precisions(
                whole[:, start : start + levels * BINS].reshape(len(totals), levels, BINS),
                whole[:, start + levels * BINS : start + half],
                whole[:, -1],
            )
            for start in (0, half)
        ]
        return np.stack(
            [values[0].mean(axis=1), values[0][:, 0], values[1].mean(axis=1), values[1][:, 0]],
            axis=1,
        )

    binned = both(sums.sum(axis=0)[None, held])[0]
    drawn = resample(units, sums[:, held], both, resamples=resamples, seed=seed)
    result = []
    values = (("AP", exact_a.mean(), exact_b.mean()), ("AP50", exact_a[0], exact_b[0]))
    for at, (name, of_a, of_b) in enumerate(values):
        # Draws are of bins; what the bins round off is put back.
        rounded = (of_b - of_a) - (binned[at + 2] - binned[at])
        ends = interval(drawn[:, at + 2] - drawn[:, at] + rounded, units.freedom)
        result.append(difference(name, float(of_a), float(of_b), ends, units.freedom))
    return tuple(result)


def _slices_of_people(
    people: BoxesOfFrames, found_a: Floats, found_b: Floats, frames: int
) -> list[tuple[tuple[str, str], Ratio]]:
    """Recall by height of the box and by zone: slices of people and not of frames."""
    groups: list[tuple[tuple[str, str], NDArray[np.bool_]]] = []
    if len(people.frames):
        height = people.boxes[:, 3] - people.boxes[:, 1]
        low, high = np.quantile(height, [1 / 3, 2 / 3])
        groups = [
            (("box height", f"below {low:.0f} px"), height < low),
            (("box height", f"{low:.0f} to {high:.0f} px"), (height >= low) & (height < high)),
            (("box height", f"from {high:.0f} px"), height >= high),
        ]
        groups += [(("zone", str(z)), people.zones == z) for z in np.unique(people.zones)]
    result = []
    for name, own in groups:
        at = people.frames[own]
        count = np.bincount(at, minlength=frames).astype(float)
        result.append(
            (
                name,
                Ratio(
                    name="recall",
                    up_a=np.bincount(at, weights=found_a[own], minlength=frames).astype(float),
                    up_b=np.bincount(at, weights=found_b[own], minlength=frames).astype(float),
                    down_a=count,
                    down_b=count,
                ),
            )
        )
    return result
