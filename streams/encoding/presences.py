"""Write the people on a floor from arrays."""

from itertools import accumulate

import numpy as np

from schemas.codec import Codec
from streams.domain.camera.people import PERSON
from streams.domain.floor.presence import DOUBT, SIZE, FloorPresence
from streams.encoding.text import Kept
from streams.encoding.writing import Table, writer_of

_PEOPLE = Table(
    field="people",
    rows={"people.table": PERSON, "people.sizes": SIZE, "doubts": DOUBT},
    encoded={"person_id": "ids", "camera_ids": "ids", "zone_ids": "zones"},
)


class PresenceWriter:
    """Writes values of the presence topic.

    Args:
        codec: Codec of that topic.
        kept: Encoded strings.
    """

    def __init__(self, codec: Codec, kept: Kept) -> None:
        self._writer = writer_of(codec, FloorPresence._fields, _PEOPLE, kept)
        self._kept = kept
        self._octets = np.zeros(4096, np.uint8)

    def write(self, presence: FloorPresence) -> bytes:
        """Write one record, byte for byte as the codec does."""
        people = presence.people
        ids = list(map(self._kept.person, people.person_ids, people.camera_ids))
        zones = list(map(self._kept.texts, people.zone_ids))
        id_octets, zone_octets = b"".join(ids), b"".join(zones)
        room = self._writer.rest_max + len(ids) * self._writer.item_max
        room += len(id_octets) + len(zone_octets)
        if room > len(self._octets):
            self._octets = np.zeros(2 * room, np.uint8)
        return self._writer.write(
            presence,
            self._octets,
            memoryview(self._octets),  # type: ignore[arg-type]
            np.frombuffer(id_octets, np.uint8),
            np.fromiter(accumulate(map(len, ids)), np.int64, len(ids)),
            np.frombuffer(zone_octets, np.uint8),
            np.fromiter(accumulate(map(len, zones)), np.int64, len(zones)),
        )
