"""Avro values in the Confluent wire format: a zero byte, a schema id, the record.

The codec itself never uses the network: its caller supplies the id of the schema that it writes
and a function that finds a writer's schema by id. `registry.py` does both.
"""

import io
import json
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fastavro
from fastavro.types import Schema

from schemas.int_range import INT_BITS, int_check
from schemas.topics import Topic

_HEADER = struct.Struct(">bI")
HEADER_BYTES = _HEADER.size
"""Length of the wire header; digests of a value leave it out, since ids differ per registry."""

AVRO_FOLDER = Path(__file__).parent / "avsc"


class UndecodableValue(ValueError):
    """A value that does not fit its topic's schema.

    Attributes:
        reason: `no_value`, `not_wire_format`, `unknown_schema` or `not_avro`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def _intern(node: Any) -> Any:
    """Intern every string of a schema: fastavro then finds dictionary keys by identity."""
    if isinstance(node, str):
        return sys.intern(node)
    if isinstance(node, list):
        return [_intern(item) for item in node]
    if isinstance(node, dict):
        return {_intern(key): _intern(value) for key, value in node.items()}
    return node


def schema_text(topic: Topic) -> str:
    """The Avro schema of a topic's values, from `avsc/`."""
    return (AVRO_FOLDER / f"{topic.name}.avsc").read_text()


def _canonical(schema: Schema) -> str:
    """Canonical form of a schema, which decides the layout: names, types and their order."""
    return fastavro.schema.to_parsing_canonical_form(schema)


def parse(text: str) -> Schema:
    """Parse Avro JSON into the form that fastavro reads and writes fastest."""
    return fastavro.parse_schema(_intern(json.loads(text)))


class Codec:
    """Encodes and decodes the values of one topic.

    Args:
        topic: The topic.
        schema_id: Registered id of the topic's schema; None for a codec that only reads.
        find_schema: Function that returns the Avro JSON of a writer's schema id. May raise
            `KeyError` for an id that the registry does not know; other errors pass through.
    """

    def __init__(
        self, topic: Topic, *, schema_id: int | None, find_schema: Callable[[int], str]
    ) -> None:
        self.topic = topic
        self.schema = parse(schema_text(topic))
        self._int_check = int_check(self.schema)
        self._header = b"" if schema_id is None else _HEADER.pack(0, schema_id)
        self._find_schema = find_schema
        self._own_header = self._header
        self._writers: dict[int, Schema] = {} if schema_id is None else {schema_id: self.schema}

    @property
    def header(self) -> bytes:
        """The wire header that this codec writes; empty for one that only reads."""
        return self._header

    def encode(self, record: Mapping[str, Any]) -> bytes:
        """Write a record as bytes with the wire header.

        Raises:
            ValueError: The record does not fit the schema; the message names the topic and field.
        """
        if not self._header:
            raise ValueError(f"{self.topic.name}: this codec only reads")
        out = io.BytesIO()
        out.write(self._header)
        try:
            fastavro.schemaless_writer(out, self.schema, record)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ValueError(
                f"{self.topic.name}: record does not fit the schema: {self._explain(record, error)}"
            ) from error
        return out.getvalue()

    def _explain(self, record: Mapping[str, Any], exc: Exception) -> str:
        """Find the field at fault; called only after an error."""
        try:
            fastavro.validation.validate(dict(record), self.schema, strict=True)
        except fastavro.validation.ValidationError as invalid:
            return "; ".join(str(error) for error in invalid.errors)
        return repr(exc)

    def decode(self, value: bytes | None) -> Any:
        """Read a value of any registered writer, resolved to the reader's schema.

        Raises:
            UndecodableValue: The bytes are not a record of this topic.
        """
        if value is None:
            raise UndecodableValue(
                "no_value", f"{self.topic.name}: tombstone where a record must be"
            )
        if len(value) < HEADER_BYTES or value[0] != 0:
            raise UndecodableValue(
                "not_wire_format", f"{self.topic.name}: value has no Avro wire header"
            )
        schema_id: int = _HEADER.unpack_from(value)[1]
        writer = self._writers.get(schema_id)
        if writer is None:
            writer = self._writer(schema_id)
        body = io.BytesIO(value)
        body.seek(HEADER_BYTES)
        reader = None if writer is self.schema else self.schema
        try:
            record = fastavro.schemaless_reader(body, writer, reader)
        except Exception as error:  # fastavro raises many kinds on corrupt bytes
            raise UndecodableValue(
                "not_avro",
                f"{self.topic.name}: value is not a record of schema {schema_id}: {error!r}",
            ) from error
        if rest := body.read():
            raise UndecodableValue(
                "not_avro", f"{self.topic.name}: {len(rest)} bytes left after the record"
            )
        wrong = self._int_check(record) if self._int_check else None
        if wrong:
            raise UndecodableValue(
                "not_avro", f"{self.topic.name}: {wrong}, more than the {INT_BITS} bits of its type"
            )
        return record

    def is_own(self, value: bytes) -> bool:
        """Whether a value's header says that it was written with exactly this codec's schema.

        Raises:
            UndecodableValue: The schema is not one of this topic.
        """
        if len(value) < HEADER_BYTES or value[0] != 0:
            return False
        if value[:HEADER_BYTES] == self._own_header:
            return True
        schema_id: int = _HEADER.unpack_from(value)[1]
        if (self._writers.get(schema_id) or self._writer(schema_id)) is not self.schema:
            return False
        self._own_header = value[:HEADER_BYTES]
        return True

    def _writer(self, schema_id: int) -> Schema:
        try:
            text = self._find_schema(schema_id)
        except KeyError as error:
            raise UndecodableValue(
                "unknown_schema", f"{self.topic.name}: schema id {schema_id} is not registered"
            ) from error
        expected = json.loads(schema_text(self.topic))["name"]
        try:
            node = json.loads(text)  # others may register any kind: "string", JSON Schema
            name = node.get("name") if isinstance(node, dict) else node
            schema = parse(text) if name == expected else None
        except Exception as error:  # fastavro raises many kinds here too
            raise UndecodableValue(
                "unknown_schema", f"{self.topic.name}: schema id {schema_id} is no Avro: {error}"
            ) from error
        if schema is None:
            raise UndecodableValue(
                "unknown_schema",
                f"{self.topic.name}: schema id {schema_id} is a {name}, not a {expected}",
            )
        if _canonical(schema) == _canonical(self.schema):
            schema = self.schema  # nothing to resolve, which is much faster
        self._writers[schema_id] = schema
        return schema
