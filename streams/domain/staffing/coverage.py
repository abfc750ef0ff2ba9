"""Coverage: people present against people scheduled and required, as intervals.

Only evidence that is independent of the roster says which role a person has. People without it
can be anybody, so the number present in a role, and what is missing, are intervals. Where roles
may stand in for others, people are assigned to places first; `assignment` says which assignment it
is when several are as good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.records.staffing import RoleCoverage
from streams.domain.staffing.assignment import Covers, assign
from streams.domain.staffing.ratio import Census, Ratio, combined

_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True)
class Plan:
    """Staff that a zone should have over an interval of event time.

    Attributes:
        from_us: First event time at which the plan is known to hold, microseconds.
        until_us: Event time until which the plan holds, exclusive, microseconds.
        scheduled: People scheduled by role; "" holds those whose role is not known.
        scheduled_total: People scheduled.
        required: People required by role; the most that may be, where that is an interval.
        least_required: The least that may be required, by role; None where `required` is sure. It
            is what holds if every unidentified person is staff.
        covers: By role, the other roles that it may cover.
        priority: Roles whose places are filled first, the most urgent first.
        ratios: Ratios in force; they depend on who is present, so `required` does not hold them.
            `ratio.combined` says what both require.
        census: The newest count of the people to care for; None where there is none.
        not_staff: Roles that are no staff's, such as patients'.
    """

    from_us: int
    until_us: int
    scheduled: Mapping[str, int] = field(default_factory=dict)
    scheduled_total: int = 0
    required: Mapping[str, int] = field(default_factory=dict)
    least_required: Mapping[str, int] | None = None
    covers: Covers = field(default_factory=dict)
    priority: tuple[str, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    census: Census | None = None
    not_staff: frozenset[str] = frozenset()
    found: "dict[tuple[bool, tuple[str, ...]], Coverage]" = field(
        default_factory=dict, compare=False, repr=False
    )
    """What was found for the people of this plan before: most ticks ask for the same."""
    steady: list[object] = field(default_factory=list, compare=False, repr=False)
    """What `open_gaps.follow` found last, where asking again changes nothing."""


class Coverage(NamedTuple):
    """Coverage of one zone or floor.

    Attributes:
        people: People there.
        identified: People there whose role is known.
        scheduled: Staff scheduled.
        required: Staff required; the most that may be.
        gap_min: Fewest staff missing: if every unidentified person were staff needed.
        gap_max: Most staff missing: if no unidentified person were staff.
        roles: Coverage of each role, sorted by role; shared, so not to be changed.
        least_required: The least staff that may be required.
        standing_in: How many of those present in a role have another one; roles without are left
            out.
        needs: The roles that are required: each with the least and the most.
    """

    people: int
    identified: int
    scheduled: int
    required: int
    gap_min: int
    gap_max: int
    roles: list[RoleCoverage]
    least_required: int
    standing_in: dict[str, int]
    needs: tuple[tuple[str, int, int], ...]


def coverage(present: Sequence[str], plan: Plan, *, is_watched: bool = True) -> Coverage:
    """Compare the people in a zone with its plan.

    Who is identified counts once: in the role whose place they fill, or in their own when no place
    needs them. So `present_min` of the roles adds up to `identified`. One unidentified person can
    fill one place only, so the total's `gap_min` may exceed the sum of the roles' `gap_min`, each
    of which holds if all of them helped that one role.

    Whoever the unidentified people are, staff of any role or none, the gap that is found once they
    are identified is within the interval given here, for each role as in all. That is not so for
    `present`: a person who is identified may free another from standing in. Where a place is not
    watched, anybody may be there besides, so no gap is sure and `gap_min` is 0.

    Args:
        present: Role of each person in the zone, "" when unknown.
        plan: Plan of the zone at that time.
        is_watched: Whether cameras that report see the whole of it.
    """
    key = is_watched, tuple(sorted(present))
    found = plan.found.get(key)
    if found is None:
        if len(plan.found) >= _REMEMBERED:
            plan.found.clear()
        found = plan.found[key] = _coverage(key[1], plan, is_watched=is_watched)
    return found


def _coverage(present: Sequence[str], plan: Plan, *, is_watched: bool) -> Coverage:
    known: dict[str, int] = {}
    for role in present:
        if role:
            known[role] = known.get(role, 0) + 1
    identified = sum(known.values())
    unidentified = len(present) - identified
    required: Mapping[str, int] = plan.required
    least_required = required if plan.least_required is None else plan.least_required
    if plan.ratios:
        least_required, required = combined(
            required, plan.ratios, plan.census, present, plan.not_staff
        )
    found = assign(known, required, plan.covers, plan.priority)
    least = found
    if least_required != required:
        least = assign(known, least_required, plan.covers, plan.priority)
    roles: list[RoleCoverage] = []
    for role in sorted({*known, *plan.scheduled, *required} - {""}):
        here = known.get(role, 0) + found.standing_in.get(role, 0) - found.lent.get(role, 0)
        roles.append(
            {
                "role": role,
                "present_min": here,
                "present_max": here + unidentified,
                "scheduled": plan.scheduled.get(role, 0),
                "required": required.get(role, 0),
                "gap_min": max(0, least.empty.get(role, 0) - unidentified) if is_watched else 0,
                "gap_max": found.empty.get(role, 0),
                "least_required": least_required.get(role, 0),
                "standing_in": [
                    {"role": one, "people": people}
                    for one, filled, people in found.pairs
                    if filled == role
                ],
                "possible_since_us": None,
                "sure_since_us": None,
            }
        )
    return Coverage(
        people=len(present),
        identified=identified,
        scheduled=plan.scheduled_total,
        required=sum(required.values()),
        gap_min=max(0, sum(least.empty.values()) - unidentified) if is_watched else 0,
        gap_max=sum(found.empty.values()),
        roles=roles,
        least_required=sum(least_required.values()),
        standing_in=dict(found.standing_in),
        needs=tuple((role, least_required.get(role, 0), most) for role, most in required.items()),
    )
