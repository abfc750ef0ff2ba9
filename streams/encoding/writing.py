"""Writers of hot records, made of the topic's parsed schema.

A record's strings are encoded by Python, which keeps those that come again; its numbers and its
table are encoded by one compiled call. Both functions are made here, field by field in the order of
the schema: a field is written from what has its name, and where nothing has, its default is. So a
field that is added with a default needs no change here.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from itertools import groupby
from typing import Any, Final, NamedTuple

import fastavro
import numpy as np

from schemas.codec import Codec
from streams.encoding.avro import LONG_MAX
from streams.encoding.layout import NUMBERS, Field, fields_of, items_of, name_of
from streams.encoding.source import SourceText, entry_of, function_of
from streams.encoding.text import Kept

_PUT: Final = {
    "int": "at = put_long(octets, at, int({}))",
    "long": "at = put_long(octets, at, int({}))",
    "enum": "at = put_long(octets, at, int({}))",
    "float": "at = put_float(octets, at, {}, bits, single)",
    "double": "at = put_double(octets, at, {}, bits, double)",
    "optional": "at = put_perhaps(octets, at, {}, bits, double)",
    "boolean": "octets[at] = np.uint8({} != 0); at += 1",
}
"""Statement that writes a value, by the kind of its field."""

_PLAIN: Final = {"string", "int", "long"}
"""Kinds of field that an array's items may have where Python encodes it."""

_MOST: Final = {"float": 4, "double": 8, "optional": 9, "boolean": 1}
"""Most bytes of a value, where that is not `LONG_MAX`."""


_MOST_WHOLE: Final = 1024


class Table(NamedTuple):
    """Where the items of a record's array come from.

    Attributes:
        field: Name of the array's field.
        rows: Dtypes of structured arrays, by their path in the record, such as `people.table`. All
            have a row for each item; the first that has a field of the wanted name gives it.
        encoded: Names of columns of bytes that are encoded already, by the field that they hold;
            fields that follow each other may share one.
        enums: The numbers that stand for an enum's symbols and have their names, by its field.
    """

    field: str
    rows: Mapping[str, np.dtype[np.void]]
    encoded: Mapping[str, str] = {}
    enums: Mapping[str, type[IntEnum]] = {}


class Writer(NamedTuple):
    """What writes a record.

    Attributes:
        write: Gives the bytes of `(record, octets, view, ...)`: a buffer with room, the same as a
            memoryview, and two arrays for each encoded column: the bytes of all items one after
            the other, and where each item's end.
        item_max: Most bytes of an item besides its encoded columns.
        rest_max: Most bytes of the other numbers.
    """

    write: Callable[..., bytes]
    item_max: int
    rest_max: int


def writer_of(codec: Codec, record: Sequence[str], table: Table, kept: Kept) -> Writer:
    """Make the writer of a topic.

    Args:
        codec: Codec of the topic.
        record: Names of the record's attributes.
        table: Where the items of its array come from.
        kept: Encoded strings.

    Raises:
        ValueError: A field has no default and nothing that it is written from, or is of a type that
            no hot record has.
    """
    item = _Item(codec, table)
    numbers: list[str] = []
    ends: list[str] = []
    parts = ["header"]
    rest_max = 2 * LONG_MAX  # length of the array, and its end
    source = SourceText()

    def is_compiled(field: Field) -> bool:
        return field.name == table.field or (field.kind in NUMBERS and field.name in record)

    for compiled, fields in groupby(fields_of(codec.schema), key=is_compiled):
        if not compiled:
            parts += [_encoded_by_python(field, record) for field in fields]
            continue
        for field in fields:
            if field.name == table.field:
                item.write_all(source)
            else:
                numbers.append(field.name)
                source(_PUT[field.kind].format(field.name))
                rest_max += _MOST.get(field.kind, LONG_MAX)
        start, end = ends[-1] if ends else "0", f"end_{len(ends)}"
        ends.append(end)
        source(f"{end} = at")
        parts.append(f"view[{start}:{end}]")

    columns = [name for column in item.columns for name in (column, f"{column}_ends")]
    put = SourceText()
    given = ", ".join(["octets", *numbers, *item.rows, *columns])
    with put.block(f"def put_{name_of(codec.schema)}({given}):"):
        put("bits = np.empty(8, np.uint8)")
        put("single, double = bits[:4].view(np.float32), bits.view(np.float64)")
        put("at = 0")
        put.take(source)
        put(f"return ({', '.join(ends)},)")
    write = SourceText()
    paths = [f"record.{path}" for path in (*numbers, *table.rows)]
    with write.block(f"def write({', '.join(['record', 'octets', 'view', *columns])}):"):
        write(f"({', '.join(ends)},) = put({', '.join(['octets', *paths, *columns])})")
        write(f"return b''.join(({', '.join(parts)}))")
    called = {
        "header": codec.header,
        "text": kept.text,
        "texts": kept.texts,
        "rows": kept.rows,
        "put": entry_of(put.text()),
    }
    for field in fields_of(codec.schema):
        if field.name in record and _is_whole(field):
            called[f"whole_{field.name}"] = _Whole(field.schema)
    return Writer(function_of(write.text(), called), item.most, rest_max)


