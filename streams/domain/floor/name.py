"""Who a person is, as a floor remembers and publishes it."""

import math
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

_SURE: Final = 0.999


def nobody_twice(names: Names) -> dict[str, Name]:
    """Take the name from people who are all said to be one member of staff.

    By two badges of one holder, two people may each be the holder beyond doubt, and one of them is
    not. Which one is not known, so neither has a name or a role by it; each stays a candidate.
    """
    named: dict[str, list[str]] = {}
    for person_id, name in names.items():
        if name.staff_id is not None:
            named.setdefault(name.staff_id, []).append(person_id)
    found = dict(names)
    for staff_id, people in named.items():
        if len(people) == 1:
            continue
        alone = {one: min(_SURE, dict(names[one].candidates)[staff_id]) for one in people}
        odds = {one: share / (1.0 - share) for one, share in alone.items()}
        total = 1.0 + math.fsum(odds.values())
        for one in people:
            shares = {**dict(names[one].candidates), staff_id: round(odds[one] / total, 3)}
            ordered = sorted(shares.items(), key=lambda each: (-each[1], each[0]))
            found[one] = Name("", 0.0, None, tuple(ordered))
    return found
