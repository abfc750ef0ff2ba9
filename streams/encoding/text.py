"""Avro's encoding of strings, kept for those that come again and again."""

from collections.abc import Sequence
from typing import Final, TypeVar

_MOST_KEPT: Final = 20_000
_Key = TypeVar("_Key")


def avro_long(value: int) -> bytes:
    r"""An `int`, `long`, length or union branch.

    >>> avro_long(64), avro_long(-1)
    (b'\x80\x01', b'\x01')
    """
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def avro_text(text: str) -> bytes:
    r"""A `string`.

    >>> avro_text("ward")
    b'\x08ward'
    """
    octets = text.encode()
    return avro_long(len(octets)) + octets


def avro_texts(texts: Sequence[str]) -> bytes:
    r"""An array of strings, in one block.

    >>> avro_texts(["a"]), avro_texts([])
    (b'\x02\x02a\x00', b'\x00')
    """
    if not texts:
        return b"\0"
    return b"".join((avro_long(len(texts)), *map(avro_text, texts), b"\0"))


def avro_rows(rows: Sequence[Sequence[str | int]]) -> bytes:
    r"""An array of records of strings and whole numbers, in one block.

    >>> avro_rows([("a", 1)])
    b'\x02\x02a\x02\x00'
    """
    if not rows:
        return b"\0"
    values = [
        avro_text(one) if isinstance(one, str) else avro_long(one) for row in rows for one in row
    ]
    return b"".join((avro_long(len(rows)), *values, b"\0"))


class Kept:
    """Encoded strings by what they encode; forgets all when there are too many."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes] = {}
        self._lists: dict[tuple[str, ...], bytes] = {}
        self._people: dict[tuple[str, ...], bytes] = {}
        self._rows: dict[tuple[tuple[str | int, ...], ...], bytes] = {}

    def text(self, text: str) -> bytes:
        """A `string`."""
        found = self._texts.get(text)
        if found is None:
            found = _kept(self._texts, text, avro_text(text))
        return found

    def perhaps(self, text: str | None) -> bytes:
        """A `["null", "string"]`."""
        return b"\0" if text is None else b"\2" + self.text(text)

    def texts(self, texts: Sequence[str]) -> bytes:
        """An array of strings."""
        key = tuple(texts)
        found = self._lists.get(key)
        if found is None:
            found = _kept(self._lists, key, avro_texts(texts))
        return found

    def rows(self, rows: tuple[tuple[str | int, ...], ...]) -> bytes:
        """An array of records, whose values are in the order of their fields."""
        found = self._rows.get(rows)
        if found is None:
            found = _kept(self._rows, rows, avro_rows(rows))
        return found

    def person(self, person_id: str, camera_ids: Sequence[str]) -> bytes:
        """A person's id and the cameras that see them."""
        key = (person_id, *camera_ids)
        found = self._people.get(key)
        if found is None:
            found = _kept(self._people, key, avro_text(person_id) + avro_texts(camera_ids))
        return found


def _kept(table: dict[_Key, bytes], key: _Key, encoded: bytes) -> bytes:
    if len(table) >= _MOST_KEPT:
        table.clear()
    table[key] = encoded
    return encoded
