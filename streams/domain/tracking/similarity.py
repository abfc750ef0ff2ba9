"""How well detections fit tracks: the overlap of buffered boxes, refined by what is known.

Buffered IoU (Yang et al. 2023, C-BIoU, arXiv:2211.14317): both boxes are widened in proportion, so
that a person who has moved by more than their width since the last frame still overlaps.
"""

import math
from typing import Final

import numpy as np

from streams.domain.tracking import columns as c
from streams.domain.tracking import parameters as p
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.types import Indices, Matrix, Vector

_US: Final = 1_000_000.0
_STANDING: Final = 0.1
"""A way of this many heights is as good as none: boxes tremble by about as much."""


@compiled
def shapes_of(boxes: Matrix) -> Matrix:
    """Centre, size and score of each detection.

    Args:
        boxes: Shape `(N, IN)`.

    Returns:
        Shape `(N, 5)`: x, y, width, height (px) and score.
    """
    count = len(boxes)
    shapes = np.empty((count, c.IN))
    for j in range(count):
        shapes[j, c.AT_X] = (boxes[j, c.IN_X_MIN] + boxes[j, c.IN_X_MAX]) * 0.5
        shapes[j, c.AT_Y] = (boxes[j, c.IN_Y_MIN] + boxes[j, c.IN_Y_MAX]) * 0.5
        shapes[j, c.AT_W] = boxes[j, c.IN_X_MAX] - boxes[j, c.IN_X_MIN]
        shapes[j, c.AT_H] = boxes[j, c.IN_Y_MAX] - boxes[j, c.IN_Y_MIN]
        shapes[j, c.AT_SCORE] = boxes[j, c.IN_SCORE]
    return shapes


@compiled
def compare(
    rows: Matrix,
    tracks: Indices,
    shapes: Matrix,
    free: Indices,
    line: Indices,
    at_us: float,
    before_us: float,
    buffer: float,
    growth: float,
    gate: float,
    with_momentum: float,
    params: Vector,
    starts: Indices,
    columns: Indices,
    worths: Vector,
) -> None:
    """Compare predictions with the detections near them.

    Args:
        rows: Live tracks, predicted for now.
        tracks: `T` rows to compare.
        shapes: Detections, see `shapes_of`.
        free: `D` detections to compare.
        line: Places in `free` by the left edges of their detections, see `lined_up`.
        at_us: Event time of this frame, microseconds.
        before_us: Event time of the frame before, microseconds.
        buffer: Part of its size by which each side of a box is moved out.
        growth: The same for each second that a track was not seen.
        gate: Least similarity, 0 to 1.
        with_momentum: Weight of agreement with a track's direction, 0 to 1.
        params: Settings.
        starts: Shape `(T + 1,)`, filled: where the pairs of each row begin; the last is their end.
        columns: Shape `(T * D,)`, filled as far as there are pairs: the place in `free`.
        worths: The same shape, filled: similarity beyond the gate, less what an unseen track has
            to stand back; above 0.
    """
    height_weight = params[p.HEIGHT_WEIGHT]
    widest = 0.0
    lefts = np.empty(len(line))
    for place in range(len(line)):
        j = free[line[place]]
        lefts[place] = shapes[j, c.AT_X] - shapes[j, c.AT_W] * 0.5
        widest = max(widest, shapes[j, c.AT_W])
    found = 0
    for row in range(len(tracks)):
        i = tracks[row]
        starts[row] = found
        reach = buffer + growth * (at_us - rows[i, c.SEEN_US]) / _US
        wider = 1.0 + 2.0 * reach
        x, y = rows[i, c.X], rows[i, c.Y]
        w, h = rows[i, c.W] * wider, rows[i, c.H] * wider
        area = w * h
        vx, vy = rows[i, c.VX], rows[i, c.VY]
        speed = math.sqrt(vx * vx + vy * vy)
        # One who stands has no direction: a velocity counts by its length over its deviation.
        heading = 0.0
        if speed > 0.0:
            sure = speed / (speed + math.sqrt(rows[i, c.VELOCITY_VAR]))
            heading = with_momentum * sure / speed
        full = 1.0 if rows[i, c.SEEN_US] >= before_us else 1.0 - params[p.UNSEEN_YIELD]
        end = x + w * 0.5 + reach * widest
        for place in range(_first_above(lefts, x - w * 0.5 - (1.0 + reach) * widest), len(line)):
            if lefts[place] >= end:
                break
            column = line[place]
            j = free[column]
            wide = shapes[j, c.AT_W] * wider
            across = min((w + wide) * 0.5 - abs(shapes[j, c.AT_X] - x), w, wide)
            high = shapes[j, c.AT_H] * wider
            along = min((h + high) * 0.5 - abs(shapes[j, c.AT_Y] - y), h, high)
            if min(across, along) <= 0.0:  # one question: nobody foresees either answer
                continue
            common = across * along
            similar = common / (area + wide * high - common)
            if height_weight > 0.0:
                # The overlap of heights, as in Hybrid-SORT (Yang et al. 2024, arXiv:2308.00783).
                similar *= 1.0 - height_weight * (1.0 - along / (h + high - along))
            if heading > 0.0:
                similar += heading * _along(rows, i, shapes, j)
            if similar > gate:
                columns[found] = column
                worths[found] = (similar - gate) * full
                found += 1
    starts[len(tracks)] = found


