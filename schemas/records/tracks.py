"""Tracks of each camera after each frame."""

from typing import Literal, TypedDict

TrackState = Literal["UNKNOWN", "TENTATIVE", "CONFIRMED", "LOST", "ENDED"]


class Track(TypedDict):
    """One tracked person; pixels of the captured frame, in steps of 1/16."""

    track_id: int
    state: TrackState
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
    x_m: float | None
    y_m: float | None
    position_sd_m: float | None


class CameraTracks(TypedDict):
    """The tracks of one camera after one frame."""

    camera_id: str
    seq: int
    captured_us: int
    floor_id: str
    frame_seq: int
    width: int
    height: int
    tracks: list[Track]
    model_name: str
    model_version: str
    camera_version: int
