"""How many staff of a role a zone needs at an event time; requirements are in local time.

A requirement is a weekly window of wall-clock time: it begins on its weekdays at `from_minute`
and ends at `to_minute`, on the next day when that is at or before `from_minute`. What becomes of
it on days when clocks change: `local_time.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from schemas.records.staffing import Requirement
from streams.domain.staffing.local_time import DAY_MINUTES, local_day, span_us
from streams.domain.staffing.ratio import Ratio, check_ratio
from streams.domain.staffing.shift import FOREVER_US


class Required(NamedTuple):
    """Staff required in one zone.

    Attributes:
        by_role: People by role, sorted by role; roles with none are left out.
        until_us: The answer holds until this event time, exclusive, microseconds.
        ratios: Ratios to people, which require more as there are more of them, sorted.
    """

    by_role: dict[str, int]
    until_us: int
    ratios: tuple[Ratio, ...] = ()


def check_requirement(requirement: Mapping[str, Any]) -> None:
    """Refuse an invalid requirement.

    Raises:
        ValueError: A count, ratio, weekday or minute out of range, or an unknown time zone.
    """
    if requirement["count"] < 0:
        raise ValueError(f"count is {requirement['count']}, below 0")
    if ratio := ratio_of(requirement):
        check_ratio(ratio)
    if not all(1 <= day <= 7 for day in requirement["weekdays"]):
        raise ValueError(f"weekdays are {requirement['weekdays']}, not 1 (Monday) to 7")
    for name, most in (("from_minute", DAY_MINUTES - 1), ("to_minute", DAY_MINUTES)):
        if not 0 <= requirement[name] <= most:
            raise ValueError(f"{name} is {requirement[name]}, not 0 to {most}")
    try:
        ZoneInfo(requirement["time_zone"])
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"time_zone {requirement['time_zone']!r} is unknown") from error


def required_at(requirements: Sequence[Requirement], at_us: int) -> Required:
    """Count the staff required at `at_us`.

    Each requirement is a minimum, so of two that hold at once for one role the greater decides.
    What a ratio requires depends on how many people there are, so it is told apart.

    Args:
        requirements: Requirements of one zone that are in force, in any order.
        at_us: Event time, microseconds.
    """
    by_role: dict[str, int] = {}
    ratios: set[Ratio] = set()
    until_us = FOREVER_US
    for requirement in requirements:
        for starts_us, ends_us in windows(requirement, at_us):
            for change_us in (starts_us, ends_us):
                if at_us < change_us < until_us:
                    until_us = change_us
            if not starts_us <= at_us < ends_us:
                continue
            if ratio := ratio_of(requirement):
                ratios.add(ratio)
            else:
                role = requirement["role"]
                by_role[role] = max(by_role.get(role, 0), requirement["count"])
    minimum = {role: by_role[role] for role in sorted(by_role) if by_role[role]}
    return Required(minimum, until_us, tuple(sorted(ratios)))


def ratio_of(requirement: Mapping[str, Any]) -> Ratio | None:
    """The ratio that a requirement is; None for one that is a number."""
    if requirement["basis"] not in ("CENSUS", "PRESENT"):
        return None
    return Ratio(
        role=requirement["role"],
        staff=requirement["count"],
        per=requirement["per"],
        at_least=requirement["at_least"],
        basis=requirement["basis"],
    )


def windows(requirement: Requirement, at_us: int) -> Iterator[tuple[int, int]]:
    """Windows that begin on the day before an event time, on that day and in the week after.

    Yields:
        `(starts_us, ends_us)`, UTC microseconds, end exclusive, in order.
    """
    zone = ZoneInfo(requirement["time_zone"])
    today = local_day(at_us, zone)
    from_minute, to_minute = requirement["from_minute"], requirement["to_minute"]
    for offset in range(-1, 8):
        day = today + timedelta(days=offset)
        if day.isoweekday() in requirement["weekdays"]:
            yield span_us(day, from_minute, to_minute, zone)
