"""Follow an event stream from Python, as a browser would: with resumption."""

from collections.abc import Generator, Iterable
from typing import Any, NamedTuple

import httpx
import msgspec

from runtime.proxies import own_client


class SseEvent(NamedTuple):
    """One event as it was received.

    Attributes:
        name: The `event:` field.
        event_id: The `id:` field; empty when it had none.
        data: The JSON of the `data:` field.
    """

    name: str
    event_id: str
    data: dict[str, Any]


def parse(lines: Iterable[str]) -> Generator[SseEvent, None, None]:
    """Read events from the lines of a `text/event-stream`; comments are passed over.

    >>> [event.name for event in parse(["event: zone", "data: {}", ""])]
    ['zone']
    """
    name, event_id, data = "message", "", ""
    for line in lines:
        if line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "id":
                event_id = value
            elif field == "data":
                data += value
        elif data:
            yield SseEvent(name, event_id, msgspec.json.decode(data, type=dict[str, Any]))
            name, event_id, data = "message", "", ""


def follow(
    url: str,
    *,
    last_event_id: str = "",
    timeout_s: float = 10.0,
    auth: httpx.Auth | None = None,
) -> Generator[SseEvent, None, None]:
    """Events of one connection, until it ends.

    Args:
        url: URL of the board, such as `http://127.0.0.1:8080/`, or of its stream of changes.
        last_event_id: Id of the event after which to resume.
        timeout_s: Longest silence, seconds; the board sends a heartbeat every second.
        auth: Adds an access token, where the board asks for one.

    Raises:
        httpx.HTTPError: The board cannot be reached, refused, or fell silent.
    """
    if "/api/" not in url:
        url = url.rstrip("/") + "/api/v1/changes"
    headers = {"Accept": "text/event-stream"}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    with (
        own_client(timeout=timeout_s, auth=auth) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        if answer.is_error:
            answer.read()
        answer.raise_for_status()
        yield from parse(answer.iter_lines())
