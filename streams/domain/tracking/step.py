"""The fold of one frame, in one compiled call.

After ByteTrack (Zhang et al. 2022, arXiv:2110.06864): high scores are matched first, to known
tracks; low scores then keep known tracks alive through occlusion and blur; what is left of the
high ones is offered to tracks within a wider reach (C-BIoU's second round), confirms tentative
tracks, and begins new ones.
"""

from typing import Final

import numpy as np

from streams.domain.tracking import columns as c
from streams.domain.tracking import life, links, motion
from streams.domain.tracking import parameters as p
from streams.domain.tracking.assignment import assign
from streams.domain.tracking.jit import compiled, entry
from streams.domain.tracking.ordering import order_of
from streams.domain.tracking.overlap import iou, overlap
from streams.domain.tracking.types import Flags, Indices, Matrix, Vector

_US: Final = 1_000_000.0
NOBODY: Final = -1

KNOWN: Final = 0
NEWBORN: Final = 1
LATELY: Final = 2
ANY: Final = 3


@entry
def step(
    head: Vector,
    rows: Matrix,
    gone: Matrix,
    captured_us: float,
    boxes: Matrix,
    looked: bool,
    params: Vector,
) -> Matrix:
    """Fold one frame into a state.

    Args:
        head: Shape `(HEAD,)`, changed in place.
        rows: Shape `(C, ROW)`, changed in place; `C` is at least the live tracks and the boxes.
        gone: Shape `(GONE_MAX, GONE)`, changed in place.
        captured_us: Event time of the frame, microseconds; later than the state's.
        boxes: Shape `(N, IN)`: detections in any order, finite and of an area.
        looked: False when nobody looked: the boxes are not read, and tracks coast.
        params: Settings.

    Returns:
        Shape `(M, OUT)`: every track that was alive before or is now, by id.
    """
    before_us = head[c.AS_OF_US]
    dt_s = 0.0 if before_us == 0.0 else (captured_us - before_us) / _US
    head[c.AS_OF_US] = captured_us
    known = int(head[c.LIVE_COUNT])
    was = np.empty(known)
    for i in range(known):
        was[i] = rows[i, c.LIFE]
        life.age(rows, i, captured_us, params)
        motion.predict(rows, i, min(dt_s, params[p.MAX_LOST_S]), params)
    mates = np.full(known, NOBODY, np.int64)
    born = np.empty(0, np.int64)
    if looked:
        born = _match(head, rows, captured_us, before_us, boxes, mates, params)
    live = known + len(born)
    out = np.empty((live, c.OUT))
    for i in range(live):
        _tell(rows, i, out)
        out[i, c.OUT_EVENT] = c.BORN
        if i < known:
            out[i, c.OUT_DETECTION] = mates[i]
            out[i, c.OUT_EVENT] = _event(was[i], rows[i, c.LIFE])
            if rows[i, c.LIFE] == c.ENDED and was[i] != c.TENTATIVE:
                links.remember(head, gone, rows, i)
        else:
            out[i, c.OUT_DETECTION] = born[i - known]
    links.forget(head, gone, captured_us, params)
    links.link(head, gone, rows, out, params)
    _drop_ended(head, rows, live)
    return out


@compiled
def _match(
    head: Vector,
    rows: Matrix,
    captured_us: float,
    before_us: float,
    boxes: Matrix,
    mates: Indices,
    params: Vector,
) -> Indices:
    """Give detections to tracks and begin tracks; the detections that began one."""
    known = len(mates)
    order = order_of(boxes)
    high, low = 0, 0
    for j in order:
        if boxes[j, c.IN_SCORE] >= params[p.HIGH_SCORE]:
            high += 1
        if boxes[j, c.IN_SCORE] >= params[p.LOW_SCORE]:
            low += 1
    taken = np.zeros(len(boxes), np.bool_)
    _round(rows, KNOWN, mates, boxes, order[:high], taken, p.MATCH_IOU, params[p.BUFFER], params)
    chosen = KNOWN if params[p.LOW_RESCUES_LOST] > 0.0 else LATELY
    _round(
        rows,
        chosen,
        mates,
        boxes,
        order[high:low],
        taken,
        p.LOW_MATCH_IOU,
        params[p.BUFFER],
        params,
    )
    _round(
        rows,
        NEWBORN,
        mates,
        boxes,
        order[:high],
        taken,
        p.TENTATIVE_IOU,
        params[p.BUFFER],
        params,
    )
    if params[p.RESCUE_BUFFER] > 0.0:
        _round(
            rows,
            ANY,
            mates,
            boxes,
            order[:high],
            taken,
            p.RESCUE_IOU,
            params[p.RESCUE_BUFFER],
            params,
        )
    for i in range(known):
        if mates[i] >= 0:
            life.matched(rows, i, captured_us, before_us, boxes[mates[i]], params)
        else:
            life.missed(rows, i, captured_us, params)
    born = np.empty(high, np.int64)
    births = 0
    for j in order[:high]:
        if taken[j] or boxes[j, c.IN_SCORE] < params[p.BIRTH_SCORE]:
            continue
        if _is_double(rows, known + births, boxes, j, params):
            continue
        life.born(rows, known + births, head[c.NEXT_ID], captured_us, boxes[j], params)
        head[c.NEXT_ID] += 1.0
        born[births] = j
        births += 1
    return born[:births]


