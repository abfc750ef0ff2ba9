"""Who is scheduled in a zone at an event time.

Scheduled are the people whose work in the zone has begun and not ended. Who has a break is still
scheduled, and is not on duty meanwhile. Who is on call is not scheduled: nobody expects them in
the zone before they are called. What is cancelled, or was taken over by somebody else, counts
for nobody.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from schemas.records.staffing import Shift, Staff
from streams.domain.staffing.intervals import contains
from streams.domain.staffing.roster import EXCHANGEABLE, is_planned, taken_over

FOREVER_US: Final = 2**62
"""Later than any event, microseconds."""


class Scheduled(NamedTuple):
    """Staff scheduled in one zone.

    Attributes:
        by_role: People by role, sorted by role; "" holds those whose role is not known.
        total: People scheduled.
        until_us: The answer holds until this event time, exclusive, microseconds.
        on_break: Of those scheduled, people who have a break.
        on_call: People on call who are not scheduled.
    """

    by_role: dict[str, int]
    total: int
    until_us: int
    on_break: int = 0
    on_call: int = 0


def scheduled_at(shifts: Sequence[Shift], staff: Mapping[str, Staff], at_us: int) -> Scheduled:
    """Count the staff whose shifts have begun and not yet ended at `at_us`.

    A person with two shifts at once counts once per role, and once in the total. Somebody of an
    agency whom nobody has named is a person for each shift.

    Args:
        shifts: Shifts of one zone that are in force, in any order.
        staff: Staff in force, for the roles of shifts that name none.
        at_us: Event time, microseconds.
    """
    people: dict[str, set[str]] = {}
    kinds: dict[str, set[str]] = {"WORK": set(), "ON_CALL": set(), "BREAK": set()}
    lost = taken_over(shifts)
    until_us = FOREVER_US
    for shift in shifts:
        for change_us in (shift["starts_us"], shift["ends_us"]):
            if at_us < change_us < until_us:
                until_us = change_us
        if (
            shift["kind"] not in kinds
            or not is_planned(shift)
            or not shift["starts_us"] <= at_us < shift["ends_us"]
            or (shift["kind"] in EXCHANGEABLE and contains(lost.get(shift["shift_id"], ()), at_us))
        ):
            continue
        person = shift["staff_id"] or f"\0{shift['shift_id']}"
        kinds[shift["kind"]].add(person)
        if shift["kind"] == "WORK":
            member = staff.get(shift["staff_id"])
            role = shift["role"] or (member["role"] if member is not None else "")
            people.setdefault(role, set()).add(person)
    by_role = {role: len(people[role]) for role in sorted(people)}
    work = kinds["WORK"]
    return Scheduled(
        by_role,
        len(work),
        until_us,
        on_break=len(kinds["BREAK"] & work),
        on_call=len(kinds["ON_CALL"] - work),
    )
