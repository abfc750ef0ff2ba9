"""A consumed record becomes an item, or a dead letter that says why."""

import pytest

from runtime.errors import DeadLetter
from schemas.codec import Codec, schema_text
from schemas.topics import OCCUPANCY, ZONES
from tests.support.builders.outputs import codec, item, occupancy
from workers.storage.item import read_item


def test_the_digest_leaves_the_schema_id_out() -> None:
    """The same record registered under another id in another registry is the same record."""
    record = occupancy(1, 0.0, 3)
    other = Codec(OCCUPANCY, schema_id=77, find_schema=lambda _: schema_text(OCCUPANCY))

    here = item(OCCUPANCY, record)
    there = read_item(other, OCCUPANCY.name, 0, 0, b"zone-1", other.encode(record))

    assert here.value != there.value
    assert here.digest == there.digest


def test_the_digest_covers_key_and_value() -> None:
    digests = {
        item(OCCUPANCY, occupancy(1, 0.0, 3)).digest,
        item(OCCUPANCY, occupancy(1, 0.0, 4)).digest,
        item(OCCUPANCY, occupancy(1, 0.0, 3, zone_id="zone-2")).digest,
    }

    assert len(digests) == 3


@pytest.mark.parametrize("key", [b"zone-2", None])
def test_a_key_that_its_value_does_not_name_is_a_dead_letter(key: bytes | None) -> None:
    value = codec(OCCUPANCY).encode(occupancy(1, 0.0, 3))

    with pytest.raises(DeadLetter, match="'zone-1'") as caught:
        read_item(codec(OCCUPANCY), OCCUPANCY.name, 0, 0, key, value)

    assert caught.value.reason == "key_mismatch"
    assert caught.value.field == "zone_id"


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"junk", "not_wire_format"), (None, "no_value"), (b"\0\0\0\0\1", "not_avro")],
)
def test_what_cannot_be_decoded_is_a_dead_letter(value: bytes | None, reason: str) -> None:
    with pytest.raises(DeadLetter) as caught:
        read_item(codec(OCCUPANCY), OCCUPANCY.name, 0, 0, b"zone-1", value)

    assert caught.value.reason == reason


def test_a_fact_is_numbered_by_its_version() -> None:
    zone = {
        "zone_id": "zone-1",
        "version": 3,
        "valid_from_us": 0,
        "recorded_at_us": 0,
    }
    found = item(ZONES, zone)

    assert (found.key, found.seq) == ("zone-1@3", 3)
