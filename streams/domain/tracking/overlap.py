"""How well a detection fits a track: overlap of buffered boxes, refined."""

import math

from streams.domain.tracking import columns as c
from streams.domain.tracking import parameters as p
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.types import Matrix, Vector


@compiled
def overlap(
    rows: Matrix,
    i: int,
    boxes: Matrix,
    j: int,
    buffer: float,
    params: Vector,
) -> float:
    """Similarity of a track's prediction and a detection.

    Buffered IoU (Yang et al. 2023, C-BIoU, arXiv:2211.14317): both boxes are widened, so that a
    person who has moved by more than their width since the last frame still overlaps. The buffer
    grows with the filter's own uncertainty, and so with the time since the last frame.
    """
    x_min, y_min = boxes[j, c.IN_X_MIN], boxes[j, c.IN_Y_MIN]
    x_max, y_max = boxes[j, c.IN_X_MAX], boxes[j, c.IN_Y_MAX]
    w, h = x_max - x_min, y_max - y_min
    spread = params[p.BUFFER_SIGMA] * math.sqrt(rows[i, c.POSITION_VAR])
    track_w = rows[i, c.W] * (1.0 + 2.0 * buffer) + 2.0 * spread
    track_h = rows[i, c.H] * (1.0 + 2.0 * buffer) + 2.0 * spread
    wide = w * (1.0 + 2.0 * buffer) + 2.0 * spread
    high = h * (1.0 + 2.0 * buffer) + 2.0 * spread
    off_x = (x_min + x_max) * 0.5 - rows[i, c.X]
    off_y = (y_min + y_max) * 0.5 - rows[i, c.Y]
    across = min((track_w + wide) * 0.5 - abs(off_x), track_w, wide)
    if across <= 0.0:
        return 0.0
    along = min((track_h + high) * 0.5 - abs(off_y), track_h, high)
    if along <= 0.0:
        return 0.0
    common = across * along
    similar = common / (track_w * track_h + wide * high - common)
    if params[p.HEIGHT_WEIGHT] > 0.0:
        # Overlap of heights, as in Hybrid-SORT (Yang et al. 2024, arXiv:2308.00783).
        similar *= 1.0 + params[p.HEIGHT_WEIGHT] * (along / (track_h + high - along) - 1.0)
    if params[p.MOMENTUM_WEIGHT] > 0.0:
        similar += params[p.MOMENTUM_WEIGHT] * _momentum(rows, i, boxes, j)
    return float(similar * (1.0 + params[p.SCORE_WEIGHT] * (boxes[j, c.IN_SCORE] - 1.0)))


@compiled
def _momentum(rows: Matrix, i: int, boxes: Matrix, j: int) -> float:
    """Agreement of a track's velocity with the way from its last sight to a detection, -1 to 1.

    The velocity's weight is its length over its own standard deviation, so that one who stands
    has no direction.
    """
    dx = (boxes[j, c.IN_X_MIN] + boxes[j, c.IN_X_MAX]) * 0.5 - rows[i, c.SEEN_X]
    dy = (boxes[j, c.IN_Y_MIN] + boxes[j, c.IN_Y_MAX]) * 0.5 - rows[i, c.SEEN_Y]
    vx, vy = rows[i, c.VX], rows[i, c.VY]
    speed = math.sqrt(vx * vx + vy * vy)
    length = math.sqrt(dx * dx + dy * dy)
    if speed == 0.0 or length == 0.0:
        return 0.0
    sure = speed / (speed + math.sqrt(rows[i, c.VELOCITY_VAR]))
    far = length / (length + 0.1 * rows[i, c.H])
    return float(sure * far * (dx * vx + dy * vy) / (speed * length))


@compiled
def iou(rows: Matrix, i: int, boxes: Matrix, j: int) -> float:
    """Plain intersection over union of a track's box and a detection."""
    w = boxes[j, c.IN_X_MAX] - boxes[j, c.IN_X_MIN]
    h = boxes[j, c.IN_Y_MAX] - boxes[j, c.IN_Y_MIN]
    off_x = abs((boxes[j, c.IN_X_MIN] + boxes[j, c.IN_X_MAX]) * 0.5 - rows[i, c.X])
    off_y = abs((boxes[j, c.IN_Y_MIN] + boxes[j, c.IN_Y_MAX]) * 0.5 - rows[i, c.Y])
    across = min((rows[i, c.W] + w) * 0.5 - off_x, rows[i, c.W], w)
    along = min((rows[i, c.H] + h) * 0.5 - off_y, rows[i, c.H], h)
    if across <= 0.0 or along <= 0.0:
        return 0.0
    return float(across * along / (rows[i, c.W] * rows[i, c.H] + w * h - across * along))
