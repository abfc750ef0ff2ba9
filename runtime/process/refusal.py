"""Why settings are refused: one sentence each, with the name, the value and what is right."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from runtime.errors import Stop
from runtime.named_secrets import HIDDEN
from runtime.process.declare import nested, tables
from runtime.process.names import (
    misspelt_keys,
    misspelt_variables,
    nearest,
    no_setting,
    variable_of,
)
from runtime.process.sources import FILE, FILE_VARIABLE
from runtime.redaction import redacted

_UNKNOWN: Final = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_OWN_MESSAGE: Final = frozenset({"value_error", "assertion_error"})
_SECTION: Final = frozenset({"model_type", "dataclass_type", "model_attributes_type"})
_LONGEST: Final = 60
_LIMITS: Final = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
_KINDS: Final[dict[Any, str]] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
}


class SettingsRefused(Stop):
    """Settings cannot be used; the message has a sentence for each."""


def messages(error: ValidationError, known: Mapping[str, FieldInfo]) -> Iterator[str]:
    """A sentence for each setting that cannot be used.

    Args:
        error: What pydantic found.
        known: Every setting by its dotted name.
    """
    found: set[str] = set()
    for fault in error.errors(include_url=False):
        for text in _message(fault, known).split("\n"):
            if text not in found:
                found.add(text)
                yield text


def refuse_wrong(
    values: Mapping[str, Any],
    known: Mapping[str, FieldInfo],
    secrets: Iterable[tuple[str, ...]],
) -> None:
    """Refuse names that are no settings, empty values, and switches where a number is meant.

    Args:
        values: Settings as given, with sections as mappings.
        known: Every setting by its dotted name.
        secrets: Paths of those that may be given in a file.

    Raises:
        ValueError: A line for each that is wrong.
    """
    names = sorted({*known, *nested(known)})
    free = sorted(tables(known))
    files = [f"{'.'.join(path)}_file" for path in secrets]
    given = {name.upper() for name in os.environ}
    wrong = [
        *misspelt_variables(os.environ, [*names, *files], free),
        *(
            no_setting(f"{name} in {_where(name)}", nearest(name, names))
            for name in misspelt_keys(values, names, free)
            if variable_of(name) not in given
        ),
        *empty_or_switched(values, known),
    ]
    if wrong:
        raise ValueError("\n".join(wrong))


def empty_or_switched(
    values: Mapping[str, Any], known: Mapping[str, FieldInfo], above: str = ""
) -> Iterator[str]:
    """A sentence for each setting that is empty and may not be, and each switch for a number."""
    for key, value in values.items():
        dotted = f"{above}{key}"
        info = known.get(dotted)
        if info is None:
            if isinstance(value, Mapping):
                yield from empty_or_switched(value, known, f"{dotted}.")
        elif value == "" and info.default not in ("", None):
            yield f"{_named(dotted)} is empty: give {right_form(info)}, or leave it out"
        elif isinstance(value, bool) and {int, float} & set(_kinds(info.annotation)):
            yield f"{_named(dotted)} is {str(value).lower()}: give {right_form(info)}"


def as_meant(
    values: Mapping[str, Any], known: Mapping[str, FieldInfo], above: str = ""
) -> dict[str, Any]:
    """Settings as they are meant.

    Empty ones that need no value are left out; quotes and ends of rows that files of variables
    leave are taken off; choices get their own case.
    """
    kept: dict[str, Any] = {}
    for key, value in values.items():
        info = known.get(f"{above}{key}")
        if info is None and isinstance(value, Mapping):
            kept[key] = as_meant(value, known, f"{above}{key}.")
        elif value != "" or info is None or info.default is not None:
            kept[key] = _as_meant(value, info) if info and isinstance(value, str) else value
    return kept


def _as_meant(value: str, info: FieldInfo) -> str:
    unit = unit_of(info)
    if unit in ("secret", "text"):
        return value.rstrip("\r\n")
    bare = value.strip()
    if bare[:1] in ("'", '"') and bare[:1] == bare[-1:] and len(bare) > 1:
        bare = bare[1:-1]
    choices = _choices(info)
    return bare.lower() if bare not in choices and bare.lower() in choices else bare


def right_form(info: FieldInfo) -> str:
    """What a setting can be: `a number above 0 and at most 60 (frames/s)`."""
    kinds = [kind for kind in _kinds(info.annotation) if kind is not type(None)]
    unit = unit_of(info)
    if choices := _choices(info):
        return f"one of {', '.join(choices)}"
    form = next((_KINDS[kind] for kind in kinds if kind in _KINDS), "")
    if any(get_origin(kind) is dict for kind in kinds):
        return f"JSON of {unit}"
    if bool in kinds:
        return form
    limits = [
        f"{word} {getattr(limit, name):g}"
        for limit in info.metadata
        for name, word in _LIMITS.items()
        if getattr(limit, name, None) is not None
    ]
    bounded = " ".join(filter(None, [form, " and ".join(limits)]))
    return f"{bounded} ({unit})" if bounded and unit else bounded or f"a {unit}"


def shown_value(value: Any, info: FieldInfo | None) -> str:
    """A value as it may be shown, or nothing where it cannot."""
    if info is not None and SecretStr in _kinds(info.annotation):
        return HIDDEN
    if isinstance(value, Mapping | list):
        return ""
    text = "empty" if value == "" else redacted(repr(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def unit_of(info: FieldInfo) -> str:
    """Unit of a setting, or the kind of its text."""
    extra = info.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def _choices(info: FieldInfo) -> list[str]:
    kinds = _kinds(info.annotation)
    return [str(one) for kind in kinds if get_origin(kind) is Literal for one in get_args(kind)]


def _kinds(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Literal, dict):
        return (annotation,)
    return get_args(annotation) or (annotation,)


def _message(fault: ErrorDetails, known: Mapping[str, FieldInfo]) -> str:
    dotted = _dotted(fault["loc"], known)
    message = fault["msg"].removeprefix("Value error, ")
    if not dotted:
        return redacted(message)
    info = known.get(dotted)
    name = _named(dotted)
    if fault["type"] in _UNKNOWN:
        return no_setting(dotted, nearest(dotted, list(known)))
    if fault["type"] in _OWN_MESSAGE and info is None:
        return f"{dotted}: {redacted(message)}"
    if fault["type"] in _OWN_MESSAGE:
        return f"{name}: {redacted(message)}"
    if fault["type"] in _SECTION and info is None:
        return f"{name} is a section: give a table of its settings"
    return f"{name}{_is_what(fault.get('input'), info)}: give {_form(info, message)}"


def _is_what(value: Any, info: FieldInfo | None) -> str:
    shown = shown_value(value, info)
    return f" is {shown}" if shown else ""


def _form(info: FieldInfo | None, message: str) -> str:
    form = "" if info is None else right_form(info)
    return form or f"what fits ({message})"


def _dotted(location: Sequence[int | str], known: Mapping[str, FieldInfo]) -> str:
    """Dotted name of a setting: the rest of a location says which part is wrong."""
    parts = [str(one) for one in location]
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in known:
            return ".".join(parts[:length])
    return ".".join(parts)


def _named(dotted: str) -> str:
    """The name by which a setting was given: its variable, or its name in the file."""
    variable = variable_of(dotted)
    given = {name.upper() for name in os.environ}
    while variable:
        for name in (variable, f"{variable}_FILE"):
            if name in given:
                return name
        variable = variable.rpartition("__")[0]
    return f"{dotted} in {_where(dotted)}"


def _where(dotted: str) -> str:
    """Where a setting without a variable of its own was given: its section's, or the file."""
    section = variable_of(dotted).rpartition("__")[0]
    if section in {name.upper() for name in os.environ}:
        return section
    return os.environ.get(FILE_VARIABLE) or FILE
