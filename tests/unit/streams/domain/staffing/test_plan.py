"""Shifts and requirements: what a zone should have, and when."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.domain.staffing.requirement import required_at
from streams.domain.staffing.shift import FOREVER_US, scheduled_at
from tests.support.builders.domain import T0, S, camera, facts_of, requirement, shift, staff, zone

DAY_US = 24 * 3600 * S
BERLIN = ZoneInfo("Europe/Berlin")


def us(text: str, zone_of_text: Any = BERLIN, fold: int = 0) -> int:
    at = datetime.fromisoformat(text).replace(tzinfo=zone_of_text, fold=fold).astimezone(UTC)
    return round(at.timestamp()) * S


NURSES = {"s1": staff("s1", "nurse"), "s2": staff("s2", "nurse"), "s3": staff("s3", "porter")}


@pytest.mark.parametrize(
    ("offset_s", "total"),
    [(-1, 0), (0, 1), (8 * 3600 - 1, 1), (8 * 3600, 0)],
    ids=["before", "as-it-begins", "just-before-the-end", "as-it-ends"],
)
def test_a_shift_holds_from_its_beginning_until_before_its_end(offset_s: Any, total: Any) -> None:
    assert scheduled_at([shift()], NURSES, T0 + offset_s * S).total == total


def test_the_role_is_the_shifts_own_or_else_the_staff_members() -> None:
    shifts = [
        shift("a", staff_id="s1"),
        shift("b", staff_id="s2", role="triage"),
        shift("c", staff_id="gone"),
    ]

    found = scheduled_at(shifts, NURSES, T0)

    assert found.by_role == {"": 1, "nurse": 1, "triage": 1}
    assert found.total == 3


def test_one_person_in_two_shifts_is_one_person() -> None:
    shifts = [shift("a"), shift("b"), shift("c", role="triage")]

    found = scheduled_at(shifts, NURSES, T0)

    assert found.by_role == {"nurse": 1, "triage": 1}
    assert found.total == 1


def test_the_schedule_says_when_it_changes_next() -> None:
    shifts = [shift("a"), shift("b", staff_id="s2", starts_us=T0 + 3600 * S)]

    assert scheduled_at(shifts, NURSES, T0).until_us == T0 + 3600 * S
    assert scheduled_at(shifts, NURSES, T0 + 3600 * S).until_us == T0 + 8 * 3600 * S
    assert scheduled_at(shifts, NURSES, T0 + 9 * 3600 * S).until_us == FOREVER_US


NIGHT = requirement(
    weekdays=[5, 6], from_minute=21 * 60, to_minute=7 * 60, time_zone="Europe/Berlin"
)
DAY = requirement(
    weekdays=[1, 2, 3, 4, 5], from_minute=7 * 60, to_minute=19 * 60, time_zone="Europe/Berlin"
)
ROUND = requirement(weekdays=[7], from_minute=0, to_minute=0, time_zone="Europe/Berlin")
LATE = requirement(weekdays=[1], from_minute=22 * 60, to_minute=1440, time_zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("which", "local", "holds"),
    [
        # 2026-01-09 is a Friday.
        pytest.param(DAY, "2026-01-09T06:59:59", False, id="day-before"),
        pytest.param(DAY, "2026-01-09T07:00:00", True, id="day-begins"),
        pytest.param(DAY, "2026-01-09T19:00:00", False, id="day-ended"),
        pytest.param(DAY, "2026-01-10T12:00:00", False, id="day-not-on-saturday"),
        pytest.param(NIGHT, "2026-01-09T20:59:59", False, id="night-before"),
        pytest.param(NIGHT, "2026-01-09T21:00:00", True, id="night-begins-on-friday"),
        pytest.param(NIGHT, "2026-01-10T06:59:59", True, id="night-goes-past-midnight"),
        pytest.param(NIGHT, "2026-01-10T07:00:00", False, id="night-ended"),
        pytest.param(NIGHT, "2026-01-11T06:00:00", True, id="sunday-morning-is-saturdays-night"),
        pytest.param(NIGHT, "2026-01-11T22:00:00", False, id="sunday-night-is-not-listed"),
        pytest.param(NIGHT, "2026-01-09T03:00:00", False, id="thursdays-night-is-not-listed"),
        pytest.param(ROUND, "2026-01-11T00:00:00", True, id="whole-day-begins"),
        pytest.param(ROUND, "2026-01-11T23:59:59", True, id="whole-day-goes-on"),
        pytest.param(ROUND, "2026-01-12T00:00:00", False, id="whole-day-ended"),
        pytest.param(LATE, "2026-01-12T23:59:59", True, id="until-midnight"),
        pytest.param(LATE, "2026-01-13T00:00:00", False, id="midnight-is-over"),
    ],
)
def test_a_requirement_holds_in_local_time_on_the_day_it_starts(
    which: Any, local: Any, holds: Any
) -> None:
    found = required_at([which], us(local))

    assert found.by_role == ({"nurse": 1} if holds else {})


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        # Clocks go from 02:00 to 03:00 on 2026-03-29 in Berlin: at 01:00 UTC.
        pytest.param("2026-03-28T20:00:00+00:00", True, id="21:00-CET"),
        pytest.param("2026-03-29T04:59:59+00:00", True, id="06:59:59-CEST"),
        pytest.param("2026-03-29T05:00:00+00:00", False, id="07:00-CEST"),
        # Clocks go from 03:00 to 02:00 on 2026-10-25: at 01:00 UTC. 24 October is a Saturday.
        pytest.param("2026-10-24T18:59:59+00:00", False, id="20:59:59-CEST"),
        pytest.param("2026-10-24T19:00:00+00:00", True, id="21:00-CEST"),
        pytest.param("2026-10-25T05:59:59+00:00", True, id="06:59:59-CET"),
        pytest.param("2026-10-25T06:00:00+00:00", False, id="07:00-CET"),
    ],
)
def test_a_night_keeps_its_wall_clock_when_the_clocks_change(at: Any, holds: Any) -> None:
    at_us = round(datetime.fromisoformat(at).timestamp()) * S

    assert required_at([NIGHT], at_us).by_role == ({"nurse": 1} if holds else {})


@pytest.mark.parametrize(
    ("from_minute", "to_minute", "starts", "ends"),
    [
        pytest.param(
            150, 240, "2026-03-29T01:30:00+00:00", "2026-03-29T02:00:00+00:00", id="02:30-in-gap"
        ),
        pytest.param(
            60, 150, "2026-03-29T00:00:00+00:00", "2026-03-29T01:30:00+00:00", id="until-in-gap"
        ),
    ],
)
def test_a_time_that_does_not_exist_is_read_with_the_offset_before(
    from_minute: Any, to_minute: Any, starts: Any, ends: Any
) -> None:
    night = requirement(
        weekdays=[7], from_minute=from_minute, to_minute=to_minute, time_zone="Europe/Berlin"
    )
    starts_us = round(datetime.fromisoformat(starts).timestamp()) * S
    ends_us = round(datetime.fromisoformat(ends).timestamp()) * S

    held = [
        bool(required_at([night], at_us).by_role)
        for at_us in (starts_us - 1, starts_us, ends_us - 1, ends_us)
    ]

    assert held == [False, True, True, False]


def test_one_requirement_follows_another_without_gap_or_overlap_on_any_day_of_the_year() -> None:
    early = requirement("a", from_minute=150, to_minute=14 * 60, time_zone="Europe/Berlin")
    rest = requirement(
        "b", role="porter", from_minute=14 * 60, to_minute=150, time_zone="Europe/Berlin"
    )
    at_us = us("2026-01-01T00:00:00")

    while at_us < us("2027-01-01T00:00:00"):
        found = required_at([early, rest], at_us)
        assert sum(found.by_role.values()) == 1
        assert found.until_us > at_us
        assert required_at([early, rest], found.until_us - 1).by_role == found.by_role
        assert required_at([early, rest], found.until_us).by_role != found.by_role
        at_us = found.until_us


def test_of_two_requirements_for_one_role_the_greater_decides() -> None:
    both = [requirement("a", count=2), requirement("b", count=3), requirement("c", role="porter")]

    assert required_at(both, T0).by_role == {"nurse": 3, "porter": 1}


def test_a_plan_changes_with_shifts_requirements_and_facts() -> None:
    facts = facts_of(
        camera(),
        zone(),
        staff(),
        shift(starts_us=T0 + 100 * S, ends_us=T0 + 500 * S),
        requirement(from_minute=5, to_minute=15),
        requirement("later", role="porter", valid_from_us=T0 + 200 * S),
    )

    def plan(after_s: Any) -> Any:
        at_us = T0 + after_s * S
        found = facts.at(at_us).plan("zone", at_us, DAY_US)
        return dict(found.scheduled), dict(found.required)

    assert plan(0) == ({}, {})
    assert plan(100) == ({"nurse": 1}, {})
    assert plan(200) == ({"nurse": 1}, {"porter": 1})
    assert plan(300) == ({"nurse": 1}, {"nurse": 1, "porter": 1})
    assert plan(500) == ({}, {"nurse": 1, "porter": 1})
    assert plan(900) == ({}, {"porter": 1})
    assert plan(0) == ({}, {})
