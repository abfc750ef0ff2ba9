"""Read detection outcomes into arrays."""

from typing import Final

import numpy as np

from schemas.codec import HEADER_BYTES, Codec
from streams.domain.camera.detections import PERSON, FrameDetections, frame_detections_of
from streams.domain.tracking.types import Indices, Matrix
from streams.encoding.avro import UNREADABLE, Octets, get_float, get_int, get_long, get_text
from streams.encoding.jit import entry

_OUTCOMES: Final = ("UNKNOWN", "DETECTED", "SKIPPED", "FAILED", "HEARTBEAT")
_PERSON: Final = np.frombuffer(PERSON.encode(), np.uint8)

# Places in the table of numbers that a read fills.
_CAMERA, _CAMERA_END, _CAPTURED, _FRAME, _OUTCOME = 0, 1, 2, 3, 4
_NAME, _NAME_END, _VERSION, _VERSION_END, _WIDTH, _HEIGHT = 5, 6, 7, 8, 9, 10
_NUMBERS: Final = 11

_ROOM: Final = 256


@entry
def read_outcome(octets: Octets, boxes: Matrix, numbers: Indices, person: Octets) -> int:
    """Read one record that was written with the schema of this release.

    Args:
        octets: The value with its wire header.
        boxes: Filled: x_min, y_min, x_max, y_max, score.
        numbers: Filled: times, sizes, and where strings stand in the value.
        person: The one label that is read here.

    Returns:
        Number of boxes; `UNREADABLE` when the general reader must look: the record is cut off or
        malformed, holds text beyond ASCII, another label, or more boxes than there is room for.
    """
    bits = np.empty(4, np.uint8)
    single = bits.view(np.float32)
    numbers[_CAMERA], at = get_text(octets, HEADER_BYTES)
    numbers[_CAMERA_END] = at
    numbers[_CAPTURED], at = get_long(octets, at)
    numbers[_FRAME], at = get_long(octets, at)
    numbers[_OUTCOME], at = get_long(octets, at)
    if at < 0 or not 0 <= numbers[_OUTCOME] < len(_OUTCOMES):
        return UNREADABLE
    _, at = get_text(octets, at)  # reason
    row = 0
    while True:
        count, at = get_long(octets, at)
        if count < 0:  # a block may tell its size in bytes
            _, at = get_long(octets, at)
            count = -count
        if at < 0 or row + count > len(boxes):
            return UNREADABLE
        if count == 0:
            break
        for _ in range(count):
            for column in range(5):
                boxes[row, column], at = get_float(octets, at, bits, single)
            begin, at = get_text(octets, at)
            if at < 0 or at - begin != len(person):
                return UNREADABLE
            for place in range(len(person)):
                if octets[begin + place] != person[place]:
                    return UNREADABLE
            row += 1
    branch, at = get_long(octets, at)
    if at < 0 or not 0 <= branch <= 1:
        return UNREADABLE
    numbers[_NAME] = numbers[_NAME_END] = numbers[_VERSION] = numbers[_VERSION_END] = -1
    if branch == 1:
        numbers[_NAME], at = get_text(octets, at)
        numbers[_NAME_END] = at
        numbers[_VERSION], at = get_text(octets, at)
        numbers[_VERSION_END] = at
        _, at = get_text(octets, at)  # digest of the weights
        _, at = get_text(octets, at)  # runtime
        _, at = get_int(octets, at)  # input
        _, at = get_int(octets, at)
        _, at = get_float(octets, at, bits, single)  # thresholds
        _, at = get_float(octets, at, bits, single)
    numbers[_WIDTH], at = get_int(octets, at)
    numbers[_HEIGHT], at = get_int(octets, at)
    _, at = get_int(octets, at)  # camera version
    _, at = get_text(octets, at)  # preprocessing
    _, at = get_int(octets, at)  # frame: partition, offset, digest
    _, at = get_long(octets, at)
    _, at = get_text(octets, at)
    _, at = get_long(octets, at)  # received, inferred
    _, at = get_long(octets, at)
    return row if at == len(octets) else UNREADABLE


class OutcomeReader:
    """Reads values of the detections topic.

    Args:
        codec: Of that topic; reads what the compiled reader leaves.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._boxes = np.empty((_ROOM, 5))
        self._numbers = np.empty(_NUMBERS, np.int64)

    def read(self, value: bytes | None) -> FrameDetections:
        """Read one value.

        Raises:
            UndecodableValue: The bytes are not a record of the topic.
        """
        if value is None or not self._codec.is_own(value):
            return frame_detections_of(self._codec.decode(value))
        found = read_outcome(np.frombuffer(value, np.uint8), self._boxes, self._numbers, _PERSON)
        if found < 0:
            return frame_detections_of(self._codec.decode(value))
        begin, end, captured_us, frame_seq, outcome, *model, width, height = self._numbers.tolist()
        boxes = self._boxes[:found].copy()
        return FrameDetections(
            camera_id=value[begin:end].decode(),
            captured_us=captured_us,
            frame_seq=frame_seq,
            outcome=_OUTCOMES[outcome],
            boxes=boxes,
            people=boxes,
            model_name=value[model[0] : model[1]].decode() if model[0] >= 0 else None,
            model_version=value[model[2] : model[3]].decode() if model[0] >= 0 else "",
            width=width,
            height=height,
        )
