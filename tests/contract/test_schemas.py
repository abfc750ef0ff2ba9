"""The wire contract: released schemas stay readable, and code and schema agree."""

import json
from importlib import import_module
from typing import Any, get_args, get_origin, get_type_hints

import fastavro
import pytest

from deploy.release_schemas import released_versions
from schemas.codec import Codec, UndecodableValue, parse, schema_text
from schemas.topics import FRAMES, TOPICS, ZONE_EVENTS, Topic
from tests.support.compatibility import refusals
from tests.support.paths import ROOT

AVRO_TOPICS = [topic for topic in TOPICS.values() if topic.avro]
IDENTITY_AND_TIME = {
    "seq", "version", "captured_us", "as_of_us", "at_us", "frame_seq", "track_id",
    "valid_from_us", "recorded_at_us", "given_at_us",
    "taken_at_us", "opened_us",
}  # fmt: skip


def record_nodes(node: Any) -> list[dict[str, Any]]:
    found = []
    if isinstance(node, dict):
        if node.get("type") == "record":
            found.append(node)
        for value in node.values():
            found += record_nodes(value)
    elif isinstance(node, list):
        for item in node:
            found += record_nodes(item)
    return found


def enum_nodes(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        own = [node] if node.get("type") == "enum" else []
        return own + [enum for value in node.values() for enum in enum_nodes(value)]
    if isinstance(node, list):
        return [enum for item in node for enum in enum_nodes(item)]
    return []


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_every_topic_has_a_released_schema(topic: Topic) -> None:
    assert released_versions(topic), f"{topic.name} has none: make schemas"


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_the_present_schema_reads_and_is_read_by_every_released_one(topic: Topic) -> None:
    released = {int(path.stem): path.read_text() for path in released_versions(topic)}

    assert refusals(topic.name, released, schema_text(topic)) == []


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_a_changed_schema_is_released_under_a_new_number(topic: Topic) -> None:
    newest = released_versions(topic)[-1]
    assert json.loads(newest.read_text()) == json.loads(schema_text(topic)), (
        f"avsc/{topic.name}.avsc differs from {newest.name}, which is never edited: make schemas"
    )


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_all_fields_but_identity_and_time_have_defaults(topic: Topic) -> None:
    top = json.loads(schema_text(topic))
    bare = [
        field["name"]
        for field in top["fields"]
        if "default" not in field
        and field["name"] not in {*IDENTITY_AND_TIME, topic.key.removesuffix("@version")}
        and not field["name"].endswith("_id")
    ]
    assert bare == []


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_every_enum_can_grow(topic: Topic) -> None:
    for enum in enum_nodes(json.loads(schema_text(topic))):
        assert enum["symbols"][0] == enum["default"] == "UNKNOWN", enum["name"]


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_every_field_says_what_it_means(topic: Topic) -> None:
    for node in record_nodes(json.loads(schema_text(topic))):
        for field in node["fields"]:
            assert field.get("doc"), f"{node['name']}.{field['name']}"


def avro_shape(node: Any) -> Any:
    """An Avro type in a form that is comparable with a Python annotation."""
    if isinstance(node, list):
        return frozenset(avro_shape(branch) for branch in node)
    if isinstance(node, dict):
        if node["type"] == "array":
            return ("list", avro_shape(node["items"]))
        if node["type"] == "enum":
            return ("enum", tuple(node["symbols"]))
        return ("record", node["name"])
    plain = {"string": "str", "long": "int", "int": "int", "float": "float", "double": "float"}
    return {**plain, "boolean": "bool", "bytes": "bytes", "null": "None"}.get(
        node, ("record", node)
    )


def python_shape(annotation: Any) -> Any:
    """A Python annotation in the same form."""
    origin = get_origin(annotation)
    if origin is list:
        return ("list", python_shape(get_args(annotation)[0]))
    if str(origin) == "typing.Literal":
        return ("enum", get_args(annotation))
    if origin is not None:
        return frozenset(python_shape(branch) for branch in get_args(annotation))
    if annotation is type(None):
        return "None"
    if annotation.__module__.startswith(("schemas.records.", "streams.domain.")):
        return ("record", annotation.__name__)
    return annotation.__name__


def record_type(name: str) -> Any:
    """The typed dictionary of an Avro record, from `schemas.records` or beside its step."""
    for folder in ("schemas/records", "streams/domain"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if f"class {name}(TypedDict)" in path.read_text():
                parts = path.relative_to(ROOT).with_suffix("").parts
                return vars(import_module(".".join(parts)))[name]
    raise AssertionError(f"no module declares the record {name} as a TypedDict")


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_the_typed_records_say_what_the_avro_says(topic: Topic) -> None:
    for node in record_nodes(json.loads(schema_text(topic))):
        hints = get_type_hints(record_type(node["name"]))
        assert {name: python_shape(hint) for name, hint in hints.items()} == {
            field["name"]: avro_shape(field["type"]) for field in node["fields"]
        }, node["name"]


def identity_only(node: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"string": "a", "long": 7, "int": 7}
    return {
        field["name"]: values[field["type"]] for field in node["fields"] if "default" not in field
    }


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_a_record_with_identity_alone_survives_the_wire(topic: Topic) -> None:
    codec = Codec(topic, schema_id=41, find_schema=lambda _: schema_text(topic))
    sparse = identity_only(json.loads(schema_text(topic)))

    record = codec.decode(codec.encode(sparse))

    assert sparse.items() <= record.items()
    assert codec.decode(codec.encode(record)) == record


def test_an_older_writer_is_read_with_defaults_filled_in() -> None:
    older = json.loads(schema_text(ZONE_EVENTS))
    older["fields"] = [field for field in older["fields"] if field["name"] != "corrects"]
    writer = Codec(ZONE_EVENTS, schema_id=5, find_schema=lambda _: "")
    writer.schema = parse(json.dumps(older))

    reader = Codec(ZONE_EVENTS, schema_id=None, find_schema=lambda _: json.dumps(older))

    assert reader.decode(writer.encode({"zone_id": "z", "seq": 1, "at_us": 2}))["corrects"] is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(None, "no_value", id="tombstone"),
        pytest.param(b"", "not_wire_format", id="empty"),
        pytest.param(b"{}", "not_wire_format", id="json"),
        pytest.param(b"\x00\x00\x00\x00\x63rest", "unknown_schema", id="unregistered-id"),
        pytest.param(b"\x00\x00\x00\x00\x01\xff\xff\xff\xff", "not_avro", id="corrupt"),
        pytest.param(b"\x00\x00\x00\x00\x01", "not_avro", id="header-only"),
    ],
)
def test_bytes_that_are_no_record_are_distinguished(value: bytes | None, reason: str) -> None:
    def find(schema_id: int) -> str:
        if schema_id != 1:
            raise KeyError(schema_id)
        return schema_text(FRAMES)

    codec = Codec(FRAMES, schema_id=None, find_schema=find)

    with pytest.raises(UndecodableValue, match=r"frames\.captured\.v1") as caught:
        codec.decode(value)
    assert caught.value.reason == reason


def test_a_record_of_another_topic_is_refused() -> None:
    other = Codec(ZONE_EVENTS, schema_id=9, find_schema=lambda _: "")
    codec = Codec(FRAMES, schema_id=None, find_schema=lambda _: schema_text(ZONE_EVENTS))

    with pytest.raises(UndecodableValue, match="is a ZoneEvent, not a Frame"):
        codec.decode(other.encode({"zone_id": "z", "seq": 1, "at_us": 2}))


def test_a_record_that_does_not_fit_names_topic_and_field() -> None:
    codec = Codec(ZONE_EVENTS, schema_id=1, find_schema=lambda _: "")

    with pytest.raises(ValueError, match=r"zone-events\.observed\.v1.*seq"):
        codec.encode({"zone_id": "z", "seq": "one", "at_us": 2})


def test_interned_schemas_write_what_plain_ones_write() -> None:
    """Speed must not change bytes."""
    record = {"zone_id": "z", "seq": 3, "at_us": 4, "kind": "LEFT"}
    codec = Codec(ZONE_EVENTS, schema_id=1, find_schema=lambda _: "")
    plain = fastavro.parse_schema(json.loads(schema_text(ZONE_EVENTS)))

    assert fastavro.validate(codec.decode(codec.encode(record)), plain)
