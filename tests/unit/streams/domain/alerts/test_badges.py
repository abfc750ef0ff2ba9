"""A badge that is in two positions at once is a breach of its floor."""

from typing import Any

import pytest

from streams.domain.alerts.floor_rules import FloorRules
from streams.domain.alerts.of_badges import HELD_US
from tests.support.builders.alerts import Line, in_short, in_two_positions, rule, rules_of
from tests.support.builders.domain import T0, S

HELD_S = HELD_US / S


def badges(**fields: Any) -> FloorRules:
    return rules_of(rule(kind="BADGE_CONTRADICTION", **fields))


def test_it_opens_one_alert_of_the_floor_that_names_the_link() -> None:
    floor = Line(badges())

    [opened] = floor.at(10, links=[in_two_positions(10)])

    assert (opened["alert_id"], opened["zone_id"]) == ("rule/floor/floor", "")
    assert (opened["figure_min"], opened["figure_max"], opened["pages"]) == (1, 1, True)
    assert opened["since_us"] == T0 + 10 * S
    [evidence] = opened["evidence"]
    link = {"topic": "links.observed.v1", "key": "floor", "as_of_us": T0 + 10 * S}
    assert evidence == link


def test_a_copied_badge_that_is_read_again_and_again_is_one_alert() -> None:
    floor = Line(badges())

    for at_s in range(10, 610, 30):
        floor.at(at_s, links=[in_two_positions(at_s)])
    floor.wait(3000)

    closed_s = 580 + HELD_S
    assert in_short(floor.decided) == [("OPENED", "BREACH", 10), ("CLOSED", "CLEARED", closed_s)]


def test_another_badge_makes_it_worse() -> None:
    floor = Line(badges())
    floor.at(10, links=[in_two_positions(10)])

    [worse] = floor.at(20, links=[in_two_positions(20, "other")])

    assert (worse["cause"], worse["figure_min"]) == ("WORSE", 2)
    assert worse["since_us"] == T0 + 10 * S


def test_one_that_is_read_once_lasts_long_enough_for_a_rule_that_waits() -> None:
    floor = Line(badges(open_after_s=60, close_after_s=30))
    floor.at(10, links=[in_two_positions(10)])

    decided = floor.wait(3000)

    assert in_short(decided) == [
        ("OPENED", "BREACH", 70),
        ("CLOSED", "CLEARED", 10 + HELD_S + 30),
    ]


@pytest.mark.parametrize(
    ("fields", "opens"),
    [
        ({}, True),
        ({"floor_ids": ["floor"]}, True),
        ({"floor_ids": ["floor"], "zone_ids": ["elsewhere"]}, True),
        ({"zone_ids": ["zone"]}, False),
        ({"floor_ids": ["elsewhere"]}, False),
        ({"threshold": 2}, False),
        ({"kind": "OFF_SHIFT"}, False),
    ],
)
def test_a_rule_of_the_floor_asks_and_one_of_zones_alone_does_not(
    fields: dict[str, Any], opens: bool
) -> None:
    floor = Line(rules_of(rule(**{"kind": "BADGE_CONTRADICTION", **fields})))

    assert bool(floor.at(10, links=[in_two_positions(10)])) is opens


def test_a_rule_that_is_bound_to_zones_afterwards_closes_it() -> None:
    floor = Line(badges())
    floor.at(10, links=[in_two_positions(10)])

    [closed] = floor.change(badges(zone_ids=["zone"], version=2), 20)

    assert (closed["action"], closed["cause"]) == ("CLOSED", "OUT_OF_SCOPE")
    assert floor.state.twice == {}