class _Item:
    """Writes the items of the array.

    Attributes:
        rows: Names of the structured arrays.
        columns: Names of the encoded columns.
        most: Most bytes of an item besides its encoded columns.
    """

    def __init__(self, codec: Codec, table: Table) -> None:
        self._table = table
        self._fields = items_of(codec.schema, table.field)
        self.rows = [path.rpartition(".")[2] for path in table.rows]
        self.columns = list(dict.fromkeys(table.encoded.values()))
        self.most = 0

    def write_all(self, source: SourceText) -> None:
        """Write the array in one block, as fastavro does."""
        count = f"len({self.rows[0]})"
        for column in self.columns:
            source(f"{column}_start = 0")
        with source.block(f"if {count} > 0:"):
            source(f"at = put_long(octets, at, {count})")
        with source.block(f"for row in range({count}):"):
            column = ""
            for field in self._fields:
                before, column = column, self._table.encoded.get(field.name, "")
                if not column:
                    self._write(source, field)
                elif column != before:
                    span = f"{column}, {column}_start, {column}_ends[row]"
                    source(f"at = put_bytes(octets, at, {span})")
                    source(f"{column}_start = {column}_ends[row]")
        source("octets[at] = 0", "at += 1")

    def _write(self, source: SourceText, field: Field) -> None:
        dtypes = zip(self.rows, self._table.rows.values(), strict=True)
        found = [row for row, dtype in dtypes if field.name in (dtype.names or ())]
        if not found:
            default = _default(field)
            source(*(f"octets[at + {index}] = {octet}" for index, octet in enumerate(default)))
            source(f"at += {len(default)}")
            self.most += len(default)
            return
        value = f"{found[0]}[row].{field.name}"
        if field.kind == "enum":
            symbols = {one.value: one.name for one in self._table.enums[field.name]}
            numbers = [field.inner.index(symbols[number]) for number in range(len(symbols))]
            value = f"({', '.join(map(str, numbers))},)[{value}]"
        source(_PUT[field.kind].format(value))
        self.most += _MOST.get(field.kind, LONG_MAX)


def _encoded_by_python(field: Field, record: Sequence[str]) -> str:
    """Expression for the bytes of a field that the compiled call leaves."""
    if field.name not in record:
        return repr(_default(field))
    if field.kind == "string":
        return f"text(record.{field.name})"
    if field.kind == "array" and field.inner == "string":
        return f"texts(record.{field.name})"
    if field.kind == "array" and _is_plain(field.inner):
        return f"rows(record.{field.name})"
    if _is_whole(field):
        return f"whole_{field.name}(record.{field.name})"
    raise ValueError(f"{field.name}: no hot record is written with a field of this type")


def _is_whole(field: Field) -> bool:
    """Whether a field is a record or nothing, which fastavro writes as a whole."""
    return field.kind == "optional" and isinstance(field.inner, dict)


class _Whole:
    """Writes a record or nothing, and keeps what it wrote: most records have the same as before.

    Args:
        schema: Union of null and the record, as parsed.
    """

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        self._kept: dict[tuple[Any, ...], tuple[Mapping[str, Any], bytes]] = {}

    def __call__(self, value: Mapping[str, Any] | None) -> bytes:
        if value is None:
            return b"\0"
        key = tuple(one for one in value.values() if not isinstance(one, list))
        found = self._kept.get(key)
        if found is None or found[0] != value:
            out = io.BytesIO()
            fastavro.schemaless_writer(out, self._schema, value)
            if len(self._kept) >= _MOST_WHOLE:
                self._kept.clear()
            found = self._kept[key] = value, out.getvalue()
        return found[1]


def _is_plain(item: Any) -> bool:
    """Whether an array's items are records of strings and whole numbers."""
    is_record = isinstance(item, dict) and "fields" in item
    return is_record and all(one.kind in _PLAIN for one in fields_of(item))


def _default(field: Field) -> bytes:
    if not field.has_default:
        raise ValueError(f"{field.name}: has no default, and nothing that it is written from")
    out = io.BytesIO()
    fastavro.schemaless_writer(out, field.schema, field.default)
    return out.getvalue()
