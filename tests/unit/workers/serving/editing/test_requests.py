"""What a request about the registry says: its condition, cursor, key, reason and rows."""

import base64
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.registry.rows import ROWS
from workers.serving.editing.conditions import ABSENT, etag, expected, idempotency_key
from workers.serving.editing.cursors import after_id, after_number, cursor
from workers.serving.editing.refusals import BadRequest, NoCondition, Refusal, Unfit
from workers.serving.editing.requests import reason_of, row_of, rows_of, rows_of_files


def test_an_edit_names_the_version_that_it_rests_on() -> None:
    assert expected(etag(12), None) == 12
    assert expected(None, "*") == ABSENT
    with pytest.raises(NoCondition, match="If-None-Match"):
        expected(None, None)


def test_what_is_removed_or_undone_must_have_been_read() -> None:
    with pytest.raises(NoCondition, match="If-Match"):
        expected(None, "*", creates=False)


@pytest.mark.parametrize(
    "tag", ["*", "v3", '"3"', 'W/"v3"', '"v0"', '"v1", "v2"', '"v' + "9" * 30 + '"', ""]
)
def test_a_condition_that_would_overwrite_blindly_is_refused(tag: str) -> None:
    with pytest.raises(BadRequest, match="If-Match"):
        expected(tag, None)


@given(st.text(max_size=30))
def test_any_cursor_is_one_of_ours_or_refused(text: str) -> None:
    packed = base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()
    for sent in (text, packed):
        with suppress(BadRequest):
            assert after_number("edits", sent) >= 0


def test_a_cursor_leads_on_and_only_where_it_came_from() -> None:
    assert after_id("zones", cursor("zones", "bay-1")) == "bay-1"
    with pytest.raises(BadRequest, match="cursor"):
        after_id("shifts", cursor("zones", "bay-1"))
    with pytest.raises(BadRequest, match="cursor"):
        after_id("zones", cursor("zones", "bay\ud800".encode("utf-8", "replace").decode()))


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 129, "tab\t"])
def test_an_idempotency_key_is_short_and_visible(key: str) -> None:
    with pytest.raises(BadRequest, match="Idempotency-Key"):
        idempotency_key(key)


@pytest.mark.parametrize("reason", ["x" * 301, "a\u202eb", "\ud800", "lost \ufffd"])
def test_a_reason_is_short_and_visible(reason: str) -> None:
    with pytest.raises(BadRequest, match="reason"):
        reason_of(reason)


def test_every_field_that_cannot_be_taken_is_named() -> None:
    body = '{"camera_id": "left", "polygn": [], "polygon": [[0, 0], [1, 1]], "order": 1.5}'

    with pytest.raises(Unfit) as refused:
        row_of(ROWS["zone"], "bay-1", body)

    assert [fault.field for fault in refused.value.faults] == ["polygn", "polygon", "order"]


def test_the_id_of_the_body_is_that_of_the_path() -> None:
    body = '{"staff_id": "n2", "role": "nurse"}'

    with pytest.raises(Unfit) as refused:
        row_of(ROWS["staff"], "n1", body)

    assert [fault.field for fault in refused.value.faults] == ["staff_id"]


@pytest.mark.parametrize(
    "body", ["", "[]", "null", "{", '{"zone": {}}', '{"zone": [], "zone": []}', '{"bed": []}', "{}"]
)
def test_an_import_is_a_list_of_rows_for_each_kind(body: str) -> None:
    with pytest.raises(BadRequest, match="the body"):
        rows_of(body)


@given(st.text(max_size=40))
def test_any_body_is_a_row_or_refused(body: str) -> None:
    for text in (body, f'{{"role": "{body}"}}', f'{{"{body}": 1}}'):
        with suppress(Refusal):
            assert row_of(ROWS["staff"], "n1", text)


def test_a_calendar_is_read_around_the_time_of_its_request() -> None:
    weekly = "\r\n".join(
        [
            *("BEGIN:VCALENDAR", "X-WARDSTREAM-STAFF-ID:s1", "BEGIN:VEVENT", "UID:early"),
            *("LOCATION:bay", "DTSTART:20200106T070000", "DURATION:PT8H"),
            *("RRULE:FREQ=WEEKLY", "END:VEVENT", "END:VCALENDAR", ""),
        ]
    )
    now = datetime(2026, 11, 30, tzinfo=UTC)

    rows = rows_of_files(
        {"shift": ("shift.ics", weekly.encode())}, round(now.timestamp()) * 1_000_000
    )

    first, *_, last = (row.model_dump()["starts"] for row in rows.all)
    assert (first, last) == (datetime(2026, 11, 2, 7), datetime(2027, 11, 29, 7))  # noqa: DTZ001


def test_a_mistake_in_a_calendar_names_kind_shift_and_field() -> None:
    wrong = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:early\nDTSTART:7\nEND:VEVENT\nEND:VCALENDAR\n"

    with pytest.raises(Unfit) as refused:
        rows_of_files({"shift": ("shift.ics", wrong.encode())}, 0)

    faults = [fault[:3] for fault in refused.value.faults]
    assert faults == [
        ("shift", "early", "starts"),
        ("shift", "early", "zone_id"),
    ]
