"""A detection outcome as the fold reads it: boxes in an array."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import numpy as np

from schemas.records.frames import Detection, DetectionOutcome, Outcome
from streams.domain.tracking.types import Matrix

PERSON: Final = "person"


class FrameDetections(NamedTuple):
    """The detection outcome of one frame.

    Attributes:
        camera_id: Id of the camera.
        captured_us: Event time, UTC microseconds.
        frame_seq: Number of the frame.
        outcome: Kind of outcome; `DETECTED` when the frame was looked at.
        boxes: Shape `(N, 5)`: x_min, y_min, x_max, y_max (pixels of the captured frame), score.
        people: The rows of `boxes` that show people.
        model_name: Name of the model; None when no model looked.
        model_version: Version of the model; empty when no model looked.
        width: Width of the frame, pixels; 0 when not known.
        height: Height of the frame, pixels; 0 when not known.
        source_clock_us: The camera's own clock, microseconds; None when not known.
        camera_version: Version of the camera under which it was captured; 0 when not known.
        labels: Class of each row of `boxes`; empty where each is a person and no more.
        classes: Class of each row of `people`; empty where none says more than that.
    """

    camera_id: str
    captured_us: int
    frame_seq: int
    outcome: Outcome
    boxes: Matrix
    people: Matrix
    model_name: str | None
    model_version: str
    width: int
    height: int
    source_clock_us: int | None
    camera_version: int
    labels: Sequence[str] = ()
    classes: Sequence[str] = ()


def frame_detections_of(outcome: DetectionOutcome) -> FrameDetections:
    """Convert an outcome record to arrays."""
    model = outcome["model"]
    detections = outcome["detections"]
    labels = [box["label"] for box in detections]
    people = [box for box in detections if box["label"] == PERSON]
    return FrameDetections(
        camera_id=outcome["camera_id"],
        captured_us=outcome["captured_us"],
        frame_seq=outcome["frame_seq"],
        outcome=outcome["outcome"],
        boxes=boxes_of(detections),
        people=boxes_of(people),
        model_name=None if model is None else model["name"],
        model_version="" if model is None else model["version"],
        width=outcome["width"],
        height=outcome["height"],
        source_clock_us=clock_time(outcome["source_clock_us"]),
        camera_version=outcome["camera_version"],
        labels=labels if len(people) < len(detections) else (),
    )


def with_classes(frame: FrameDetections, shown: Collection[str]) -> FrameDetections:
    """A frame whose boxes of some more classes show people.

    Args:
        frame: The frame.
        shown: Classes of people besides `person`.
    """
    rows = [row for row, label in enumerate(frame.labels) if label == PERSON or label in shown]
    classes = [frame.labels[row] for row in rows]
    if all(label == PERSON for label in classes):
        return frame
    return frame._replace(people=frame.boxes[rows], classes=classes)


def clock_time(source_clock_us: int | None) -> int | None:
    """What a camera's clock says, microseconds; None where that is no time after 1970."""
    return None if source_clock_us is None or source_clock_us <= 0 else source_clock_us


def boxes_of(detections: Sequence[Detection]) -> Matrix:
    """Boxes and scores, shape `(N, 5)`."""
    if not detections:
        return np.empty((0, 5))
    return np.array(
        [(d["x_min"], d["y_min"], d["x_max"], d["y_max"], d["score"]) for d in detections],
        dtype=np.float64,
    )
