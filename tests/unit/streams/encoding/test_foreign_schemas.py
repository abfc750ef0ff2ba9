"""A record with the schema of another topic is a dead letter, whatever that schema is."""

import struct

import pytest

from schemas.codec import Codec, UndecodableValue, schema_text
from schemas.topics import OCCUPANCY, TOPICS, TRACKS

FOREIGN = {
    "a-primitive": '"string"',
    "a-union": '["null", "string"]',
    "a-json-schema": '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}',
    "protobuf": 'syntax = "proto3"; message Occupancy { string zone_id = 1; }',
    "no-schema": "{",
    "our-name-of-another-type": '{"type": "zebra", "name": "ZoneOccupancy"}',
    "another-of-ours": schema_text(TRACKS),
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_schema_is_reported_as_such_and_ends_nothing(text: str) -> None:
    codec = Codec(OCCUPANCY, schema_id=None, find_schema=lambda _: text)

    with pytest.raises(UndecodableValue, match="schema id 7 is") as caught:
        codec.decode(struct.pack(">bI", 0, 7) + b"any bytes")
    assert caught.value.reason == "unknown_schema"


def test_ids_that_a_restored_registry_has_given_to_other_topics_are_noticed() -> None:
    """Two topics have the same record name only if they have the same schema."""
    texts = {name: schema_text(topic) for name, topic in TOPICS.items() if topic.avro}
    for name, own in texts.items():
        for other, text in texts.items():
            if text == own:
                continue
            codec = Codec(TOPICS[name], schema_id=None, find_schema={7: text}.__getitem__)
            with pytest.raises(UndecodableValue) as caught:
                codec.decode(struct.pack(">bI", 0, 7))
            assert caught.value.reason == "unknown_schema", (name, other)
