"""Read detection outcomes into arrays."""

from typing import Final

import numpy as np

from schemas.codec import Codec
from schemas.records.frames import Outcome
from streams.domain.camera.detections import (
    PERSON,
    FrameDetections,
    clock_time,
    frame_detections_of,
)
from streams.encoding.layout import fields_of
from streams.encoding.reading import Wanted, reader_of

_WANTED: Final = Wanted(
    numbers=(
        *("captured_us", "frame_seq", "outcome", "width", "height", "source_clock_us"),
        "camera_version",
    ),
    texts=("camera_id", "model.name", "model.version"),
    columns=(
        "detections.x_min",
        "detections.y_min",
        "detections.x_max",
        "detections.y_max",
        "detections.score",
    ),
    equal={"detections.label": PERSON},
)
_FOUND: Final = len(_WANTED.numbers) + 2 * len(_WANTED.texts)

_ROOM: Final = 256
"""Boxes for which there is room; a frame with more is left to the general reader."""


class OutcomeReader:
    """Reads values of the detections topic.

    Args:
        codec: Codec of that topic; reads what the compiled reader leaves.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._read = reader_of(codec, _WANTED)
        [outcome] = [field for field in fields_of(codec.schema) if field.name == "outcome"]
        self._outcomes: list[Outcome] = outcome.inner
        self._boxes = np.empty((_ROOM, len(_WANTED.columns)))
        self._found = np.empty(_FOUND, np.int64)

    def read(self, value: bytes | None) -> FrameDetections:
        """Read one value.

        Raises:
            UndecodableValue: The bytes are not a record of the topic.
        """
        if value is None or not self._codec.is_own(value):
            return frame_detections_of(self._codec.decode(value))
        count = self._read(np.frombuffer(value, np.uint8), self._boxes, self._found)
        if count < 0:
            return frame_detections_of(self._codec.decode(value))
        captured_us, frame_seq, outcome, width, height, *rest = self._found.tolist()
        clock_us, camera_version, *texts = rest
        camera, camera_end, name, name_end, version, version_end = texts
        boxes = self._boxes[:count].copy()
        return FrameDetections(
            camera_id=value[camera:camera_end].decode(),
            captured_us=captured_us,
            frame_seq=frame_seq,
            outcome=self._outcomes[outcome],
            boxes=boxes,
            people=boxes,
            model_name=value[name:name_end].decode() if name >= 0 else None,
            model_version=value[version:version_end].decode() if name >= 0 else "",
            width=width,
            height=height,
            source_clock_us=clock_time(clock_us),
            camera_version=camera_version,
        )
