"""How the views of the cameras are."""

from typing import Literal, TypedDict

CameraVerdict = Literal[
    "UNKNOWN", "LEARNING", "OK", "MOVED", "FROZEN", "COVERED", "DARK", "OUT_OF_FOCUS"
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
