"""Rules tried over stored records decide what the fold decides under them."""

from collections.abc import Sequence
from typing import Any

import pytest

from schemas.records.frames import DetectionOutcome
from schemas.topics import OCCUPANCY, PRESENCE, ZONE_ALERTS, ZONE_EVENTS
from streams.domain.facts.timeline import Facts
from streams.domain.output import Output
from streams.domain.pipeline import PartitionPipeline
from tests.support.builders.alerts import rule
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    facts_of,
    fold,
    of_topic,
    outcome,
    requirement,
    zone,
)
from tests.support.builders.outputs import item
from workers.registry.rule_rows import RuleRow
from workers.simulation.report import Report, example_of
from workers.simulation.simulation import Decided, Simulation, tried
from workers.storage.item import Item

SEEN = (ZONE_EVENTS, OCCUPANCY, PRESENCE)
HERE, AWAY = [box(200, 300)], [box(700, 300)]


def log() -> list[DetectionOutcome]:
    """Four frames a second for three minutes; somebody is in the zone every other 20 s."""
    return [
        outcome(T0 + at_ms * MS, HERE if at_ms // 20_000 % 2 else AWAY)
        for at_ms in range(250, 180_000, 250)
    ]


def facts(*rules: Any) -> Facts:
    return facts_of(camera(), zone(), requirement(), *rules)


RULES = (
    rule("gap", open_after_s=7, close_after_s=4, suppress_s=30, tier="NOTICE"),
    rule("crowd", kind="OVER_CAPACITY", threshold=0, open_after_s=2, repeat_after_s=3),
    rule("stay", kind="DWELL", threshold=6, one_per="PERSON"),
    rule("alone", kind="ALONE", bound="POSSIBLE", stage="SILENT"),
    rule("camera", kind="CAMERA_MISSING"),
    rule("later", kind="DWELL", threshold=1, recorded_at_us=T0 + 90 * S),
    rule("later", kind="DWELL", version=2, removed=True, recorded_at_us=T0 + 120 * S),
)


def stored(outputs: Sequence[Output]) -> list[Item]:
    return [
        item(output.topic, dict(output.record), number)
        for number, output in enumerate(outputs)
        if output.topic in SEEN
    ]


@pytest.fixture(scope="module")
def outputs() -> list[Output]:
    return fold(PartitionPipeline(), facts(*RULES), log())


def simulated(records: Sequence[Item], under: Facts, from_us: int = T0) -> list[Decided]:
    return list(Simulation(under, from_us, T0 + 3600 * S).of(iter(records)))


def test_a_simulation_decides_what_the_fold_decided(outputs: list[Output]) -> None:
    decided = [one for record in of_topic(outputs, ZONE_ALERTS.name) for one in record["decided"]]

    found = simulated(stored(outputs), facts(*RULES))

    assert len(decided) > 12
    assert [one.alert for one in found] == decided
    assert {one.floor_id for one in found} == {"floor"}


def test_repeats_and_topics_that_are_read_apart_change_nothing(outputs: list[Output]) -> None:
    records = stored(outputs)
    apart = sorted(records, key=lambda one: (one.record["as_of_us"] // (3 * S), one.topic.name))
    simulation = Simulation(facts(*RULES), T0, T0 + 3600 * S)

    again = [*apart[: len(apart) // 2], *apart[len(apart) // 4 :]]

    assert list(simulation.of(iter(again))) == simulated(records, facts(*RULES))
    assert simulation.counts["repeats"] > 0
    assert simulation.counts["late"] == 0
    assert 170 * S < simulation.followed_us <= 180 * S


def test_only_what_was_decided_in_the_time_that_was_asked_for_is_given(
    outputs: list[Output],
) -> None:
    from_us = T0 + 100 * S

    found = simulated(stored(outputs), facts(*RULES), from_us)

    whole = simulated(stored(outputs), facts(*RULES))
    assert found == [one for one in whole if one.alert["decided_us"] >= from_us]


def test_a_rule_of_a_file_holds_all_the_time() -> None:
    row = RuleRow(
        rule_id="new",
        kind="over-capacity",
        threshold=0,
        open_after_s=3,
        owner="charge nurse",
        next_action="go",
        stage="everywhere",
    )
    records = stored(fold(PartitionPipeline(), facts(), log()))

    opened = [one.alert for one in simulated(records, facts(tried(row.fields())))]

    assert opened[0]["rule_id"] == "new"
    assert opened[0]["opened_us"] - opened[0]["since_us"] == 3 * S


def test_a_report_counts_by_tier_rule_and_shift(outputs: list[Output]) -> None:
    report = Report({"floor": "Europe/Berlin"}, examples=1)
    report.take(simulated(stored(outputs), facts(*RULES)))

    burdens = report.burdens()
    examples = list(report.examples())

    assert {one.shift for one in burdens} == {"23:00-07:00"}  # 01:00 in Berlin
    assert [one.tier for one in burdens][-1] == "NOTICE"
    by_rule = {one.rule_id: one for one in burdens}
    assert by_rule["alone"].paged == 0
    assert dict(by_rule["alone"].held_back)["SILENT_RULE"] == by_rule["alone"].opened
    assert by_rule["gap"].suppressed >= 1
    assert by_rule["stay"].opened == by_rule["stay"].paged > 1
    assert sum(one.opened for one in burdens) == sum(
        one.alert["action"] == "OPENED" for one in simulated(stored(outputs), facts(*RULES))
    )
    assert sorted(one.alert["rule_id"] for _, one in examples) == sorted(by_rule)
    at, first = examples[0]
    assert at.startswith("2026-01-01 01:00:")
    assert example_of(at, first).startswith(f"{at} zone zone: ")
