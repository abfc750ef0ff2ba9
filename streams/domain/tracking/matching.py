"""Which detection belongs to which track, and which begins one.

After ByteTrack (Zhang et al. 2022, arXiv:2110.06864): high scores are matched first, to known
tracks; low scores then keep known tracks alive through occlusion and blur. High scores left over
are matched with tentative tracks, then, in a wider reach, with whoever is still unseen (the second
round of C-BIoU), and begin tracks at last.
"""

from typing import Final

import numpy as np

from streams.domain.tracking import columns as c
from streams.domain.tracking import life
from streams.domain.tracking import parameters as p
from streams.domain.tracking.assignment import assign
from streams.domain.tracking.consensus import follow_camera
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.ordering import order_of
from streams.domain.tracking.similarity import compare, is_double, lined_up, shapes_of
from streams.domain.tracking.types import Flags, Indices, Matrix, Vector

# Kinds of tracks that a round offers detections to, as sums of powers of two by life.
_TENTATIVE: Final = 1
_CONFIRMED: Final = 2
_LOST: Final = 4


@compiled
def match(
    head: Vector,
    rows: Matrix,
    captured_us: float,
    before_us: float,
    boxes: Matrix,
    mates: Indices,
    born: Indices,
    params: Vector,
) -> int:
    """Give detections to tracks and begin tracks.

    Args:
        head: Of the state; births take their ids from it.
        rows: Live tracks, predicted for now, then room for births; changed in place.
        captured_us: Event time of this frame, microseconds.
        before_us: Event time of the frame before, microseconds.
        boxes: Shape `(N, IN)`.
        mates: Shape `(T,)`, all -1, filled: the detection given to each live track.
        born: Shape `(N,)`, filled: the detections that began tracks, in the order of their ids.
        params: Settings.

    Returns:
        Births.
    """
    known = len(mates)
    order = order_of(boxes, True)
    by_left = order_of(boxes, False)
    shapes = shapes_of(boxes)
    taken = np.zeros(len(boxes), np.bool_)
    high, low = 0, 0
    for j in order:
        if shapes[j, c.AT_SCORE] >= params[p.HIGH_SCORE]:
            high += 1
        if shapes[j, c.AT_SCORE] >= params[p.LOW_SCORE]:
            low += 1
    if params[p.CAMERA_SHARE] > 0.0:
        line = lined_up(order[:high], by_left)
        follow_camera(head, rows, known, shapes, order[:high], line, captured_us, before_us, params)
    args = (rows, mates, shapes, order, by_left, taken, captured_us, before_us, params)
    _round(*args, _CONFIRMED + _LOST, 0, high, 0.0, 0.0, params[p.MATCH_IOU])
    _round(*args, _CONFIRMED + _LOST, high, low, 0.0, 0.0, params[p.LOW_MATCH_IOU])
    _round(*args, _TENTATIVE, 0, high, 0.0, 0.0, params[p.TENTATIVE_IOU])
    if params[p.RESCUE_BUFFER] > 0.0:
        kinds = _TENTATIVE + _CONFIRMED + _LOST
        buffer, growth = params[p.RESCUE_BUFFER], params[p.RESCUE_GROWTH]
        _round(*args, kinds, 0, high, buffer, growth, params[p.RESCUE_IOU])
    for i in range(known):
        if mates[i] >= 0:
            life.matched(rows, i, captured_us, before_us, shapes, mates[i], params)
        else:
            life.missed(rows, i, captured_us, params)
    births = 0
    for j in order[:high]:
        if taken[j] or shapes[j, c.AT_SCORE] < params[p.BIRTH_SCORE]:
            continue
        if is_double(rows, known + births, shapes, j, params):
            continue
        life.born(rows, known + births, head[c.NEXT_ID], captured_us, shapes, j, params)
        head[c.NEXT_ID] += 1.0
        born[births] = j
        births += 1
    return births


@compiled
def _round(
    rows: Matrix,
    mates: Indices,
    shapes: Matrix,
    order: Indices,
    by_left: Indices,
    taken: Flags,
    at_us: float,
    before_us: float,
    params: Vector,
    kinds: int,
    first: int,
    last: int,
    buffer: float,
    growth: float,
    gate: float,
) -> None:
    """Match the free tracks of some kinds with the free ones of `order[first:last]`."""
    tracks = np.empty(len(mates), np.int64)
    count = 0
    for i in range(len(mates)):
        if mates[i] < 0 and rows[i, c.LIFE] != c.ENDED and (kinds >> int(rows[i, c.LIFE])) & 1:
            tracks[count] = i
            count += 1
    free = np.empty(last - first, np.int64)
    width = 0
    for place in range(first, last):
        if not taken[order[place]]:
            free[width] = order[place]
            width += 1
    if count == 0 or width == 0:
        return
    tracks, free = tracks[:count], free[:width]
    starts = np.empty(count + 1, np.int64)
    columns = np.empty(count * width, np.int64)
    worths = np.empty(count * width)
    compare(
        rows,
        tracks,
        shapes,
        free,
        lined_up(free, by_left),
        at_us,
        before_us,
        buffer,
        growth,
        gate,
        params[p.MOMENTUM_WEIGHT],
        params,
        starts,
        columns,
        worths,
    )
    chosen = np.empty(count, np.int64)
    assign(starts, columns, worths, width, chosen)
    for row in range(count):
        if chosen[row] >= 0:
            mates[tracks[row]] = free[chosen[row]]
            taken[free[chosen[row]]] = True
