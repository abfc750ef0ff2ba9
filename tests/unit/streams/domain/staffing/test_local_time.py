"""Spans of wall-clock time in UTC, on nights when clocks change and in zones off the hour."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.local_time import DAY_MINUTES, local_day, local_us, span_us

MINUTE_US = 60_000_000
ZONES = [
    "Europe/Berlin",  # clocks change by an hour
    "America/St_Johns",  # half an hour off, and changes
    "Australia/Lord_Howe",  # changes by half an hour
    "Asia/Kathmandu",  # 5:45, never changes
    "Asia/Kolkata",  # 5:30
    "Pacific/Chatham",  # 12:45 or 13:45
    "Africa/Casablanca",  # changes twice more for Ramadan
    "America/Havana",  # the clock skips midnight
    "UTC",
]
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
ANY_ZONE = st.sampled_from(ZONES).map(ZoneInfo)


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def minutes(hour: int, minute: int = 0) -> int:
    return hour * 60 + minute


@pytest.mark.parametrize(
    ("zone", "day", "from_minute", "to_minute", "start", "ends"),
    [
        pytest.param(
            *("Europe/Berlin", "2026-11-30", minutes(7), minutes(15)),
            *("2026-11-30T06:00", "2026-11-30T14:00"),
            id="a-day",
        ),
        pytest.param(
            *("Europe/Berlin", "2026-03-28", minutes(21), minutes(7)),
            *("2026-03-28T20:00", "2026-03-29T05:00"),
            id="a-night-of-nine-hours",
        ),
        pytest.param(
            *("Europe/Berlin", "2026-10-24", minutes(21), minutes(7)),
            *("2026-10-24T19:00", "2026-10-25T06:00"),
            id="a-night-of-eleven-hours",
        ),
        pytest.param(
            *("Europe/Berlin", "2026-11-30", minutes(16), minutes(24)),
            *("2026-11-30T15:00", "2026-11-30T23:00"),
            id="until-24:00",
        ),
        pytest.param(
            *("Europe/Berlin", "2026-11-30", minutes(16), 0),
            *("2026-11-30T15:00", "2026-11-30T23:00"),
            id="until-00:00-is-the-same",
        ),
        pytest.param(
            *("Europe/Berlin", "2026-03-29", 0, minutes(24)),
            *("2026-03-28T23:00", "2026-03-29T22:00"),
            id="a-day-of-23-hours",
        ),
        pytest.param(
            *("Australia/Lord_Howe", "2026-04-04", minutes(21), minutes(7)),
            *("2026-04-04T10:00", "2026-04-04T20:30"),
            id="a-night-half-an-hour-longer",
        ),
        pytest.param(
            *("Australia/Lord_Howe", "2026-10-03", minutes(21), minutes(7)),
            *("2026-10-03T10:30", "2026-10-03T20:00"),
            id="a-night-half-an-hour-shorter",
        ),
        pytest.param(
            *("Asia/Kathmandu", "2026-11-30", minutes(7), minutes(15)),
            *("2026-11-30T01:15", "2026-11-30T09:15"),
            id="a-quarter-to-six-ahead",
        ),
    ],
)
def test_a_span_keeps_its_wall_clock_times(
    zone: Any, day: Any, from_minute: Any, to_minute: Any, start: Any, ends: Any
) -> None:
    found = span_us(date.fromisoformat(day), from_minute, to_minute, ZoneInfo(zone))

    assert found == (utc(start), utc(ends))


@given(ANY_ZONE, DAYS, st.integers(0, DAY_MINUTES - 1))
def test_a_wall_clock_time_that_exists_is_what_the_clock_then_shows(
    zone: ZoneInfo, day: date, minute: int
) -> None:
    at = datetime.fromtimestamp(local_us(day, minute, zone) / 1e6, UTC).astimezone(zone)
    wanted = datetime(day.year, day.month, day.day, minute // 60, minute % 60)  # noqa: DTZ001
    exists = wanted.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)

    assert at.replace(tzinfo=None) == exists
    assert at.fold == 0 or exists != wanted
    if exists == wanted:
        assert local_day(local_us(day, minute, zone), zone) == day


@given(ANY_ZONE, DAYS, st.integers(0, DAY_MINUTES - 1), st.integers(0, DAY_MINUTES))
def test_a_span_is_its_wall_clock_length_but_for_the_change_of_the_clock(
    zone: ZoneInfo, day: date, from_minute: int, to_minute: int
) -> None:
    starts_us, ends_us = span_us(day, from_minute, to_minute, zone)
    length = to_minute - from_minute if to_minute > from_minute else to_minute + 1440 - from_minute
    changed_us = ends_us - starts_us - length * MINUTE_US

    assert abs(changed_us) in {0, 30 * MINUTE_US, 60 * MINUTE_US}
    before, after = (
        datetime.fromtimestamp(us / 1e6, UTC).astimezone(zone).utcoffset()
        for us in (starts_us - 3600 * 1_000_000, ends_us + 3600 * 1_000_000)
    )
    if before == after and changed_us:
        # Only where a span starts or ends inside a change does it differ without one around it.
        assert abs(changed_us) <= 60 * MINUTE_US


@given(ANY_ZONE, DAYS)
def test_the_days_of_a_site_follow_each_other_without_gap_or_overlap(
    zone: ZoneInfo, day: date
) -> None:
    today = span_us(day, 0, DAY_MINUTES, zone)
    tomorrow = span_us(day + timedelta(days=1), 0, DAY_MINUTES, zone)

    assert today[1] == tomorrow[0]
    assert today[1] == local_us(day, DAY_MINUTES, zone)


@given(ANY_ZONE, DAYS, st.integers(1, DAY_MINUTES - 1))
def test_two_halves_of_a_day_are_the_day(zone: ZoneInfo, day: date, minute: int) -> None:
    first, second = span_us(day, 0, minute, zone), span_us(day, minute, DAY_MINUTES, zone)

    assert first[1] == second[0]
    assert (first[0], second[1]) == span_us(day, 0, DAY_MINUTES, zone)
