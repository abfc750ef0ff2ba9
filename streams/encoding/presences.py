"""Write the people on a floor from arrays."""

from collections.abc import Sequence
from itertools import accumulate
from struct import pack
from typing import Final

import numpy as np

from schemas.codec import Codec
from streams.domain.camera.people import PERSON
from streams.domain.floor.presence import DOUBT, SIZE, SURENESS, Details, FloorPresence
from streams.encoding.layout import items_of
from streams.encoding.text import Kept, avro_long, avro_text
from streams.encoding.writing import Table, writer_of

_MOST_KEPT: Final = 20_000
_MOST_SAME: Final = 4_000

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
        "candidates": "details",
        "role_evidence": "details",
        "duty_status": "details",
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
        self._details = _Encoded(codec)
        self._octets = np.zeros(4096, np.uint8)

    def write(self, presence: FloorPresence) -> bytes:
        """Write one record, byte for byte as the codec does."""
        people, who = presence.people, presence.who
        columns = (
            list(map(self._kept.person, people.person_ids, people.camera_ids)),
            list(map(self._kept.texts, people.zone_ids)),
            list(map(self._kept.text, who.roles)),
            list(map(self._kept.perhaps, who.staff_ids)),
            list(map(self._details.of, who.details)),
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


class _Encoded(dict[Details, bytes]):
    """What is said of people, as encoded; forgets all when there is too much.

    The same object is looked up again and again while nothing changes, and is found without a
    look at what it holds.

    Args:
        codec: Codec of the presence topic.
    """

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        items = {field.name: field for field in items_of(codec.schema, _PEOPLE.field)}
        self._statuses = _numbers(items["duty_status"].inner)
        self._kinds = _numbers(items["role_evidence"].inner["symbols"])
        self._same: dict[int, tuple[Details, bytes]] = {}

    def of(self, details: Details) -> bytes:
        """What is said of one person, as encoded."""
        found = self._same.get(id(details))
        if found is None:
            if len(self._same) >= _MOST_SAME:
                self._same.clear()
            found = self._same[id(details)] = details, self[details]
        return found[1]

    def __missing__(self, details: Details) -> bytes:
        if len(self) >= _MOST_KEPT:
            self.clear()
        found = self[details] = b"".join(
            (
                _array([avro_text(one) + pack("<d", sure) for one, sure in details.candidates]),
                _array([self._kinds[kind] for kind in details.evidence]),
                self._statuses[details.duty_status],
            )
        )
        return found


def _numbers(symbols: Sequence[str]) -> dict[str, bytes]:
    """An enum's symbols as encoded."""
    return {symbol: avro_long(number) for number, symbol in enumerate(symbols)}


def _array(items: Sequence[bytes]) -> bytes:
    """An array of encoded items, in one block."""
    return b"".join((avro_long(len(items)), *items, b"\0")) if items else b"\0"
