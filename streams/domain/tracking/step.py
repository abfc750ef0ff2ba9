"""The fold of one frame, in one compiled call."""

from typing import Final

import numpy as np

from streams.domain.tracking import columns as c
from streams.domain.tracking import life, links, motion
from streams.domain.tracking import parameters as p
from streams.domain.tracking.jit import entry
from streams.domain.tracking.matching import match
from streams.domain.tracking.output import event_of, tell
from streams.domain.tracking.types import Matrix, Vector

_US: Final = 1_000_000.0


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
    mates = np.empty(known, np.int64)
    for i in range(known):
        was[i] = rows[i, c.LIFE]
        mates[i] = -1
        life.age(rows, i, captured_us, params)
        motion.predict(rows, i, min(dt_s, params[p.MAX_LOST_S]), params)
    born = np.empty(len(boxes), np.int64)
    births = 0
    if looked:
        births = match(head, rows, captured_us, before_us, boxes, mates, born, params)
    linkable = False
    out = np.empty((known + births, c.OUT))
    for i in range(known):
        tell(rows, i, out)
        out[i, c.OUT_DETECTION] = mates[i]
        out[i, c.OUT_EVENT] = event_of(was[i], rows[i, c.LIFE])
        if rows[i, c.LIFE] == c.ENDED and was[i] != c.TENTATIVE:
            links.remember(head, gone, rows, i)
            linkable = True
        elif rows[i, c.LIFE] == c.CONFIRMED and was[i] == c.TENTATIVE:
            linkable = True
    for k in range(births):
        tell(rows, known + k, out)
        out[known + k, c.OUT_DETECTION] = born[k]
        out[known + k, c.OUT_EVENT] = c.BORN
        linkable = linkable or rows[known + k, c.LIFE] == c.CONFIRMED
    if head[c.GONE_COUNT] > 0:
        links.forget(head, gone, captured_us, params)
        if linkable:  # else all pairs were compared before
            links.link(head, gone, rows, out, params)
    life.drop_ended(head, rows, known + births)
    return out
