"""Readers of hot records, made of the topic's parsed schema.

One compiled call walks over a record field by field, in the order of the schema, and keeps what is
wanted; all else is passed over. So a field that is added needs no change here.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from schemas.codec import HEADER_BYTES, Codec
from streams.encoding.avro import UNREADABLE
from streams.encoding.layout import Field, fields_of, item_of, name_of
from streams.encoding.source import SourceText, entry_of

_GET: Final = {
    "int": "get_int(octets, at)",
    "long": "get_long(octets, at)",
    "enum": "get_long(octets, at)",
    "boolean": "get_boolean(octets, at)",
    "float": "get_float(octets, at, bits, single)",
    "double": "get_double(octets, at, bits, double)",
    "string": "get_text(octets, at)",
}
"""Expression for a value and the next position, by the kind of its field."""


class Wanted(NamedTuple):
    """What is read of a record; paths name fields, such as `model.name`.

    Attributes:
        numbers: Path of each number, in the order in which they are given; -1 where what holds them
            is null. An enum gives the number of its symbol.
        texts: Path of each string, in the order in which their starts and ends in the value are
            given, after the numbers.
        columns: Path of each number of an item of the one array that is read, in the order of the
            table's columns.
        equal: Texts that items must have, by path: another is left to the general reader.
    """

    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    columns: tuple[str, ...]
    equal: Mapping[str, str]


def reader_of(codec: Codec, wanted: Wanted) -> Callable[..., int]:
    """Make the reader of a topic, for values that were written with the schema of this release.

    It is called with the value's octets, wire header included; a table, shape `(N, C)` of float64,
    for the wanted columns of the items; and an array of int64 for the numbers and texts. It fills
    both and gives the number of items, or `UNREADABLE` when the general reader must look: the value
    is cut off or malformed, holds text beyond ASCII, a text that is not the wanted one, or more
    items than there is room for.

    Raises:
        ValueError: A wanted field is not in the schema, or a field is of a type that no hot record
            has.
    """
    reader = _Reader(wanted)
    source = SourceText()
    with source.block(f"def get_{name_of(codec.schema)}(octets, table, found):"):
        source("bits = np.empty(8, np.uint8)")
        source("single, double = bits[:4].view(np.float32), bits.view(np.float64)")
        source("row = 0", f"at = {HEADER_BYTES}")
        for field in fields_of(codec.schema):
            reader.read(source, field, field.name)
        source(f"return row if at == len(octets) else {UNREADABLE}")
    if reader.missing:
        raise ValueError(f"{codec.topic.name} has no {', '.join(sorted(reader.missing))}")
    return entry_of(source.text())


class _Reader:
    """Writes the source that reads a field, and all within it.

    Attributes:
        missing: Paths that are wanted and were not met yet.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self.missing = {*wanted.numbers, *wanted.texts, *wanted.columns, *wanted.equal}

    def read(self, source: SourceText, field: Field, path: str) -> None:
        """Read one field."""
        if field.kind == "record":
            for inner in fields_of(field.schema):
                self.read(source, inner, f"{path}.{inner.name}")
        elif field.kind == "array":
            self._read_array(source, field, path)
        elif field.kind == "optional":
            self._read_optional(source, field, path)
        else:
            self._read_value(source, field, path)
        self.missing.discard(path)

    def _read_value(self, source: SourceText, field: Field, path: str) -> None:
        wanted, target = self._wanted, "_"
        if path in wanted.numbers:
            target = f"found[{wanted.numbers.index(path)}]"
        elif path in wanted.columns:
            target = f"table[row, {wanted.columns.index(path)}]"
        elif path in wanted.texts or path in wanted.equal:
            target = "start"
        elif field.kind == "enum":
            target = "symbol"
        source(f"{target}, at = {_GET[field.kind]}")
        if path in wanted.texts:
            index = self._slot_of(path)
            source(f"found[{index}] = start", f"found[{index + 1}] = at")
        elif path in wanted.equal:
            self._compare(source, wanted.equal[path].encode())
        elif field.kind == "enum":
            self._refuse(source, f"at < 0 or not 0 <= {target} < {len(field.inner)}")

    def _compare(self, source: SourceText, text: bytes) -> None:
        self._refuse(source, f"at < 0 or at - start != {len(text)}")
        for index, octet in enumerate(text):
            self._refuse(source, f"octets[start + {index}] != {octet}")

    def _read_optional(self, source: SourceText, field: Field, path: str) -> None:
        """Read a union of null and another type; its wanted fields are -1 when it is null."""
        source("branch, at = get_long(octets, at)")
        self._refuse(source, "at < 0 or not 0 <= branch <= 1")
        within = f"{path}."
        for index, number in enumerate(self._wanted.numbers):
            if number == path or number.startswith(within):
                source(f"found[{index}] = -1")
        for text in self._wanted.texts:
            if text == path or text.startswith(within):
                index = self._slot_of(text)
                source(f"found[{index}] = -1", f"found[{index + 1}] = -1")
        with source.block("if branch == 1:"):
            self.read(source, item_of(field), path)

    def _read_array(self, source: SourceText, field: Field, path: str) -> None:
        """Read an array block by block; after a negative count comes the block's size in octets."""
        is_table = any(name.startswith(f"{path}.") for name in self._wanted.columns)
        with source.block("while True:"):
            source("count, at = get_long(octets, at)")
            with source.block("if count < 0:"):
                source("_, at = get_long(octets, at)", "count = -count")
            self._refuse(source, f"at < 0{' or row + count > len(table)' if is_table else ''}")
            with source.block("if count == 0:"):
                source("break")
            with source.block("for _ in range(count):"):
                self.read(source, item_of(field), path)
                if is_table:
                    source("row += 1")
                else:
                    self._refuse(source, "at < 0")

    def _refuse(self, source: SourceText, condition: str) -> None:
        with source.block(f"if {condition}:"):
            source(f"return {UNREADABLE}")

    def _slot_of(self, path: str) -> int:
        return len(self._wanted.numbers) + 2 * self._wanted.texts.index(path)
