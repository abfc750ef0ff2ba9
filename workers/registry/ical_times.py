"""The times of an iCalendar event: one, or those of a series.

A time is a day, a local time, or an instant with its time zone, as its property says.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

from workers.registry.text import shown

BEFORE: Final = timedelta(days=31)
AFTER: Final = timedelta(days=366)
"""A series is read from this long before now to that long after it."""

_MOST_TIMES: Final = 5_000
"""A series has this many times at most."""

_PARTS: Final = {
    *("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"),
    *("BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"),
}
_STEPS: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

DAMAGED: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What the library raises where a file is damaged."""

Moment: TypeAlias = date | datetime


class PropertyFault(ValueError):
    """A property that cannot be taken.

    Attributes:
        name: The property.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class EventTime(NamedTuple):
    """One time of an event.

    Attributes:
        starts: As written: a day, a local time, or an instant.
        ends: The same, exclusive; None where nothing tells it.
        names: The time in the series, which stays when this one is moved; None for a single event.
    """

    starts: Moment
    ends: Moment | None
    names: Moment | None = None


def times_of(component: Any, now: datetime | None) -> list[EventTime]:
    """Every time of an event: one, or those of its series that are in the window.

    Raises:
        PropertyFault: A property of its times cannot be taken.
    """
    starts = moment_of("DTSTART", component.get("DTSTART"))
    ends = end_of(component, starts)
    repeats = [name for name in ("RRULE", "RDATE") if component.get(name) is not None]
    if not repeats:
        return [EventTime(starts, ends)]
    found = {same(starts): EventTime(starts, ends, starts)}
    for at in _by_rule(component, starts, now) if "RRULE" in repeats else ():
        found[same(at)] = EventTime(at, end_of(component, at, starts), at)
    for at, length in _more("RDATE", component):
        after = end_of(component, at, starts) if length is None else later(at, length)
        found[same(at)] = EventTime(at, after, at)
    left_out, days = set(), set()
    for at, _ in _more("EXDATE", component):
        left_out.add(same(at))
        if not isinstance(at, datetime):
            days.add(at)
    return [
        time
        for key, time in found.items()
        if key not in left_out
        and plain(time.starts).date() not in days
        and is_in_window(time.starts, now)
    ]


def _by_rule(component: Any, starts: Moment, now: datetime | None) -> Iterator[Moment]:
    """The times that a rule gives, in wall-clock time of the event's time zone."""
    rule = component["RRULE"]
    if isinstance(rule, list):
        raise PropertyFault("RRULE", "is given twice")
    parts = {str(name).upper(): value for name, value in rule.items()}
    step = str(parts.get("FREQ", [""])[0]).upper()
    other = sorted(set(parts) - _PARTS)
    if step not in _STEPS or other:
        raise PropertyFault(
            "RRULE",
            f"{', '.join(other) or step} is not taken: a shift repeats by days, weeks, months or "
            "years, on days of the week or month",
        )
    if not 1 <= int(parts.get("INTERVAL", [1])[0]) <= _MOST_TIMES:
        raise PropertyFault("RRULE", f"INTERVAL is not 1 to {_MOST_TIMES}")
    ends = "COUNT" in parts or "UNTIL" in parts
    if now is None and not ends:
        raise PropertyFault("RRULE", "has neither COUNT nor UNTIL")
    found = _rule(parts, step, starts, now)
    times = list(islice(found, _MOST_TIMES + 1))
    if len(times) > _MOST_TIMES:
        raise PropertyFault("RRULE", f"gives more than {_MOST_TIMES} times: split it")
    if not times or times[0] != plain(starts):
        raise PropertyFault("RRULE", "does not give DTSTART itself, so its times are not defined")
    zone = starts.tzinfo if isinstance(starts, datetime) else None
    for at in times:
        yield at.replace(tzinfo=zone) if isinstance(starts, datetime) else at.date()


def _rule(
    parts: Mapping[str, Any], step: str, starts: Moment, now: datetime | None
) -> Iterator[datetime]:
    """Wall-clock times of a rule.

    What only leaves days out is asked of each day here: a rule that leaves out all of them would
    keep the library busy until the year 9999.
    """
    from dateutil.rrule import rrulestr  # noqa: PLC0415 - as above

    by = {name: [str(one) for one in parts[name]] for name in parts if name.startswith("BY")}
    kept = {"DAILY": (), "WEEKLY": ("BYDAY",)}.get(step, tuple(by))
    texts = [f"FREQ={step}", f"INTERVAL={parts.get('INTERVAL', [1])[0]}"]
    texts += [f"{name}={','.join(by[name])}" for name in kept if name in by]
    if "WKST" in parts:
        texts.append(f"WKST={parts['WKST'][0]}")
    leaves_out = {name: by[name] for name in by if name not in kept}
    if "BYSETPOS" in leaves_out or any(day[:-2] for day in leaves_out.get("BYDAY", ())):
        raise PropertyFault("RRULE", "BYSETPOS and numbered days are for months and years")
    last = _last(parts, starts, now)
    first = plain(starts)
    try:
        days = rrulestr(";".join(texts), dtstart=first)
    except DAMAGED as error:
        raise PropertyFault("RRULE", str(error)) from error
    count = int(parts["COUNT"][0]) if "COUNT" in parts else _MOST_TIMES + 1
    for at in days:
        if at > last or count <= 0:
            return
        if _keeps(at, leaves_out):
            count -= 1
            yield at


