"""How the views and the clocks of the cameras are."""

from typing import Literal, TypedDict

CameraVerdict = Literal[
    "UNKNOWN", "LEARNING", "OK", "MOVED", "FROZEN", "COVERED", "DARK", "OUT_OF_FOCUS", "DISAGREES"
]


class CameraHealth(TypedDict):
    """The verdict on a camera's view: when it changes, and again from time to time."""

    camera_id: str
    at_us: int
    verdict: CameraVerdict
    since_us: int
    frame_seq: int
    camera_version: int
    shift_px: float | None
    found: float | None
    veiled: float | None
    sharpness: float | None
    likeness: float | None
    luma_p95: float | None
    with_camera_id: str | None
    distance_m: float | None
    late_s: float | None
    walks: int


ClockState = Literal["UNKNOWN", "UNSETTLED", "SETTLED"]


class CameraClock(TypedDict):
    """What was decided about a camera's clock, at one version."""

    camera_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    epoch: int
    state: ClockState
    offset_us: int
    drift_ppm: float
    reference_us: int
    delay_us: int
    jitter_us: int
    jump_us: int
    since_us: int
    observed_until_us: int


ViewState = Literal["UNKNOWN", "TRUSTED", "SUSPECT"]


class CameraView(TypedDict):
    """What was decided about a camera's view, at one version."""

    camera_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    state: ViewState
    reason: str
    since_us: int
    camera_version: int
