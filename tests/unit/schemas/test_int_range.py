"""A number that is too long for its Avro type is refused by the name of its field."""

import io
import json
from collections.abc import Iterator
from typing import Any

import fastavro
import pytest

from schemas.codec import Codec, UndecodableValue, parse, schema_text
from schemas.int_range import int_check
from schemas.topics import DETECTIONS, TOPICS, Topic
from streams.encoding.outcomes import OutcomeReader
from tests.support.schema_evolution import sample, schema_of

Path = tuple[str | int, ...]

AVRO_TOPICS = [topic for topic in TOPICS.values() if topic.avro]
MOST, LEAST = 2**31 - 1, -(2**31)


def codec(topic: Topic) -> Codec:
    none: dict[int, str] = {}
    return Codec(topic, schema_id=1, find_schema=none.__getitem__)


def widened(topic: Topic, record: Any) -> bytes:
    """The bytes of a writer that takes our `int` for a `long`; nothing else differs."""
    wide = fastavro.parse_schema(json.loads(schema_text(topic).replace('"int"', '"long"')))
    out = io.BytesIO()
    fastavro.schemaless_writer(out, wide, record)
    return codec(topic).header + out.getvalue()


def ints(node: Any, value: Any, names: dict[str, Any]) -> Iterator[Path]:
    """Paths of the `int`s in a value, by its schema."""
    if isinstance(node, list):
        node = next(branch for branch in node if branch != "null")
    node = names.get(node, node) if isinstance(node, str) else node
    if node == "int":
        yield ()
    if not isinstance(node, dict):
        return
    names[node.get("name", "")] = node
    inner: list[tuple[str | int, Any]] = []
    if node["type"] == "record":
        inner = [(field["name"], field["type"]) for field in node["fields"]]
    elif node["type"] == "array":
        inner = [(path, node["items"]) for path in range(len(value))]
    for path, kind in inner:
        yield from ((path, *rest) for rest in ints(kind, value[path], names))


def put(record: Any, path: Path, number: int) -> Any:
    """The record with a number at a path."""
    *way, last = path
    at = record
    for step in way:
        at = at[step]
    at[last] = number
    return record


@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_every_number_that_is_too_long_is_reported_by_its_field(topic: Topic) -> None:
    node = schema_of(topic)

    for path in list(ints(node, sample(node), {})):
        for number in (MOST + 1, LEAST - 1):
            value = widened(topic, put(sample(schema_of(topic)), path, number))
            with pytest.raises(UndecodableValue, match=rf"{topic.name}: .*{path[-1]} is {number}"):
                codec(topic).decode(value)
        for number in (MOST, LEAST):
            value = widened(topic, put(sample(schema_of(topic)), path, number))
            assert codec(topic).encode(codec(topic).decode(value)) == value


@pytest.mark.parametrize("path", [("width",), ("model", "input_height"), ("frame_partition",)])
def test_the_compiled_reader_refuses_it_too(path: Path) -> None:
    value = widened(DETECTIONS, put(sample(schema_of(DETECTIONS)), path, MOST + 1))

    with pytest.raises(UndecodableValue, match=f"{path[-1]} is {MOST + 1}"):
        OutcomeReader(codec(DETECTIONS)).read(value)


def test_a_union_of_several_types_has_no_check_and_is_refused() -> None:
    fields = [{"name": "either", "type": ["int", "long"]}]
    union = parse(json.dumps({"type": "record", "name": "Either", "fields": fields}))

    with pytest.raises(ValueError, match="null and one type"):
        int_check(union)
