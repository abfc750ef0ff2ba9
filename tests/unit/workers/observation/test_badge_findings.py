"""A rule about badges says who hears of one on two floors, and what they do."""

from typing import Any

import pytest

from runtime.process.sections import WatchdogSettings
from tests.support.builders.alerts import rule
from tests.support.builders.domain import S
from workers.observation.alerts import AlertBook
from workers.observation.badges import Crossing, Sighting
from workers.observation.finding import Finding
from workers.observation.findings import judge
from workers.observation.signs import FloorSign, Signs

NOW_US = 1_780_000_000_000_000
CROSSING = Crossing(
    "b-0117",
    Sighting(NOW_US - 20 * S, "west", "door", NOW_US - 20 * S),
    Sighting(NOW_US - 16 * S, "east", "desk", NOW_US - 16 * S),
)
FLOORS = {
    "west": FloorSign("west", "Ward West", "UTC", frozenset({"medicine"})),
    "east": FloorSign("east", "Ward East", "UTC"),
}


def findings(
    *rules: dict[str, Any], crossings: tuple[Crossing, ...] = (CROSSING,), **fields: Any
) -> list[Finding]:
    signs = Signs(
        now_us=NOW_US,
        kafka_us=NOW_US,
        crossings=crossings,
        rules={one["rule_id"]: one for one in rules},  # type: ignore[misc]
        **{"floors": FLOORS, **fields},
    )
    return judge(signs, WatchdogSettings(), NOW_US)


def of_badges(rule_id: str = "badges", **fields: Any) -> dict[str, Any]:
    return dict(rule(rule_id, **{"kind": "BADGE_CONTRADICTION", **fields}))


def test_both_floors_and_readers_are_named_and_neither_badge_nor_person() -> None:
    [finding] = findings(of_badges(owner="security", next_action="call the holder", tier="PAGE"))

    assert finding.key == "badges/floors/east+west"
    assert finding.what == (
        "A badge was read on Ward West and Ward East within 4 s (readers door and desk)"
    )
    assert (finding.owner, finding.next_action) == ("security", "call the holder")
    assert (finding.tier, finding.value, finding.unit) == ("PAGE", 1.0, "badges")
    assert finding.since_us == NOW_US - 16 * S
    assert "b-0117" not in repr(finding)


@pytest.mark.parametrize(
    "fields",
    [
        {"floor_ids": ["east"]},
        {"stage": "PILOT", "pilot_unit_ids": ["medicine"]},
        {"open_after_s": 16},
    ],
    ids=["one of the floors", "a pilot of one of them", "for long enough"],
)
def test_a_rule_that_is_about_one_of_the_floors_asks_for_it(fields: dict[str, Any]) -> None:
    assert len(findings(of_badges(**fields))) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"stage": "SILENT"},
        {"stage": "PILOT", "pilot_unit_ids": ["surgery"]},
        {"floor_ids": ["roof"]},
        {"zone_ids": ["bay"]},
        {"threshold": 2},
        {"open_after_s": 17},
        {"schedule": [{"weekdays": [1], "from_minute": 0, "to_minute": 1}]},
    ],
    ids=["silent", "other pilot", "other floor", "zones alone", "two badges", "too new", "not now"],
)
def test_a_rule_that_does_not_ask_for_it_calls_nobody(fields: dict[str, Any]) -> None:
    assert findings(of_badges(**fields)) == []
    assert findings() == []


def test_the_most_urgent_rule_leads() -> None:
    rules = [of_badges("a", tier="PAGE", owner="one"), of_badges("b", tier="NOTICE", owner="two")]

    [finding] = findings(*rules)

    assert finding.owner == "one"


def test_a_floor_that_was_removed_calls_nobody() -> None:
    assert findings(of_badges(), floors={"west": FLOORS["west"]}) == []


def test_an_alert_names_the_owner_of_the_rule_and_lasts_while_reads_are_not_known() -> None:
    book = AlertBook("operators")

    [raised] = book.update(findings(of_badges(owner="security")), NOW_US, blind=False)

    assert raised["owner"] == "security"
    assert book.update([], NOW_US, blind=False, unseen={"badges"}) == []
    [cleared] = book.update([], NOW_US, blind=False)
    assert (cleared["alert_id"], cleared["state"]) == (raised["alert_id"], "CLEARED")
