"""A breach opens once it has lasted, ends once it is over, and is one alert whatever flickers."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders.alerts import Line, gaps, in_short, occupancy, rule, rules_of
from tests.support.builders.domain import T0, S


def line(**fields: Any) -> Line:
    return Line(rules_of(rule(**fields)))


def test_a_gap_opens_an_alert_once_it_has_lasted_long_enough() -> None:
    floor = line(open_after_s=300)

    assert floor.at(10, occupancy(low=1)) == []
    assert in_short(floor.wait(309.8)) == []
    opened = floor.wait(400)

    assert in_short(opened) == [("OPENED", "BREACH", 310.0)]
    assert opened[0]["since_us"] == T0 + 10 * S


def test_a_gap_that_is_closed_before_gives_no_alert() -> None:
    floor = line(open_after_s=300)
    floor.at(10, occupancy(low=1))
    floor.at(309, occupancy(low=0))

    assert floor.wait(1000) == []
    assert floor.state.conditions == {}


def test_an_alert_closes_once_the_gap_has_been_closed_long_enough() -> None:
    floor = line(close_after_s=30)
    floor.at(10, occupancy(low=1))
    floor.at(20, occupancy(low=0))

    assert in_short(floor.wait(60)) == [("CLOSED", "CLEARED", 50.0)]


def test_a_count_that_flickers_at_the_limit_for_15_s_is_one_alert() -> None:
    floor = line(kind="OVER_CAPACITY", threshold=4, close_after_s=30)
    for tick in range(75):
        people = 4 + tick % 2
        floor.at(10 + tick * 0.2, occupancy(people=people, count=None))
    floor.wait(100)

    assert in_short(floor.decided) == [("OPENED", "BREACH", 10.2), ("CLOSED", "CLEARED", 54.8)]


@given(
    steps=st.lists(st.tuples(st.integers(1, 145), st.integers(0, 3)), min_size=1, max_size=40),
    open_after_s=st.integers(0, 20),
)
def test_flicker_shorter_than_the_time_to_close_opens_one_alert_at_most(
    steps: list[tuple[int, int]], open_after_s: int
) -> None:
    floor = line(open_after_s=open_after_s, close_after_s=30, repeat_after_s=60)
    at_s = 0.0
    for ticks, size in steps:
        at_s += ticks * 0.2
        floor.at(at_s, occupancy(low=size))
        if size:
            continue
        at_s += 0.2
        floor.at(at_s, occupancy(low=1))

    opened = [one for one in floor.decided if one["action"] == "OPENED"]
    closed = [one for one in floor.decided if one["action"] == "CLOSED"]
    assert len(opened) <= 1
    assert closed == []


def test_between_the_two_thresholds_an_alert_stays_open_and_none_is_opened() -> None:
    floor = line(kind="OVER_CAPACITY", threshold=8, close_at=6)

    assert floor.at(1, occupancy(people=8, count=None)) == []
    assert in_short(floor.at(2, occupancy(people=9, count=None))) == [("OPENED", "BREACH", 2.0)]
    assert floor.at(3, occupancy(people=7, count=None)) == []
    assert in_short(floor.at(4, occupancy(people=6, count=None))) == [("CLOSED", "CLEARED", 4.0)]
    assert floor.at(5, occupancy(people=7, count=None)) == []


def test_nobody_knows_a_zone_that_is_not_watched_so_its_alert_stays_open_and_says_so() -> None:
    floor = line()
    floor.at(10, occupancy(low=2))

    (stale,) = floor.at(20, occupancy(low=0, high=3, is_watched=False))
    assert (stale["action"], stale["cause"]) == ("CHANGED", "OTHER_DOUBTS")
    assert (stale["is_stale"], stale["pages"], stale["held_back_by"]) == (True, False, ["STALE"])
    assert stale["figure_min"] == 2
    assert floor.wait(3600) == []
    assert in_short(floor.at(3700, occupancy(low=0))) == [("CLOSED", "CLEARED", 3700.0)]


def test_a_zone_that_is_not_watched_opens_no_alert_of_what_is_sure() -> None:
    floor = line(open_after_s=60, close_after_s=10)
    floor.at(10, occupancy(low=1))
    floor.at(30, occupancy(low=0, high=1, is_watched=False))

    assert floor.wait(600) == []


def test_a_possible_gap_of_a_zone_that_is_not_watched_pages_nobody() -> None:
    floor = line(bound="POSSIBLE")

    (opened,) = floor.at(10, occupancy(low=0, high=2, is_watched=False))

    assert opened["pages"] is False
    assert opened["held_back_by"] == ["NOT_SURE", "STALE"]


def test_a_gap_has_been_there_since_the_record_says() -> None:
    floor = line(open_after_s=300)
    since_us = T0 - 600 * S

    (opened,) = floor.at(10, occupancy(low=1, sure_since_us=since_us))

    assert opened["since_us"] == since_us


def test_an_alert_is_repeated_only_when_it_is_worse_for_a_while() -> None:
    floor = line(repeat_after_s=30)
    for at_s, record in gaps((10, 1), (20, 2), (25, 1), (40, 2), (50, 3), (60, 2), (65, 1)):
        floor.at(at_s, record)
    floor.wait(69.8)
    assert in_short(floor.decided) == [("OPENED", "BREACH", 10.0)]

    floor.at(80, occupancy(low=2))
    assert in_short(floor.wait(120)) == [("CHANGED", "WORSE", 110.0)]
    floor.at(130, occupancy(low=1))
    floor.at(140, occupancy(low=2))

    assert floor.wait(600) == []
