"""Who a person is, as a floor remembers and publishes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class Name:
    """Who a person is.

    Attributes:
        role: Their role; empty when unknown.
        role_confidence: Probability of the role, 0 to 1; 0 when it is unknown.
        staff_id: The member of staff; None when unknown.
    """

    role: str
    role_confidence: float
    staff_id: str | None


Names = Mapping[str, Name]
"""People of whom something is known, by person id."""

NOBODY: Final[Names] = {}
UNKNOWN: Final = Name("", 0.0, None)
