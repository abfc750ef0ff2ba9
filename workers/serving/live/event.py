"""One event of the board's stream, written once for all browsers."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import msgspec

from workers.serving.live.alert_records import FloorAlerts
from workers.serving.live.messages import coverage
from workers.serving.live.records import Occupancy

_STREAM_ID = re.compile(r"([0-9]{1,20})-([0-9]{1,20})")

CHANGE_KINDS = ("zone", "camera", "floor", "zone-event", "alerts")
"""Kinds of change; also the names of the events in the stream."""


class StreamId(NamedTuple):
    """Id of an entry of a Redis stream; ids only rise."""

    milliseconds: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `milliseconds-number`.

        Raises:
            ValueError: The text is something else.
        """
        match = _STREAM_ID.fullmatch(text)
        if match is None:
            raise ValueError(f"{text[:40]!r} is not an event id such as 1760000000000-0")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.number}"


class Event(NamedTuple):
    """An event of the stream.

    Attributes:
        name: A kind of change, or `clock`, `line`, `names`, `acted`, `reset`.
        stream_id: Id to resume after; None when the event is no change.
        frame: The event as bytes of `text/event-stream`.
        body: What the frame says, for a reader who may see a part of it; None where it is for all.
    """

    name: str
    stream_id: StreamId | None
    frame: bytes
    body: Mapping[str, Any] | None = None


class UnreadableChange(ValueError):
    """An entry of the stream of changes that is not in the layout of `schemas/live.py`."""


class Change(NamedTuple):
    """An entry of the stream of changes.

    Attributes:
        stream_id: Id of the entry in Redis.
        kind: One of `CHANGE_KINDS`.
        identity: Id of the zone, camera or floor; of alerts, that of the floor.
        as_of_us: Event time of the value, UTC microseconds.
        record: The value.
        event: The event for browsers.
    """

    stream_id: StreamId
    kind: str
    identity: str
    as_of_us: int
    record: dict[str, Any]
    event: Event

    @classmethod
    def read(cls, entry_id: bytes, fields: Mapping[bytes, bytes]) -> Self:
        """Read an entry as Redis returns it.

        A zone's event has its coverage message, a camera's has `captured_us`, so that a reader can
        measure the time since capture.

        Raises:
            UnreadableChange: A field is missing or cannot be read.
        """
        try:
            stream_id = StreamId.parse(entry_id.decode())
            kind, identity = fields[b"kind"].decode(), fields[b"id"].decode()
            as_of_us = int(fields[b"as_of_us"])
            record = msgspec.json.decode(fields[b"json"], type=dict[str, Any])
            body: dict[str, Any] = {
                "kind": kind,
                "id": identity,
                "seq": int(fields[b"seq"]),
                "as_of_us": as_of_us,
                "data": record,
            }
            if kind == "camera":
                body["captured_us"] = int(record.get("captured_us", as_of_us))
            elif kind == "zone":
                body["coverage"] = coverage(Occupancy.model_validate(record))._asdict()
            elif kind == "alerts":
                FloorAlerts.model_validate(record)  # each reader gets a part of it
        except (KeyError, ValueError, TypeError) as error:  # pydantic and msgspec raise ValueErrors
            raise UnreadableChange(f"change {entry_id!r}: {error!r}") from error
        event = Event(kind, stream_id, frame(kind, body, stream_id), body)
        return cls(stream_id, kind, identity, as_of_us, record, event)


def frame(name: str, body: Mapping[str, Any], stream_id: StreamId | None = None) -> bytes:
    """Write an event in the format of `text/event-stream`.

    JSON has no bare line breaks, so one `data:` line is enough.
    """
    head = f"event: {name}\n" if stream_id is None else f"id: {stream_id}\nevent: {name}\n"
    return head.encode() + b"data: " + msgspec.json.encode(body) + b"\n\n"


def clock_event(now_us: int, *, redis_reachable: bool) -> Event:
    """The heartbeat: the server's time, for ages in the browser, and whether Redis answers."""
    body = {"now_us": now_us, "redis_reachable": redis_reachable}
    return Event("clock", None, b": heartbeat\n" + frame("clock", body))


def pipeline_event(body: Mapping[str, Any]) -> Event:
    """Alerts or lags changed: the body of `/line`."""
    return Event("line", None, frame("line", body), body)


def names_event() -> Event:
    """Names, zones or cameras were edited: read them again."""
    return Event("names", None, frame("names", {}))


def acted_event() -> Event:
    """Somebody did something about an alert on this board: read alerts again."""
    return Event("acted", None, frame("acted", {}))


def reset_event(reason: str) -> Event:
    """Changes are missing between the last event and the next: read the current state again."""
    return Event("reset", None, frame("reset", {"reason": reason}))
