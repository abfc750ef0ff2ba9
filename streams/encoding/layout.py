"""The fields of a topic's parsed schema, in one form."""

from typing import Any, Final, NamedTuple

NUMBERS: Final = {"int", "long", "float", "double", "boolean"}
"""Kinds of one number."""


class Field(NamedTuple):
    """One field of an Avro record, its type brought into one form.

    Attributes:
        name: Name.
        kind: `string`, a number's type, `enum`, `array`, `record`, or `optional` for a union of
            null and one more.
        inner: Symbols of an enum, type of an array's items or of what is optional, fields of a
            record; else None.
        schema: Avro type, as parsed.
        has_default: Whether a record may leave it out.
        default: What it then is.
    """

    name: str
    kind: str
    inner: Any
    schema: Any
    has_default: bool
    default: Any


def fields_of(record: Any) -> list[Field]:
    """The fields of a parsed record, in the order in which they are encoded.

    Raises:
        ValueError: One is of a type that no hot record has; names it.
    """
    return [
        Field(
            name=field["name"],
            kind=_kind(field["type"]),
            inner=_inner(field["type"]),
            schema=field["type"],
            has_default="default" in field,
            default=field.get("default"),
        )
        for field in record["fields"]
    ]


def name_of(record: Any) -> str:
    """Name of a parsed record, without its namespace."""
    name: str = record["name"]
    return name.rpartition(".")[2]


def items_of(record: Any, name: str) -> list[Field]:
    """The fields of the records in an array of a parsed record.

    Raises:
        ValueError: There is no such array.
    """
    for field in fields_of(record):
        if field.name == name and field.kind == "array":
            return fields_of(field.inner)
    raise ValueError(f"{record['name']} has no array {name}")


def item_of(field: Field) -> Field:
    """The items of an array, or what is optional, as a field."""
    return Field(field.name, _kind(field.inner), _inner(field.inner), field.inner, False, None)


def _kind(schema: Any) -> str:
    if isinstance(schema, list):
        if len(schema) == 2 and schema[0] == "null":
            return "optional"
        raise ValueError(f"a hot record has no union of {schema}")
    kind: str = schema["type"] if isinstance(schema, dict) else schema
    if kind in NUMBERS | {"string", "enum", "array", "record"}:
        return kind
    raise ValueError(f"a hot record has no field of type {kind}")


def _inner(schema: Any) -> Any:
    kind = _kind(schema)
    if kind == "optional":
        return schema[1]
    if kind == "enum":
        return schema["symbols"]
    return schema["items"] if kind == "array" else None
