"""Valid and invalid values for every Avro schema, and damaged bytes of values."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from schemas.codec import Codec, schema_text
from schemas.topics import TOPICS, Topic

AVRO_TOPICS = [topic for topic in TOPICS.values() if topic.avro]
SCHEMA_ID = 41

_LONG = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, -1, 2**31, 2**53 + 1, 2**62, 2**63 - 1, -(2**63)]),
    st.integers(1_700_000_000_000_000, 1_900_000_000_000_000),
)
_INT = st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(0, 2_000))
_DOUBLE = st.one_of(st.floats(allow_nan=True), st.floats(0, 1000), st.just(1e308))
_TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "\0", "cam-1", "../..", "zone-1", "\ud7ff", "x" * 300, "NaN"]),
)
_PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": _INT,
    "long": _LONG,
    "float": st.floats(width=32),
    "double": _DOUBLE,
    "string": _TEXT,
    "bytes": st.binary(max_size=200),
}


def values(node: Any, names: dict[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Any value that a schema allows."""
    known = {} if names is None else names
    if isinstance(node, list):
        return st.one_of([values(branch, known) for branch in node])
    if isinstance(node, str):
        return _PLAIN[node] if node in _PLAIN else values(known[node], known)
    if "name" in node:
        known[node["name"]] = node
    if node["type"] == "record":
        fields = {field["name"]: values(field["type"], known) for field in node["fields"]}
        return st.fixed_dictionaries(fields)
    if node["type"] == "array":
        return st.lists(values(node["items"], known), max_size=3)
    if node["type"] == "enum":
        return st.sampled_from(node["symbols"])
    return values(node["type"], known)


def records(topic: Topic) -> st.SearchStrategy[dict[str, Any]]:
    """Any record of a topic."""
    return values(json.loads(schema_text(topic)))


def codec(topic: Topic) -> Codec:
    """A codec that needs no registry."""

    def find(schema_id: int) -> str:
        if schema_id != SCHEMA_ID:
            raise KeyError(schema_id)
        return schema_text(topic)

    return Codec(topic, schema_id=SCHEMA_ID, find_schema=find)


def mangled(whole: bytes) -> st.SearchStrategy[bytes]:
    """Bytes cut, flipped, doubled, filled or swapped somewhere."""
    end = max(1, len(whole))
    index = st.integers(0, end - 1)
    changes: list[Callable[[int, int, bytes], bytes]] = [
        lambda a, _, __: whole[:a],
        lambda a, b, __: whole[: min(a, b)] + whole[max(a, b) :],
        lambda a, _, new: whole[:a] + new + whole[a + len(new) :],
        lambda a, _, new: whole[:a] + new + whole[a:],
        lambda a, b, __: whole[:a] + whole[min(a, b) : max(a, b)] + whole[a:],
        lambda a, b, __: whole[:a] + b"\xff" * (b % 16) + whole[a:],
    ]
    return st.builds(
        lambda change, a, b, new: change(a, b, new),
        st.sampled_from(changes),
        index,
        index,
        st.binary(min_size=1, max_size=8),
    )
