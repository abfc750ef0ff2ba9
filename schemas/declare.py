"""Declaration of the fold's settings: each with its unit, its effect and its limits."""

from dataclasses import field
from typing import Any


def setting(default: Any, unit: str, effect: str, **limits: float) -> Any:
    """Declare a setting with its unit and effect.

    Args:
        default: Value when it is not set.
        unit: Physical unit, or the kind of value (`switch`).
        effect: Effect of the setting, in words.
        limits: Pydantic limits such as `gt=0`, which apply to an operator's values.
    """
    return field(
        default=default,
        metadata={"description": effect, "json_schema_extra": {"unit": unit}, **limits},
    )
