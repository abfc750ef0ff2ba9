"""Numbers, times and polygons as people write them in import files: one form each.

Every reader hands texts on, so a value means the same in CSV, in a workbook and in YAML, and what
has another form is refused with the form to write. Values that a program gives are taken as well.
"""

import json
import math
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final
from zoneinfo import ZoneInfo

from streams.domain.zones.geometry import polygon_of
from workers.registry.text import shown

Point = tuple[float, float]

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
"""A date outside these years is never meant."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"([+-]?[0-9]{1,15})(?:\.0)?")
_COMMA = re.compile(r"[+-]?[0-9][0-9.'\u2019 ]*,[0-9]+|[0-9][0-9,'\u2019 ]*\.?[0-9]+")
_CLOCK = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.0+)?)?"
_OFFSET = r"(?: ?(Z|[+-][0-9]{2}:?[0-9]{2}))?"
_TIME = re.compile(_CLOCK + _OFFSET)
_MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]" + _CLOCK + _OFFSET)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YES_OR_NO: Final = {"yes": True, "true": True, "no": False, "false": False}
_TWELVE_HOURS = re.compile(r"(?i)[0-9 ][ap]\.?m\.?\s*$")
_SERIAL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet knows no time zone
_FURTHEST_OFFSET: Final = timedelta(hours=14)
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS: Final = {
    form: number for number, day in enumerate(_DAYS, 1) for form in (day, day[:3])
} | {str(number): number for number in range(1, 8)}

MOMENT_FORM: Final = "2026-11-30T07:00"
END_FORM: Final = f"15:00 in 24 hours, or {MOMENT_FORM}"
TIME_FORM: Final = "07:00, hours and minutes of the 24-hour clock"


def number(value: Any) -> float:
    """A finite number.

    Raises:
        ValueError: It has another form than 12.5, or is not finite.
    """
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    if plain or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        found = float(value)
    elif isinstance(value, str) and _COMMA.fullmatch(value):
        raise ValueError(
            f"{shown(value)} is not a number: write a decimal point, and nothing between thousands"
        )
    else:
        raise ValueError(f"{shown(value)} is not a number")
    if not math.isfinite(found):
        raise ValueError(f"{shown(value)} is not a finite number")
    return found


def whole(value: Any) -> int:
    """A whole number.

    Raises:
        ValueError: It has a fraction, or another form than 12.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (found := _WHOLE.fullmatch(value)):
        return int(found[1])
    exact = number(value)
    if not exact.is_integer() or isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a whole number: write digits only, such as 1280")
    return int(exact)


def yes_or_no(value: Any) -> bool:
    """Yes or no.

    >>> yes_or_no("No")
    False

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, bool):
        return value
    found = _YES_OR_NO.get(value.casefold()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{shown(value)} is neither yes nor no: write yes or no")
    return found


def moment(value: Any, *, end: bool = False) -> datetime:
    """A date and time of day, with an offset if one is written.

    >>> moment("2026-11-30 7:00")
    datetime.datetime(2026, 11, 30, 7, 0)

    Args:
        value: Text.
        end: Whether 24:00 is taken, the end of the day.

    Raises:
        ValueError: It has another form, or is no day of the calendar.
    """
    if isinstance(value, datetime):
        return value
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(_no_form(value, END_FORM) if end else _no_moment(value))
    year, month, day = (int(part) for part in found.groups()[:3])
    try:
        on = date(year, month, day)
    except ValueError as error:
        raise ValueError(f"{shown(value)} is not a day of the calendar") from error
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"{shown(value)} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    at, days = _clock(value, found.groups()[3:6], end=end)
    offset = found[7]
    zone = None if offset is None else _offset(value, offset)
    return datetime.combine(on + timedelta(days=days), at, tzinfo=zone)


def moment_or_time(value: Any) -> datetime | time:
    """The end of a shift: a date and time, or a time of day alone.

    Raises:
        ValueError: It has another form.
    """
    if isinstance(value, time):
        return value
    if isinstance(value, str) and (found := _TIME.fullmatch(value)):
        if found[4] is not None:
            raise ValueError(
                f"{shown(value)} has an offset and no date: write both, such as {MOMENT_FORM}+01:00"
            )
        return _clock(value, found.groups()[:3], end=True)[0]
    return moment(value, end=True)


def time_of_day(value: Any, *, end: bool = False) -> time:
    """A local time of day, to the minute.

    Raises:
        ValueError: It has another form, an offset or seconds.
    """
    if isinstance(value, time):
        at, offset = value, None if value.tzinfo is None else str(value.tzinfo)
    else:
        found = _TIME.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise ValueError(_no_form(value, TIME_FORM))
        at, offset = _clock(value, found.groups()[:3], end=end)[0], found[4]
    if offset is not None:
        raise ValueError(
            f"{shown(value)} has an offset: write the time as the ward's clock shows it, and the "
            "place in time_zone"
        )
    if at.second or at.microsecond:
        raise ValueError(f"{shown(value)} has seconds: write {TIME_FORM}")
    return at


def _clock(value: Any, parts: tuple[str | None, ...], *, end: bool) -> tuple[time, int]:
    """A time of day, and the days to add: 24:00 is the next day's 00:00."""
    hour, minute, second = (int(part or 0) for part in parts)
    if end and (hour, minute, second) == (24, 0, 0):
        return time(0, 0), 1
    try:
        return time(hour, minute, second), 0
    except ValueError as error:
        raise ValueError(f"{shown(value)} is no time of day: 00:00 to 23:59") from error