@compiled
def lined_up(free: Indices, by_left: Indices) -> Indices:
    """Places in `free` by the left edges of their detections.

    Args:
        free: `D` of `N` detections.
        by_left: Shape `(N,)`: all detections by their left edges.
    """
    place_of = np.full(len(by_left), -1)
    for place in range(len(free)):
        place_of[free[place]] = place
    line = np.empty(len(free), np.int64)
    count = 0
    for j in by_left:
        if place_of[j] >= 0:
            line[count] = place_of[j]
            count += 1
    return line


@compiled
def _first_above(values: Vector, bound: float) -> int:
    """Place of the first of rising values that is above a bound, asked for without branches."""
    first, left = 0, len(values)
    while left > 0:
        half = (left + 1) // 2
        first += half * (values[first + half - 1] <= bound)
        left -= half
    return first


@compiled
def _along(rows: Matrix, i: int, shapes: Matrix, j: int) -> float:
    """Velocity along the way from a track's last sight to a detection, px/s, less for short ways.

    Observation-centric momentum (Cao et al. 2023, OC-SORT, arXiv:2203.14360).
    """
    dx = shapes[j, c.AT_X] - rows[i, c.SEEN_X]
    dy = shapes[j, c.AT_Y] - rows[i, c.SEEN_Y]
    length = math.sqrt(dx * dx + dy * dy)
    return float((dx * rows[i, c.VX] + dy * rows[i, c.VY]) / (length + _STANDING * rows[i, c.H]))


@compiled
def is_double(rows: Matrix, live: int, shapes: Matrix, j: int, params: Vector) -> bool:
    """Tell whether a detection is a second box of a person seen in this frame.

    It is when it overlaps the track by much (IoU), or lies in it for the greater part, as the
    box of a head and shoulders does.
    """
    w, h = shapes[j, c.AT_W], shapes[j, c.AT_H]
    for i in range(live):
        if rows[i, c.OBSERVED] == 0.0:
            continue
        track_w, track_h = rows[i, c.W], rows[i, c.H]
        across = min((track_w + w) * 0.5 - abs(shapes[j, c.AT_X] - rows[i, c.X]), track_w, w)
        along = min((track_h + h) * 0.5 - abs(shapes[j, c.AT_Y] - rows[i, c.Y]), track_h, h)
        if across <= 0.0 or along <= 0.0:
            continue
        common = across * along
        if (
            common > params[p.BIRTH_IOU] * (track_w * track_h + w * h - common)
            or common > params[p.BIRTH_COVER] * w * h
        ):
            return True
    return False
