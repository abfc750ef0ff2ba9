"""Rules of alerts in the fold: decided after a tick, saved with the floor, and after a jump."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.codec import Codec, schema_text
from schemas.records.frames import DetectionOutcome
from schemas.topics import ZONE_ALERTS
from streams.domain.facts.timeline import Facts
from streams.domain.floor import ticks as floor_module
from streams.domain.floor.tick import TICK_US
from streams.domain.pipeline import PartitionPipeline
from streams.domain.settings import FloorSettings, PipelineSettings
from streams.state.codec import decode_state, encode_state
from tests.support.builders.alerts import in_short, rule
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    facts_of,
    fold,
    heartbeat,
    of_topic,
    outcome,
    requirement,
    zone,
)

HERE, AWAY = [box(200, 300)], [box(700, 300)]


def alerts(outputs: Any) -> list[Any]:
    return of_topic(outputs, ZONE_ALERTS.name)


def decided(outputs: Any) -> list[tuple[str, str, float]]:
    return in_short(one for record in alerts(outputs) for one in record["decided"])


def seconds(start_s: int, end_s: int, *, empty: bool = True) -> list[DetectionOutcome]:
    """Four frames a second; a person stands in the zone or beside it."""
    return [
        outcome(T0 + at_ms * MS, AWAY if empty else HERE)
        for at_ms in range(start_s * 1000 + 250, end_s * 1000 + 1, 250)
    ]


def ward(*facts: Any) -> Facts:
    return facts_of(camera(), zone(), *facts)


CROWDED = rule(
    kind="OVER_CAPACITY", threshold=0, open_after_s=5, close_after_s=3, repeat_after_s=60
)


def test_a_breach_is_decided_after_the_tick_in_which_it_has_lasted() -> None:
    pipeline = PartitionPipeline()

    outputs = fold(
        pipeline,
        ward(CROWDED),
        [*seconds(0, 5), *seconds(5, 15, empty=False), *seconds(15, 25), *seconds(25, 26)],
    )

    actions = decided(outputs)
    assert [(action, cause) for action, cause, _ in actions] == [
        ("OPENED", "BREACH"),
        ("CLOSED", "CLEARED"),
    ]
    opened, closed = alerts(outputs)
    assert (opened["seq"], closed["seq"]) == (1, 2)
    assert opened["decided"] == opened["open"]
    assert opened["decided"][0]["decided_us"] - opened["decided"][0]["since_us"] == 5 * S
    assert closed["open"] == []
    assert opened["open"][0]["evidence"][0]["topic"] == "zone-occupancy.measured.v1"


def test_an_open_alert_is_sent_every_minute_but_not_while_the_floor_is_silent() -> None:
    facts = ward(requirement(), rule())
    outputs = fold(PartitionPipeline(), facts, [*seconds(0, 130), heartbeat(T0 + 600 * S)])

    assert [(one["as_of_us"] - T0) / S for one in alerts(outputs)][1:] == [
        60.0,
        120.0,
        180.0,
        600.0,
    ]
    assert {one["reason"] for one in alerts(outputs)[1:]} == {"PERIODIC"}
    assert [len(one["open"]) for one in alerts(outputs)] == [1] * 5


def test_a_rule_that_is_recorded_later_holds_five_seconds_after() -> None:
    later = rule(recorded_at_us=T0 + 20 * S)

    outputs = fold(PartitionPipeline(), ward(requirement(), later), seconds(0, 40))

    [(action, _, at_s)] = decided(outputs)
    assert action == "OPENED"
    assert 25.0 <= at_s <= 35.0  # with the next record of the zone, which comes every 10 s


def test_a_rule_that_is_removed_closes_its_alert() -> None:
    removal = rule(version=2, removed=True, recorded_at_us=T0 + 20 * S)

    outputs = fold(PartitionPipeline(), ward(requirement(), rule(), removal), seconds(0, 40))

    assert decided(outputs)[1:] == [("CLOSED", "RULE_REMOVED", 25.0)]


def test_settings_of_an_earlier_release_decide_nothing() -> None:
    settings = PipelineSettings(floor=FloorSettings(decides_alerts=False))
    pipeline = PartitionPipeline(settings)
    facts = ward(requirement(), rule())

    assert alerts(fold(pipeline, facts, seconds(0, 20))) == []
    assert pipeline.floors["floor"].alerts.stays == {}
    pipeline.settings = replace(settings, floor=FloorSettings())
    assert decided(fold(pipeline, facts, seconds(20, 40)))[0][:2] == ("OPENED", "BREACH")


RULES = (
    rule("gap", open_after_s=7, close_after_s=4),
    CROWDED,
    rule("stay", kind="DWELL", threshold=6),
    rule("alone", kind="ALONE", bound="POSSIBLE", open_after_s=3, suppress_s=12),
    rule("camera", kind="CAMERA_MISSING", open_after_s=4),
)
LOG = [
    *seconds(0, 12),
    *seconds(12, 27, empty=False),
    *seconds(27, 34),
    heartbeat(T0 + 55 * S),
    *seconds(56, 75, empty=False),
    *seconds(75, 90),
]


@pytest.mark.parametrize("cut", [1, 60, 100, 138, 180])
def test_a_fold_that_is_saved_and_restored_decides_the_same(cut: int) -> None:
    facts = ward(requirement(), *RULES)
    whole = fold(PartitionPipeline(), facts, LOG)
    pipeline = PartitionPipeline()
    outputs = fold(pipeline, facts, LOG[:cut])
    saved = pipeline.take_changed(encode_state)
    restored = PartitionPipeline()
    restored.restore({key: decode_state(key, state) for key, state in saved.items()})

    assert len(alerts(whole)) > 6
    assert [*outputs, *fold(restored, facts, LOG[cut:])] == whole
    assert {key: encode_state(decode_state(key, state)) for key, state in saved.items()} == saved


def test_a_jump_over_ticks_decides_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = ward(requirement(), *RULES)
    jumping, stepping = PartitionPipeline(), PartitionPipeline()
    jumped = fold(jumping, facts, LOG)
    monkeypatch.setattr(floor_module, "next_due", lambda floor, *_: floor.closed_us + TICK_US)

    assert fold(stepping, facts, LOG) == jumped
    assert stepping.floors == jumping.floors


def test_a_record_is_what_its_schema_says() -> None:
    text = schema_text(ZONE_ALERTS)
    codec = Codec(ZONE_ALERTS, schema_id=1, find_schema=lambda _: text)

    for record in alerts(fold(PartitionPipeline(), ward(requirement(), *RULES), LOG)):
        assert codec.decode(codec.encode(record)) == record
