"""Old and new producers and consumers of every topic together, on the real registry."""

import dataclasses
import json
from typing import Any
from uuid import uuid4

import pytest

from schemas.codec import Codec, parse
from schemas.registry import IncompatibleSchema, SchemaRegistry
from schemas.topics import Topic
from tests.support.schema_evolution import (
    AVRO_TOPICS,
    HARMLESS,
    NEW_SYMBOL,
    Node,
    breaking,
    enums,
    sample,
    schema_of,
    with_a_field,
)


@pytest.fixture
def registry(registry_url: str) -> SchemaRegistry:
    return SchemaRegistry(registry_url)


class Release:
    """One release of the program: a schema, registered, and codecs that know no other.

    Args:
        registry: The real registry.
        topic: Topic whose records are written.
        subject: Topic whose subject belongs to this test alone.
        schema: Schema of the release.
    """

    def __init__(
        self, registry: SchemaRegistry, topic: Topic, subject: Topic, schema: Node
    ) -> None:
        text = json.dumps(schema)
        self.schema = schema
        self.id = registry.register(subject, text)
        self._producer = Codec(topic, schema_id=self.id, find_schema=registry.find)
        self._consumer = Codec(topic, schema_id=None, find_schema=registry.find)
        self._producer.schema = self._consumer.schema = parse(text)

    def sends(self) -> bytes:
        return self._producer.encode(sample(self.schema))

    def reads(self, value: bytes) -> dict[str, Any]:
        record: dict[str, Any] = self._consumer.decode(value)
        return record


def own_subject(topic: Topic) -> Topic:
    return dataclasses.replace(topic, name=f"{uuid4().hex[:8]}-{topic.name}")


def with_unknown_symbols(value: Any) -> Any:
    """A value as an old reader reads it: a symbol that it does not know becomes UNKNOWN."""
    if isinstance(value, dict):
        return {name: with_unknown_symbols(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_unknown_symbols(item) for item in value]
    return "UNKNOWN" if value == NEW_SYMBOL else value


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_old_and_new_producers_and_consumers_read_each_other(
    registry: SchemaRegistry, topic: Topic
) -> None:
    subject = own_subject(topic)
    schemas = [schema_of(topic)]
    for change in HARMLESS.values():
        schemas.append(change(schemas[-1]))
    releases = [Release(registry, topic, subject, schema) for schema in schemas]

    for producer in releases:
        for consumer in releases:
            sent, read = sample(producer.schema), consumer.reads(producer.sends())
            expected = {**sent, "wing": sent.get("wing", "")}
            if producer is releases[-1] and consumer is not producer:
                expected = with_unknown_symbols(expected)
            if consumer is releases[0]:
                del expected["wing"]
            assert read == expected, (releases.index(producer), releases.index(consumer))
    assert len({release.id for release in releases}) == (4 if enums(schemas[0]) else 3)


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_a_changed_default_is_the_reader_s_own(registry: SchemaRegistry, topic: Topic) -> None:
    subject = own_subject(topic)
    without = Release(registry, topic, subject, schema_of(topic))
    before = Release(registry, topic, subject, with_a_field(schema_of(topic), "north"))
    after = Release(registry, topic, subject, with_a_field(schema_of(topic), "south"))

    assert before.reads(without.sends())["wing"] == "north"
    assert after.reads(without.sends())["wing"] == "south"
    assert after.reads(before.sends())["wing"] == "text", "what was sent wins"


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_a_breaking_change_is_refused_at_registration_by_topic_and_field(
    registry: SchemaRegistry, topic: Topic
) -> None:
    subject = own_subject(topic)
    registry.register(subject, json.dumps(schema_of(topic)))

    for what, (candidate, field) in breaking(schema_of(topic)).items():
        with pytest.raises(IncompatibleSchema) as caught:
            registry.register(subject, json.dumps(candidate))
        assert f"{subject.name}: schema refused: " in str(caught.value), what
        assert f"field {field}: " in str(caught.value), what
