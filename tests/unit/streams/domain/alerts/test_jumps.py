"""Time alone decides only when it said it would: ticks between may be left out."""

import random
from typing import Any

import pytest

from streams.domain.alerts import of_badges
from streams.domain.alerts.emitted import Emitted
from streams.domain.alerts.floor_rules import FloorRules
from streams.domain.alerts.state import AlertsState
from streams.domain.alerts.step import advance, next_due_us
from streams.domain.floor.tick import TICK_US, tick_end
from tests.support.builders.alerts import (
    counted,
    event,
    in_two_positions,
    occupancy,
    rule,
    rules_of,
    seen,
)
from tests.support.builders.domain import T0, S

ZONES = {"a": None, "b": "cam-b"}
TICKS = 1000


def some_rule(dice: random.Random, rule_id: str) -> Any:
    kind = dice.choice(
        [
            *("COVERAGE_GAP", "OVER_CAPACITY", "DWELL", "OFF_SHIFT", "ALONE", "CAMERA_MISSING"),
            "BADGE_CONTRADICTION",
        ]
    )
    per_person = kind in ("DWELL", "OFF_SHIFT") and dice.random() < 0.5
    return rule(
        rule_id,
        version=dice.randint(1, 3),
        kind=kind,
        one_per="PERSON" if per_person else "ZONE",
        bound=dice.choice(["SURE", "POSSIBLE"]),
        threshold=dice.choice([1, 2]) if kind != "DWELL" else dice.choice([5, 20]),
        close_at=0 if dice.random() < 0.3 else None,
        open_after_s=dice.choice([0, 3, 20]),
        close_after_s=dice.choice([0, 5, 30]),
        repeat_after_s=dice.choice([0, 7]),
        suppress_s=dice.choice([0, 40]),
        deduplication_key=dice.choice(["", "shared"]),
        tier=dice.choice(["NOTICE", "PAGE"]),
        stage=dice.choice(["SILENT", "PILOT", "EVERYWHERE", "EVERYWHERE"]),
        min_confidence=dice.choice([0.0, 0.9]),
        schedule=[] if dice.random() < 0.6 else [
            {"weekdays": [4], "from_minute": dice.randint(0, 3), "to_minute": dice.randint(1, 4)}
        ],
        zone_ids=["a"] if kind != "CAMERA_MISSING" and dice.random() < 0.3 else [],
    )  # fmt: skip


def some_rules(dice: random.Random) -> FloorRules:
    return rules_of(
        *(some_rule(dice, f"r{number}") for number in range(dice.randint(0, 6))), zones=ZONES
    )


def some_records(dice: random.Random, at_us: int) -> Emitted:
    people = [
        seen(
            name,
            role=dice.choice(["", "nurse", "patient"]),
            status=dice.choice(["UNKNOWN", "ON_SHIFT", "OFF_SHIFT"]),
            role_confidence=dice.choice([0.8, 0.95]),
            zone_ids=dice.choice([["a"], ["b"], ["a", "b"], []]),
            calibration_suspect=dice.random() < 0.1,
        )
        for name in "pqr"
        if dice.random() < 0.6
    ]
    low = dice.randint(0, 2)
    measured = occupancy(
        low=low,
        high=low + dice.randint(0, 1),
        zone_id=dice.choice(["a", "b"]),
        as_of_us=at_us,
        is_watched=dice.random() < 0.8,
        count=counted(low, low + 1, dice.randint(0, 1)),
        person_ids=sorted(dice.sample("pqr", dice.randint(0, 3))),
        cameras_missing=["cam-b"] if dice.random() < 0.2 else [],
    )
    moved = event(
        dice.choice(["ENTERED", "LEFT"]),
        dice.choice("pqr"),
        (at_us - T0) / S,
        zone_id=dice.choice(["a", "b"]),
    )
    has_presence = dice.random() < 0.7
    return Emitted(
        at_us,
        events=[moved] if dice.random() < 0.3 else [],
        occupancies=[measured] if dice.random() < 0.5 else [],
        people=people if has_presence else None,
        cameras_missing=dice.choice([[], ["cam-a"]]) if has_presence else None,
        links=[in_two_positions((at_us - T0) / S, dice.choice("xy"))]
        if dice.random() < 0.2
        else [],
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_jump_decides_the_same_as_every_tick(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_badges, "HELD_US", 25 * S)
    dice = random.Random(seed)
    records = {}
    for number in range(1, TICKS):
        if dice.random() < 0.03:
            records[T0 + number * TICK_US] = some_records(dice, T0 + number * TICK_US)
    changes = {T0 + number * TICK_US: some_rules(dice) for number in (1, 400, 410, 800)}

    stepping, jumping = AlertsState(), AlertsState()
    every: list[Any] = []
    some: list[Any] = []
    jumped_us = T0
    rules = rules_of(zones=ZONES)
    for number in range(1, TICKS):
        at_us = T0 + number * TICK_US
        changed = at_us in changes
        rules = changes.get(at_us, rules)
        emitted = records.get(at_us, Emitted(at_us))
        every += advance(stepping, emitted, rules)
        is_due = tick_end(next_due_us(jumping, rules, jumped_us)) <= at_us
        if changed or at_us in records or is_due:
            some += advance(jumping, emitted, rules)
            jumped_us = at_us
        assert jumping == stepping, (at_us - T0) / S

    assert some == every
