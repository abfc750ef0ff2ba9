"""The census of a zone: which count holds when, and when it is too old."""

from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records.staffing import CensusCount
from streams.domain.staffing.census import census_at, check_census
from streams.domain.staffing.coverage import Plan
from streams.domain.staffing.ratio import Census, Ratio, combined
from streams.domain.staffing.requirement import required_at
from streams.domain.staffing.shift import FOREVER_US
from tests.support.builders.domain import T0, S, camera, census, facts_of, requirement, role, zone

DAY_US = 24 * 3600 * S
COUNTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 30)), max_size=6).map(
    lambda found: [census(people, at, f"c{n}") for n, (people, at) in enumerate(found)]
)


def test_a_count_holds_from_its_time_on_until_the_next_or_until_it_is_too_old() -> None:
    counts = [census(20, T0), census(22, T0 + 5 * S, "later")]

    found = {after_s: census_at(counts, T0 + after_s * S, 10 * S) for after_s in (-1, 0, 5, 14, 15)}

    assert found[-1] == (None, T0)
    assert found[0] == (Census(20, T0), T0 + 5 * S)
    assert found[5] == found[14] == (Census(22, T0 + 5 * S), T0 + 15 * S)
    assert found[15] == (Census(22, T0 + 5 * S, is_old=True), FOREVER_US)


def test_of_two_counts_of_one_time_the_greater_holds() -> None:
    assert census_at([census(3), census(4, census_id="b")], T0, S).census == Census(4, T0)


@given(COUNTS, st.integers(1, 40), st.integers(-2, 70), st.randoms())
def test_a_census_holds_until_it_changes_and_in_any_order(
    counts: list[CensusCount], max_age_us: int, at_us: int, order: Random
) -> None:
    found = census_at(counts, at_us, max_age_us)
    order.shuffle(counts)

    assert found == census_at(counts, at_us, max_age_us)
    assert found.until_us > at_us
    if found.until_us < FOREVER_US:
        assert census_at(counts, found.until_us - 1, max_age_us).census == found.census
    if found.census is None:
        assert all(count["starts_us"] > at_us for count in counts)
    else:
        assert found.census.is_old == (at_us - found.census.from_us >= max_age_us)


@pytest.mark.parametrize("zone_name", ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_a_count_at_each_midnight_is_never_too_old_in_the_default_time(zone_name: str) -> None:
    """The night on which clocks go back has 25 hours, or 24.5 in Lord Howe."""
    time_zone = ZoneInfo(zone_name)
    midnights = [
        round((datetime(2026, 1, 1, tzinfo=time_zone) + timedelta(days=day)).timestamp()) * S
        for day in range(400)
    ]
    counts = [census(20, at_us, f"c{at_us}") for at_us in midnights]

    for now_us, next_us in pairwise(midnights):
        near = [count for count in counts if abs(count["starts_us"] - now_us) < 3 * DAY_US]
        found = census_at(near, next_us - 1, 26 * 3600 * S).census
        assert found == Census(20, now_us)


def test_a_census_of_fewer_than_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="people is -1"):
        check_census(census(-1))


def test_a_ratio_is_apart_from_what_is_required_anyway() -> None:
    night = {"from_minute": 21 * 60, "to_minute": 7 * 60, "time_zone": "Europe/Berlin"}
    per_four = {"basis": "CENSUS", "per": 4, "at_least": 2}
    needs = [
        requirement("fixed", count=2, time_zone="Europe/Berlin"),
        requirement("ratio", **night, **per_four),
    ]
    midnight = round(datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()) * S

    found = required_at(needs, midnight)

    assert found.by_role == {"nurse": 2}
    assert found.ratios == (Ratio("nurse", 1, 4, 2, "CENSUS"),)
    assert found.until_us == midnight + 6 * 3600 * S  # until 7:00, as clocks go forward at 2:00


def test_a_plan_holds_ratios_census_and_roles_and_changes_with_them() -> None:
    facts = facts_of(
        camera(),
        zone(),
        requirement(basis="CENSUS", per=4, role="nurse"),
        census(9, T0 + 100 * S),
        census(30, T0, "other", zone_id="elsewhere"),
        role("nurse", "assistant", priority=1, valid_from_us=T0 + 200 * S),
    )

    def plan(after_s: int) -> Plan:
        at_us = T0 + after_s * S
        found = facts.at(at_us).plan("zone", at_us, 300 * S)
        assert found.from_us <= at_us < found.until_us
        return found

    assert plan(0).census is None
    assert plan(100).census == Census(9, T0 + 100 * S)
    assert plan(399).census == Census(9, T0 + 100 * S)
    assert plan(400).census == Census(9, T0 + 100 * S, is_old=True)
    assert (plan(199).covers, plan(199).priority) == ({}, ())
    assert (plan(200).covers, plan(200).priority) == ({"nurse": ["assistant"]}, ("nurse",))
    now = plan(400)
    assert combined(now.required, now.ratios, now.census, ["nurse", ""], now.not_staff) == (
        {},
        {"nurse": 3},
    )
