"""Settings of duty status that an operator may change, each declared once.

They are part of a run and saved in its checkpoints: two folds of one log agree only with the same
settings. All durations are in event time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.declare import setting


@dataclass(frozen=True, kw_only=True, slots=True)
class ShiftSettings:
    """What is still near a shift; durations are of event time."""

    early_min: float = setting(
        30.0,
        "min",
        "Whoever is identified this long before a shift, or less, is early; before that they are "
        "off shift.",
        ge=0,
        le=720,
    )
    late_min: float = setting(
        30.0,
        "min",
        "Whoever is identified for less than this after a shift is late; from then on they are "
        "off shift.",
        ge=0,
        le=720,
    )


NEUTRAL: Final[Mapping[str, Any]] = {"early_min": 30.0, "late_min": 30.0}
"""For each setting that a release added, the value with which duty status is as before it.

A checkpoint of an earlier release holds no such setting. A default may change; these stay."""
