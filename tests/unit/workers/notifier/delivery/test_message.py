"""A message holds lines that can be seen, and a key that repeats exactly with its occasion."""

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.messages import message
from workers.notifier.delivery.message import (
    MOST_SUBJECT,
    MOST_TEXT,
    Message,
    one_line,
    receipt_key_of,
)

UNSEEN = {"Cc", "Cs", "Zl", "Zp"}


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=400))
def test_whatever_is_put_in_becomes_one_line_that_can_be_seen(text: str) -> None:
    made = message(subject=text, body=(text,), owner=text, next_action=text, occasion=text)

    for one in (made.subject, *made.body, made.owner, made.next_action, made.occasion):
        assert not {unicodedata.category(char) for char in one} & UNSEEN
        assert one == one.strip()
        assert len(one.splitlines()) <= 1
    assert len(made.subject) <= MOST_SUBJECT
    assert all(len(one) <= MOST_TEXT for one in made.body)


def test_text_of_any_script_stays() -> None:
    text = "Zone 2, Überwachung, 病房, نمی‌خواهم, 👩‍⚕️"

    assert one_line(text, 100) == text


def test_a_direction_of_writing_cannot_be_turned() -> None:
    assert one_line("bay\u202e2\u2066x", 100) == "bay 2 x"


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "https://a.example/\r\nX: y", "//a.example", "https://a.example/ b"],
)
def test_what_is_no_link_is_left_out(link: str) -> None:
    assert message(link=link).link == ""


@pytest.mark.parametrize("key", ["", "short", "with space", "a\nb0123456", "a" * 101])
def test_a_receipt_key_fits_into_a_header(key: str) -> None:
    with pytest.raises(ValueError, match="receipt key"):
        message(receipt_key=key)


def test_a_receipt_key_is_of_one_occasion_at_one_destination() -> None:
    keys = {
        receipt_key_of(alert, opened, occasion, destination)
        for alert in ("gap/zone/a", "gap/zone/b")
        for opened in (1, 2)
        for occasion in ("OPENED", "CLOSED")
        for destination in ("phone", "mail")
    }

    assert len(keys) == 16
    assert receipt_key_of("a", 1, "b", "c") == receipt_key_of("a", 1, "b", "c")
    assert receipt_key_of("a", 1, "b,c", "d") != receipt_key_of("a", 1, "b", "c,d")
    assert message(receipt_key=receipt_key_of("dwell/person/p-7", 1, "OPENED", "phone"))


def test_a_message_that_was_stored_is_read_as_it_was() -> None:
    stored = msgspec.json.encode(message())

    assert msgspec.json.decode(stored, type=Message) == message()
