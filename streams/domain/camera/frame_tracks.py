"""The tracks of one camera after one frame, as arrays and as their record."""

from typing import NamedTuple

from schemas.records.tracks import CameraTracks
from streams.domain.camera.tracker import records_of
from streams.domain.tracking.types import Structured


class FrameTracks(NamedTuple):
    """One record of the tracks topic, as arrays.

    Attributes:
        camera_id: Id of the camera.
        seq: Rises by one per camera.
        captured_us: Event time of the frame, microseconds.
        floor_id: Floor of the camera.
        frame_seq: Number of the frame.
        width: Width of the frame, pixels.
        height: Height of the frame, pixels.
        out: The tracker's output, shape `(M,)` of `TRACK_UPDATE`.
        positions: Floor positions of the tracks, shape `(M,)` of `FLOOR_POSITION`.
        model_name: Name of the model that made the newest detections.
        model_version: Version of that model.
        camera_version: Version of the camera that was used.
    """

    camera_id: str
    seq: int
    captured_us: int
    floor_id: str
    frame_seq: int
    width: int
    height: int
    out: Structured
    positions: Structured
    model_name: str
    model_version: str
    camera_version: int

    def record(self) -> CameraTracks:
        """The record on the wire."""
        tracks = records_of(self.out)
        for track, (x_m, y_m, sd_m) in zip(tracks, self.positions.tolist(), strict=True):
            if x_m == x_m:  # not NaN  # noqa: PLR0124
                track["x_m"], track["y_m"], track["position_sd_m"] = x_m, y_m, sd_m
        return {
            "camera_id": self.camera_id,
            "seq": self.seq,
            "captured_us": self.captured_us,
            "floor_id": self.floor_id,
            "frame_seq": self.frame_seq,
            "width": self.width,
            "height": self.height,
            "tracks": tracks,
            "model_name": self.model_name,
            "model_version": self.model_version,
            "camera_version": self.camera_version,
        }
