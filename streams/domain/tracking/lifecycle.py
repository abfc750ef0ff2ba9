"""The lifecycle of one track, in seconds of event time.

TENTATIVE --seen well enough--> CONFIRMED --unseen--> LOST --unseen for long--> ENDED
    |                               ^-----seen again----'
    '--missed, or not confirmed in time--> ENDED

A confirmed track that was seen steadily coasts for a moment where frames do not show it; one that
flickers is lost at once.

A frame in which no people were looked for, skipped or failed, shows nobody's absence: no track is
lost in it, and how steadily a track is seen is a share of the looks. Its time passes all the same:
a track unseen for too long ends, since its position is no longer known. A heartbeat says that the
camera has no picture, which no later look makes good: in such a gap tracks are lost as time passes.
"""

from typing import Final

from streams.domain.tracking import motion
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.parameters import Parameters
from streams.domain.tracking.tables import Measurement, Summary, Track, TrackState
from streams.domain.tracking.types import Table

_US: Final = 1_000_000.0


@compiled
def age(track: Track, at_us: int, skipped: bool, params: Parameters) -> None:
    """Let time pass before a frame is matched: a track unseen for too long is lost or ends.

    Args:
        track: Changed in place.
        at_us: Event time of the frame, microseconds.
        skipped: Whether there is a picture in which no people were looked for: no track is lost.
        params: Settings.
    """
    unseen_s = (at_us - track.last_seen_us) / _US
    track.observed = False
    if unseen_s > params.max_lost_s or (
        track.state == TrackState.TENTATIVE
        and (at_us - track.started_us) / _US > params.confirm_within_s
    ):
        track.state = TrackState.ENDED
    elif track.state == TrackState.CONFIRMED and not skipped and unseen_s > params.lost_after_s:
        track.state = TrackState.LOST


@compiled
def start(
    track: Track,
    number: int,
    at_us: int,
    before_us: int,
    measurement: Measurement,
    params: Parameters,
) -> None:
    """Start a track from one unmatched detection."""
    track.id = number
    track.state = TrackState.TENTATIVE
    track.hits = 0
    track.evidence = 0.0
    track.presence = 0.0
    track.started_us = at_us
    track.first_x = measurement.x
    track.first_y = measurement.y
    track.continues = 0
    motion.initiate(track, measurement, params)
    _hit(track, at_us, before_us, measurement, params)


@compiled
def hit(
    track: Track, at_us: int, before_us: int, measurement: Measurement, params: Parameters
) -> None:
    """Take in a matched detection: it may confirm a tentative track, and finds a lost one.

    Args:
        track: Predicted for this frame; changed in place.
        at_us: Event time of this frame, microseconds.
        before_us: Event time of the look before, microseconds; 0 for none.
        measurement: The detection.
        params: Settings.
    """
    if params.reupdate and track.last_seen_us < before_us:
        motion.reupdate(track, (at_us - track.last_seen_us) / _US, measurement, params)
    motion.update(
        track, measurement.x, measurement.y, measurement.w, measurement.h, measurement.score, params
    )
    _hit(track, at_us, before_us, measurement, params)


@compiled
def _hit(
    track: Track, at_us: int, before_us: int, measurement: Measurement, params: Parameters
) -> None:
    """Note a matched detection and what follows from it for the state."""
    track.observed = True
    track.hits += 1
    track.evidence += measurement.score
    seen = 0.0 if before_us == 0 else 1.0 - _kept(at_us, before_us, params)
    track.presence = _kept(at_us, track.last_seen_us, params) * track.presence + seen
    track.last_seen_us = at_us
    track.score = measurement.score
    track.last_x = measurement.x
    track.last_y = measurement.y
    track.last_w = measurement.w
    track.last_h = measurement.h
    if track.state == TrackState.LOST or (
        track.state == TrackState.TENTATIVE
        and track.hits >= params.confirm_hits
        and track.evidence >= params.confirm_evidence
        and (at_us - track.started_us) / _US >= params.confirm_after_s
    ):
        track.state = TrackState.CONFIRMED


@compiled
def miss(track: Track, at_us: int, params: Parameters) -> None:
    """Note that a frame was looked at and does not show the track."""
    unseen_s = (at_us - track.last_seen_us) / _US
    if track.state == TrackState.TENTATIVE and unseen_s > params.tentative_unseen_s:
        track.state = TrackState.ENDED
    elif track.state == TrackState.CONFIRMED and track.presence < params.coast_presence:
        track.state = TrackState.LOST


@compiled
def _kept(at_us: int, before_us: int, params: Parameters) -> float:
    """What one frame leaves of a share that is averaged over `presence_s`."""
    return float(1.0 / (1.0 + (at_us - before_us) / _US / params.presence_s))


@compiled
def drop_ended(summary: Summary, tracks: Table[Track], count: int) -> None:
    """Take ended tracks out of the first `count`, keeping the order of ids."""
    kept = 0
    for i in range(count):
        if tracks[i].state == TrackState.ENDED:
            continue
        if kept != i:
            tracks[kept] = tracks[i]
        kept += 1
    summary.live_count = kept
