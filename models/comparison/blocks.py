"""How long errors hang together, and the pieces of time that are drawn again.

A block is a piece of one camera's time. Its length follows from the autocorrelation of the paired
difference (Politis and White 2004, with the correction of Patton, Politis and White 2009).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.comparison.arms import Frames

SECOND_US = 1_000_000
UNITS_A_BLOCK = 2
"""Blocks overlap by half: sums are kept for half a block."""
LEAST_BLOCK_S = 10.0
PLENTY_OF_BLOCKS = 20
MOST_OF_A_SERIES = 4
"""A block is no longer than a quarter of the longest series."""
CLUSTERS_FROM = 8
"""So many cameras are enough to draw whole cameras; below, time is drawn within each."""


@dataclass(frozen=True, slots=True)
class Units:
    """Half blocks: pieces of one camera's time between two of its movements.

    Attributes:
        of_row: Unit of each frame, shape `(N,)`.
        strata: Series (camera between movements) of each unit, ascending, shape `(U,)`.
        cameras: Number of the camera of each unit, shape `(U,)`.
        block_s: Length of a block, s.
    """

    of_row: NDArray[np.int64]
    strata: NDArray[np.int64]
    cameras: NDArray[np.int64]
    block_s: float

    def __len__(self) -> int:
        return len(self.strata)

    @property
    def blocks(self) -> int:
        """Whole blocks that do not overlap."""
        return int((np.bincount(self.strata) // UNITS_A_BLOCK).sum())

    @property
    def by_camera(self) -> bool:
        """Whether whole cameras are drawn."""
        return int(self.cameras[-1]) + 1 >= CLUSTERS_FROM

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the spread between what is drawn; 0 when nothing varies."""
        if self.by_camera:
            return int(self.cameras[-1])
        return max(0, int(np.maximum(np.bincount(self.strata) // UNITS_A_BLOCK - 1, 0).sum()))


def strata_of(frames: Frames) -> NDArray[np.int64]:
    """The series that each frame belongs to: a camera between two of its movements."""
    starts = np.zeros(len(frames), dtype=bool)
    starts[1:] = frames.cameras[1:] != frames.cameras[:-1]
    for camera, times in frames.moved_us.items():
        own = np.flatnonzero(frames.cameras == camera)
        at = np.searchsorted(frames.times_us[own], times)
        starts[own[at[(at > 0) & (at < len(own))]]] = True
    return np.cumsum(starts)


def units_of(frames: Frames, block_s: float) -> Units:
    """Cut the frames into half blocks."""
    strata = strata_of(frames)
    first = np.searchsorted(strata, strata)
    unit_us = block_s * SECOND_US / UNITS_A_BLOCK
    piece = ((frames.times_us - frames.times_us[first]) / unit_us).astype(np.int64)
    starts = np.ones(len(frames), dtype=bool)
    starts[1:] = (np.diff(strata) != 0) | (np.diff(piece) != 0)
    of_row = np.cumsum(starts) - 1
    cameras = np.cumsum(np.r_[False, frames.cameras[1:] != frames.cameras[:-1]])
    return Units(of_row, strata[starts], cameras[starts], block_s)


def block_length_s(frames: Frames, difference: NDArray[np.float64]) -> float:
    """Length of a block, s, from the paired difference of each frame.

    The difference is summed a second, or a frame where frames are further apart;
    autocovariances are means over the series of all cameras.
    """
    strata = strata_of(frames)
    apart = np.diff(frames.times_us)[np.diff(strata) == 0]
    step_us = max(SECOND_US, int(np.median(apart))) if len(apart) else SECOND_US
    series: list[NDArray[np.float64]] = []
    for stratum in range(int(strata[-1]) + 1):
        own = np.flatnonzero(strata == stratum)
        step = (frames.times_us[own] - frames.times_us[own[0]]) // step_us
        _, index = np.unique(step, return_inverse=True)
        series.append(np.bincount(index, weights=difference[own]).astype(np.float64))
    step_s = step_us / SECOND_US
    longest = max(len(one) for one in series) * step_s
    best = float(np.ceil(politis_white(series))) * step_s
    # The best length for a variance leaves it a little too small, and intervals too narrow. Where
    # there is time enough, blocks twice as long halve that.
    length = max(best, min(2 * best, longest / PLENTY_OF_BLOCKS), LEAST_BLOCK_S)
    return min(length, max(LEAST_BLOCK_S, longest / MOST_OF_A_SERIES))


def politis_white(series: list[NDArray[np.float64]]) -> float:
    """The length of blocks, in steps, that estimates the variance of a mean best.

    Args:
        series: Independent series of one process; each is centred on its own mean.
    """
    steps = max(len(one) for one in series)
    limit = min(steps - 1, int(np.ceil(np.sqrt(steps))) + max(5, int(np.log10(max(2, steps)))))
    if limit < 1:
        return 1.0
    covariances = np.zeros(limit + 1)
    for one in series:
        padded = np.fft.rfft(one - one.mean(), 2 * len(one))
        own = np.fft.irfft(np.abs(padded) ** 2)[: min(limit + 1, len(one))]
        covariances[: len(own)] += own
    if covariances[0] <= 0:
        return 1.0
    covariances /= sum(len(one) for one in series)
    small = np.abs(covariances[1:] / covariances[0]) < 2 * np.sqrt(np.log10(max(10, steps)) / steps)
    needed = max(5, int(np.sqrt(np.log10(max(10, steps)))))
    runs = np.convolve(small, np.ones(needed), "valid") >= needed if len(small) >= needed else small
    width = 2 * (int(runs.argmax()) + 1 if runs.any() else limit)
    lags = np.arange(1, min(width, limit) + 1)
    window = np.clip(2 * (1 - lags / width), 0, 1)
    spread = covariances[0] + 2 * float((window * covariances[lags]).sum())
    slope = 2 * float((window * lags * covariances[lags]).sum())
    if spread <= 0:
        return float(width)
    return float(max(1.0, (1.5 * (slope / spread) ** 2 * steps) ** (1 / 3)))
