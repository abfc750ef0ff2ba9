"""Which moment a question means, in the time zone of a floor."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from workers.explain.question import BadQuestion, parse_moment, parse_subject

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 9, 21, 10, 0, tzinfo=UTC)
"""12:00 in Berlin."""


def asked(text: str, now: datetime = NOON) -> str:
    return parse_moment(text, now, BERLIN).astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("10:05", "2026-09-21T08:05:00+00:00"),
        ("12:00", "2026-09-21T10:00:00+00:00"),
        ("12:01", "2026-09-20T10:01:00+00:00"),
        ("0:00:30", "2026-09-20T22:00:30+00:00"),
        ("15m", "2026-09-21T09:45:00+00:00"),
        ("0s", "2026-09-21T10:00:00+00:00"),
        ("2026-01-31T08:00", "2026-01-31T07:00:00+00:00"),
        ("2026-01-31T08:00Z", "2026-01-31T08:00:00+00:00"),
        ("2026-01-31T08:00-05:00", "2026-01-31T13:00:00+00:00"),
    ],
)
def test_a_time_is_that_of_the_zone_and_a_time_of_day_is_the_last_one(
    text: str, moment: str
) -> None:
    assert asked(text) == moment


@pytest.mark.parametrize(
    ("now", "moment"),
    [
        (datetime(2026, 10, 25, 6, 0, tzinfo=UTC), "2026-10-25T01:30:00+00:00"),
        (datetime(2026, 10, 25, 1, 15, tzinfo=UTC), "2026-10-25T00:30:00+00:00"),
    ],
)
def test_a_time_that_clocks_show_twice_is_the_later_one_that_has_passed(
    now: datetime, moment: str
) -> None:
    assert asked("2:30", now) == moment


def test_a_time_of_day_that_clocks_skipped_is_that_of_the_day_before() -> None:
    morning = datetime(2026, 3, 29, 6, 0, tzinfo=UTC)

    assert asked("2:30", morning) == "2026-03-28T01:30:00+00:00"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("25:00", "is no time"),
        ("yesterday", "is no time"),
        ("", "is no time"),
        ("2026-03-29T02:30", "clocks skipped it"),
        ("2026-09-21T12:01", "in the future"),
        ("0001-01-01T00:00", "too long ago"),
        ("0001-01-01T00:00+14:00", "too long ago"),
        ("999999999d", "too long ago"),
        ("730000d", "too long ago"),
    ],
)
def test_what_is_no_moment_of_the_past_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadQuestion, match=reason):
        asked(text)


@pytest.mark.parametrize("text", ["bay-2", "zone/", "camera/bed-1", ""])
def test_only_figures_of_zones_are_explained(text: str) -> None:
    with pytest.raises(BadQuestion, match="zone/ZONE_ID"):
        parse_subject(text)


def test_the_id_of_a_zone_may_hold_a_slash() -> None:
    assert parse_subject("zone/ward-3/bay-2").identity == "ward-3/bay-2"
