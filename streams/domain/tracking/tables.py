"""The tracker's tables: what one row of each holds.

Each class names the fields, units and types of one table; the structured dtype below it is made
from the class, so compiled code reads `tracks[i].x` and Python reads `tracks["x"]`. All positions
and sizes are pixels of the captured frame, all times UTC microseconds of event time.
"""

from enum import IntEnum
from typing import Final, Protocol

from streams.domain.tracking.dtypes import dtype_of, stored_dtype_of

# Columns of the tracker's input, shape `(N, 5)`: one detected box a row (xyxy and score).
X_MIN: Final = 0
Y_MIN: Final = 1
X_MAX: Final = 2
Y_MAX: Final = 3
SCORE: Final = 4
BOX: Final = 5
"""Columns of a box."""

ENDED_MAX: Final = 32
"""Tracks remembered after their end; the oldest makes room."""


class TrackState(IntEnum):
    """Where a track is in its lifecycle; records name the states alike."""

    TENTATIVE = 0
    CONFIRMED = 1
    LOST = 2
    ENDED = 3


class TrackEvent(IntEnum):
    """What happened to a track in one frame."""

    NONE = 0
    STARTED = 1  # its first frame, whatever its state
    CONFIRMED = 2
    LOST = 3
    FOUND = 4
    ENDED = 5


class Measurement(Protocol):
    """One detected box as centre and size (xywh): the measurement of the Kalman filter.

    Attributes:
        x: Centre, px.
        y: Centre, px.
        w: Width, px.
        h: Height, px.
        score: Confidence, 0 to 1.
    """

    x: float
    y: float
    w: float
    h: float
    score: float


class Track(Protocol):
    """One live track.

    Attributes:
        id: Number within the camera, from 1, never used again.
        state: A `TrackState`.
        observed: True when the newest frame holds a matched detection.
        hits: Number of matched detections.
        evidence: Sum of their scores.
        presence: Share of the looks of the last second or so in which it was seen, 0 to 1.
        started_us: Event time of the first.
        last_seen_us: Event time of the last.
        score: Score of the last, 0 to 1.
        x: Centre, px.
        y: Centre, px.
        w: Width, px.
        h: Height, px.
        vx: Velocity of the centre, px/s.
        vy: Velocity of the centre, px/s.
        position_var: Variance of either coordinate of the centre, px^2.
        position_velocity_cov: Covariance of a coordinate and its velocity, px^2/s.
        velocity_var: Variance of either velocity, (px/s)^2.
        size_var: Variance of width and of height, px^2.
        last_x: Centre of the last matched detection, px.
        last_y: Centre of the last matched detection, px.
        last_w: Width of the last matched detection, px.
        last_h: Height of the last matched detection, px.
        first_x: Centre of the first matched detection, px.
        first_y: Centre of the first matched detection, px.
        continues: Id of the ended track that this one continues; 0 for none.
    """

    id: int
    state: int
    observed: bool
    hits: int
    evidence: float
    presence: float
    started_us: int
    last_seen_us: int
    score: float
    x: float
    y: float
    w: float
    h: float
    vx: float
    vy: float
    position_var: float
    position_velocity_cov: float
    velocity_var: float
    size_var: float
    last_x: float
    last_y: float
    last_w: float
    last_h: float
    first_x: float
    first_y: float
    continues: int


class EndedTrack(Protocol):
    """One track that was confirmed and has ended, remembered for links.

    Attributes:
        id: Number within the camera.
        last_seen_us: Event time of its last matched detection.
        x: Centre of that detection, px.
        y: Centre of that detection, px.
        h: Height of that detection, px.
    """

    id: int
    last_seen_us: int
    x: float
    y: float
    h: float


class Summary(Protocol):
    """What a state holds besides its tracks: a table of one row.

    Attributes:
        next_id: Id of the next new track.
        as_of_us: Event time of the newest frame; 0 before the first.
        live_count: Number of live tracks.
        ended_count: Number of ended tracks that are remembered.
        camera_common: What the boxes' errors have lately had in common, heights^2; see
            `camera_motion`.
        camera_energy: Energy of those errors, heights^2.
        looked_us: Event time of the newest frame in which people were looked for; 0 before it.
    """

    next_id: int
    as_of_us: int
    live_count: int
    ended_count: int
    camera_common: float
    camera_energy: float
    looked_us: int


class TrackUpdate(Protocol):
    """What one frame gives for one track: a row of the tracker's output.

    What is published has the names of the record.

    Attributes:
        track_id: Number within the camera.
        state: A `TrackState`.
        event: A `TrackEvent`.
        x_min: Left edge, px, in steps of 1/16.
        y_min: Top edge, px, in steps of 1/16.
        x_max: Right edge, px, in steps of 1/16.
        y_max: Bottom edge, px, in steps of 1/16.
        velocity_x: Velocity of the centre, px/s, in steps of 1/16.
        velocity_y: Velocity of the centre, px/s, in steps of 1/16.
        score: Score of the last matched detection, in steps of 1/1000.
        observed: True when this frame holds a matched detection.
        started_us: Event time of the first matched detection.
        last_observed_us: Event time of the last matched detection.
        foot_var: Variance of either coordinate of the foot point, px^2.
        detection: Row of the matched detection in the input; -1 for none.
        link_from: Id of the ended track that this one continues, reported once; else 0.
        link_score: Score of that link, 0 to 1.
        link_gap_s: Time from the last detection of one to the first of the other, s.
        link_distance: Distance between the same, body heights.
    """

    track_id: int
    state: int
    event: int
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    velocity_x: float
    velocity_y: float
    score: float
    observed: bool
    started_us: int
    last_observed_us: int
    foot_var: float
    detection: int
    link_from: int
    link_score: float
    link_gap_s: float
    link_distance: float


MEASUREMENT: Final = dtype_of(Measurement)
TRACK: Final = dtype_of(Track)
ENDED_TRACK: Final = dtype_of(EndedTrack)
SUMMARY: Final = dtype_of(Summary)
TRACK_UPDATE: Final = dtype_of(TrackUpdate)

STORED_TRACK: Final = stored_dtype_of(Track)
STORED_ENDED_TRACK: Final = stored_dtype_of(EndedTrack)
STORED_SUMMARY: Final = stored_dtype_of(Summary)
