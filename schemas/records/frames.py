"""Frames of the cameras, and the detections that models made in them."""

from typing import Literal, TypedDict

FrameKind = Literal["UNKNOWN", "FRAME", "HEARTBEAT"]
FrameEncoding = Literal["UNKNOWN", "JPEG"]


class Frame(TypedDict):
    """One captured frame of a camera, or a heartbeat while it is silent."""

    camera_id: str
    seq: int
    captured_us: int
    kind: FrameKind
    source_clock_us: int | None
    received_us: int
    width: int
    height: int
    encoding: FrameEncoding
    data: bytes | None
    object_uri: str | None
    sha256: str
    camera_version: int
    preprocessing_version: str
    luma_mean: float | None
    contrast: float | None
    sharpness: float | None


Outcome = Literal["UNKNOWN", "DETECTED", "SKIPPED", "FAILED", "HEARTBEAT"]


class Detection(TypedDict):
    """A person found in the frame, as a box in pixels of the captured frame."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float
    score: float
    label: str
    raw_score: float


class Model(TypedDict):
    """The model that made the detections, and its settings."""

    name: str
    version: str
    weights_sha256: str
    runtime: str
    input_width: int
    input_height: int
    score_threshold: float
    nms_iou: float
    score_map_sha256: str


class DetectionOutcome(TypedDict):
    """The one outcome of one frame; the first in log order wins."""

    camera_id: str
    captured_us: int
    frame_seq: int
    outcome: Outcome
    reason: str
    detections: list[Detection]
    model: Model | None
    width: int
    height: int
    camera_version: int
    preprocessing_version: str
    frame_partition: int
    frame_offset: int
    frame_sha256: str
    received_us: int
    inferred_us: int
    source_clock_us: int | None
