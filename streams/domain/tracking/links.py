"""Camera-local re-identification: a person who reappears soon and near gets a link.

The past is not rewritten: the new track keeps its id, and the link says that it continues the
old one, with a score and what it rests on (time and distance; never appearance).
"""

import math
from typing import Final

from streams.domain.tracking.jit import compiled
from streams.domain.tracking.output import to_thousandth
from streams.domain.tracking.parameters import Parameters
from streams.domain.tracking.tables import (
    ENDED_MAX,
    EndedTrack,
    Summary,
    Track,
    TrackState,
    TrackUpdate,
)
from streams.domain.tracking.types import Table

_US: Final = 1_000_000.0
_MIN_REACH: Final = 0.5
"""Distance always allowed, heights: a box jumps by that much when half of a person is hidden."""


@compiled
def forget(summary: Summary, ended: Table[EndedTrack], at_us: int, params: Parameters) -> None:
    """Drop tracks that were seen too long ago for any link."""
    kept = 0
    for k in range(summary.ended_count):
        if (at_us - ended[k].last_seen_us) / _US <= params.link_within_s:
            ended[kept] = ended[k]
            kept += 1
    summary.ended_count = kept


@compiled
def remember(summary: Summary, ended: Table[EndedTrack], track: Track) -> None:
    """Keep an ended track for links; the one that ended first makes room."""
    count = summary.ended_count
    if count == ENDED_MAX:
        for k in range(1, count):
            ended[k - 1] = ended[k]
        count -= 1
    newest = ended[count]
    newest.id = track.id
    newest.last_seen_us = track.last_seen_us
    newest.x = track.last_x
    newest.y = track.last_y
    newest.h = track.last_h
    summary.ended_count = count + 1


@compiled
def link(
    summary: Summary,
    ended: Table[EndedTrack],
    tracks: Table[Track],
    out: Table[TrackUpdate],
    params: Parameters,
) -> None:
    """Find which confirmed tracks continue which ended ones, the best pairs first.

    Args:
        summary: Counts of the state; an ended track that is continued is forgotten.
        ended: Ended tracks.
        tracks: Tracks of this frame.
        out: Their output, row by row; the fields of links are written.
        params: Settings.
    """
    while summary.ended_count > 0:
        best, best_i, best_k = params.link_score, -1, -1
        for i in range(len(out)):
            if tracks[i].state != TrackState.CONFIRMED or tracks[i].continues != 0:
                continue
            for k in range(summary.ended_count):
                score = _score(tracks[i], ended[k], params)
                if score > best:
                    best, best_i, best_k = score, i, k
        if best_i < 0:
            return
        later, earlier, update = tracks[best_i], ended[best_k], out[best_i]
        later.continues = earlier.id
        update.link_from = earlier.id
        update.link_score = to_thousandth(best)
        gap_s, distance = _apart(later, earlier)
        update.link_gap_s = to_thousandth(gap_s)
        update.link_distance = to_thousandth(distance)
        last = summary.ended_count - 1
        for k in range(best_k, last):
            ended[k] = ended[k + 1]
        summary.ended_count = last


@compiled
def _apart(later: Track, earlier: EndedTrack) -> tuple[float, float]:
    """Seconds and heights from the last detection of an ended track to the first of a live one."""
    dx = later.first_x - earlier.x
    dy = later.first_y - earlier.y
    height = (later.h + earlier.h) * 0.5
    gap_s = (later.started_us - earlier.last_seen_us) / _US
    return float(gap_s), float(math.sqrt(dx * dx + dy * dy) / height)


@compiled
def _score(later: Track, earlier: EndedTrack, params: Parameters) -> float:
    """Likeness of two tracks, 0 (out of reach) to 1 (same place, same size, at once)."""
    if later.started_us <= earlier.last_seen_us:
        return 0.0
    gap_s, distance = _apart(later, earlier)
    if gap_s > params.link_within_s:
        return 0.0
    reach = _MIN_REACH + params.link_speed * gap_s
    if distance > reach:
        return 0.0
    taller = max(later.h, earlier.h)
    shorter = min(later.h, earlier.h)
    near = 1.0 - distance / reach
    soon = 1.0 - 0.5 * gap_s / params.link_within_s
    return float(near * soon * (shorter / taller))
