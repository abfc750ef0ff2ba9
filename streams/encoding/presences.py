"""Write the people on a floor from arrays."""

from itertools import accumulate
from typing import Final

import numpy as np

from schemas.codec import Codec
from streams.domain.camera.people import Person
from streams.domain.floor.presence import FloorPresence
from streams.domain.tracking.types import Indices, Table
from streams.encoding.avro import LONG_MAX, Octets, put_bytes, put_long, put_perhaps
from streams.encoding.jit import entry
from streams.encoding.text import Kept, avro_long

_PERSON_MAX: Final = 4 * 9 + 1 + LONG_MAX + 7
"""Most bytes of a person besides the strings."""


@entry
def write_people(
    octets: Octets,
    table: Table[Person],
    ids: Octets,
    id_ends: Indices,
    zones: Octets,
    zone_ends: Indices,
) -> int:
    """Write an array of people; returns its length in bytes.

    Args:
        octets: With room for all.
        table: Shape `(P,)` of `PERSON`.
        ids: Encoded id and cameras of each, one after the other.
        id_ends: Where each one's end.
        zones: Encoded zone ids of each, one after the other.
        zone_ends: Where each one's end.
    """
    double = np.empty(1, np.float64)
    bits = double.view(np.uint8)
    at, id_begin, zone_begin = 0, 0, 0
    if len(table) > 0:
        at = put_long(octets, at, len(table))
    for row in range(len(table)):
        at = put_bytes(octets, at, ids, id_begin, id_ends[row])
        id_begin = id_ends[row]
        person = table[row]
        at = put_perhaps(octets, at, person.foot_x_px, bits, double)
        at = put_perhaps(octets, at, person.foot_y_px, bits, double)
        at = put_perhaps(octets, at, person.x_m, bits, double)
        at = put_perhaps(octets, at, person.y_m, bits, double)
        at = put_bytes(octets, at, zones, zone_begin, zone_ends[row])
        zone_begin = zone_ends[row]
        octets[at] = np.uint8(person.observed == 1.0)
        at = put_long(octets, at + 1, int(person.last_observed_us))
        for _ in range(7):  # role "", confidence 0.0, no staff id, no suspicion
            octets[at] = 0
            at += 1
    octets[at] = 0
    return at + 1


class PresenceWriter:
    """Writes values of the presence topic.

    Args:
        codec: Of that topic.
        kept: Encoded strings.
    """

    def __init__(self, codec: Codec, kept: Kept) -> None:
        self._header = codec.header
        self._kept = kept
        self._octets = np.zeros(4096, np.uint8)

    def write(self, presence: FloorPresence) -> bytes:
        """Write one record, byte for byte as the codec does."""
        person, texts = self._kept.person, self._kept.texts
        people = presence.people
        ids = list(map(person, people.person_ids, people.camera_ids))
        zones = list(map(texts, people.zone_ids))
        id_octets, zone_octets = b"".join(ids), b"".join(zones)
        room = len(ids) * _PERSON_MAX + len(id_octets) + len(zone_octets) + LONG_MAX
        if room > len(self._octets):
            self._octets = np.zeros(2 * room, np.uint8)
        end = write_people(
            self._octets,
            people.table,
            np.frombuffer(id_octets, np.uint8),
            np.fromiter(accumulate(map(len, ids)), np.int64, len(ids)),
            np.frombuffer(zone_octets, np.uint8),
            np.fromiter(accumulate(map(len, zones)), np.int64, len(zones)),
        )
        return b"".join(
            (
                self._header,
                self._kept.text(presence.floor_id),
                avro_long(presence.seq),
                avro_long(presence.as_of_us),
                avro_long(presence.inputs_through_us),
                texts(presence.cameras_missing),
                memoryview(self._octets)[:end],  # type: ignore[arg-type]
            )
        )
