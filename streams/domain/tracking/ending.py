"""The end of all tracks at once, where the camera shows something else from now on."""

import numpy as np

from streams.domain.tracking.jit import entry
from streams.domain.tracking.output import publish
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.tables import TRACK_UPDATE, Track, TrackEvent, TrackState
from streams.domain.tracking.types import Structured, Table


def end_tracks(state: TrackerState) -> Structured:
    """End every track; nothing is remembered of them but that their ids are taken.

    Args:
        state: Changed in place.

    Returns:
        Shape `(M,)` of `TRACK_UPDATE`: every live track as it last was, by id.
    """
    ended = _ended(state.tracks[: state.live])
    empty = TrackerState()
    empty.summary["next_id"] = state.summary["next_id"]
    state.summary, state.tracks, state.ended = empty.summary, empty.tracks, empty.ended
    return ended


@entry
def _ended(tracks: Table[Track]) -> Structured:
    out = np.empty(len(tracks), TRACK_UPDATE)
    for row in range(len(tracks)):
        tracks[row].state = TrackState.ENDED
        tracks[row].observed = False
        publish(tracks[row], TrackEvent.ENDED, -1, out[row])
    return out
