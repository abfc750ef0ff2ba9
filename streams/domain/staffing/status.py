"""Whether somebody who is seen ought to be there: the duty status of a presence.

The schedule says nothing of who somebody is: it is only asked once evidence has said that.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from schemas.shift_settings import ShiftSettings
from streams.domain.staffing.intervals import contains
from streams.domain.staffing.roster import Roster

_MINUTE_US: Final = 60_000_000
_NEVER_US: Final = 2**62
"""Longer than any time between events, microseconds."""


class DutyStatus(StrEnum):
    """What the schedule says of a person where and when they are."""

    UNKNOWN = "UNKNOWN"
    """Nobody knows who it is, so the schedule is not asked."""

    VISITOR = "VISITOR"
    """No staff, by a role that is none of staff."""

    ON_SHIFT = "ON_SHIFT"
    """Works here now; or is on call here, and came."""

    ON_BREAK = "ON_BREAK"
    """Has a break from a shift, wherever that is."""

    NOT_EXPECTED = "NOT_EXPECTED"
    """Works now or is on call, but in other zones than these."""

    EARLY = "EARLY"
    """A shift starts soon."""

    LATE = "LATE"
    """A shift ended a short while ago."""

    OFF_SHIFT = "OFF_SHIFT"
    """Has no shift now, nor one near."""


NOT_STAFF: Final = frozenset({"patient", "visitor"})
"""Roles of people who are no staff, wherever nothing else is said."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is still near a shift.

    Attributes:
        early_us: A person is early from this long before a shift, microseconds.
        late_us: A person is late until this long after a shift, microseconds.
        not_staff: Roles of people who are no staff.
    """

    early_us: int = 30 * _MINUTE_US
    late_us: int = 30 * _MINUTE_US
    not_staff: frozenset[str] = NOT_STAFF


@lru_cache(maxsize=16)
def tolerance_of(settings: ShiftSettings, not_staff: frozenset[str] = NOT_STAFF) -> Tolerance:
    """What an operator's settings say is near a shift.

    Args:
        settings: The settings.
        not_staff: Roles of people who are no staff.
    """
    return Tolerance(
        early_us=round(settings.early_min * _MINUTE_US),
        late_us=round(settings.late_min * _MINUTE_US),
        not_staff=not_staff,
    )


def duty_status(
    *,
    staff_id: str | None,
    role: str | None,
    zone_ids: Collection[str],
    at_us: int,
    roster: Roster,
    tolerance: Tolerance,
) -> DutyStatus:
    """The duty status of a person.

    Args:
        staff_id: Who it is by evidence; None when unknown.
        role: The role by evidence; None or empty when unknown.
        zone_ids: Zones in which the person counts; whoever is in none is on the way, and is
            expected there.
        at_us: Event time, microseconds.
        roster: Shifts of this member of staff; empty for one without.
        tolerance: What is near a shift.
    """
    if staff_id is None:
        return DutyStatus.VISITOR if role in tolerance.not_staff else DutyStatus.UNKNOWN
    if contains(roster.breaks, at_us):
        return DutyStatus.ON_BREAK
    now = [one for one in (*roster.work, *roster.on_call) if one.starts_us <= at_us < one.ends_us]
    if not now:
        return _near(roster, at_us, tolerance)
    expected = not zone_ids or any(one.zone_id in zone_ids for one in now)
    return DutyStatus.ON_SHIFT if expected else DutyStatus.NOT_EXPECTED


def _near(roster: Roster, at_us: int, tolerance: Tolerance) -> DutyStatus:
    """Early or late by the nearer end of a shift; late where both are as near."""
    until_us = min(
        (start - at_us for start, _ in roster.shifts if start > at_us), default=_NEVER_US
    )
    since_us = min((at_us - ends for _, ends in roster.shifts if ends <= at_us), default=_NEVER_US)
    if until_us <= tolerance.early_us and (until_us < since_us or since_us >= tolerance.late_us):
        return DutyStatus.EARLY
    return DutyStatus.LATE if since_us < tolerance.late_us else DutyStatus.OFF_SHIFT
