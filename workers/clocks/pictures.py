"""What an estimator needs of a detection outcome: which camera, when it arrived, its clock."""

from typing import Final, NamedTuple

import numpy as np

from schemas.codec import Codec
from streams.encoding.reading import Wanted, reader_of

_WANTED: Final = Wanted(
    numbers=("captured_us", "received_us", "source_clock_us"),
    texts=("camera_id",),
    columns=(),
    equal={},
)

LIVE_US: Final = 1_000_000
"""A picture that arrived further from its event time is recorded material: its clock is no live
one, microseconds."""


class Picture(NamedTuple):
    """A picture that arrived.

    Attributes:
        camera_id: Its camera.
        arrival_us: When ingest read it, UTC microseconds; 0 where that is not known.
        source_us: What the camera's clock said, microseconds; 0 where it said nothing.
        live: Whether it is dated by its arrival.
    """

    camera_id: str
    arrival_us: int
    source_us: int
    live: bool


class PictureReader:
    """Reads values of the detections topic, and passes over all that is not needed.

    Args:
        codec: Codec of that topic; reads what the compiled reader leaves.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._read = reader_of(codec, _WANTED)
        self._found = np.empty(len(_WANTED.numbers) + 2, np.int64)
        self._table = np.empty((0, 0))

    def read(self, value: bytes | None) -> Picture:
        """Read one value.

        Raises:
            UndecodableValue: The bytes are not a record of the topic.
        """
        if value is not None and self._codec.is_own(value):
            octets = np.frombuffer(value, np.uint8)
            if self._read(octets, self._table, self._found) >= 0:
                captured_us, arrival_us, source_us, start, end = self._found.tolist()
                return _picture(value[start:end].decode(), captured_us, arrival_us, source_us)
        record = self._codec.decode(value)
        return _picture(
            record["camera_id"],
            record["captured_us"],
            record["received_us"],
            record["source_clock_us"] or 0,
        )


def _picture(camera_id: str, captured_us: int, arrival_us: int, source_us: int) -> Picture:
    live = arrival_us > 0 and abs(captured_us - arrival_us) <= LIVE_US
    return Picture(camera_id, arrival_us, max(source_us, 0), live)
