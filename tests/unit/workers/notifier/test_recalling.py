"""A notifier that remembers nothing takes from the topic what one before it did."""

import random
from dataclasses import replace
from typing import Any

import pytest

from runtime.retry import constant
from tests.support.builders.alert_actions import acted, zone_alert
from tests.support.builders.messages import web
from workers.notifier.book import Book, Policy
from workers.notifier.delivery.destinations import Destinations
from workers.notifier.delivery.outcome import Receipt
from workers.notifier.delivery.wording import Scene
from workers.notifier.store import State

S = 1_000_000
OLDEST_S = 900
ESCALATES: dict[str, Any] = {"escalate_after_s": 7200, "escalate_to": "house supervisor"}


class Town:
    """A world with one ward."""

    board_url = ""

    def is_in_pilot(self, _floor_id: str, _alert: Any) -> bool:
        return False

    def scene(self, _floor_id: str, _alert: Any) -> Scene:
        return Scene(zone="Bay 2", floor="Ward 3", time_zone="UTC")


class Ward:
    """A floor, its notifier, and the topic of what was done."""

    def __init__(self) -> None:
        self.topic: list[Any] = []
        self.open: dict[str, Any] = {}
        self.lose()

    def lose(self) -> None:
        """Another notifier begins, with nothing but the topic."""
        policy = Policy(
            group_us=0, oldest_us=OLDEST_S * S, operators="operators", retries=constant(1.0)
        )
        self.book = Book(State(), policy, Town(), Destinations([EVERYBODY]))
        self.book.recall(self.topic)

    def hear(self, at_s: float, *decided: Any) -> list[tuple[str, str]]:
        """A record of the floor; occasions and owners that are notified by then."""
        for one in decided:
            if one["action"] == "CLOSED":
                self.open.pop(one["alert_id"], None)
            else:
                self.open[one["alert_id"]] = one
        record: Any = {
            "floor_id": "floor",
            "as_of_us": round(at_s * S),
            "decided": list(decided),
            "open": list(self.open.values()),
        }
        self.book.take_alerts(0, record, round(at_s * S))
        return self.wait(at_s)

    def wait(self, at_s: float) -> list[tuple[str, str]]:
        """What is notified as time passes; all of it is received at once."""
        now_us, before = round(at_s * S), len(self.topic)
        self.topic += [record for _, record in self.book.advance(now_us).records]
        for key in list(self.book.state.deliveries):
            changes = self.book.delivered(key, Receipt(now_us, ""), now_us)
            self.topic += [record for _, record in changes.records]
        return [
            (one["occasion"] or one["reason"], one["owner"])
            for one in self.topic[before:]
            if one["action"] != "ESCALATED"
        ]

    def act(self, action: str, at_s: float) -> None:
        """Somebody does something."""
        self.topic.append(acted(action, at_s))
        self.book.take_action(self.topic[-1])


EVERYBODY = replace(web("http://127.0.0.1/"), owners=("*",))
OPENED = ("OPENED", "charge nurse")
ESCALATED = ("ESCALATED", "house supervisor")


def test_nobody_is_notified_again_and_an_escalation_goes_on() -> None:
    ward = Ward()
    assert ward.hear(1, zone_alert(**ESCALATES)) == [OPENED]

    ward.lose()

    assert ward.hear(3600) == [], "it is still open, and its owner knows"
    assert ward.wait(7200) == []
    assert ward.wait(7202) == [ESCALATED]
    assert sorted(ward.hear(7210, zone_alert(7210, "CLOSED", **ESCALATES))) == [
        ("CLOSED", "charge nurse"),
        ("CLOSED", "house supervisor"),
    ]
    ward.lose()
    assert ward.hear(7300) == []


def test_an_escalation_whose_message_was_not_received_is_sent() -> None:
    ward = Ward()
    ward.hear(1, zone_alert(**ESCALATES))
    ward.topic += [record for _, record in ward.book.advance(7300 * S).records]

    ward.lose()

    assert ward.hear(7400) == [ESCALATED]
    ward.lose()
    assert ward.hear(7500) == []


def test_what_people_did_still_counts() -> None:
    ward = Ward()
    ward.hear(1, zone_alert(**ESCALATES))
    ward.act("ACKNOWLEDGED", 60)

    ward.lose()

    assert ward.hear(9000) == []


def test_what_is_decided_afterwards_is_notified() -> None:
    ward = Ward()
    ward.hear(1, zone_alert())
    ward.hear(2000, zone_alert(2000, "CHANGED"))

    ward.lose()

    assert ward.hear(4000) == []
    assert ward.hear(5000, zone_alert(5000, "CHANGED")) == [("CHANGED", "charge nurse")]


def test_what_nobody_was_notified_of_in_time_is_old_once() -> None:
    ward = Ward()
    ward.open["rule/zone/zone"] = zone_alert()

    assert ward.hear(OLDEST_S + 1) == [("OLD", "charge nurse")]
    ward.lose()

    assert ward.hear(OLDEST_S + 61) == []


def test_an_alert_that_the_fold_does_not_know_any_more_is_forgotten() -> None:
    ward = Ward()
    ward.hear(1, zone_alert(**ESCALATES))
    ward.open.clear()

    assert ward.hear(60) == []
    assert ward.book.state.alerts == {}
    assert ward.wait(9000) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_notifier_that_loses_its_memory_at_any_moment_notifies_as_one_that_does_not(
    seed: int,
) -> None:
    dice = random.Random(seed)
    whole, broken = Ward(), Ward()
    found: tuple[list[Any], list[Any]] = [], []
    action, opened_s = "CLOSED", 0.0
    for number in range(1, 60):
        at_s = float(number * 100)
        decided = []
        if dice.random() < 0.5:
            action = "OPENED" if action == "CLOSED" else dice.choice(["CHANGED", "CLOSED"])
            opened_s = at_s if action == "OPENED" else opened_s
            fields = {**ESCALATES, "opened_us": round(opened_s * S), "escalate_after_s": 250}
            decided.append(zone_alert(at_s, action, **fields))
        if dice.random() < 0.4:
            broken.lose()
        for ward, notified in zip((whole, broken), found, strict=True):
            notified += [(at_s, one) for one in ward.hear(at_s, *decided)]

    assert found[1] == found[0]
    assert len(found[0]) > 5
