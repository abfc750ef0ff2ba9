"""Times on the command line: a date, or an age."""

import re
from datetime import UTC, datetime
from typing import Final

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AGO = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhd])")

HELP: Final = "UTC, such as 2026-01-31T08:00, or how long ago: 90s, 15m, 2h, 1d."


class BadTime(ValueError):
    """A time that cannot be read; the message says how to write one."""


def parse_time(text: str, now_us: int) -> int:
    """Read a time.

    >>> parse_time("2026-01-31T08:00", 0) == parse_time("2026-01-31T09:00+01:00", 0)
    True
    >>> parse_time("1.5m", 100_000_000)
    10000000

    Args:
        text: ISO 8601, UTC where it names no offset; or an age: a number with s, m, h or d.
        now_us: Now, UTC microseconds.

    Returns:
        UTC microseconds.

    Raises:
        BadTime: The text is neither.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return now_us - round(float(ago[1]) * _UNITS_S[ago[2]] * 1_000_000)
    try:
        moment = datetime.fromisoformat(text.strip())
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return round(aware.timestamp() * 1_000_000)
    except (ValueError, OverflowError) as error:
        raise BadTime(f"{text!r} is no time; write {HELP}") from error


def show_time(us: int) -> str:
    """Format a time for the command line; the bare number when it is outside the calendar."""
    try:
        return datetime.fromtimestamp(us / 1e6, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{us} us"
