"""Measures that are a sum over a sum, and their paired differences with intervals.

Precision, recall, F1, mean error, time a frame and agreement are all of this form, so one matrix
product of draws and sums serves every measure and every slice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.comparison.blocks import Units
from models.comparison.bootstrap import Interval, interval, resample

Floats = NDArray[np.float64]

RESAMPLES = 1_000
POWER = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """A measure of both arms, row by row; a row is a frame or a minute.

    Attributes:
        name: The measure.
        up_a: Numerator of arm a, shape `(N,)`.
        up_b: Numerator of arm b.
        down_a: Denominator of arm a.
        down_b: Denominator of arm b.
        higher_is_better: Which way is better.
    """

    name: str
    up_a: Floats
    up_b: Floats
    down_a: Floats
    down_b: Floats
    higher_is_better: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A measure of both arms and what lies between them.

    Attributes:
        measure: The measure.
        a: Value of arm a; NaN when nothing was there to measure.
        b: Value of arm b.
        difference: `b - a`.
        low: Lower end of its 95 % interval; NaN when one block is all there is.
        high: Upper end.
        error: Standard error of the difference.
        p: Probability of a difference so large or larger if there is none.
        higher_is_better: Which way is better.
    """

    measure: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    error: float
    p: float
    higher_is_better: bool

    @property
    def detectable(self) -> float:
        """The least true difference that four of five such comparisons would find."""
        return float((stats.norm.ppf(0.975) + stats.norm.ppf(POWER)) * self.error)


def sums_of(ratios: Sequence[Ratio], units: Units) -> Floats:
    """The four sums of each ratio in each unit, shape `(U, 4 M)`."""
    columns = [
        np.bincount(units.of_row, weights=column, minlength=len(units))
        for ratio in ratios
        for column in (ratio.up_a, ratio.down_a, ratio.up_b, ratio.down_b)
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((len(units), 0))


def differences_of(
    ratios: Sequence[Ratio], units: Units, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Difference, ...]:
    """Each measure of both arms, with the interval of the difference."""
    sums = sums_of(ratios, units)
    drawn = resample(units, sums, _differences, resamples=resamples, seed=seed)
    result = []
    for number, ratio in enumerate(ratios):
        own = sums[:, 4 * number : 4 * number + 4]
        total = own.sum(axis=0)
        a, b = _share(total[0], total[1]), _share(total[2], total[3])
        freedom = _freedom(own, units)
        result.append(
            difference(
                ratio.name,
                a,
                b,
                interval(drawn[:, number], freedom),
                freedom,
                higher_is_better=ratio.higher_is_better,
            )
        )
    return tuple(result)


def difference(
    measure: str, a: float, b: float, ends: Interval, freedom: int, *, higher_is_better: bool = True
) -> Difference:
    """Put a measure of both arms and its interval together."""
    between = b - a
    p = np.nan
    if np.isfinite(ends.error):
        p = (
            2 * float(stats.t.sf(abs(between) / ends.error, freedom))
            if ends.error > 0
            else float(between == 0)
        )
    return Difference(
        measure=measure,
        a=a,
        b=b,
        difference=between,
        low=ends.low,
        high=ends.high,
        error=ends.error,
        p=p,
        higher_is_better=higher_is_better,
    )


def _freedom(sums: Floats, units: Units) -> int:
    """Degrees of freedom of units that hold anything to measure."""
    held = (sums[:, 1] > 0) | (sums[:, 3] > 0)
    if units.by_camera:
        return max(0, len(np.unique(units.cameras[held])) - 1)
    pieces = np.bincount(units.strata[held], minlength=1)
    return max(0, int(np.maximum(pieces // 2 - 1, 0).sum()))


def _differences(totals: NDArray[np.floating]) -> NDArray[np.floating]:
    shaped = totals.reshape(len(totals), -1, 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(shaped[..., 2] / shaped[..., 3] - shaped[..., 0] / shaped[..., 1])


def _share(up: float, down: float) -> float:
    return float(up / down) if down > 0 else float("nan")
