"""Draw blocks again, as matrix products, and read intervals from what comes out."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.comparison.blocks import UNITS_A_BLOCK, Units

Floats = NDArray[np.float64]
Draws = NDArray[np.float32]

LEVEL = 0.95
RESAMPLES_AT_ONCE = 1_000


class Interval(NamedTuple):
    """Where the true value lies in 95 of 100 such comparisons.

    Attributes:
        low: Lower end; NaN when one block is all there is.
        high: Upper end.
        error: Standard error.
    """

    low: float
    high: float
    error: float


def draws(units: Units, resamples: int, rng: np.random.Generator) -> Iterator[Draws]:
    """How often each unit is drawn, `(R, U)` at a time.

    Overlapping circular blocks within each series (Kuensch 1989, Politis and Romano 1992), or
    whole cameras where there are enough of them.
    """
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        yield _draw(units, min(RESAMPLES_AT_ONCE, resamples - start), rng)


def resample(
    units: Units,
    sums: Floats,
    statistic: Callable[[NDArray[np.floating]], NDArray[np.floating]],
    *,
    resamples: int,
    seed: int,
) -> Floats:
    """A statistic of resampled totals.

    Args:
        units: What is drawn.
        sums: Sums of each unit, shape `(U, C)`.
        statistic: From totals `(R, C)` to values `(R, ...)`.
        resamples: How many.
        seed: Of the draws: the same seed gives the same interval.

    Returns:
        Shape `(resamples, ...)`.
    """
    rng = np.random.default_rng(seed)
    narrow = np.ascontiguousarray(sums, dtype=np.float32)
    return np.concatenate(
        [np.asarray(statistic(weights @ narrow), float) for weights in draws(units, resamples, rng)]
    )


def interval(values: Floats, freedom: int, *, level: float = LEVEL) -> Interval:
    """The percentile interval, widened for few blocks (Hesterberg 2015).

    With `n` blocks the plain percentile is too narrow by `sqrt(1 - 1/n)` and by what Student's t
    is wider than the normal; its level is raised by both.
    """
    fine = values[np.isfinite(values)]
    if freedom < 1 or len(fine) < len(values) // 2 or len(fine) < 2:
        return Interval(np.nan, np.nan, np.nan)
    stretch = np.sqrt((freedom + 1) / freedom)
    reach = stats.t.ppf((1 + level) / 2, freedom) * stretch
    low, high = np.quantile(fine, [float(stats.norm.cdf(end)) for end in (-reach, reach)]).tolist()
    return Interval(float(low), float(high), float(fine.std() * stretch))


def _draw(units: Units, resamples: int, rng: np.random.Generator) -> Draws:
    if units.by_camera:
        cameras = int(units.cameras[-1]) + 1
        return _counts(cameras, cameras, resamples, rng)[:, units.cameras]
    weights = np.empty((resamples, len(units)), dtype=np.float32)
    limits = np.searchsorted(units.strata, np.arange(int(units.strata[-1]) + 2))
    for start, end in pairwise(limits.tolist()):
        size = end - start
        overlap = min(UNITS_A_BLOCK, size)
        picks = max(1, round(size / overlap))
        starts = _counts(size, picks, resamples, rng)
        total = starts.copy()
        for shift in range(1, overlap):
            total += np.roll(starts, shift, axis=1)
        weights[:, start:end] = total * (size / (picks * overlap))
    return weights


def _counts(size: int, picks: int, resamples: int, rng: np.random.Generator) -> Draws:
    picked = rng.integers(size, size=(resamples, picks))
    picked += np.arange(resamples)[:, None] * size
    counts = np.bincount(picked.ravel(), minlength=resamples * size)
    return counts.reshape(resamples, size).astype(np.float32)
