"""The algebra of shifts: overlaps, breaks, swaps, half shifts, cancellations."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.intervals import difference, intersection, length_us, union
from streams.domain.staffing.local_time import span_us
from streams.domain.staffing.roster import Placed, Roster, rosters
from streams.domain.staffing.shift import scheduled_at
from tests.support.builders.domain import shift, staff
from tests.support.builders.shifts import HOUR_US, any_shifts, at, of


def hours(roster: Roster) -> list[tuple[float, float]]:
    return [(start / HOUR_US, ends / HOUR_US) for start, ends in roster.working]


DAY = of("day", 7, 15)


@pytest.mark.parametrize(
    ("shifts", "expected"),
    [
        pytest.param([DAY], [(7, 15)], id="one"),
        pytest.param([DAY, of("late", 14, 22)], [(7, 22)], id="overlap"),
        pytest.param([DAY, of("late", 15, 22)], [(7, 22)], id="one after the other"),
        pytest.param([of("am", 7, 11), of("pm", 16, 20)], [(7, 11), (16, 20)], id="split"),
        pytest.param([DAY, of("b", 11, 11.5, kind="BREAK")], [(7, 11), (11.5, 15)], id="break"),
        pytest.param([DAY, of("b", 14, 16, kind="BREAK")], [(7, 14)], id="break past the end"),
        pytest.param([of("b", 11, 12, kind="BREAK")], [], id="break alone"),
        pytest.param(
            [DAY, of("b", 11, 12, kind="BREAK", status="CANCELLED")],
            [(7, 15)],
            id="cancelled break",
        ),
        pytest.param([of("day", 7, 15, status="CANCELLED")], [], id="cancelled"),
        pytest.param([of("day", 7, 15, status="UNKNOWN")], [(7, 15)], id="of unknown status"),
        pytest.param([of("day", 7, 15, kind="UNKNOWN")], [], id="of unknown kind"),
        pytest.param([of("call", 15, 23, kind="ON_CALL")], [], id="on call"),
        pytest.param([DAY, of("swap", 7, 15, staff_id="s2", replaces="day")], [], id="swapped"),
        pytest.param(
            [DAY, of("half", 11, 15, staff_id="s2", replaces="day")], [(7, 11)], id="half a shift"
        ),
        pytest.param(
            [DAY, of("mid", 9, 11, staff_id="s2", replaces="day")],
            [(7, 9), (11, 15)],
            id="the middle",
        ),
        pytest.param(
            [DAY, of("swap", 7, 15, staff_id="s2", replaces="day", status="CANCELLED")],
            [(7, 15)],
            id="swap called off",
        ),
        pytest.param(
            [DAY, of("pause", 9, 10, staff_id="s2", replaces="day", kind="BREAK")],
            [(7, 15)],
            id="a break replaces nothing",
        ),
        pytest.param([DAY, of("moved", 9, 17, replaces="day")], [(7, 17)], id="moved by a part"),
        pytest.param(
            [DAY, of("agency", 7, 15, staff_id="", agency="flex", replaces="day")],
            [],
            id="an agency takes it",
        ),
    ],
)
def test_the_working_time_follows_from_all_shifts(shifts: Any, expected: Any) -> None:
    assert hours(rosters(shifts).get("s1", Roster())) == expected


def test_two_people_who_swap_have_each_others_shifts() -> None:
    found = rosters(
        [
            of("a", 7, 15, staff_id="s1"),
            of("b", 15, 23, staff_id="s2"),
            of("a2", 7, 15, staff_id="s2", replaces="a"),
            of("b2", 15, 23, staff_id="s1", replaces="b"),
        ]
    )

    assert {staff_id: hours(roster) for staff_id, roster in found.items()} == {
        "s1": [(15, 23)],
        "s2": [(7, 15)],
    }


def test_who_takes_over_may_hand_on() -> None:
    found = rosters(
        [
            of("a", 7, 15, staff_id="s1"),
            of("b", 7, 15, staff_id="s2", replaces="a"),
            of("c", 12, 15, staff_id="s3", replaces="b"),
        ]
    )

    assert [hours(found[name]) for name in ("s1", "s2", "s3")] == [[], [(7, 12)], [(12, 15)]]


def test_a_stretch_says_where_and_of_which_shift_it_is() -> None:
    found = rosters(
        [
            of("am", 7, 12, zone_id="bay-1"),
            of("pm", 12, 15, zone_id="bay-2"),
            of("b", 11.5, 12.5, kind="BREAK"),
            of("night", 20, 24, kind="ON_CALL", zone_id="bay-1"),
        ]
    )["s1"]

    assert found == Roster(
        work=(
            Placed(at(7), at(11.5), "bay-1", "am"),
            Placed(at(12.5), at(15), "bay-2", "pm"),
        ),
        on_call=(Placed(at(20), at(24), "bay-1", "night"),),
        breaks=((at(11.5), at(12.5)),),
        shifts=((at(7), at(15)),),
    )


def hour_by_hour(shifts: list[Any], staff_id: str) -> set[int]:
    """The hours on duty, each decided by itself from the rules: the slow oracle."""
    planned = [one for one in shifts if one["status"] != "CANCELLED"]

    def has(one: Any, hour: int) -> bool:
        return bool(one["starts_us"] <= at(hour) < one["ends_us"])

    def is_lost(one: Any, hour: int) -> bool:
        return any(
            other["replaces"] == one["shift_id"]
            and other["kind"] in {"WORK", "ON_CALL"}
            and has(other, hour)
            for other in planned
        )

    mine = [one for one in planned if one["staff_id"] == staff_id]
    return {
        hour
        for hour in range(50)
        if any(one["kind"] == "WORK" and has(one, hour) and not is_lost(one, hour) for one in mine)
        and not any(one["kind"] == "BREAK" and has(one, hour) for one in mine)
    }


@given(any_shifts())
def test_every_working_hour_is_one_by_the_rules(shifts: list[Any]) -> None:
    found = rosters(shifts)

    for staff_id in ("s1", "s2", "s3"):
        working = found.get(staff_id, Roster()).working
        assert working == union((at(h), at(h + 1)) for h in hour_by_hour(shifts, staff_id))


@given(any_shifts(), st.randoms(use_true_random=False))
def test_the_order_of_shifts_changes_nothing(shifts: list[Any], dice: Any) -> None:
    mixed = list(shifts)
    dice.shuffle(mixed)

    assert rosters(mixed) == rosters(shifts)
    for hour in range(0, 45, 3):
        known = {name: staff(name) for name in ("s1", "s2")}
        assert scheduled_at(mixed, known, at(hour)) == scheduled_at(shifts, known, at(hour))


@given(any_shifts())
def test_breaks_are_of_working_time_and_never_work(shifts: list[Any]) -> None:
    for roster in rosters(shifts).values():
        assert intersection(roster.working, roster.breaks) == ()
        assert difference(roster.breaks, roster.shifts) == ()
        assert union([*roster.working, *roster.breaks]) == roster.shifts


@given(any_shifts())
def test_who_is_scheduled_works_or_has_a_break(shifts: list[Any]) -> None:
    """Counting in a zone and the duty of each person say the same, at every moment."""
    found = rosters(shifts)
    nameless = [one for one in shifts if not one["staff_id"]]
    for hour in range(45):
        count = scheduled_at(shifts, {}, at(hour) + HOUR_US // 2)
        inside = ((at(hour), at(hour) + HOUR_US),)
        working = sum(
            length_us(intersection(roster.shifts, inside)) > 0 for roster in found.values()
        )
        pausing = sum(
            length_us(intersection(roster.breaks, inside)) > 0 for roster in found.values()
        )
        assert working <= count.total <= working + len(nameless)
        assert count.on_break == pausing


@given(
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
def test_three_shifts_a_day_leave_no_gap_on_any_night(zone: str, day: date) -> None:
    """Early, late and night on the wall clock: whatever the clock does, somebody is on duty."""
    site = ZoneInfo(zone)
    times = [(6, 14), (14, 22), (22, 6)]
    shifts = [
        shift(
            f"{offset}-{start}",
            staff_id="s1",
            **dict(
                zip(
                    ("starts_us", "ends_us"),
                    span_us(day + timedelta(days=offset), start * 60, ends * 60, site),
                    strict=True,
                )
            ),
        )
        for offset in range(3)
        for start, ends in times
    ]

    [span] = rosters(shifts)["s1"].working

    assert span[0] == span_us(day, 6 * 60, 0, site)[0]
    assert span[1] == span_us(day + timedelta(days=3), 6 * 60, 0, site)[0]
