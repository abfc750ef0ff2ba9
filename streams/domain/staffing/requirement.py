"""How many staff of a role a zone needs at an event time; requirements are in local time.

A requirement is a weekly window of wall-clock time: it begins on its weekdays at `from_minute`
and ends at `to_minute`, on the next day when that is at or before `from_minute`. On days when
clocks change, the window keeps its wall-clock times and so is longer or shorter; a time that does
not exist is read with the offset before the change, one that exists twice is read as the first.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.records.staffing import Requirement
from streams.domain.staffing.shift import FOREVER_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY_MINUTES: Final = 24 * 60


class Required(NamedTuple):
    """Staff required in one zone.

    Attributes:
        by_role: People by role, sorted by role; roles with none are left out.
        until_us: The answer holds until this event time, exclusive, microseconds.
    """

    by_role: dict[str, int]
    until_us: int


def check_requirement(requirement: Mapping[str, Any]) -> None:
    """Refuse an invalid requirement.

    Raises:
        ValueError: A count, weekday or minute out of range, or an unknown time zone.
    """
    if requirement["count"] < 0:
        raise ValueError(f"count is {requirement['count']}, below 0")
    if not all(1 <= day <= 7 for day in requirement["weekdays"]):
        raise ValueError(f"weekdays are {requirement['weekdays']}, not 1 (Monday) to 7")
    for name, most in (("from_minute", _DAY_MINUTES - 1), ("to_minute", _DAY_MINUTES)):
        if not 0 <= requirement[name] <= most:
            raise ValueError(f"{name} is {requirement[name]}, not 0 to {most}")
    try:
        ZoneInfo(requirement["time_zone"])
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"time_zone {requirement['time_zone']!r} is unknown") from error


def required_at(requirements: Sequence[Requirement], at_us: int) -> Required:
    """Count the staff required at `at_us`.

    Each requirement is a minimum, so of two that hold at once for one role the greater decides.

    Args:
        requirements: Requirements of one zone that are in force, in any order.
        at_us: Event time, microseconds.
    """
    by_role: dict[str, int] = {}
    until_us = FOREVER_US
    for requirement in requirements:
        for starts_us, ends_us in windows(requirement, at_us):
            for change_us in (starts_us, ends_us):
                if at_us < change_us < until_us:
                    until_us = change_us
            if starts_us <= at_us < ends_us:
                role = requirement["role"]
                by_role[role] = max(by_role.get(role, 0), requirement["count"])
    return Required({role: by_role[role] for role in sorted(by_role) if by_role[role]}, until_us)


def windows(requirement: Requirement, at_us: int) -> Iterator[tuple[int, int]]:
    """Windows that begin on the day before an event time, on that day and in the week after.

    Yields:
        `(begins_us, ends_us)`, UTC microseconds, end exclusive, in order.
    """
    zone = ZoneInfo(requirement["time_zone"])
    today = (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone).date()
    from_minute, to_minute = requirement["from_minute"], requirement["to_minute"]
    last_day = 0 if to_minute > from_minute else 1
    for offset in range(-1, 8):
        day = today + timedelta(days=offset)
        if day.isoweekday() in requirement["weekdays"]:
            yield (
                _utc_us(day, from_minute, zone),
                _utc_us(day + timedelta(days=last_day), to_minute, zone),
            )


def _utc_us(day: date, minute: int, zone: ZoneInfo) -> int:
    days, minute = divmod(minute, _DAY_MINUTES)
    hour, minute = divmod(minute, 60)
    on = day + timedelta(days=days)
    local = datetime(on.year, on.month, on.day, hour, minute, tzinfo=zone)
    return (local.astimezone(UTC) - _EPOCH) // _MICROSECOND
