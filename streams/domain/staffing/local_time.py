"""Wall-clock times of a site in UTC.

On a day when clocks change, a span keeps its wall-clock times and so is longer or shorter. A time
that does not exist is read with the offset before the change, one that exists twice is read as the
first.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAY_MINUTES: Final = 24 * 60
"""Minutes of the wall clock's day: 24:00 is the 00:00 of the next day."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def local_day(at_us: int, zone: ZoneInfo) -> date:
    """The day that the wall clock shows at an event time.

    Args:
        at_us: UTC microseconds.
        zone: The site's time zone.
    """
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone).date()


def local_us(day: date, minute: int, zone: ZoneInfo) -> int:
    """UTC microseconds of a wall-clock time.

    Args:
        day: Day of the wall clock.
        minute: Minutes after 00:00; from 1,440 on, they are of the next days.
        zone: The site's time zone.
    """
    days, minute = divmod(minute, DAY_MINUTES)
    hour, minute = divmod(minute, 60)
    on = day + timedelta(days=days)
    local = datetime(on.year, on.month, on.day, hour, minute, tzinfo=zone)
    return (local.astimezone(UTC) - _EPOCH) // _MICROSECOND


def span_us(day: date, from_minute: int, to_minute: int, zone: ZoneInfo) -> tuple[int, int]:
    """Start and end, exclusive, of a span of wall-clock time, UTC microseconds.

    Args:
        day: Day on which it starts.
        from_minute: Start, minutes after 00:00, 0 to 1,439.
        to_minute: End, 0 to 1,440; at or before the start it is on the next day.
        zone: The site's time zone.
    """
    last_day = 0 if to_minute > from_minute else DAY_MINUTES
    return local_us(day, from_minute, zone), local_us(day, last_day + to_minute, zone)
