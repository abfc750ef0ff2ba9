"""Schemas in the real registry: written once, read by all, never broken."""

import copy
import json
from typing import Any
from uuid import uuid4

import pytest

from schemas.codec import schema_text
from schemas.registry import (
    IncompatibleSchema,
    NotRegistered,
    RegistryUnavailable,
    SchemaRegistry,
)
from schemas.topics import DETECTIONS, TOPICS, ZONE_EVENTS, Topic


@pytest.fixture
def registry(registry_url: str) -> SchemaRegistry:
    return SchemaRegistry(registry_url)


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    """A topic with the schema of zone events and a subject of its own."""
    name = f"zone-events.{uuid4().hex[:8]}.v1"
    text = schema_text(ZONE_EVENTS)
    monkeypatch.setattr(
        "schemas.registry.schema_text",
        lambda topic: text if topic.name == name else schema_text(topic),
    )
    return Topic(name=name, kind="derived", key="zone_id")


def changed(**fields: Any) -> str:
    """The schema of zone events with fields replaced, removed (None) or added."""
    schema = copy.deepcopy(json.loads(schema_text(ZONE_EVENTS)))
    by_name = {field["name"]: field for field in schema["fields"]}
    for name, node in fields.items():
        if node is None:
            del by_name[name]
        else:
            by_name[name] = {"name": name, **by_name.get(name, {}), **node}
    return json.dumps({**schema, "fields": list(by_name.values())})


def test_all_schemas_can_be_registered_and_found_again(registry: SchemaRegistry) -> None:
    topics = [topic for topic in TOPICS.values() if topic.avro]

    ids = registry.register_all(topics)

    assert ids == {topic.name: registry.lookup(topic) for topic in topics}
    assert ids == registry.register_all(topics), "registering again changes nothing"
    found = json.loads(registry.find(ids[DETECTIONS.name]))
    assert found == json.loads(schema_text(DETECTIONS))


@pytest.mark.parametrize(
    ("candidate", "field"),
    [
        pytest.param(changed(ward={"type": "string"}), "ward", id="a-required-field"),
        pytest.param(changed(seq=None), "seq", id="a-removed-required-field"),
        pytest.param(changed(at_us={"type": "string"}), "at_us", id="another-type"),
        pytest.param(changed(zone_id=None, zone={"type": "string"}), "zone_id", id="a-rename"),
    ],
)
def test_an_incompatible_schema_is_refused_by_topic_and_field(
    registry: SchemaRegistry, topic: Topic, candidate: str, field: str
) -> None:
    registry.register(topic)

    with pytest.raises(IncompatibleSchema, match=rf"{topic.name}: schema refused: .*{field}"):
        registry.register(topic, candidate)


def test_the_registry_itself_refuses_what_slips_past_us(
    registry: SchemaRegistry, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FULL_TRANSITIVE is set on the subject, and holds for every client."""
    registry.register(topic)
    monkeypatch.setattr("schemas.registry.differences", lambda *_: [])

    with pytest.raises(IncompatibleSchema, match=f"{topic.name}: the registry refused"):
        registry.register(topic, changed(ward={"type": "string"}))


def test_a_compatible_schema_becomes_the_next_version(
    registry: SchemaRegistry, topic: Topic
) -> None:
    first = registry.register(topic)

    second = registry.register(topic, changed(ward={"type": "string", "default": ""}))

    assert second != first
    assert registry.lookup(topic) == first, "the old writer goes on"


def test_a_producer_whose_schema_was_never_registered_does_not_start(
    registry: SchemaRegistry, topic: Topic
) -> None:
    with pytest.raises(NotRegistered, match="run `wardstream registry register`"):
        registry.writer(topic)


def test_a_producer_with_an_incompatible_schema_is_refused_by_topic_and_field(
    registry: SchemaRegistry, topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.register(topic)
    candidate = changed(at_us={"type": "string"})
    monkeypatch.setattr("schemas.registry.schema_text", lambda _: candidate)

    with pytest.raises(IncompatibleSchema, match=rf"{topic.name}: schema refused: field at_us"):
        registry.writer(topic)


def test_a_registry_that_is_not_there_is_named() -> None:
    with pytest.raises(RegistryUnavailable, match=r"127\.0\.0\.1:9/"):
        SchemaRegistry("http://127.0.0.1:9/apis/ccompat/v7").lookup(DETECTIONS)


def test_an_unknown_id_differs_from_an_outage(registry: SchemaRegistry) -> None:
    with pytest.raises(KeyError):
        registry.find(2_000_000_000)


def test_schemas_that_were_read_once_serve_while_the_registry_is_away(
    registry: SchemaRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.register(ZONE_EVENTS)
    value = registry.writer(ZONE_EVENTS).encode({"zone_id": "z", "seq": 1, "at_us": 2})
    reader = registry.reader(ZONE_EVENTS)
    reader.decode(value)
    away = SchemaRegistry("http://127.0.0.1:9/apis/ccompat/v7")
    monkeypatch.setattr(registry, "_client", away._client)

    assert reader.decode(value)["zone_id"] == "z"
    assert registry.reader(ZONE_EVENTS).decode(value)["seq"] == 1
    with pytest.raises(RegistryUnavailable):
        registry.lookup(DETECTIONS)
