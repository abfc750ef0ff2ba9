"""Who a person is, as a floor remembers and publishes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.records.presence import EvidenceKind


@dataclass(slots=True)
class Name:
    """Who a person is.

    Attributes:
        role: Their role; empty when unknown.
        role_confidence: Probability of the role, 0 to 1; 0 when it is unknown.
        staff_id: The member of staff; None when unknown.
        candidates: Members of staff whom they may be, each with its probability, 0 to 1 in steps of
            1/1000; the likeliest first.
        evidence: Kinds of evidence that the role rests on, sorted; none when it is unknown.
    """

    role: str
    role_confidence: float
    staff_id: str | None
    candidates: tuple[tuple[str, float], ...] = ()
    evidence: tuple[EvidenceKind, ...] = ()


Names = Mapping[str, Name]
"""People of whom something is known, by person id."""

NOBODY: Final[Names] = {}
UNKNOWN: Final = Name("", 0.0, None)
