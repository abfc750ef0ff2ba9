"""What is asked: a zone, and a moment in the time zone of its floor."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_AGO: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhd])")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

HELP: Final = "10:05 (the last one), 2026-01-31T08:00, both in the zone's time, or 15m, 2h, 1d ago."


class BadQuestion(ValueError):
    """A question that cannot be read; the message says how to write one."""


class Subject(NamedTuple):
    """What a figure is of.

    Attributes:
        kind: `zone`.
        identity: Its id.
    """

    kind: str
    identity: str


def parse_subject(text: str) -> Subject:
    """Read a subject, such as `zone/bay-2`.

    Raises:
        BadQuestion: It is not one.
    """
    kind, slash, identity = text.strip().partition("/")
    if kind != "zone" or not slash or not identity:
        raise BadQuestion(f"{text!r} is no figure of a zone; write zone/ZONE_ID")
    return Subject(kind, identity)


def parse_moment(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Read a moment.

    A time of day is the last one that is not in the future. In the hour that a change of clocks
    repeats it is the second, unless that is in the future.

    Args:
        text: A time of day, a date with time, or an age; local where it names no offset.
        now: Now, with a time zone.
        zone: Time zone of the floor.

    Raises:
        BadQuestion: It is none of them, does not exist in that zone, is in the future, or lies
            before 1970.
    """
    try:
        found = _parsed(text, now, zone)
    except OverflowError as error:
        raise BadQuestion(f"{text!r} is too long ago; write {HELP}") from error
    if found < _EPOCH:
        raise BadQuestion(f"{text!r} is too long ago; write {HELP}")
    return found


def _parsed(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    written = text.strip()
    ago = _AGO.fullmatch(written)
    if ago is not None:
        return now.astimezone(zone) - timedelta(seconds=float(ago[1]) * _UNIT_S[ago[2]])
    clock = _CLOCK.fullmatch(written)
    try:
        if clock is not None:
            return _last(time(int(clock[1]), int(clock[2]), int(clock[3] or 0)), now, zone)
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise BadQuestion(f"{text!r} is no time; write {HELP}") from error
    if moment.year == 1:  # elsewhere its local time is before the calendar
        raise OverflowError
    if moment.tzinfo is None:
        moment = _existing(moment.replace(tzinfo=zone), text)
    if moment > now:
        raise BadQuestion(f"{text} is in the future")
    return moment.astimezone(zone)


def _last(wanted: time, now: datetime, zone: ZoneInfo) -> datetime:
    """The newest moment up to now at which clocks showed a time of day."""
    today = now.astimezone(zone).date()
    for back in range(3):  # a day on which clocks skip that time has none
        day = today - timedelta(days=back)
        for fold in (1, 0):
            moment = datetime.combine(day, wanted, zone).replace(fold=fold)
            if _exists(moment) and moment <= now:
                return moment
    raise BadQuestion(f"{wanted} was on none of the last days in {zone.key}")


def _exists(moment: datetime) -> bool:
    """Whether clocks showed a local time: those that a change skips come back as others."""
    back = datetime.fromtimestamp(moment.timestamp(), moment.tzinfo)
    return back.replace(tzinfo=None) == moment.replace(tzinfo=None)


def _existing(moment: datetime, text: str) -> datetime:
    if not _exists(moment):
        raise BadQuestion(f"{text} does not exist in {moment.tzinfo}: clocks skipped it")
    return moment
