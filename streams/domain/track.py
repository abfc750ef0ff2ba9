"""The life of one track, in seconds of event time.

TENTATIVE --enough hits--> CONFIRMED --unseen--> LOST --unseen for long--> ENDED
    |                          ^------seen again----'
    '--missed, or not confirmed in time--> ENDED
"""

from dataclasses import dataclass
from typing import Final

from schemas.records import Track, TrackState
from streams.domain.geometry import Box
from streams.domain.kalman import Motion, initiate, update
from streams.domain.quantise import to_thousandth
from streams.domain.settings import TrackerSettings

_S: Final = 1_000_000


@dataclass(slots=True)
class LiveTrack:
    """One track that has not ended.

    Attributes:
        track_id: Number within the camera, never used again.
        life: Where it stands.
        motion: Box and velocity, as of the tracker's time.
        score: Of the last matched detection, 0 to 1.
        hits: Matched detections.
        started_us: Event time of the first, microseconds.
        last_observed_us: Event time of the last, microseconds.
        observed: True when the newest frame holds a matched detection.
    """

    track_id: int
    life: TrackState
    motion: Motion
    score: float
    hits: int
    started_us: int
    last_observed_us: int
    observed: bool


def born(track_id: int, at_us: int, box: Box, score: float, settings: TrackerSettings) -> LiveTrack:
    """Begin a track from one unmatched detection."""
    return LiveTrack(
        track_id=track_id,
        life="TENTATIVE" if settings.confirm_hits > 1 else "CONFIRMED",
        motion=initiate(box, settings.noise),
        score=score,
        hits=1,
        started_us=at_us,
        last_observed_us=at_us,
        observed=True,
    )


def matched(
    track: LiveTrack, at_us: int, box: Box, score: float, settings: TrackerSettings
) -> None:
    """Take a detection in; a tentative track with enough of them is confirmed, a lost one found."""
    update(track.motion, box, settings.noise)
    track.score = score
    track.hits += 1
    track.last_observed_us = at_us
    track.observed = True
    if track.life == "LOST" or (track.life == "TENTATIVE" and track.hits >= settings.confirm_hits):
        track.life = "CONFIRMED"


def age(track: LiveTrack, at_us: int, settings: TrackerSettings) -> None:
    """Let time pass before a frame is matched: what has been unseen for too long is over."""
    track.observed = False
    unseen_us = at_us - track.last_observed_us
    if unseen_us > settings.max_lost_s * _S or (
        track.life == "TENTATIVE" and at_us - track.started_us > settings.confirm_within_s * _S
    ):
        track.life = "ENDED"
    elif track.life == "CONFIRMED" and unseen_us > settings.lost_after_s * _S:
        track.life = "LOST"


def missed(track: LiveTrack, at_us: int, settings: TrackerSettings) -> None:
    """Note that a frame was looked at and does not show the track."""
    unseen_us = at_us - track.last_observed_us
    if track.life == "TENTATIVE" and unseen_us > settings.tentative_unseen_s * _S:
        track.life = "ENDED"


def record_of(track: LiveTrack) -> Track:
    """The track as published: quantised, floor position still empty."""
    motion = track.motion
    x, y = motion.x * 16.0, motion.y * 16.0
    half_width, half_height = motion.width * 8.0, motion.height * 8.0
    # `to_sixteenth` written out: six calls a track are a good part of the fold.
    return {
        "track_id": track.track_id,
        "state": track.life,
        "x_min": round(x - half_width) / 16.0,
        "y_min": round(y - half_height) / 16.0,
        "x_max": round(x + half_width) / 16.0,
        "y_max": round(y + half_height) / 16.0,
        "velocity_x": round(motion.velocity_x * 16.0) / 16.0,
        "velocity_y": round(motion.velocity_y * 16.0) / 16.0,
        "score": to_thousandth(track.score),
        "observed": track.observed,
        "started_us": track.started_us,
        "last_observed_us": track.last_observed_us,
        "x_m": None,
        "y_m": None,
        "position_sd_m": None,
    }
