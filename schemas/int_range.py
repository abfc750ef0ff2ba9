"""Range check of Avro's `int`, which has 32 bits: fastavro reads larger numbers too.

Such a number causes trouble later: in a database column of four bytes, or when it is written
again, which fastavro refuses.
"""

from collections.abc import Callable
from typing import Any

from fastavro.types import Schema

INT_BITS = 32
_LEAST, _MOST = -(2 ** (INT_BITS - 1)), 2 ** (INT_BITS - 1) - 1

Check = Callable[[Any], str | None]
"""Returns the path and number of an `int` of a value that is out of range; None if none is."""


def int_check(schema: Schema) -> Check | None:
    """The check for numbers beyond 32 bits in values of a schema; None if it has no `int`.

    Args:
        schema: Schema as `fastavro.parse_schema` returns it.

    Raises:
        ValueError: The schema has a union other than null and one type, in this order.
    """
    return _check_of(schema, {})


def _check_of(schema: Schema, known: dict[str, Check | None]) -> Check | None:
    if isinstance(schema, list):
        if len(schema) != 2 or schema[0] != "null":
            raise ValueError(f"a union is null and one type here, not {schema}")
        inner = _check_of(schema[1], known)
        return inner and _of_union(inner)
    if not isinstance(schema, dict):
        return _of_int if schema == "int" else known.get(schema)
    kind = schema["type"]
    if kind == "record":
        fields = {field["name"]: _check_of(field["type"], known) for field in schema["fields"]}
        check = _of_record([(name, inner) for name, inner in fields.items() if inner])
        known[schema["name"]] = check
        return check
    if kind in ("array", "map"):
        inner = _check_of(schema["items" if kind == "array" else "values"], known)
        return inner and _of_items(inner)
    return _check_of(kind, known)


def _of_int(value: Any) -> str | None:
    return None if _LEAST <= value <= _MOST else f"is {value}"


def _of_union(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _of_record(fields: list[tuple[str, Check]]) -> Check | None:
    def check(record: Any) -> str | None:
        for name, inner in fields:
            wrong = inner(record[name])
            if wrong is not None:
                return f"{name} {wrong}" if wrong.startswith("is ") else f"{name}.{wrong}"
        return None

    return check if fields else None


def _of_items(inner: Check) -> Check:
    def check(items: Any) -> str | None:
        values = items.items() if isinstance(items, dict) else enumerate(items)
        for path, value in values:
            wrong = inner(value)
            if wrong is not None:
                return f"{path} {wrong}" if wrong.startswith("is ") else f"{path}.{wrong}"
        return None

    return check
