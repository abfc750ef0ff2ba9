"""The step of one camera: a detection outcome in, its tracks and its view of people out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from schemas.records.facts import Camera
from schemas.topics import TRACKS
from streams.domain.camera.detections import FrameDetections
from streams.domain.camera.feet import BODY
from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.camera.people import FLOOR_POSITION, locate
from streams.domain.camera.picture import Picture
from streams.domain.camera.view import View
from streams.domain.seqs import Seqs, seqs_of
from streams.domain.tracking.arrays import advance_boxes
from streams.domain.tracking.checks import UnusableOutcome, check_boxes
from streams.domain.tracking.ending import end_tracks
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.tables import TrackState
from streams.domain.tracking.types import Structured, Vector

Fence = Literal["new", "duplicate", "older"]

LATEST_EVENT_US: Final = 7_258_118_400_000_000
"""Event times from the year 2200 on are refused as mistakes, microseconds."""


@dataclass(slots=True)
class CameraState:
    """Everything that the fold remembers about one camera.

    Attributes:
        camera_id: Identity.
        floor_id: Floor to which its newest event went.
        seqs: Last seq by topic.
        last_us: Event time of its newest event, microseconds; 0 before the first.
        floor_us: Time at which the floor saw that event, microseconds; 0 before the first.
        tracker: Tracker of its people.
        model_name: Name of the model that made the newest detections.
        model_version: Version of that model.
        bodies: Sizes of people by track id, rows of `feet.BODY` as little-endian bytes.
        optics: `optics_of` the version that was used last; empty when it is not known.
    """

    camera_id: str
    floor_id: str = ""
    seqs: Seqs = field(default_factory=dict)
    last_us: int = 0
    floor_us: int = 0
    tracker: TrackerState = field(default_factory=TrackerState)
    model_name: str = ""
    model_version: str = ""
    bodies: bytes = b""
    optics: bytes = b""

    def __post_init__(self) -> None:
        self.seqs = seqs_of("camera", self.seqs)


def fence(state: CameraState | None, captured_us: int) -> Fence:
    """Compare an event with its camera's newest: a camera's own frames are never reordered."""
    if state is None or captured_us > state.last_us:
        return "new"
    return "duplicate" if captured_us == state.last_us else "older"


def check_frame(frame: FrameDetections) -> None:
    """Refuse an outcome that the step cannot fold; a checked one raises nothing later.

    Raises:
        UnusableOutcome: Event time out of range, or a box that no tracker can use.
    """
    if not 0 < frame.captured_us < LATEST_EVENT_US:
        raise UnusableOutcome(f"captured_us is {frame.captured_us}, not a time from 1970 to 2200")
    if frame.outcome == "DETECTED":
        check_boxes(frame.boxes)


def check_size(frame: FrameDetections, camera: Camera) -> None:
    """Refuse detections in a frame of another size than their camera is registered with.

    Zones, masks and the homography are in pixels of the registered size, so people would count in
    the wrong zones. A size of 0 is not known, and fits.

    Raises:
        UnusableOutcome: The sizes differ.
    """
    size, registered = (frame.width, frame.height), (camera["width"], camera["height"])
    if frame.outcome == "DETECTED" and size != registered and (0, 0) not in (size, registered):
        raise UnusableOutcome(
            f"the frame is {size[0]}x{size[1]} px, but camera {frame.camera_id} is registered with "
            f"{registered[0]}x{registered[1]} px: its zones and masks would be misplaced"
        )


def step(
    state: CameraState,
    frame: FrameDetections,
    camera: Camera,
    homography: Vector,
    picture: Picture,
    optics: bytes,
    parameters: Structured,
) -> tuple[FrameTracks | None, View, Structured | None]:
    """Fold one event of a camera.

    A heartbeat, and a frame that was skipped or failed, advance time without detections: tracks
    coast, and those unseen for too long end. Only a heartbeat, the camera's own silence, also makes
    tracks LOST: a frame in which no people were looked for shows nobody's absence.

    All tracks end where the camera has other optics than at the event before, since the same
    pixels show something else; those who are still there get new ids, without a link.

    Args:
        state: State of the camera, changed in place.
        frame: Outcome that is new by `fence` and accepted by `check_frame` and `check_size`.
        camera: Registry version visible at the event's time.
        homography: Homography of that version: nine numbers, or `NOWHERE`.
        picture: Picture of that version.
        optics: `optics_of` that version.
        parameters: Parameters of the tracker.

    Returns:
        The tracks, the view of the camera, and the tracks that continue ended ones.

        A frame that was looked at always gives tracks, another frame when there are any, and a
        heartbeat when a track's state changed; otherwise they are None. Those that end with the
        optics have the boxes of the event before, and stand nowhere. Tracks that continue
        ended ones: shape `(L,)` of `TRACK_UPDATE`, by id; None when there are none.
    """
    captured_us = frame.captured_us
    looked = frame.outcome == "DETECTED"
    heartbeat = frame.outcome == "HEARTBEAT"
    ended = _end_with_optics(state, optics)
    states = state.tracker.states() if heartbeat else []
    boxes = frame.people if looked else None
    out = advance_boxes(state.tracker, captured_us, boxes, parameters, silent=heartbeat)
    state.last_us = captured_us
    state.floor_id = camera["floor_id"]
    if looked and frame.model_name is not None:
        state.model_name, state.model_version = frame.model_name, frame.model_version
    width, height = frame.width or camera["width"], frame.height or camera["height"]
    known = np.frombuffer(state.bodies, BODY)
    positions, people, bodies, links = locate(out, homography, picture, known)
    state.bodies = bodies.tobytes()
    linked = out[out["link_from"] > 0] if links else None
    view = View(state.camera_id, captured_us, looked, people.tobytes())
    if looked and frame.classes:
        view.classes = _classes(frame.classes, out)
    due = states_of(out) != states if heartbeat else looked or len(out) > 0
    if ended is not None and len(ended):
        due, out = True, np.concatenate([ended, out])
        positions = np.concatenate([np.full(len(ended), np.nan, FLOOR_POSITION), positions])
    if not due:
        return None, view, linked
    state.seqs[TRACKS.name] += 1
    tracks = FrameTracks(
        camera_id=state.camera_id,
        seq=state.seqs[TRACKS.name],
        captured_us=captured_us,
        floor_id=state.floor_id,
        frame_seq=frame.frame_seq,
        width=width,
        height=height,
        out=out,
        positions=positions,
        model_name=state.model_name,
        model_version=state.model_version,
        camera_version=camera["version"],
    )
    return tracks, view, linked


def _end_with_optics(state: CameraState, optics: bytes) -> Structured | None:
    """The tracks that end because the camera shows something else now; None when it does not."""
    before, state.optics = state.optics, optics
    if before in (optics, b""):
        return None
    state.bodies = b""
    return end_tracks(state.tracker)


def _classes(classes: Sequence[str], out: Structured) -> list[str]:
    """Class of the detection of each person, empty without one.

    Args:
        classes: Class of each detected person.
        out: The tracker's output.
    """
    people = out[out["state"] == TrackState.CONFIRMED]
    return [classes[row] if row >= 0 else "" for row in people["detection"].tolist()]


def states_of(out: Structured) -> list[tuple[int, int]]:
    """Id and state of each track in the tracker's output."""
    return list(zip(out["track_id"].tolist(), out["state"].tolist(), strict=True))
