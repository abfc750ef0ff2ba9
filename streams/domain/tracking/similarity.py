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
def fill_worth(
    rows: Matrix,
    tracks: Indices,
    shapes: Matrix,
    free: Indices,
    buffer: float,
    gate: float,
    with_momentum: float,
    params: Vector,
    worth: Matrix,
) -> None:
    """Compare predictions with detections.

    Args:
        rows: Live tracks, predicted for now.
        tracks: `T` rows to compare.
        shapes: Detections, see `shapes_of`.
        free: `D` detections to compare.
        buffer: Part of its size by which each side of a box is moved out.
        gate: Least similarity, 0 to 1.
        with_momentum: Weight of agreement with a track's direction, 0 to 1.
        params: Settings.
        worth: Shape `(T, D)`, filled: similarity beyond the gate; not above 0 for a pair that may
            not be made.
    """
    wider = 1.0 + 2.0 * buffer
    with_heights = params[p.HEIGHT_WEIGHT]
    for row in range(len(tracks)):
        i = tracks[row]
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
        for column in range(len(free)):
            j = free[column]
            worth[row, column] = 0.0
            wide = shapes[j, c.AT_W] * wider
            across = min((w + wide) * 0.5 - abs(shapes[j, c.AT_X] - x), w, wide)
            if across <= 0.0:
                continue
            high = shapes[j, c.AT_H] * wider
            along = min((h + high) * 0.5 - abs(shapes[j, c.AT_Y] - y), h, high)
            if along <= 0.0:
                continue
            common = across * along
            similar = common / (area + wide * high - common)
            if with_heights > 0.0:
                # The overlap of heights, as in Hybrid-SORT (Yang et al. 2024, arXiv:2308.00783).
                similar *= 1.0 - with_heights * (1.0 - along / (h + high - along))
            if heading > 0.0:
                similar += heading * _along(rows, i, shapes, j)
            worth[row, column] = similar - gate


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
