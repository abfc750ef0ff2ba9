"""Shifts of an iCalendar file (.ics), as rows: one for each event, and for each time of a series.

Times are those of the file: with a time zone of IANA or Windows or one that the file defines, in
UTC, or floating, which are of the ward's clock. An event that repeats becomes a row for each time
within a window around now, so that a series without an end has one.
"""

import hashlib
import re
import threading
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from workers.registry.ical_times import (
    DAMAGED,
    EventTime,
    Moment,
    PropertyFault,
    end_of,
    is_in_window,
    later,
    moment_of,
    same,
    times_of,
)
from workers.registry.ical_zones import check_zone_rules
from workers.registry.tables import BadTable, Entry
from workers.registry.text import MAX_ID, clean, shift_kind, shown

_OWN: Final = {
    "staff_id": "X-WARDSTREAM-STAFF-ID",
    "zone_id": "X-WARDSTREAM-ZONE-ID",
    "role": "X-WARDSTREAM-ROLE",
    "kind": "X-WARDSTREAM-KIND",
    "replaces": "X-WARDSTREAM-REPLACES",
    "agency": "X-WARDSTREAM-AGENCY",
}
"""Properties of an event, or of the whole calendar, that hold a field as it is."""

_FIELDS: Final = {
    **dict.fromkeys(("DTSTART", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"), "starts"),
    **dict.fromkeys(("DTEND", "DURATION"), "ends"),
    "LOCATION": "zone_id",
    "STATUS": "status",
    "CATEGORIES": "kind",
    "UID": "shift_id",
    **{name: field for field, name in _OWN.items()},
}
"""The field of a shift that a property tells."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EVENT = re.compile(r"(?i)BEGIN:VEVENT\s*")
_PARSING = threading.Lock()
"""The library keeps the time zones of files by name, for all threads."""

_PLACEHOLDER: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Event:
    """An event of the file.

    Attributes:
        where: The line that it starts in, for people.
        uid: Its identity.
        recurrence: Of a series, the time that this event replaces; None for all of it.
        component: Its properties.
        values: Fields of a shift that all of its times share.
        faults: What is wrong with it.
    """

    where: str
    uid: str
    recurrence: Moment | None
    component: Any
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)


def read_calendar(text: str, fields: Collection[str], now_us: int | None) -> list[Entry]:
    """Read the events of a calendar as rows of shifts.

    Args:
        text: The file.
        fields: Names of the fields of a row.
        now_us: Now, UTC microseconds; None takes every time of a series that has an end, and
            refuses those that have none.

    Raises:
        BadTable: It is no calendar, or holds no events, or is not for this kind of fact.
    """
    if "shift_id" not in fields:
        raise BadTable("is a calendar: only shifts are read from one")
    calendars = _parsed(text)
    rows = enumerate(re.split(r"\r\n|\r|\n", text), 1)
    lines = [f"line {number}" for number, row in rows if _EVENT.fullmatch(row)]
    events: list[_Event] = []
    for calendar in calendars:
        for component in calendar.walk("VEVENT"):
            number = len(events)
            where = lines[number] if number < len(lines) else f"event {number + 1}"
            events.append(_event(component, calendar, where))
    if not events:
        raise BadTable("is cut short: an END is missing" if lines else "has no events (VEVENT)")
    now = None if now_us is None else datetime.fromtimestamp(now_us / 1e6, UTC)
    found = [entry for series in _series(events) for entry in _entries(series, now)]
    if not found:
        raise BadTable("has no event in the window in which series are read")
    return found


def _parsed(text: str) -> Sequence[Any]:
    # 0.2 s that no other import and no other command need pay
    import icalendar  # noqa: PLC0415

    library: Any = icalendar  # half of it has types
    check_zone_rules(text)
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names of time zones that it understood by halves
        library.use_zoneinfo()  # forgets the time zones of the file before
        try:
            found: Sequence[Any] = library.Calendar.from_ical(text, multiple=True)
        except DAMAGED as error:
            raise BadTable(f"is damaged, or no iCalendar file: {shown(error)}") from error
    return found


def _event(component: Any, calendar: Any, where: str) -> _Event:
    uid = component.get("UID", "")
    event = _Event(where, "" if isinstance(uid, list) else str(uid), None, component)
    for name, _ in component.errors:
        shown_name = str(name or "a property").upper()
        reason = f"{shown_name}: cannot be read" if name else "a line of it cannot be read"
        event.faults.append((_FIELDS.get(shown_name, ""), reason))
    try:
        event.recurrence = _recurrence(component)
    except PropertyFault as fault:
        _add(event, fault)
    try:
        event.values |= _shared(component, calendar)
    except PropertyFault as fault:
        _add(event, fault)
    if not event.uid:
        event.faults.append(("shift_id", "UID: is missing, or given twice"))
    return event


def _add(event: _Event, fault: PropertyFault) -> None:
    found = (_FIELDS[fault.name], str(fault))
    if found[0] not in {name for name, _ in event.faults}:
        event.faults.append(found)


def _recurrence(component: Any) -> Moment | None:
    given = component.get("RECURRENCE-ID")
    if given is None:
        return None
    at = moment_of("RECURRENCE-ID", given)
    if given.params.get("RANGE"):
        raise PropertyFault(
            "RECURRENCE-ID", "changes all later times too (RANGE): end the series, start another"
        )
    return at


def _shared(component: Any, calendar: Any) -> dict[str, Any]:
    """Where, who and what, which do not depend on the time."""
    values: dict[str, Any] = {}
    status = _text("STATUS", component.get("STATUS", "")).upper()
    if status == "CANCELLED" or str(calendar.get("METHOD", "")).upper() == "CANCEL":
        values["status"] = "cancelled"
    for name, own in _OWN.items():
        given = component.get(own, calendar.get(own))
        if given is not None:
            values[name] = _text(own, given)
    if "zone_id" not in values and component.get("LOCATION") is not None:
        values["zone_id"] = _text("LOCATION", component["LOCATION"])
    for category in _categories(component) if "kind" not in values else ():
        try:
            values["kind"] = shift_kind(category)
        except ValueError:
            continue  # a category of somebody's own
    return values


def _categories(component: Any) -> Iterator[str]:
    given = component.get("CATEGORIES", [])
    for one in given if isinstance(given, list) else [given]:
        yield from (str(category) for category in getattr(one, "cats", ()))


def _text(name: str, given: Any) -> str:
    if isinstance(given, list):
        raise PropertyFault(name, "is given twice")
    try:
        return clean(str(given))
    except ValueError as error:
        raise PropertyFault(name, str(error)) from error


def _series(events: Iterable[_Event]) -> Iterator[list[_Event]]:
    """Events of one identity, each time at its newest revision; those without one alone."""
    by_uid: dict[str, dict[Any, list[_Event]]] = {}
    for number, event in enumerate(events):
        key = event.uid or f"\0{number}"
        which = None if event.recurrence is None else same(event.recurrence)
        by_uid.setdefault(key, {}).setdefault(which, []).append(event)
    for revisions in by_uid.values():
        yield [one for given in revisions.values() for one in _newest(given)]


def _newest(events: Sequence[_Event]) -> list[_Event]:
    """The newest revision; all of them where none is, and then an id is given twice."""

    def number(event: _Event) -> int:
        given = event.component.get("SEQUENCE", 0)
        return int(given) if isinstance(given, int) else 0

    newest = max(number(event) for event in events)
    return [event for event in events if number(event) == newest]


def _entries(series: Sequence[_Event], now: datetime | None) -> Iterator[Entry]:
    """The rows of a series."""
    changed = {same(one.recurrence): one for one in series if one.recurrence is not None}
    known: set[Any] = set()
    for event in (one for one in series if one.recurrence is None):
        times: list[EventTime] = []
        try:
            times = [] if event.faults else times_of(event.component, now)
        except PropertyFault as fault:
            _add(event, fault)
        except DAMAGED as error:
            event.faults.append(("starts", f"its times cannot be read: {shown(error)}"))
        if event.faults:
            yield _faulty(event)
            continue
        for time in times:
            which = None if time.names is None else same(time.names)
            known.add(which)
            if which is None or which not in changed:
                yield _entry(event, time)
    for which, event in changed.items():
        yield from _changed(event, series, known, which, now)


def _changed(
    event: _Event,
    series: Sequence[_Event],
    known: Collection[Any],
    which: Any,
    now: datetime | None,
) -> Iterator[Entry]:
    """The row of one time of a series that has properties of its own."""
    assert event.recurrence is not None
    masters = [one for one in series if one.recurrence is None]
    is_wanted = is_in_window(event.recurrence, now)
    is_left_out = which not in known and not any(one.faults for one in masters)
    # Some calendars leave a time out of the series, and cancel it too.
    if is_wanted and masters and is_left_out and event.values.get("status") != "cancelled":
        at, _ = _written(event.recurrence)
        _add(event, PropertyFault("RECURRENCE-ID", f"its series has no time {at}"))
    try:
        starts = moment_of("DTSTART", event.component.get("DTSTART"))
        first = masters[0].component.get("DTSTART") if masters else None
        names = _as_named(event.recurrence, getattr(first, "dt", starts))
        time = EventTime(starts, end_of(event.component, starts), names)
    except PropertyFault as fault:
        _add(event, fault)
    if event.faults:
        yield _faulty(event)
    elif is_wanted:
        inherited = masters[0].values if masters else {}
        event.values = {**{k: v for k, v in inherited.items() if k != "status"}, **event.values}
        yield _entry(event, time)


def _as_named(recurrence: Moment, first: Moment) -> Moment:
    """A time of a series on the clock of its first one, as its other times are named."""
    if not isinstance(recurrence, datetime) or not isinstance(first, datetime):
        return recurrence
    if recurrence.tzinfo is None or first.tzinfo is None:
        return recurrence
    return recurrence.astimezone(first.tzinfo)


def _faulty(event: _Event) -> Entry:
    """A row of an event with faults, with its times as far as they can be read.

    A time that cannot be read is a fault already; another one stands in for it, so that the checks
    of the row find what else is wrong and not that again.
    """
    time = EventTime(_PLACEHOLDER, _PLACEHOLDER + timedelta(hours=8), event.recurrence)
    try:
        starts = moment_of("DTSTART", event.component.get("DTSTART"))
        time = EventTime(
            starts, end_of(event.component, starts) or later(starts, timedelta(hours=8))
        )
    except DAMAGED as error:
        if not event.faults:
            event.faults.append(("starts", shown(error)))
    return _entry(event, time._replace(names=event.recurrence))


def _entry(event: _Event, time: EventTime) -> Entry:
    values = _named(event.values, event.uid, time.names)
    values["starts"], zone = _written(time.starts)
    if time.ends is not None:
        values["ends"], _ = _written(time.ends)
    if zone:
        values["time_zone"] = zone
    faults = list(event.faults)
    if time.ends is None and "ends" not in {name for name, _ in faults}:
        faults.append(("ends", "DTEND: is missing, and so is DURATION"))
    return Entry(event.where, values, faults)


def _named(values: Mapping[str, Any], uid: str, names: Moment | None) -> dict[str, Any]:
    """Fields with the id of the shift: that of the event and, in a series, its time."""
    suffix = "" if names is None else f"-{names:%Y%m%d}"
    if isinstance(names, datetime):
        suffix += f"T{names:%H%M}"
    base = uid
    if not _ID.fullmatch(uid) or len(uid) + len(suffix) > MAX_ID:
        digest = hashlib.sha256(uid.encode()).hexdigest()[:12]
        plain = re.sub(r"[^A-Za-z0-9._]+", "-", uid).strip("-._")[: MAX_ID - 32]
        base = f"{plain or 'event'}-{digest}"
    return {**values, "shift_id": f"{base}{suffix}"}


def _written(at: Moment) -> tuple[str, str]:
    """A time as a row has it, and its IANA time zone; empty where it has none."""
    if not isinstance(at, datetime):
        return f"{at:%Y-%m-%d}T00:00", ""
    text = at.isoformat(timespec="seconds")
    zone = str(getattr(at.tzinfo, "key", ""))
    return text, "" if zone == "UTC" else zone
