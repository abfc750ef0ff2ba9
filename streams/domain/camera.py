"""The step of one camera: a detection outcome in, its tracks and its view of people out."""

from dataclasses import dataclass, field
from typing import Final, Literal

from schemas.records import Camera, CameraTracks, DetectionOutcome, Track
from streams.domain.projection import project
from streams.domain.quantise import to_millimetre
from streams.domain.settings import TrackerSettings
from streams.domain.tracker import TrackerState, UnusableOutcome, advance, check_detections
from streams.domain.view import View, view_of

Fence = Literal["new", "duplicate", "older"]

LATEST_EVENT_US: Final = 7_258_118_400_000_000
"""The year 2200: an event time beyond it is a mistake, microseconds."""


@dataclass(slots=True)
class CameraState:
    """Everything that the fold remembers of one camera.

    Attributes:
        camera_id: Identity.
        floor_id: Floor to which its newest event went.
        seq: Of its last tracks record; 0 before the first.
        last_us: Event time of its newest event, microseconds; 0 before the first.
        tracker: Of its people.
        model_name: Behind the newest detections.
        model_version: Behind the newest detections.
    """

    camera_id: str
    floor_id: str = ""
    seq: int = 0
    last_us: int = 0
    tracker: TrackerState = field(default_factory=TrackerState)
    model_name: str = ""
    model_version: str = ""


def fence(state: CameraState | None, captured_us: int) -> Fence:
    """Tell what an event is to its camera: a camera's own frames are never reordered."""
    if state is None or captured_us > state.last_us:
        return "new"
    return "duplicate" if captured_us == state.last_us else "older"


def check_outcome(outcome: DetectionOutcome) -> None:
    """Refuse an outcome that the step cannot fold; a checked one raises nothing later.

    Raises:
        UnusableOutcome: Event time out of range, or a box that no tracker can use.
    """
    if not 0 < outcome["captured_us"] < LATEST_EVENT_US:
        raise UnusableOutcome(
            f"captured_us is {outcome['captured_us']}, not a time from 1970 to 2200"
        )
    if outcome["outcome"] == "DETECTED":
        check_detections(outcome["detections"])


def step(
    state: CameraState, outcome: DetectionOutcome, camera: Camera, settings: TrackerSettings
) -> tuple[CameraTracks | None, View]:
    """Fold one event of a camera.

    A heartbeat, and a frame that was skipped or failed, let time pass without a look: tracks
    coast, and those unseen for too long are lost or end.

    Args:
        state: Changed in place.
        outcome: New by `fence` and accepted by `check_outcome`.
        camera: Registry version visible at the event's time.
        settings: Of the tracker.

    Returns:
        The tracks record: for each frame looked at, for another frame when there are tracks,
        and for a heartbeat when a track's life changed; else None. And the view of the camera.
    """
    captured_us = outcome["captured_us"]
    looked = outcome["outcome"] == "DETECTED"
    lives = state.tracker.lives()
    tracks = advance(
        state.tracker, captured_us, outcome["detections"] if looked else None, settings
    )
    state.last_us = captured_us
    state.floor_id = camera["floor_id"]
    model = outcome["model"]
    if looked and model is not None:
        state.model_name, state.model_version = model["name"], model["version"]
    _place(state, tracks, camera)
    view = view_of(state.camera_id, captured_us, looked, tracks)
    if outcome["outcome"] == "HEARTBEAT":
        due = lives != [(track["track_id"], track["state"]) for track in tracks]
    else:
        due = looked or bool(tracks)
    if not due:
        return None, view
    state.seq += 1
    return {
        "camera_id": state.camera_id,
        "seq": state.seq,
        "captured_us": captured_us,
        "floor_id": state.floor_id,
        "frame_seq": outcome["frame_seq"],
        "width": outcome["width"] or camera["width"],
        "height": outcome["height"] or camera["height"],
        "tracks": tracks,
        "model_name": state.model_name,
        "model_version": state.model_version,
    }, view


def _place(state: CameraState, tracks: list[Track], camera: Camera) -> None:
    """Put calibrated tracks on the floor, from their published foot points."""
    homography = camera["homography"]
    if homography is None:
        return
    variances = state.tracker.foot_variances()
    for track in tracks:
        variance_px2 = variances.get(track["track_id"])
        if variance_px2 is None:  # it has just ended: its place is no longer known
            continue
        point = project(
            homography, (track["x_min"] + track["x_max"]) / 2.0, track["y_max"], variance_px2
        )
        if point is not None:
            track["x_m"] = to_millimetre(point.x_m)
            track["y_m"] = to_millimetre(point.y_m)
            track["position_sd_m"] = to_millimetre(point.sd_m)
