"""Declaration of a setting, with the unit and effect that the reference page shows."""

from typing import Any

from pydantic import Field


def setting(default: Any, unit: str, effect: str, **limits: Any) -> Any:
    """Declare a setting with its unit and effect.

    Args:
        default: Value when it is not set.
        unit: Physical unit, or the kind of text (`URL`, `name`, `switch`).
        effect: Effect of the setting, in words.
        limits: Pydantic limits such as `gt=0`.
    """
    return Field(default, description=effect, json_schema_extra={"unit": unit}, **limits)
