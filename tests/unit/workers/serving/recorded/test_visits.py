"""Visits of zones, how long they took, and who went where: against following each person."""

import pytest

from tests.support.past_visits import (
    GRID_S,
    SECOND_US,
    START,
    dwell_by_hand,
    followed,
    known_then,
    moves_by_hand,
    walks,
)
from workers.serving.recorded.visits import (
    Dwell,
    Stay,
    dwell_of,
    moves_of,
    visits_of,
)

DAY_US = 86_400 * SECOND_US
START_US = int(START.timestamp() * 1e6)


def stay(zone: str, person: str, entered_s: int, left_s: int | None) -> Stay:
    return Stay(zone, person, entered_s * SECOND_US, None if left_s is None else left_s * SECOND_US)


def moves(*stays: Stay, links: tuple[tuple[str, str], ...] = ()) -> dict[tuple[str, str], int]:
    """Moves of the first day, with `out` for outside of all zones."""
    found = moves_of(visits_of(stays, links), 0, DAY_US, DAY_US)
    return {(a or "out", b or "out"): one.moves for (a, b), one in found.items()}


@pytest.mark.parametrize("seed", range(6))
def test_dwell_and_moves_of_random_walks_are_those_of_following_each_person(seed: int) -> None:
    zones = ["a", "b", "c", "d"][: 2 + seed % 3]
    stays, links = walks(zones, people=20, seed=seed)
    for since_us, length_us in ((START_US, 2 * DAY_US), (START_US + DAY_US // 3, DAY_US // 2)):
        until_us = since_us + length_us
        known_us = until_us + (seed % 2) * 3600 * SECOND_US
        known = known_then(stays, known_us)
        visits = visits_of((Stay(*one) for one in known), links)
        people = followed(known, links)
        found = dwell_of(visits, since_us, until_us)

        assert {
            zone: (list(one.ended), list(one.open_since)) for zone, one in found.items()
        } == dwell_by_hand(people, since_us, until_us)
        counted = moves_of(visits, since_us, until_us, known_us)
        assert {
            tuple(move): (one.moves, one.linked) for move, one in counted.items()
        } == moves_by_hand(people, since_us, until_us, known_us, GRID_S * SECOND_US)


def test_who_walks_from_a_zone_to_the_next_moves_once_whether_the_zones_touch_or_not() -> None:
    for entered_s in (95, 100, 130, 700):
        walked = moves(stay("a", "p", 0, 100), stay("b", "p", entered_s, 2000))
        assert walked == {("out", "a"): 1, ("a", "b"): 1, ("b", "out"): 1}, entered_s


def test_who_is_nowhere_for_longer_has_left_and_comes_anew() -> None:
    assert moves(stay("a", "p", 0, 100), stay("b", "p", 701, 2000)) == {
        ("out", "a"): 1,
        ("a", "out"): 1,
        ("out", "b"): 1,
        ("b", "out"): 1,
    }


def test_a_bay_within_a_ward_is_entered_from_the_ward_and_left_into_it() -> None:
    assert moves(stay("ward", "p", 0, 900), stay("bay", "p", 100, 400)) == {
        ("out", "ward"): 1,
        ("ward", "bay"): 1,
        ("bay", "ward"): 1,
        ("ward", "out"): 1,
    }


def test_who_comes_back_to_the_same_zone_has_not_moved() -> None:
    assert moves(stay("a", "p", 0, 100), stay("a", "p", 300, 400)) == {
        ("out", "a"): 1,
        ("a", "out"): 1,
    }


def test_who_left_a_moment_ago_may_still_come_back() -> None:
    visits = visits_of([stay("a", "p", 0, 100)], [])
    assert [tuple(move) for move in moves_of(visits, 0, DAY_US, 650 * SECOND_US)] == [(None, "a")]


def test_a_linked_id_goes_on_with_the_visit_and_counts_as_the_same_person_elsewhere() -> None:
    stays = (stay("a", "p1", 0, 100), stay("a", "p2", 150, 400), stay("b", "p3", 410, 900))
    linked = moves(*stays, links=(("p1", "p2"), ("p2", "p3")))
    assert linked == {("out", "a"): 1, ("a", "b"): 1, ("b", "out"): 1}
    visits = visits_of(stays, [("p1", "p2"), ("p2", "p3")])
    assert dwell_of(visits, 0, DAY_US)["a"] == Dwell([400 * SECOND_US], [])
    found = moves_of(visits, 0, DAY_US, DAY_US)
    assert {tuple(move): one.linked for move, one in found.items() if one.linked} == {("a", "b"): 1}


def test_a_short_stay_under_another_id_within_a_longer_one_cuts_no_visit() -> None:
    stays = (stay("a", "p1", 0, 300), stay("a", "p2", 20, 30), stay("a", "p3", 340, 400))
    visits = visits_of(stays, [("p1", "p2"), ("p1", "p3")])
    assert dwell_of(visits, 0, DAY_US)["a"] == Dwell([400 * SECOND_US], [])


def test_an_id_that_was_the_last_to_leave_and_comes_again_makes_another_visit() -> None:
    stays = (stay("a", "p1", 0, 300), stay("a", "p2", 20, 30), stay("a", "p1", 310, 400))
    visits = visits_of(stays, [("p1", "p2")])
    assert dwell_of(visits, 0, DAY_US)["a"] == Dwell([90 * SECOND_US, 300 * SECOND_US], [])
    covered = (stay("a", "p1", 0, 300), stay("a", "p2", 20, 320), stay("a", "p1", 310, 400))
    assert dwell_of(visits_of(covered, [("p1", "p2")]), 0, DAY_US)["a"].ended == [400 * SECOND_US]


def test_a_visit_that_has_not_ended_is_counted_as_open_and_in_no_length() -> None:
    visits = visits_of([stay("a", "p", 0, 100), stay("a", "q", 50, None)], [])
    found = dwell_of(visits, 0, DAY_US)["a"]
    assert found == Dwell([100 * SECOND_US], [50 * SECOND_US])
    assert found.quantile_us(0.9) == 100 * SECOND_US
    assert dwell_of(visits, 0, 80 * SECOND_US)["a"].open_since == [0, 50 * SECOND_US]
    assert Dwell([], [1]).quantile_us(0.5) is None


def test_quantiles_lie_between_neighbours_in_proportion() -> None:
    dwell = Dwell([10, 20, 30, 40], [])
    assert [dwell.quantile_us(share) for share in (0, 0.5, 0.9, 1)] == [10, 25, 37, 40]
