"""Movement that all boxes of a frame share: the camera's own, not the people's.

A shaken or turned camera moves every box alike, and the filter of one box cannot know it. Where
camera motion compensation (BoT-SORT, Aharon et al. 2022, arXiv:2206.14651) looks at pixels, this
looks at boxes alone: predictions and detections that are each other's best in a wide reach are
paired, and the median of what the detections are off by is what they share.

Before a fixed camera that median is noise, so how much of it is taken follows from how alike the
boxes' errors have lately been. Their likeness is the intraclass correlation `r`, the part of the
errors' energy that is common to all boxes of a frame (Fisher 1925): 0 for errors of their own, 1
when all boxes are off by the same. Of a mean over `n` errors, `n r / (1 + (n - 1) r)` is common
(Spearman 1910; Brown 1910), and that share of the median is taken: nothing before a fixed camera,
nearly everything in the very frame of a jolt, whose energy drowns what was before.
"""

import math
from typing import Final

import numpy as np

from streams.domain.tracking import columns as c
from streams.domain.tracking import parameters as p
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.similarity import compare
from streams.domain.tracking.types import Indices, Matrix, Vector

_US: Final = 1_000_000.0
_LEAST_OVERLAP: Final = 0.1
_ENOUGH: Final = 16
"""So many tracks are asked at most, the oldest: more change no median and take time."""
_LONGEST: Final = 0.2
"""An error counts for no more than this many heights: it may be of a wrong pair."""
_BY_CHANCE: Final = 0.02
"""Likeness that people before a fixed camera have: some walk together."""


@compiled
def follow_camera(
    head: Vector,
    rows: Matrix,
    known: int,
    shapes: Matrix,
    order: Indices,
    line: Indices,
    at_us: float,
    before_us: float,
    params: Vector,
) -> None:
    """Move all predictions by what the recent ones have in common.

    Args:
        head: Of the state; what is known of the camera is brought up to date.
        rows: Live tracks, predicted for now; changed in place.
        known: How many.
        shapes: Detections.
        order: Those of high score.
        line: Places in `order` by left edge.
        at_us: Event time of this frame, microseconds.
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
    starts = np.empty(count + 1, np.int64)
    columns = np.empty(count * width, np.int64)
    worths = np.empty(count * width)
    compare(
        rows,
        tracks,
        shapes,
        order,
        line,
        at_us,
        before_us,
        params[p.CAMERA_BUFFER],
        0.0,
        _LEAST_OVERLAP,
        0.0,
        params,
        starts,
        columns,
        worths,
    )
    mutual = np.empty(count, np.int64)
    _pair_mutually(starts, columns, worths, width, mutual)
    off_x = np.empty(count)
    off_y = np.empty(count)
    pairs = 0
    sum_x, sum_y, energy = 0.0, 0.0, 0.0
    for row in range(count):
        if mutual[row] < 0:
            continue
        i, j = tracks[row], order[mutual[row]]
        off_x[pairs] = shapes[j, c.AT_X] - rows[i, c.X]
        off_y[pairs] = shapes[j, c.AT_Y] - rows[i, c.Y]
        length = math.sqrt(off_x[pairs] * off_x[pairs] + off_y[pairs] * off_y[pairs])
        unit = max(rows[i, c.H], length / _LONGEST)
        x, y = off_x[pairs] / unit, off_y[pairs] / unit
        sum_x += x
        sum_y += y
        energy += x * x + y * y
        pairs += 1
    if pairs < 2:
        return
    common = (sum_x * sum_x + sum_y * sum_y - energy) / (pairs - 1.0)
    fading = 1.0 / (1.0 + (at_us - before_us) / _US / params[p.CAMERA_MEMORY_S])
    head[c.CAMERA_COMMON] = fading * head[c.CAMERA_COMMON] + common
    head[c.CAMERA_ENERGY] = fading * head[c.CAMERA_ENERGY] + energy
    if head[c.CAMERA_COMMON] <= _BY_CHANCE * head[c.CAMERA_ENERGY]:
        return
    alike = head[c.CAMERA_COMMON] / head[c.CAMERA_ENERGY]
    alike = (alike - _BY_CHANCE) / (1.0 - _BY_CHANCE)
    share = params[p.CAMERA_SHARE] * pairs * alike / (1.0 + (pairs - 1.0) * alike)
    x, y = share * np.median(off_x[:pairs]), share * np.median(off_y[:pairs])
    for i in range(known):
        rows[i, c.X] += x
        rows[i, c.Y] += y
        rows[i, c.SEEN_X] += x
        rows[i, c.SEEN_Y] += y


@compiled
def _pair_mutually(
    starts: Indices, columns: Indices, worths: Vector, width: int, mutual: Indices
) -> None:
    """Find rows and columns that are each other's best.

    Args:
        starts: Of the pairs of each row, see `compare`.
        columns: Of each pair.
        worths: Of each pair.
        width: Number of columns.
        mutual: Shape `(N,)`, filled: the column, the lowest of equals; -1 for none.
    """
    most = np.zeros(width)
    for pair in range(starts[len(mutual)]):
        most[columns[pair]] = max(most[columns[pair]], worths[pair])
    for row in range(len(mutual)):
        best, column = 0.0, -1
        for pair in range(starts[row], starts[row + 1]):
            if worths[pair] > best or (worths[pair] == best and columns[pair] < column):
                best, column = worths[pair], columns[pair]
        mutual[row] = column if column >= 0 and best == most[column] else -1
