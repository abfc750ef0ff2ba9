"""Write the people on a floor from arrays."""

from itertools import accumulate

import numpy as np

from schemas.codec import Codec
from streams.domain.camera.people import PERSON
from streams.domain.floor.presence import DOUBT, SIZE, SURENESS, FloorPresence
from streams.encoding.text import Kept
from streams.encoding.writing import Table, writer_of

_PEOPLE = Table(
    field="people",
    rows={
        "people.table": PERSON,
        "people.sizes": SIZE,
        "who.sureness": SURENESS,
        "doubts": DOUBT,
    },
    encoded={
        "person_id": "ids",
        "camera_ids": "ids",
        "zone_ids": "zones",
        "role": "roles",
        "staff_id": "staff",
    },
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
        people, who = presence.people, presence.who
        columns = (
            list(map(self._kept.person, people.person_ids, people.camera_ids)),
            list(map(self._kept.texts, people.zone_ids)),
            list(map(self._kept.text, who.roles)),
            list(map(self._kept.perhaps, who.staff_ids)),
        )
        encoded = [b"".join(column) for column in columns]
        count = len(people.person_ids)
        room = self._writer.rest_max + count * self._writer.item_max + sum(map(len, encoded))
        if room > len(self._octets):
            self._octets = np.zeros(2 * room, np.uint8)
        ends = [np.fromiter(accumulate(map(len, column)), np.int64, count) for column in columns]
        spans = zip((np.frombuffer(octets, np.uint8) for octets in encoded), ends, strict=True)
        return self._writer.write(
            presence,
            self._octets,
            memoryview(self._octets),  # type: ignore[arg-type]
            *(part for span in spans for part in span),
        )
