"""What is published of a track: quantised, so that it survives 32-bit floats on the wire."""

import numpy as np

from streams.domain.tracking.jit import compiled
from streams.domain.tracking.tables import Track, TrackEvent, TrackState, TrackUpdate


@compiled
def _to_sixteenth(value: float) -> float:
    """Round to 1/16, ties to even; never a negative zero."""
    return float(np.rint(value * 16.0) / 16.0 + 0.0)


@compiled
def to_thousandth(value: float) -> float:
    """Round to 1/1000, ties to even."""
    return float(np.rint(value * 1000.0) / 1000.0)


@compiled
def publish(track: Track, event: TrackEvent, detection: int, update: TrackUpdate) -> None:
    """Fill a track's row of the output, without a link.

    Args:
        track: The track after the frame.
        event: What happened to it.
        detection: Row of the matched detection; -1 for none.
        update: Filled.
    """
    half_w, half_h = track.w * 0.5, track.h * 0.5
    update.track_id = track.id
    update.state = track.state
    update.event = event
    update.x_min = _to_sixteenth(track.x - half_w)
    update.y_min = _to_sixteenth(track.y - half_h)
    update.x_max = _to_sixteenth(track.x + half_w)
    update.y_max = _to_sixteenth(track.y + half_h)
    update.velocity_x = _to_sixteenth(track.vx)
    update.velocity_y = _to_sixteenth(track.vy)
    update.score = to_thousandth(track.score)
    update.observed = track.observed
    update.started_us = track.started_us
    update.last_observed_us = track.last_seen_us
    # The foot is the centre plus half of the height, whose variances add.
    update.foot_var = track.position_var + track.size_var * 0.25
    update.detection = detection
    update.link_from = 0
    update.link_score = 0.0
    update.link_gap_s = 0.0
    update.link_distance = 0.0


@compiled
def event_of(before: int, now: int) -> TrackEvent:
    """What happened to a known track, by its state before this frame and now."""
    if before == now:
        return TrackEvent.NONE
    if now == TrackState.ENDED:
        return TrackEvent.ENDED
    if now == TrackState.LOST:
        return TrackEvent.LOST
    return TrackEvent.FOUND if before == TrackState.LOST else TrackEvent.CONFIRMED
