"""When a rule holds, by weekly windows of the wall clock of its site.

A window begins on its weekdays at `from_minute` and ends at `to_minute`, on the next day when that
is at or before `from_minute`. Without windows a rule always holds. What becomes of a window on days
when clocks change: `streams/domain/staffing/local_time.py`.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.records.rules import RuleWindow
from streams.domain.staffing.local_time import local_day, span_us
from streams.domain.staffing.shift import FOREVER_US


class InForce(NamedTuple):
    """Whether a rule holds.

    Attributes:
        holds: Whether it does.
        from_us: First event time for which that was found, microseconds.
        until_us: The answer holds until this event time, exclusive, microseconds.
    """

    holds: bool
    from_us: int
    until_us: int


def in_force(windows: Sequence[RuleWindow], zone: ZoneInfo, at_us: int) -> InForce:
    """Whether one of the windows of a rule holds at an event time.

    Args:
        windows: The windows; none for always.
        zone: Time zone of the site.
        at_us: Event time, microseconds.
    """
    if not windows:
        return InForce(True, at_us, FOREVER_US)
    holds, until_us = False, FOREVER_US
    today = local_day(at_us, zone)
    for window in windows:
        for offset in range(-2, 9):
            day = today + timedelta(days=offset)
            if day.isoweekday() not in window["weekdays"]:
                continue
            starts_us, ends_us = span_us(day, window["from_minute"], window["to_minute"], zone)
            holds = holds or starts_us <= at_us < ends_us
            for change_us in (starts_us, ends_us):
                if at_us < change_us < until_us:
                    until_us = change_us
    return InForce(holds, at_us, until_us)
