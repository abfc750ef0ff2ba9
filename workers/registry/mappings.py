"""Rows of a list of mappings, from YAML or JSON.

Every value stays the text that was written. What YAML 1.1 makes of 7:30, 007, on or 2026-11-30
depends on its quotes; here the field decides, as it does for CSV.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

import yaml

from workers.registry.tables import BadTable, Entry, field_name, unknown_field
from workers.registry.text import clean, shown

_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = {"int", "float", "bool", "timestamp", "null", "str", "value"}
_MAX_VALUES: Final = 100_000
"""A field's value holds this many values at most, repeated ones included."""

_DEEPEST: Final = 20
"""Lists of lists of a JSON value; masks of polygons of points are three."""

_NULLS: Final = {"", "~", "null", "Null", "NULL"}


class _Bad(ValueError):
    """A value of a field that cannot be taken."""


class _Values:
    """Values of YAML nodes; a node that several aliases name is read once."""

    def __init__(self) -> None:
        self._read: dict[int, Any] = {}
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()

    def of(self, node: yaml.Node) -> Any:
        """The value of a node: text, None, list or mapping.

        Raises:
            _Bad: A text or tag that is not taken, or more values than a field may have.
        """
        if id(node) in self._read:
            return self._read[id(node)]
        if id(node) in self._open:
            raise _Bad("refers to itself")
        self._open.add(id(node))
        try:
            value = self._value(node)
        finally:
            self._open.discard(id(node))
        self._sizes[id(node)] = size = self._size(node)
        if size > _MAX_VALUES:
            raise _Bad(f"stands for {size} values; {_MAX_VALUES} are the most")
        self._read[id(node)] = value
        return value

    def _size(self, node: yaml.Node) -> int:
        """Number of values that a node stands for; one that an alias repeats counts again."""
        if isinstance(node, yaml.ScalarNode):
            return 1
        items = node.value if isinstance(node, yaml.SequenceNode) else [v for _, v in node.value]
        return 1 + sum(self._sizes[id(item)] for item in items)

    def _value(self, node: yaml.Node) -> Any:
        tag = node.tag.removeprefix(_TAG)
        if isinstance(node, yaml.ScalarNode):
            if tag not in (_PLAIN if node.style is None else {"str"}):
                raise _Bad(f"has the tag !{shown(tag)}: write the value alone")
            if node.style is None and node.value in _NULLS:
                return None
            return _clean(node.value)
        if isinstance(node, yaml.SequenceNode) and tag == "seq":
            return [self.of(item) for item in node.value]
        if isinstance(node, yaml.MappingNode) and tag == "map":
            return {str(self.of(key)): self.of(item) for key, item in node.value}
        raise _Bad(f"has the tag !{shown(tag)}: write the value alone")


def _clean(text: str) -> str:
    try:
        return clean(text)
    except ValueError as error:
        raise _Bad(str(error)) from error


def read_yaml(text: str, fields: Collection[str]) -> list[Entry]:
    """Read YAML, a list of mappings.

    Args:
        text: The file.
        fields: Names that a key may have.

    Raises:
        BadTable: It is not YAML, or no list of mappings.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadTable(f"line {line}: not valid YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadTable(
            f"line {line}: U+{error.character:04X} is not allowed in YAML: remove it"
        ) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise BadTable(f"not valid YAML: {error}") from error
    rows = root.value if isinstance(root, yaml.SequenceNode) else []
    if not rows or not all(isinstance(row, yaml.MappingNode) for row in rows):
        raise BadTable("must be a list of mappings, one per row, each beginning with a dash")
    values = _Values()
    try:
        return [_entry(number, row, values, fields) for number, row in enumerate(rows, 1)]
    except RecursionError as error:
        raise BadTable("not valid YAML: nested too deeply") from error


def _entry(number: int, row: yaml.MappingNode, values: _Values, fields: Collection[str]) -> Entry:
    line = row.start_mark.line + 1
    entry = Entry(f"line {line} (entry {number})", {}, [])
    merged: dict[str, Any] = {}
    for key, node in row.value:
        try:
            if key.tag == f"{_TAG}merge":
                merged = {**_merged(node, values), **merged}
                continue
            name = values.of(key)
        except _Bad as error:
            entry.faults.append(("key", str(error)))
            continue
        at = f" (line {node.start_mark.line + 1})" if node.start_mark.line + 1 != line else ""
        _take(entry, str(name), lambda node=node: values.of(node), fields, at)
    for name, value in merged.items():
        if field_name(name) not in entry.values:
            _take(entry, name, lambda value=value: value, fields, "")
    return entry


def _merged(node: yaml.Node, values: _Values) -> dict[str, Any]:
    """Values that `<<` brings in; of two mappings that it names, the first counts."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    found: dict[str, Any] = {}
    for item in nodes:
        value = values.of(item)
        if not isinstance(value, dict):
            raise _Bad("<< names something else than a mapping")
        found = {**value, **found}
    return found


