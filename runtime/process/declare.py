"""Declaration of settings, each with the unit and effect that the reference page shows."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo


class Section(BaseModel):
    """A group of settings: no other name stands in it, and no number in it is infinite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


def setting(default: Any, unit: str, effect: str, **limits: Any) -> Any:
    """Declare a setting with its unit and effect.

    Args:
        default: Value when it is not set.
        unit: Physical unit, or the kind of text (`URL`, `name`, `switch`).
        effect: Effect of the setting, in words.
        limits: Pydantic limits such as `gt=0`.
    """
    return Field(default, description=effect, json_schema_extra={"unit": unit}, **limits)


def described(section: type, prefix: str = "") -> dict[str, FieldInfo]:
    """Every setting of a section by its dotted name, depth first, in order of declaration."""
    found: dict[str, FieldInfo] = {}
    for name, info in fields_of(section).items():
        annotation = info.annotation
        if isinstance(annotation, type) and fields_of(annotation):
            found |= described(annotation, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = info
    return found


def nested(known: Mapping[str, FieldInfo]) -> set[str]:
    """Dotted names of the sections of settings, and of the settings that are tables."""
    sections = {name.rsplit(".", depth)[0] for name in known for depth in range(1, 9)}
    return (sections - known.keys()) | tables(known)


def tables(known: Mapping[str, FieldInfo]) -> set[str]:
    """Dotted names of settings that are tables with names of any kind."""
    return {name for name, info in known.items() if get_origin(info.annotation) is dict}


def fields_of(section: type) -> dict[str, FieldInfo]:
    """The fields of a pydantic model or a dataclass; empty for any other type."""
    if issubclass(section, BaseModel):
        return section.model_fields
    if not is_dataclass(section):
        return {}
    hints = get_type_hints(section)
    return {
        field.name: FieldInfo.from_annotated_attribute(hints[field.name], field)
        for field in fields(section)
    }
