"""The duty status of a presence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.roster import Roster, rosters
from streams.domain.staffing.status import DutyStatus, Tolerance, duty_status
from tests.support.builders.shifts import HOUR_US, any_shifts, at, of

TOLERANCE = Tolerance(early_us=at(0.5), late_us=at(1))

ROSTER = [
    of("am", 7, 12, zone_id="bay-1"),
    of("pm", 12, 15, zone_id="bay-2"),
    of("pause", 9, 9.5, kind="BREAK"),
    of("call", 20, 23, kind="ON_CALL", zone_id="bay-1"),
]


def status(
    hour: float, *zone_ids: str, staff_id: Any = "s1", role: Any = None, shifts: Any = ROSTER
) -> DutyStatus:
    return duty_status(
        staff_id=staff_id,
        role=role,
        zone_ids=zone_ids,
        at_us=at(hour),
        roster=rosters(shifts).get("s1", Roster()),
        tolerance=TOLERANCE,
    )


@pytest.mark.parametrize(
    ("hour", "zone_ids", "expected"),
    [
        (6.4, ["bay-1"], "OFF_SHIFT"),
        (6.5, ["bay-1"], "EARLY"),
        (7, ["bay-1"], "ON_SHIFT"),
        (7, [], "ON_SHIFT"),
        (7, ["corridor", "bay-1"], "ON_SHIFT"),
        (7, ["bay-2"], "NOT_EXPECTED"),
        (9, ["bay-1"], "ON_BREAK"),
        (9, ["canteen"], "ON_BREAK"),
        (9.5, ["bay-1"], "ON_SHIFT"),
        (12, ["bay-1"], "NOT_EXPECTED"),
        (12, ["bay-2"], "ON_SHIFT"),
        (15, ["bay-2"], "LATE"),
        (15.9, ["bay-2"], "LATE"),
        (16, ["bay-2"], "OFF_SHIFT"),
        (20, ["bay-1"], "ON_SHIFT"),
        (20, ["bay-2"], "NOT_EXPECTED"),
        (23, ["bay-1"], "OFF_SHIFT"),
    ],
)
def test_the_status_of_a_known_person(hour: Any, zone_ids: Any, expected: Any) -> None:
    assert status(hour, *zone_ids) == expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (None, "UNKNOWN"),
        ("", "UNKNOWN"),
        ("nurse", "UNKNOWN"),
        ("visitor", "VISITOR"),
        ("patient", "VISITOR"),
    ],
)
def test_nobody_is_on_shift_because_somebody_ought_to_be(role: Any, expected: Any) -> None:
    for hour in range(24):
        assert status(hour, "bay-1", staff_id=None, role=role) == expected


@pytest.mark.parametrize(
    ("hour", "expected"),
    [(12.1, "LATE"), (12.25, "LATE"), (12.4, "EARLY")],
    ids=["nearer to the end", "in the middle", "nearer to the next"],
)
def test_between_two_shifts_the_nearer_one_decides(hour: Any, expected: Any) -> None:
    split = [of("am", 7, 12), of("pm", 12.5, 15)]

    assert status(hour, "zone", shifts=split) == expected


def test_a_short_gap_is_late_where_nobody_may_be_early() -> None:
    roster = rosters([of("am", 7, 12), of("pm", 12.5, 15)])["s1"]
    found = duty_status(
        staff_id="s1",
        role=None,
        zone_ids=["zone"],
        at_us=at(12.4),
        roster=roster,
        tolerance=Tolerance(early_us=0, late_us=at(1)),
    )

    assert found == DutyStatus.LATE


def test_a_swap_moves_the_status_with_the_shift() -> None:
    swapped = [of("a", 7, 15, staff_id="s2"), of("b", 7, 15, staff_id="s1", replaces="a")]

    assert status(8, "zone", shifts=swapped) == "ON_SHIFT"
    assert status(8, "zone", shifts=[*swapped, of("c", 7, 15, staff_id="s3", replaces="b")]) == (
        "OFF_SHIFT"
    )


@given(any_shifts(), st.integers(0, 45), st.sampled_from(["zone", "elsewhere", ""]))
def test_each_status_means_what_it_says(shifts: Any, hour: int, zone_id: str) -> None:
    roster = rosters(shifts).get("s1", Roster())
    at_us = at(hour) + HOUR_US // 2
    zone_ids = [zone_id] if zone_id else []
    found = duty_status(
        staff_id="s1", role="", zone_ids=zone_ids, at_us=at_us, roster=roster, tolerance=TOLERANCE
    )
    here = [one for one in (*roster.work, *roster.on_call) if one.starts_us <= at_us < one.ends_us]

    if found == DutyStatus.ON_BREAK:
        assert any(start <= at_us < ends for start, ends in roster.breaks)
    elif found == DutyStatus.ON_SHIFT:
        assert here
        assert not zone_ids or zone_id in {one.zone_id for one in here}
    elif found == DutyStatus.NOT_EXPECTED:
        assert here
        assert zone_id not in {one.zone_id for one in here}
    else:
        assert not here
        assert found in {DutyStatus.EARLY, DutyStatus.LATE, DutyStatus.OFF_SHIFT}


@given(any_shifts(), st.integers(0, 40), st.integers(0, 8), st.integers(0, 8))
def test_more_tolerance_makes_nobody_off_shift(
    shifts: Any, hour: int, early: int, more: int
) -> None:
    roster = rosters(shifts).get("s1", Roster())

    def ask(tolerance: Tolerance) -> DutyStatus:
        return duty_status(
            staff_id="s1", role="", zone_ids=[], at_us=at(hour), roster=roster, tolerance=tolerance
        )

    little = ask(Tolerance(early_us=at(early), late_us=at(early)))
    much = ask(Tolerance(early_us=at(early + more), late_us=at(early + more)))
    if little != DutyStatus.OFF_SHIFT:
        assert much == little