def _last(parts: Mapping[str, Any], starts: Moment, now: datetime | None) -> datetime:
    """The wall-clock time after which a rule gives nothing that is wanted."""
    far = datetime.max if now is None else (now + AFTER).replace(tzinfo=None)  # noqa: DTZ901
    if "UNTIL" not in parts:
        return far
    until = parts["UNTIL"][0]
    if isinstance(until, datetime):
        if until.tzinfo is not None and isinstance(starts, datetime) and starts.tzinfo is not None:
            until = until.astimezone(starts.tzinfo)
        return min(far, until.replace(tzinfo=None))
    return min(far, datetime.combine(until, datetime.max.time()))


def _keeps(at: datetime, leaves_out: Mapping[str, Sequence[str]]) -> bool:
    """Whether a rule has a day, by the parts that only leave days out."""
    asked = {
        "BYDAY": {_WEEKDAYS[at.weekday()]},
        "BYMONTH": {str(at.month)},
        "BYMONTHDAY": {str(at.day), str(at.day - monthrange(at.year, at.month)[1] - 1)},
    }
    return all(asked[name] & set(values) for name, values in leaves_out.items())


def _more(name: str, component: Any) -> Iterator[tuple[Moment, timedelta | None]]:
    """Single times of a series, each with its own length where it has one."""
    given = component.get(name, [])
    for dates in given if isinstance(given, list) else [given]:
        for one in dates.dts:
            value = one.dt
            if isinstance(value, datetime):
                _refuse_unknown_zone(name, value, dates.params.get("TZID"))
            if isinstance(value, tuple):
                start, end = value
                yield start, end if isinstance(end, timedelta) else end - start
            else:
                yield value, None


def moment_of(name: str, given: Any) -> Moment:
    """The day or time of a property.

    Raises:
        PropertyFault: It is missing, given twice, or of a time zone that nobody knows.
    """
    if given is None:
        raise PropertyFault(name, "is missing")
    value = getattr(given, "dt", None)
    if isinstance(given, list) or not isinstance(value, date):
        raise PropertyFault(name, "is no date or time, or given twice")
    if isinstance(value, datetime):
        _refuse_unknown_zone(name, value, given.params.get("TZID"))
    return value


def _refuse_unknown_zone(name: str, at: datetime, zone: Any) -> None:
    if zone and at.tzinfo is None:
        raise PropertyFault(
            name, f"the time zone {shown(zone)} is not known, and the file defines none"
        )


def end_of(component: Any, starts: Moment, first: Moment | None = None) -> Moment | None:
    """The end of an event, exclusive; None where it has none.

    A time of a series ends at the wall-clock time at which the first one ends, or after the
    duration, as the file says.

    Args:
        component: The event.
        starts: The time whose end is wanted.
        first: The first time of its series; None where it is that one.
    """
    if component.get("DTEND") is not None:
        ends = moment_of("DTEND", component["DTEND"])
        if isinstance(ends, datetime) != isinstance(starts, datetime):
            raise PropertyFault(
                "DTEND", "is a date where DTSTART is a time, or the other way round"
            )
        if first is None:
            return ends
        if isinstance(ends, datetime) and isinstance(first, datetime):
            if (ends.tzinfo is None) != (first.tzinfo is None):
                raise PropertyFault(
                    "DTEND", "has a time zone where DTSTART has none, or the other way round"
                )
            if first.tzinfo is not None:
                ends = ends.astimezone(first.tzinfo)
        return starts + (plain(ends) - plain(first))
    if component.get("DURATION") is not None:
        length = getattr(component["DURATION"], "dt", None)
        if not isinstance(length, timedelta):
            raise PropertyFault("DURATION", "is no length of time")
        return later(starts, length)
    return None if isinstance(starts, datetime) else starts + timedelta(days=1)


def later(at: Moment, length: timedelta) -> Moment:
    """A time after another one: whole days on the wall clock, else as it passes."""
    if not isinstance(at, datetime) or at.tzinfo is None or not length % timedelta(days=1):
        return at + length
    return (at.astimezone(UTC) + length).astimezone(at.tzinfo)


def plain(at: Moment) -> datetime:
    """A time as the wall clock shows it."""
    if isinstance(at, datetime):
        return at.replace(tzinfo=None)
    return datetime.combine(at, datetime.min.time())


def same(at: Moment) -> Any:
    """What two spellings of one time share."""
    if isinstance(at, datetime):
        return at if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat()


def is_in_window(at: Moment, now: datetime | None) -> bool:
    """Whether a time of a series is read; every one is where no time is given."""
    if now is None:
        return True
    is_local = not isinstance(at, datetime) or at.tzinfo is None
    instant = plain(at).replace(tzinfo=UTC) if is_local else at
    assert isinstance(instant, datetime)
    return now - BEFORE <= instant <= now + AFTER
