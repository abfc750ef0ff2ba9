"""Coverage: people present against people scheduled and required, as intervals.

Only evidence that is independent of the roster says which role a person has. People without it
can be anybody, so the number present in a role, and what is missing, are intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.records.staffing import RoleCoverage


@dataclass(frozen=True, slots=True)
class Plan:
    """Staff that a zone should have over an interval of event time.

    Attributes:
        from_us: First event time at which the plan is known to hold, microseconds.
        until_us: Event time until which the plan holds, exclusive, microseconds.
        scheduled: People scheduled by role; "" holds those whose role is not known.
        scheduled_total: People scheduled.
        required: People required by role.
    """

    from_us: int
    until_us: int
    scheduled: Mapping[str, int] = field(default_factory=dict)
    scheduled_total: int = 0
    required: Mapping[str, int] = field(default_factory=dict)


class Coverage(NamedTuple):
    """Coverage of one zone.

    Attributes:
        people: People in the zone.
        identified: People in the zone whose role is known.
        scheduled: Staff scheduled.
        required: Staff required.
        gap_min: Fewest staff missing: if every unidentified person were staff needed.
        gap_max: Most staff missing: if no unidentified person were staff.
        roles: Coverage of each role, sorted by role.
    """

    people: int
    identified: int
    scheduled: int
    required: int
    gap_min: int
    gap_max: int
    roles: list[RoleCoverage]


def coverage(present: Sequence[str], plan: Plan) -> Coverage:
    """Compare the people in a zone with its plan.

    One unidentified person can fill one place only, so the total's `gap_min` may exceed the sum
    of the roles' `gap_min`.

    Args:
        present: Role of each person in the zone, "" when unknown.
        plan: Plan of the zone at that time.
    """
    known: dict[str, int] = {}
    for role in present:
        if role:
            known[role] = known.get(role, 0) + 1
    identified = sum(known.values())
    unidentified = len(present) - identified
    gap_max = 0
    roles: list[RoleCoverage] = []
    for role in sorted({*known, *plan.scheduled, *plan.required} - {""}):
        here = known.get(role, 0)
        required = plan.required.get(role, 0)
        missing = max(0, required - here)
        gap_max += missing
        roles.append(
            {
                "role": role,
                "present_min": here,
                "present_max": here + unidentified,
                "scheduled": plan.scheduled.get(role, 0),
                "required": required,
                "gap_min": max(0, missing - unidentified),
                "gap_max": missing,
            }
        )
    return Coverage(
        people=len(present),
        identified=identified,
        scheduled=plan.scheduled_total,
        required=sum(plan.required.values()),
        gap_min=max(0, gap_max - unidentified),
        gap_max=gap_max,
        roles=roles,
    )
