"""Movement that all boxes of a frame share: the camera's own, not the people's.

A shaken or turned camera moves every box alike, and the filter of one box cannot know it. Where
camera motion compensation (BoT-SORT, Aharon et al. 2022, arXiv:2206.14651) looks at pixels, this
looks at boxes alone: predictions and detections that are each other's best in a wide reach are
paired, and the median of what the detections are off by is taken for the camera's movement. Before
a fixed camera the median is near zero.
"""

from typing import Final

import numpy as np

from streams.domain.tracking import columns as c
from streams.domain.tracking import parameters as p
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.similarity import fill_worth
from streams.domain.tracking.types import Indices, Matrix, Vector

_LEAST_OVERLAP: Final = 0.1
_ENOUGH: Final = 24
"""So many tracks are asked at most, the oldest: more change no median and take time."""


@compiled
def follow_camera(
    rows: Matrix,
    known: int,
    shapes: Matrix,
    order: Indices,
    before_us: float,
    params: Vector,
) -> None:
    """Move all predictions by what the recent ones have in common.

    Args:
        rows: Live tracks, predicted for now; changed in place.
        known: How many.
        shapes: Detections.
        order: Those of high score.
        before_us: Event time of the frame before, microseconds.
        params: Settings.
    """
    tracks = np.empty(_ENOUGH, np.int64)
    count = 0
    for i in range(known):
        recent = rows[i, c.LIFE] == c.CONFIRMED and rows[i, c.SEEN_US] >= before_us
        if recent and count < _ENOUGH:
            tracks[count] = i
            count += 1
    width = len(order)
    if count < 2 or width < 2:
        return
    tracks = tracks[:count]
    worth = np.empty((count, width))
    buffer = params[p.CAMERA_BUFFER]
    fill_worth(rows, tracks, shapes, order, buffer, _LEAST_OVERLAP, 0.0, params, worth)
    off_x = np.empty(count)
    off_y = np.empty(count)
    pairs = 0
    for row in range(count):
        column = _mutual(worth, row)
        if column >= 0:
            i, j = tracks[row], order[column]
            off_x[pairs] = shapes[j, c.AT_X] - rows[i, c.X]
            off_y[pairs] = shapes[j, c.AT_Y] - rows[i, c.Y]
            pairs += 1
    if pairs < 2:
        return
    # Few boxes prove little: a part of the movement, rising with their number.
    share = params[p.CAMERA_SHARE] * (pairs - 1.0) / (pairs + 1.0)
    x, y = share * _median(off_x, pairs), share * _median(off_y, pairs)
    for i in range(known):
        rows[i, c.X] += x
        rows[i, c.Y] += y
        rows[i, c.SEEN_X] += x
        rows[i, c.SEEN_Y] += y


@compiled
def _mutual(worth: Matrix, row: int) -> int:
    """The column that is a row's best and whose best is the row; -1 for none."""
    best, most = -1, 0.0
    for column in range(worth.shape[1]):
        if worth[row, column] > most:
            best, most = column, worth[row, column]
    if best >= 0:
        for other in range(len(worth)):
            if worth[other, best] > most:
                return -1
    return best


@compiled
def _median(values: Vector, count: int) -> float:
    """Of the first `count` values, which are sorted in place."""
    for k in range(1, count):
        value = values[k]
        place = k
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value
    return float((values[(count - 1) // 2] + values[count // 2]) * 0.5)
