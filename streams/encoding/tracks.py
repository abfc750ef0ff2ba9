"""Write the tracks of a frame from arrays."""

from typing import Final

import numpy as np

from schemas.codec import Codec
from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.camera.people import FloorPosition
from streams.domain.tracking.tables import TrackUpdate
from streams.domain.tracking.types import Table
from streams.encoding.avro import LONG_MAX, Octets, put_float, put_long, put_perhaps
from streams.encoding.jit import entry
from streams.encoding.text import Kept

_TRACK_MAX: Final = 3 * LONG_MAX + 2 + 7 * 4 + 3 * 9
"""Most bytes of a track."""

_ROOM: Final = 8 * LONG_MAX


@entry
def write_tracks(
    octets: Octets,
    seq: int,
    captured_us: int,
    frame_seq: int,
    width: int,
    height: int,
    out: Table[TrackUpdate],
    positions: Table[FloorPosition],
) -> tuple[int, int]:
    """Write the numbers of a record: those before the floor's name, and those after it.

    Returns:
        Where the first part ends, and where the second one does, which follows it.
    """
    bits = np.empty(8, np.uint8)
    single, double = bits[:4].view(np.float32), bits.view(np.float64)
    at = put_long(octets, 0, seq)
    first = put_long(octets, at, captured_us)
    at = put_long(octets, first, frame_seq)
    at = put_long(octets, at, width)
    at = put_long(octets, at, height)
    if len(out) > 0:
        at = put_long(octets, at, len(out))
    for row in range(len(out)):
        track, position = out[row], positions[row]
        at = put_long(octets, at, track.id)
        at = put_long(octets, at, track.state + 1)  # 0 is UNKNOWN
        at = put_float(octets, at, track.x_min, bits, single)
        at = put_float(octets, at, track.y_min, bits, single)
        at = put_float(octets, at, track.x_max, bits, single)
        at = put_float(octets, at, track.y_max, bits, single)
        at = put_float(octets, at, track.vx, bits, single)
        at = put_float(octets, at, track.vy, bits, single)
        at = put_float(octets, at, track.score, bits, single)
        octets[at] = np.uint8(track.observed)
        at = put_long(octets, at + 1, track.started_us)
        at = put_long(octets, at, track.last_seen_us)
        at = put_perhaps(octets, at, position.x_m, bits, double)
        at = put_perhaps(octets, at, position.y_m, bits, double)
        at = put_perhaps(octets, at, position.sd_m, bits, double)
    octets[at] = 0
    return first, at + 1


class TracksWriter:
    """Writes values of the tracks topic.

    Args:
        codec: Of that topic.
        kept: Encoded strings.
    """

    def __init__(self, codec: Codec, kept: Kept) -> None:
        self._header = codec.header
        self._kept = kept
        self._make_room(64)

    def _make_room(self, tracks: int) -> None:
        self._most = tracks
        self._octets = np.zeros(_ROOM + tracks * _TRACK_MAX, np.uint8)
        self._view = memoryview(self._octets)  # type: ignore[arg-type]

    def write(self, tracks: FrameTracks) -> bytes:
        """Write one record, byte for byte as the codec does."""
        if len(tracks.out) > self._most:
            self._make_room(2 * len(tracks.out))
        first, end = write_tracks(
            self._octets,
            tracks.seq,
            tracks.captured_us,
            tracks.frame_seq,
            tracks.width,
            tracks.height,
            tracks.out,
            tracks.positions,
        )
        text = self._kept.text
        return b"".join(
            (
                self._header,
                text(tracks.camera_id),
                self._view[:first],
                text(tracks.floor_id),
                self._view[first:end],
                text(tracks.model_name),
                text(tracks.model_version),
            )
        )