def _take(entry: Entry, key: str, read: Any, fields: Collection[str], at: str) -> None:
    name = field_name(key)
    if name not in fields:
        entry.faults.append((shown(key).strip("'"), unknown_field(key, fields) + at))
    elif name in entry.values:
        entry.faults.append((name, f"is given twice{at}"))
    else:
        try:
            value = read()
        except _Bad as error:
            entry.faults.append((name, f"{error}{at}"))
        else:
            entry.values[name] = "" if value is None else value


def read_json(text: str, fields: Collection[str]) -> list[Entry]:
    """Read JSON, a list of objects; numbers stay the text that was written.

    Raises:
        BadTable: It is not JSON, or no list of objects.
    """
    return _rows_of(_parsed(text), fields)


def read_object(text: str, fields: Collection[str]) -> Entry:
    """Read JSON, one object that is a row; numbers stay the text that was written.

    Raises:
        BadTable: It is not JSON, or no object.
    """
    found = _parsed(text)
    if not isinstance(found, _Object):
        raise BadTable("must be an object")
    return _row_of(found, "", fields)


def read_objects(text: str, fields: Mapping[str, Collection[str]]) -> dict[str, list[Entry]]:
    """Read JSON, an object with a list of rows for each kind.

    Args:
        text: The JSON.
        fields: Names that a key of a row may have, by kind.

    Returns:
        Rows by kind, in the order of `fields`.

    Raises:
        BadTable: It is not JSON or no such object, names a kind twice or one that is none.
    """
    found = _parsed(text)
    if not isinstance(found, _Object) or not found.pairs:
        raise BadTable(f"must be an object with a list of rows for: {', '.join(fields)}")
    rows: dict[str, list[Entry]] = {}
    for kind, value in found.pairs:
        if kind not in fields:
            raise BadTable(f"{shown(kind)} is no kind; the kinds are {', '.join(fields)}")
        if kind in rows:
            raise BadTable(f"{kind} is given twice")
        try:
            rows[kind] = _rows_of(value, fields[kind])
        except BadTable as error:
            raise BadTable(f"{kind} {error}") from error
    return {kind: rows[kind] for kind in fields if kind in rows}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        raise BadTable(f"line {error.lineno}: not valid JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise BadTable(f"not valid JSON: {error}") from error


def _rows_of(rows: Any, fields: Collection[str]) -> list[Entry]:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, _Object) for row in rows):
        raise BadTable("must be a list of objects, one per row")
    return [_row_of(row, f"entry {number}", fields) for number, row in enumerate(rows, 1)]


def _row_of(row: "_Object", where: str, fields: Collection[str]) -> Entry:
    entry = Entry(where, {}, [])
    for key, value in row.pairs:
        _take(entry, key, lambda value=value: _plain(value), fields, "")
    return entry


class _Object:
    """An object of JSON with all of its pairs: a dictionary would drop repeated keys."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _plain(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise _Bad("is nested too deeply")
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, _Object):
        return {key: _plain(item, depth + 1) for key, item in value.pairs}
    return value
