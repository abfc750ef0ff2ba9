"""Camera-local re-identification: who reappears soon and near is told as a link.

The past is not rewritten: the new track keeps its id, and the link says that it continues the
old one, with a score and what it rests on (time and distance; never appearance).
"""

import math
from typing import Final

from streams.domain.tracking import columns as c
from streams.domain.tracking import parameters as p
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.output import to_thousandth
from streams.domain.tracking.types import Matrix, Vector

_US: Final = 1_000_000.0
_LEAST_REACH: Final = 0.5
"""Distance always allowed, heights: a box jumps by that much when half of a person is hidden."""


@compiled
def _move(gone: Matrix, source: int, target: int) -> None:
    for column in range(c.GONE):
        gone[target, column] = gone[source, column]


@compiled
def forget(head: Vector, gone: Matrix, at_us: float, params: Vector) -> None:
    """Drop tracks that were seen too long ago for any link."""
    kept = 0
    for k in range(int(head[c.GONE_COUNT])):
        if (at_us - gone[k, c.GONE_SEEN_US]) / _US <= params[p.LINK_WITHIN_S]:
            _move(gone, k, kept)
            kept += 1
    head[c.GONE_COUNT] = kept


@compiled
def remember(head: Vector, gone: Matrix, rows: Matrix, i: int) -> None:
    """Keep an ended track for links; the one that ended first makes place."""
    count = int(head[c.GONE_COUNT])
    if count == c.GONE_MAX:
        for k in range(1, count):
            _move(gone, k, k - 1)
        count -= 1
    gone[count, c.GONE_ID] = rows[i, c.ID]
    gone[count, c.GONE_SEEN_US] = rows[i, c.SEEN_US]
    gone[count, c.GONE_X] = rows[i, c.SEEN_X]
    gone[count, c.GONE_Y] = rows[i, c.SEEN_Y]
    gone[count, c.GONE_H] = rows[i, c.SEEN_H]
    head[c.GONE_COUNT] = count + 1


@compiled
def link(head: Vector, gone: Matrix, rows: Matrix, out: Matrix, params: Vector) -> None:
    """Tell which confirmed tracks continue which ended ones, the best pairs first.

    Args:
        head: Of the state; an ended track that found its sequel is forgotten.
        gone: Ended tracks.
        rows: Tracks of this frame.
        out: Shape `(len(rows), OUT)`: their output; the columns of links are written.
        params: Settings.
    """
    while head[c.GONE_COUNT] > 0:
        best, best_i, best_k = params[p.LINK_SCORE], -1, -1
        for i in range(len(out)):
            if rows[i, c.LIFE] != c.CONFIRMED or rows[i, c.ORIGIN] != 0.0:
                continue
            for k in range(int(head[c.GONE_COUNT])):
                score = _score(rows, i, gone, k, params)
                if score > best:
                    best, best_i, best_k = score, i, k
        if best_i < 0:
            return
        rows[best_i, c.ORIGIN] = gone[best_k, c.GONE_ID]
        out[best_i, c.OUT_LINK_FROM] = gone[best_k, c.GONE_ID]
        out[best_i, c.OUT_LINK_SCORE] = to_thousandth(best)
        gap_s, distance = _apart(rows, best_i, gone, best_k)
        out[best_i, c.OUT_LINK_GAP_S] = to_thousandth(gap_s)
        out[best_i, c.OUT_LINK_DISTANCE] = to_thousandth(distance)
        last = int(head[c.GONE_COUNT]) - 1
        for k in range(best_k, last):
            _move(gone, k + 1, k)
        head[c.GONE_COUNT] = last


@compiled
def _apart(rows: Matrix, i: int, gone: Matrix, k: int) -> tuple[float, float]:
    """Seconds and heights from the last sight of an ended track to the first of a live one."""
    dx = rows[i, c.FIRST_X] - gone[k, c.GONE_X]
    dy = rows[i, c.FIRST_Y] - gone[k, c.GONE_Y]
    height = (rows[i, c.H] + gone[k, c.GONE_H]) * 0.5
    gap_s = (rows[i, c.STARTED_US] - gone[k, c.GONE_SEEN_US]) / _US
    return float(gap_s), float(math.sqrt(dx * dx + dy * dy) / height)


@compiled
def _score(rows: Matrix, i: int, gone: Matrix, k: int, params: Vector) -> float:
    """Likeness of two tracks, 0 (out of reach) to 1 (same place, same size, at once)."""
    if rows[i, c.STARTED_US] <= gone[k, c.GONE_SEEN_US]:
        return 0.0
    gap_s, distance = _apart(rows, i, gone, k)
    if gap_s > params[p.LINK_WITHIN_S]:
        return 0.0
    reach = _LEAST_REACH + params[p.LINK_SPEED] * gap_s
    if distance > reach:
        return 0.0
    taller = max(rows[i, c.H], gone[k, c.GONE_H])
    shorter = min(rows[i, c.H], gone[k, c.GONE_H])
    here = 1.0 - distance / reach
    soon = 1.0 - 0.5 * gap_s / params[p.LINK_WITHIN_S]
    return float(here * soon * (shorter / taller))
