"""Weekly windows of local time as people write them: `mon-fri 07:00-19:00`."""

import re
from collections.abc import Mapping
from typing import Any, Final

from schemas.records.rules import RuleWindow
from workers.registry import values
from workers.registry.text import shown

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM: Final = "mon-fri 07:00-19:00"
_WINDOW: Final = re.compile(
    r"(?:(?P<days>.*?)\s+)?(?P<from>\d{1,2}:\d{2})\s*-\s*(?P<to>\d{1,2}:\d{2})"
)
_DAY_MINUTES: Final = 24 * 60


def windows(value: Any) -> list[RuleWindow]:
    """Windows of a list, or of a text with semicolons between them.

    >>> windows("sat,sun 21:00-06:00")
    [{'weekdays': [6, 7], 'from_minute': 1260, 'to_minute': 360}]

    Raises:
        ValueError: One has another form.
    """
    if value is None:
        return []
    if isinstance(value, str):
        value = [part for part in value.split(";") if part.strip()]
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list of windows such as {_FORM}")  # noqa: TRY004
    return [_window(one) for one in value]


def text_of(window: Mapping[str, Any]) -> str:
    """A window as it is written.

    >>> text_of({"weekdays": [1, 2, 7], "from_minute": 0, "to_minute": 1440})
    'mon,tue,sun 00:00-24:00'
    """
    days = window["weekdays"]
    first, last = days[0], days[-1]
    named = ",".join(_DAYS[day - 1] for day in days)
    if len(days) > 2 and days == list(range(first, last + 1)):
        named = f"{_DAYS[first - 1]}-{_DAYS[last - 1]}"
    start, end = (
        f"{at // 60:02d}:{at % 60:02d}" for at in (window["from_minute"], window["to_minute"])
    )
    return f"{named} {start}-{end}"


def _window(value: Any) -> RuleWindow:
    found = _WINDOW.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{shown(value)} is no window: write {_FORM}")
    start = values.time_of_day(found["from"])
    end = values.time_of_day(found["to"], end=True)
    return {
        "weekdays": values.weekdays(found["days"] or "mon-sun"),
        "from_minute": start.hour * 60 + start.minute,
        "to_minute": end.hour * 60 + end.minute or _DAY_MINUTES,
    }
