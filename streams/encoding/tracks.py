"""Write the tracks of a frame from arrays."""

import numpy as np

from schemas.codec import Codec
from streams.domain.camera.frame_tracks import FrameTracks
from streams.domain.camera.people import FLOOR_POSITION
from streams.domain.tracking.tables import TRACK_UPDATE, TrackState
from streams.encoding.text import Kept
from streams.encoding.writing import Table, writer_of

_TRACKS = Table(
    field="tracks",
    rows={"out": TRACK_UPDATE, "positions": FLOOR_POSITION},
    enums={"state": TrackState},
)


class TracksWriter:
    """Writes values of the tracks topic.

    Args:
        codec: Codec of that topic.
        kept: Encoded strings.
    """

    def __init__(self, codec: Codec, kept: Kept) -> None:
        self._writer = writer_of(codec, FrameTracks._fields, _TRACKS, kept)
        self._write = self._writer.write
        self._make_room(64)

    def _make_room(self, tracks: int) -> None:
        self._most = tracks
        self._octets = np.zeros(self._writer.rest_max + tracks * self._writer.item_max, np.uint8)
        self._view = memoryview(self._octets)  # type: ignore[arg-type]

    def write(self, tracks: FrameTracks) -> bytes:
        """Write one record, byte for byte as the codec does."""
        if len(tracks.out) > self._most:
            self._make_room(2 * len(tracks.out))
        return self._write(tracks, self._octets, self._view)
