"""Who is scheduled in a zone at an event time."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from schemas.records.staffing import Shift, Staff

FOREVER_US: Final = 2**62
"""Later than any event, microseconds."""


class Scheduled(NamedTuple):
    """Staff scheduled in one zone.

    Attributes:
        by_role: People by role, sorted by role; "" holds those whose role is not known.
        total: People scheduled.
        until_us: The answer holds until this event time, exclusive, microseconds.
    """

    by_role: dict[str, int]
    total: int
    until_us: int


def scheduled_at(shifts: Sequence[Shift], staff: Mapping[str, Staff], at_us: int) -> Scheduled:
    """Count the staff whose shifts have begun and not yet ended at `at_us`.

    A person with two shifts at once counts once per role, and once in the total.

    Args:
        shifts: Shifts of one zone that are in force, in any order.
        staff: Staff in force, for the roles of shifts that name none.
        at_us: Event time, microseconds.
    """
    people: dict[str, set[str]] = {}
    everyone: set[str] = set()
    until_us = FOREVER_US
    for shift in shifts:
        for change_us in (shift["starts_us"], shift["ends_us"]):
            if at_us < change_us < until_us:
                until_us = change_us
        if shift["starts_us"] <= at_us < shift["ends_us"]:
            member = staff.get(shift["staff_id"])
            role = shift["role"] or (member["role"] if member is not None else "")
            people.setdefault(role, set()).add(shift["staff_id"])
            everyone.add(shift["staff_id"])
    by_role = {role: len(people[role]) for role in sorted(people)}
    return Scheduled(by_role, len(everyone), until_us)
