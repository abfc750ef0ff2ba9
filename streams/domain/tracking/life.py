"""The life of one track, in seconds of event time.

TENTATIVE --seen for long enough--> CONFIRMED --unseen--> LOST --unseen for long--> ENDED
    |                                   ^-----seen again----'
    '--missed, or not confirmed in time--> ENDED
"""

from typing import Final

from streams.domain.tracking import columns as c
from streams.domain.tracking import motion
from streams.domain.tracking import parameters as p
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.types import Matrix, Vector

_US: Final = 1_000_000.0


@compiled
def age(rows: Matrix, i: int, at_us: float, params: Vector) -> None:
    """Let time pass before a frame is matched: what has been unseen for too long is over."""
    unseen_s = (at_us - rows[i, c.SEEN_US]) / _US
    rows[i, c.OBSERVED] = 0.0
    if unseen_s > params[p.MAX_LOST_S] or (
        rows[i, c.LIFE] == c.TENTATIVE
        and (at_us - rows[i, c.STARTED_US]) / _US > params[p.CONFIRM_WITHIN_S]
    ):
        rows[i, c.LIFE] = c.ENDED
    elif rows[i, c.LIFE] == c.CONFIRMED and unseen_s > params[p.LOST_AFTER_S]:
        rows[i, c.LIFE] = c.LOST


@compiled
def born(
    rows: Matrix, i: int, number: float, at_us: float, shapes: Matrix, j: int, params: Vector
) -> None:
    """Begin a track from one unmatched detection."""
    rows[i, c.ID] = number
    rows[i, c.LIFE] = c.TENTATIVE
    rows[i, c.HITS] = 0.0
    rows[i, c.STARTED_US] = at_us
    rows[i, c.FIRST_X] = shapes[j, c.AT_X]
    rows[i, c.FIRST_Y] = shapes[j, c.AT_Y]
    rows[i, c.ORIGIN] = 0.0
    motion.initiate(rows, i, shapes, j, params)
    _seen(rows, i, at_us, shapes, j, params)


@compiled
def matched(
    rows: Matrix,
    i: int,
    at_us: float,
    before_us: float,
    shapes: Matrix,
    j: int,
    params: Vector,
) -> None:
    """Take a detection in; one tentative for long enough is confirmed, a lost one is found."""
    if params[p.REUPDATE] > 0.0 and rows[i, c.SEEN_US] < before_us:
        motion.reupdate(rows, i, (at_us - rows[i, c.SEEN_US]) / _US, shapes, j, params)
    motion.update(
        rows,
        i,
        shapes[j, c.AT_X],
        shapes[j, c.AT_Y],
        shapes[j, c.AT_W],
        shapes[j, c.AT_H],
        shapes[j, c.AT_SCORE],
        params,
    )
    _seen(rows, i, at_us, shapes, j, params)


@compiled
def _seen(rows: Matrix, i: int, at_us: float, shapes: Matrix, j: int, params: Vector) -> None:
    """Note a sight and what follows from it for the life."""
    rows[i, c.OBSERVED] = 1.0
    rows[i, c.HITS] += 1.0
    rows[i, c.SEEN_US] = at_us
    rows[i, c.SCORE] = shapes[j, c.AT_SCORE]
    rows[i, c.SEEN_X] = shapes[j, c.AT_X]
    rows[i, c.SEEN_Y] = shapes[j, c.AT_Y]
    rows[i, c.SEEN_W] = shapes[j, c.AT_W]
    rows[i, c.SEEN_H] = shapes[j, c.AT_H]
    if rows[i, c.LIFE] == c.LOST or (
        rows[i, c.LIFE] == c.TENTATIVE
        and rows[i, c.HITS] >= params[p.CONFIRM_HITS]
        and (at_us - rows[i, c.STARTED_US]) / _US >= params[p.CONFIRM_AFTER_S]
    ):
        rows[i, c.LIFE] = c.CONFIRMED


@compiled
def missed(rows: Matrix, i: int, at_us: float, params: Vector) -> None:
    """Note that a frame was looked at and does not show the track."""
    unseen_s = (at_us - rows[i, c.SEEN_US]) / _US
    if rows[i, c.LIFE] == c.TENTATIVE and unseen_s > params[p.TENTATIVE_UNSEEN_S]:
        rows[i, c.LIFE] = c.ENDED


@compiled
def drop_ended(head: Vector, rows: Matrix, live: int) -> None:
    """Take ended tracks out of the rows, keeping the order of ids."""
    kept = 0
    for i in range(live):
        if rows[i, c.LIFE] == c.ENDED:
            continue
        if kept != i:
            for column in range(c.ROW):
                rows[kept, column] = rows[i, column]
        kept += 1
    head[c.LIVE_COUNT] = kept
