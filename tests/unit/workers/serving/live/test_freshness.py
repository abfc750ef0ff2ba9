"""A number that is stale says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.serving.live.freshness import RENEWED_WITHIN_US, Cause, judge, vouched_through

NOW_US = 1_800_000_000_000_000


@pytest.mark.parametrize(
    ("age_s", "silent", "stale", "cause"),
    [
        pytest.param(0.0, False, False, "", id="new"),
        pytest.param(5.0, False, False, "", id="just-in-time"),
        pytest.param(5.1, False, True, "old", id="old"),
        pytest.param(1.0, True, True, "camera_silent", id="its-camera-is-silent"),
        pytest.param(-3.0, False, False, "", id="clocks-differ-a-little"),
        pytest.param(-60.0, False, True, "clock_ahead", id="from-the-future"),
    ],
)
def test_age_decides_whether_a_value_is_stale(
    age_s: float, silent: bool, stale: bool, cause: Cause
) -> None:
    found = judge(NOW_US, 5.0, as_of_us=NOW_US - round(age_s * 1e6), camera_silent=silent)

    assert (found.stale, found.cause, found.age_s) == (stale, cause, age_s)


def test_no_value_is_stale() -> None:
    assert judge(NOW_US, 5.0, as_of_us=None).cause == "no_data"


def test_a_quiet_zone_is_as_fresh_as_its_floor() -> None:
    assert vouched_through(NOW_US - 9_000_000, NOW_US) == NOW_US


def test_a_zone_that_is_not_renewed_turns_stale_while_its_floor_continues() -> None:
    assert vouched_through(NOW_US - 60_000_000, NOW_US) == NOW_US - 60_000_000 + RENEWED_WITHIN_US


@given(st.integers(0, 10**9), st.none() | st.integers(0, 10**9))
def test_a_floor_never_makes_a_zone_older_nor_newer_than_the_floor_itself(
    zone_us: int, floor_us: int | None
) -> None:
    through_us = vouched_through(zone_us, floor_us)

    assert zone_us <= through_us <= max(zone_us, floor_us or 0)