def _offset(value: Any, text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    span = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or span > _FURTHEST_OFFSET:
        raise ValueError(f"{shown(value)} has an offset beyond 14 hours")
    return timezone(-span if text[0] == "-" else span)


def _no_moment(value: Any) -> str:
    if isinstance(value, str):
        if _DATE.fullmatch(value):
            return f"{shown(value)} has no time of day: write {MOMENT_FORM}"
        if _TIME.fullmatch(value):
            return f"{shown(value)} has no date: write {MOMENT_FORM}"
    return _no_form(value, MOMENT_FORM)


def _no_form(value: Any, form: str) -> str:
    if value == "":
        return f"is empty: write {form}"
    if isinstance(value, str) and _TWELVE_HOURS.search(value):
        return f"{shown(value)} is on the 12-hour clock: write {form}"
    serial = _serial(value)
    if serial:
        return f"{shown(value)} is a spreadsheet's number for {serial}: write {form}"
    return f"{shown(value)} is no time that can be read: write {form}"


def _serial(value: Any) -> str:
    """What a number is as a spreadsheet's date or time; empty when it is neither."""
    try:
        days = number(value)
    except ValueError:
        return ""
    if 0.0 < days < 1.0:
        return f"{_SERIAL_EPOCH + timedelta(minutes=round(days * 1_440)):%H:%M}"
    if 36_526 <= days < 73_051:  # 2000 to 2099
        return f"{_SERIAL_EPOCH + timedelta(minutes=round(days * 1_440)):%Y-%m-%d %H:%M}"
    return ""


def listed(value: Any) -> list[Any]:
    """Ids of a list, or of a cell in which commas, semicolons or spaces stand between them.

    >>> listed("bay-1, bay-2;bay-3")
    ['bay-1', 'bay-2', 'bay-3']

    Raises:
        ValueError: It is no list, or names one twice.
    """
    if value is None:
        return []
    if isinstance(value, str):
        value = [part for part in re.split(r"[,;\s]+", value) if part]
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is no list of ids")  # noqa: TRY004 - pydantic's way
    for one in value:
        if value.count(one) > 1:
            raise ValueError(f"names {shown(one)} twice")
    return value


def weekdays(value: Any) -> list[int]:
    """ISO weekdays of `mon-fri`, `sat,sun`, or a list of names or numbers, sorted.

    >>> weekdays("fri-mon")
    [1, 5, 6, 7]

    Raises:
        ValueError: It names no day, or something that is none.
    """
    parts = value if isinstance(value, list) else [value]
    days: set[int] = set()
    for part in parts:
        if isinstance(part, list | dict):
            raise ValueError(f"{shown(part)} is not a weekday")  # noqa: TRY004 - pydantic reports it
        spans = re.sub(r"\s*[-\u2013]\s*", "-", str(part).lower())
        for text in re.split(r"[,;\s]+", spans):
            if text:
                days |= _span(text)
    if not days:
        raise ValueError("is empty: write weekdays such as mon-fri")
    return sorted(days)


def _span(text: str) -> set[int]:
    first, dash, last = text.partition("-")
    if first not in _WEEKDAYS or (dash and last not in _WEEKDAYS):
        raise ValueError(
            f"{shown(text)} is not a weekday; write mon, tue, wed, thu, fri, sat, sun or mon-fri"
        )
    start, end = _WEEKDAYS[first], _WEEKDAYS[last or first]
    return {(start + step - 1) % 7 + 1 for step in range((end - start) % 7 + 1)}


@cache
def _time_zones() -> dict[str, str]:
    """Names of the IANA database: a machine adds `localtime`, `posix/...` and its own."""
    names = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return {zone.casefold(): zone for zone in names if zone != "Factory"}


def time_zone(value: Any) -> str:
    """The name of an IANA time zone.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str):
        found = _time_zones().get(value.casefold())
        if found == value:
            return value
        if found is not None:
            raise ValueError(f"{shown(value)} is not an IANA time zone: write {found}")
    raise ValueError(f"{shown(value)} is not an IANA time zone such as Europe/Berlin")


@lru_cache(maxsize=4096)  # shifts start at the same times
def utc_us(local: datetime, zone: str) -> int:
    """UTC microseconds of a local time; an ambiguous hour means its first pass.

    A time with an offset is that instant, whatever the time zone.

    Raises:
        ValueError: The clock jumps over that time in this zone.
    """
    aware = local if local.tzinfo is not None else local.replace(tzinfo=ZoneInfo(zone))
    try:
        passed = aware.astimezone(UTC).astimezone(aware.tzinfo)
    except OverflowError as error:
        raise ValueError(f"{local.isoformat()} is outside the calendar") from error
    if passed.replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(f"{local.isoformat()} does not exist in {zone}: the clock jumps over it")
    return round(aware.timestamp() * 1_000_000)


def from_text(value: Any) -> Any:
    """A list that a spreadsheet's cell holds as text; anything else as it is.

    Raises:
        ValueError: The text is not a list.
    """
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{shown(value)} is not a list such as [[0, 0], [9, 0], [9, 9]]"
        ) from error
    return found


def homography(value: Any) -> list[float] | None:
    """Nine numbers, row by row; None for an empty list, which takes a calibration away.

    Raises:
        ValueError: It is no list of nine numbers.
    """
    given = from_text(value)
    if not isinstance(given, list | tuple):
        raise ValueError(f"{shown(value)} is not a list of nine numbers")  # noqa: TRY004
    if given and len(given) != 9:
        raise ValueError(f"a homography has nine numbers, not {len(given)}")
    return [number(item) for item in given] or None


def projection(value: Any) -> list[float] | None:
    """Twelve numbers, row by row, or three rows of four; None for an empty list.

    Raises:
        ValueError: It is neither.
    """
    given = from_text(value)
    if not isinstance(given, list | tuple):
        raise ValueError(f"{shown(value)} is not a list of twelve numbers")  # noqa: TRY004
    if given and all(isinstance(row, list | tuple) for row in given):
        if [len(row) for row in given] != [4, 4, 4]:
            raise ValueError("a projection has three rows of four numbers")
        given = [item for row in given for item in row]
    if given and len(given) != 12:
        raise ValueError(f"a projection has twelve numbers, not {len(given)}")
    return [number(item) for item in given] or None


def lens(value: Any) -> dict[str, Any] | None:
    """fx, fy, cx, cy and distortion; None for an empty list, which takes a lens away.

    Raises:
        ValueError: It is something else; the message names the number.
    """
    form = '{"fx": 1000, "fy": 1000, "cx": 640, "cy": 360, "distortion": [-0.2, 0.1, 0, 0]}'
    given = from_text(value)
    if given in ([], {}):
        return None
    if not isinstance(given, dict):
        raise ValueError(f"{shown(value)} is not a lens such as {form}")  # noqa: TRY004
    names = ("fx", "fy", "cx", "cy", "distortion")
    for name in given:
        if name not in names:
            raise ValueError(f"{shown(name)} is none of {', '.join(names)}")
    found: dict[str, Any] = {}
    for name in names[:4]:
        if name not in given:
            raise ValueError(f"{name} is missing: write {form}")
        found[name] = named(name, given[name])
    terms = given.get("distortion") or []
    if not isinstance(terms, list | tuple):
        raise ValueError(f"distortion: {shown(terms)} is not a list of numbers")  # noqa: TRY004
    return found | {"distortion": [named("distortion", term) for term in terms]}


def named(name: str, value: Any) -> float:
    """A finite number of a mapping.

    Raises:
        ValueError: It is none; the message starts with its name.
    """
    try:
        return number(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def polygon(value: Any) -> list[Point]:
    """A simple polygon; a vertex that is repeated is dropped.

    The fold's own check decides what a simple polygon is.

    Raises:
        ValueError: It is none; the message names the point.
    """
    given = from_text(value)
    if not isinstance(given, list | tuple):
        raise ValueError(f"{shown(value)} is not a list of points [x, y]")  # noqa: TRY004
    points: list[Point] = []
    for index, item in enumerate(given, 1):
        if not isinstance(item, list | tuple) or len(item) != 2:
            raise ValueError(f"point {index} is not [x, y]")
        try:
            found = (number(item[0]), number(item[1]))
        except ValueError as error:
            raise ValueError(f"point {index}: {error}") from error
        if not points or found != points[-1]:
            points.append(found)
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    polygon_of([{"x": x, "y": y} for x, y in points])
    return points


def polygons(value: Any) -> list[list[Point]]:
    """A list of simple polygons.

    Raises:
        ValueError: One of them is none; the message names it.
    """
    given = from_text(value)
    if not isinstance(given, list | tuple):
        raise ValueError(f"{shown(value)} is not a list of polygons")  # noqa: TRY004
    found = []
    for index, item in enumerate(given, 1):
        try:
            found.append(polygon(item))
        except ValueError as error:
            raise ValueError(f"polygon {index}: {error}") from error
    return found