@compiled
def _round(
    rows: Matrix,
    chosen: int,
    mates: Indices,
    boxes: Matrix,
    order: Indices,
    taken: Flags,
    gate: int,
    buffer: float,
    params: Vector,
) -> None:
    """One round of matching between the free tracks of a kind and the free detections given."""
    tracks = np.empty(len(mates), np.int64)
    count = 0
    for i in range(len(mates)):
        state = rows[i, c.LIFE]
        if mates[i] < 0 and (
            (state == c.CONFIRMED and chosen != NEWBORN)
            or (state == c.LOST and chosen in (KNOWN, ANY))
            or (state == c.TENTATIVE and chosen in (NEWBORN, ANY))
        ):
            tracks[count] = i
            count += 1
    free = np.empty(len(order), np.int64)
    width = 0
    for j in order:
        if not taken[j]:
            free[width] = j
            width += 1
    if count == 0 or width == 0:
        return
    worth = np.empty((count, width))
    for row in range(count):
        for column in range(width):
            worth[row, column] = (
                overlap(rows, tracks[row], boxes, free[column], buffer, params) - params[gate]
            )
    chosen_columns = np.empty(count, np.int64)
    assign(worth, chosen_columns)
    for row in range(count):
        column = chosen_columns[row]
        if column >= 0:
            mates[tracks[row]] = free[column]
            taken[free[column]] = True


@compiled
def _is_double(rows: Matrix, live: int, boxes: Matrix, j: int, params: Vector) -> bool:
    """Tell whether a detection is a second box of a person seen in this frame."""
    if params[p.BIRTH_IOU] >= 1.0:
        return False
    for i in range(live):
        if rows[i, c.OBSERVED] > 0.0 and iou(rows, i, boxes, j) > params[p.BIRTH_IOU]:
            return True
    return False


@compiled
def _event(was: float, now: float) -> float:
    if was == now:
        return float(c.NOTHING)
    if now == c.ENDED:
        return float(c.HAS_ENDED)
    if now == c.LOST:
        return float(c.WAS_LOST)
    return float(c.WAS_FOUND if was == c.LOST else c.WAS_CONFIRMED)


@compiled
def _tell(rows: Matrix, i: int, out: Matrix) -> None:
    """Write a track as published: quantised, so that it survives 32-bit floats on the wire."""
    x, y = rows[i, c.X] * 16.0, rows[i, c.Y] * 16.0
    half_w, half_h = rows[i, c.W] * 8.0, rows[i, c.H] * 8.0
    out[i, c.OUT_ID] = rows[i, c.ID]
    out[i, c.OUT_LIFE] = rows[i, c.LIFE]
    out[i, c.OUT_X_MIN] = np.rint(x - half_w) / 16.0 + 0.0
    out[i, c.OUT_Y_MIN] = np.rint(y - half_h) / 16.0 + 0.0
    out[i, c.OUT_X_MAX] = np.rint(x + half_w) / 16.0 + 0.0
    out[i, c.OUT_Y_MAX] = np.rint(y + half_h) / 16.0 + 0.0
    out[i, c.OUT_VX] = np.rint(rows[i, c.VX] * 16.0) / 16.0 + 0.0
    out[i, c.OUT_VY] = np.rint(rows[i, c.VY] * 16.0) / 16.0 + 0.0
    out[i, c.OUT_SCORE] = np.rint(rows[i, c.SCORE] * 1000.0) / 1000.0
    out[i, c.OUT_OBSERVED] = rows[i, c.OBSERVED]
    out[i, c.OUT_STARTED_US] = rows[i, c.STARTED_US]
    out[i, c.OUT_SEEN_US] = rows[i, c.SEEN_US]
    out[i, c.OUT_FOOT_VAR] = rows[i, c.POSITION_VAR] + rows[i, c.SIZE_VAR] * 0.25
    out[i, c.OUT_LINK_FROM] = 0.0
    out[i, c.OUT_LINK_SCORE] = 0.0
    out[i, c.OUT_LINK_GAP_S] = 0.0
    out[i, c.OUT_LINK_DISTANCE] = 0.0


@compiled
def _drop_ended(head: Vector, rows: Matrix, live: int) -> None:
    """Take ended tracks out of the rows, keeping the order of ids."""
    kept = 0
    for i in range(live):
        if rows[i, c.LIFE] == c.ENDED:
            continue
        if kept != i:
            rows[kept] = rows[i]
        kept += 1
    head[c.LIVE_COUNT] = kept
