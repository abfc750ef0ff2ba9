"""Times on the command line."""

import pytest

from workers.operations.times import BadTime, parse_time, show_time

NOW_US = 1_790_000_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("90s", NOW_US - 90_000_000, id="seconds-ago"),
        pytest.param("15m", NOW_US - 900_000_000, id="minutes-ago"),
        pytest.param("0.5h", NOW_US - 1_800_000_000, id="a-fraction"),
        pytest.param("1d", NOW_US - 86_400_000_000, id="days-ago"),
        pytest.param("1970-01-02", 86_400_000_000, id="a-day-is-utc"),
        pytest.param("1970-01-01T01:00+01:00", 0, id="with-an-offset"),
        pytest.param("1970-01-01T00:00:00.25Z", 250_000, id="a-fraction-of-a-second"),
    ],
)
def test_a_time_is_a_date_or_so_long_ago(text: str, expected: int) -> None:
    assert parse_time(text, NOW_US) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "15 minutes", "-5m", "2026-13-01", "9" * 30])
def test_anything_else_is_answered_with_how_to_write_one(text: str) -> None:
    with pytest.raises(BadTime, match="is no time; write UTC, such as"):
        parse_time(text, NOW_US)


def test_a_time_beyond_the_calendar_is_shown_as_a_number() -> None:
    assert show_time(0) == "1970-01-01T00:00:00.000+00:00"
    assert show_time(2**62) == f"{2**62} us"
