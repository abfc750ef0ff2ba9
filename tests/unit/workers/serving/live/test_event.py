"""Changes as Redis holds them become events as browsers read them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.local.demo.sse_client import parse
from workers.serving.live.change_feed import Bounds
from workers.serving.live.event import Change, StreamId, UnreadableChange, clock_event

ZONE = {"zone_id": "bay-2", "seq": 7, "as_of_us": 5, "people": 2, "required": 4, "gap_min": 2}


def entry(kind: str, record: dict[str, Any], **fields: bytes) -> dict[bytes, bytes]:
    return {
        b"kind": kind.encode(),
        b"id": b"bay-2",
        b"seq": b"7",
        b"as_of_us": b"5",
        b"json": json.dumps(record).encode(),
    } | {name.encode(): value for name, value in fields.items()}


def test_an_event_says_what_changed_and_where_to_resume() -> None:
    change = Change.read(b"17-3", entry("zone", {**ZONE, "gap_max": 4}))

    [event] = parse(change.event.frame.decode().splitlines())

    assert (event.name, event.event_id) == ("zone", "17-3")
    assert {key: event.data[key] for key in ("kind", "id", "seq", "as_of_us")} == {
        "kind": "zone",
        "id": "bay-2",
        "seq": 7,
        "as_of_us": 5,
    }
    assert event.data["data"]["people"] == 2
    assert event.data["coverage"]["sentence"] == "2 to 4 short"


def test_a_cameras_event_says_when_it_was_captured() -> None:
    change = Change.read(b"17-3", entry("camera", {"captured_us": 4, "tracks": []}))

    [event] = parse(change.event.frame.decode().splitlines())

    assert event.data["captured_us"] == 4


@given(st.text())
def test_no_text_breaks_out_of_its_event(text: str) -> None:
    """Names hold line breaks, quotes and markup; the stream stays one event."""
    change = Change.read(b"17-3", entry("camera", {"camera_id": text}))

    # Only the line ends of the format; str.splitlines knows more.
    [event] = parse(change.event.frame.decode().split("\n"))

    assert event.data["data"]["camera_id"] == text


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({b"kind": b"zone"}, id="fields-missing"),
        pytest.param(entry("zone", ZONE, seq=b"seven"), id="seq-is-no-number"),
        pytest.param(entry("camera", ZONE, json=b"[1]"), id="json-is-no-record"),
        pytest.param(entry("camera", ZONE, json=b"{"), id="json-is-cut-off"),
        pytest.param(entry("zone", {"people": 3}), id="zone-without-identity"),
        pytest.param(entry("alerts", {"open": [{"zone_id": "a"}]}), id="alert-without-identity"),
    ],
)
def test_an_entry_in_another_layout_is_refused(fields: dict[bytes, bytes]) -> None:
    with pytest.raises(UnreadableChange, match="17-3"):
        Change.read(b"17-3", fields)


def test_a_heartbeat_is_a_comment_and_the_servers_time() -> None:
    frame = clock_event(5, redis_reachable=False).frame.decode()

    [event] = parse(frame.splitlines())
    assert frame.startswith(": heartbeat\n")
    assert event.data == {"now_us": 5, "redis_reachable": False}


@pytest.mark.parametrize("text", ["", "7", "7-", "-1-0", "7-0; DROP", "$", "\u0667-\u0660"])
def test_an_id_that_redis_never_gave_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an event id"):
        StreamId.parse(text)


def test_ids_are_ordered_as_numbers() -> None:
    assert StreamId.parse("9-10") > StreamId.parse("9-9")


@pytest.mark.parametrize(
    ("bounds", "complete"),
    [
        pytest.param(Bounds(StreamId(1, 0), StreamId(9, 0), trimmed=False), True, id="all-kept"),
        pytest.param(Bounds(StreamId(5, 0), StreamId(9, 0), trimmed=True), True, id="still-kept"),
        pytest.param(Bounds(StreamId(6, 0), StreamId(9, 0), trimmed=True), False, id="trimmed"),
        pytest.param(Bounds(None, StreamId(9, 0), trimmed=True), False, id="all-trimmed"),
        pytest.param(
            Bounds(StreamId(5, 0), StreamId(5, 0), trimmed=True), True, id="nothing-since"
        ),
        pytest.param(Bounds(None, StreamId(5, 0), trimmed=True), False, id="empty"),
        pytest.param(Bounds(StreamId(200, 0), StreamId(300, 0), trimmed=False), False, id="anew"),
        pytest.param(Bounds(None, StreamId(0, 0), trimmed=False), False, id="data-lost"),
    ],
)
def test_a_resumption_knows_whether_anything_is_missing(bounds: Bounds, complete: bool) -> None:
    assert bounds.holds_all_after(StreamId(5, 0)) is complete


@pytest.mark.parametrize(
    ("bounds", "complete"),
    [
        pytest.param(Bounds(None, StreamId(0, 0), trimmed=False), True, id="nothing-yet"),
        pytest.param(Bounds(StreamId(5, 0), StreamId(9, 0), trimmed=False), True, id="all-kept"),
        pytest.param(Bounds(StreamId(5, 0), StreamId(9, 0), trimmed=True), False, id="trimmed"),
    ],
)
def test_from_the_beginning_nothing_is_missing_until_something_is_trimmed(
    bounds: Bounds, complete: bool
) -> None:
    assert bounds.holds_all_after(StreamId(0, 0)) is complete
