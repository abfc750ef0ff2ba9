"""The fold of one frame, in one compiled call."""

from typing import Final

import numpy as np

from streams.domain.tracking import lifecycle, links, motion
from streams.domain.tracking.checks import ALL_USABLE, first_unusable
from streams.domain.tracking.jit import entry
from streams.domain.tracking.matching import match
from streams.domain.tracking.output import event_of, publish
from streams.domain.tracking.parameters import Parameters
from streams.domain.tracking.tables import (
    TRACK_UPDATE,
    EndedTrack,
    Summary,
    Track,
    TrackEvent,
    TrackState,
)
from streams.domain.tracking.types import Matrix, Structured, Table

_US: Final = 1_000_000.0


@entry
def step(
    summary_table: Table[Summary],
    tracks: Table[Track],
    ended: Table[EndedTrack],
    captured_us: int,
    boxes: Matrix,
    looked: bool,
    silent: bool,
    parameters: Table[Parameters],
) -> tuple[int, Structured]:
    """Fold one frame into a state.

    Args:
        summary_table: One `SUMMARY` record, changed in place.
        tracks: Shape `(C,)` of `TRACK`, changed in place; `C` is at least the live tracks and the
            boxes.
        ended: Shape `(ENDED_MAX,)` of `ENDED_TRACK`, changed in place.
        captured_us: Event time of the frame, microseconds; later than the state's.
        boxes: Shape `(N, BOX)`: detections in any order.
        looked: False when no people were looked for: the boxes are not read, and tracks coast.
        silent: True when the camera has no picture, so that tracks are lost as time passes.
        parameters: One `PARAMETERS` record.

    Returns:
        Row of the first box that cannot be used, or `ALL_USABLE`; and the output, shape `(M,)` of
        `TRACK_UPDATE`: every track that was alive before or is now, by id. Where a box cannot be
        used the state is as before, and the output is empty.
    """
    unusable = first_unusable(boxes)
    if unusable != ALL_USABLE:
        return unusable, np.empty(0, TRACK_UPDATE)
    summary, params = summary_table[0], parameters[0]
    before_us = summary.as_of_us
    dt_s = 0.0 if before_us == 0 else (captured_us - before_us) / _US
    looked_before_us = summary.looked_us
    summary.as_of_us = captured_us
    known = summary.live_count

    # Predict every track, and let those that were not seen for too long be lost or end.
    states = np.empty(known, np.int64)
    matches = np.full(known, -1)
    for i in range(known):
        states[i] = tracks[i].state
        lifecycle.age(tracks[i], captured_us, not (looked or silent), params)
        motion.predict(tracks[i], min(dt_s, params.max_lost_s), params)

    # Associate detections with tracks, update the matched ones, start new ones.
    starters = np.empty(len(boxes), np.int64)
    new = 0
    if looked:
        new = match(
            summary, tracks, captured_us, looked_before_us, boxes, matches, starters, params
        )
        summary.looked_us = captured_us

    # Report every track.
    linkable = False
    out = np.empty(known + new, TRACK_UPDATE)
    for i in range(known):
        track, before = tracks[i], states[i]
        publish(track, event_of(before, track.state), matches[i], out[i])
        if track.state == TrackState.ENDED and before != TrackState.TENTATIVE:
            links.remember(summary, ended, track)
            linkable = True
        elif track.state == TrackState.CONFIRMED and before == TrackState.TENTATIVE:
            linkable = True
    for k in range(new):
        track = tracks[known + k]
        publish(track, TrackEvent.STARTED, starters[k], out[known + k])
        linkable = linkable or track.state == TrackState.CONFIRMED

    # Link new tracks with ended ones.
    if summary.ended_count > 0:
        links.forget(summary, ended, captured_us, params)
        if linkable:  # else all pairs were compared before
            links.link(summary, ended, tracks, out, params)
    lifecycle.drop_ended(summary, tracks, known + new)
    return ALL_USABLE, out
