"""Roles by the classes that a detector gives to people, on floors of any kind."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from runtime.checkpoints import EntityState
from schemas.class_settings import ClassSettings
from schemas.records.frames import DetectionOutcome
from schemas.records.presence import Person
from streams.domain.evidence.waiting import NO_READS, Reads
from streams.domain.facts.timeline import Facts
from streams.domain.floor import ticks as floor_module
from streams.domain.floor.tick import TICK_US
from streams.domain.output import Output
from streams.domain.pipeline import PartitionPipeline
from streams.domain.settings import FloorSettings, PipelineSettings
from streams.state.codec import decode_state, encode_state
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    facts_of,
    occupancies,
    outcome,
    presences,
    requirement,
    staff,
    zone,
)
from tests.support.builders.reads import badge_read
from tests.support.fakes import KnownReads
from tests.support.fused_ward import (
    closing_heartbeats,
    fused_floor,
    in_order,
    looks,
    shuffled,
    walkers,
)

STATED = ClassSettings(roles="nurse=nurse:0.9, blue=nurse:0.85:uniform, doc=doctor:0.9, staff=")
SCALE = [0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0]
ROOM = (
    camera(homography=SCALE),
    zone(),
    requirement(),
    staff("ann", "nurse"),
    staff("bob", "doctor"),
)


def pipeline_of(classes: ClassSettings = STATED, **fields: Any) -> PartitionPipeline:
    return PartitionPipeline(PipelineSettings(floor=FloorSettings(classes=classes, **fields)))


def fold(
    outcomes: Iterable[DetectionOutcome],
    facts: Facts,
    pipeline: PartitionPipeline,
    reads: Reads = NO_READS,
) -> list[Output]:
    return [output for one in outcomes for output in pipeline.advance(one, facts, reads)]


def standing(seconds: float, *labels: str) -> list[DetectionOutcome]:
    """Somebody stands at `(2, 4)` m and is given these classes in turn."""
    times = range(0, round(seconds * 1000), 100)
    return [
        outcome(T0 + at_ms * MS, [{**box(200, 400), "label": labels[number % len(labels)]}])
        for number, at_ms in enumerate(times)
    ]


def last(outputs: Sequence[Output]) -> Person:
    [person] = presences(outputs)[-1]["people"]
    return person


def test_a_class_gives_a_role_without_any_reader_and_closes_the_gap() -> None:
    outputs = fold(standing(30, "blue", "person"), facts_of(*ROOM), pipeline_of())

    person = last(outputs)
    assert (person["role"], person["staff_id"], person["candidates"]) == ("nurse", None, [])
    assert person["role_confidence"] >= 0.9
    assert person["role_evidence"] == ["UNIFORM"]
    assert person["duty_status"] == "UNKNOWN"
    found = occupancies(outputs)
    assert (found[0]["identified"], found[-1]["identified"]) == (0, 1)
    assert (found[-1]["gap_min"], found[-1]["gap_max"]) == (0, 0)


def test_patients_are_visitors_of_whom_no_shift_is_asked() -> None:
    stated = ClassSettings(roles="gown=patient:0.95")

    person = last(fold(standing(30, "gown"), facts_of(*ROOM), pipeline_of(stated)))

    assert (person["role"], person["duty_status"]) == ("patient", "VISITOR")


def test_a_class_that_is_not_stated_shows_nobody_and_one_without_a_role_shows_a_person() -> None:
    """As before: without a statement, only `person` is one."""
    facts = facts_of(*ROOM)

    unstated = fold(standing(5, "staff"), facts, pipeline_of(ClassSettings()))
    stated = fold(standing(5, "staff"), facts, pipeline_of())

    assert not any(one["people"] for one in presences(unstated))
    assert last(stated)["role"] == ""


def test_what_is_stated_changes_nothing_where_no_box_has_the_class() -> None:
    facts = facts_of(*ROOM)
    one, other = pipeline_of(ClassSettings()), pipeline_of()

    assert fold(standing(5, "person"), facts, one) == fold(standing(5, "person"), facts, other)
    assert one.take_changed(encode_state) == other.take_changed(encode_state)


def test_a_class_that_is_always_wrong_takes_no_name_from_a_badge() -> None:
    reads = [
        badge_read(T0 + at_s * S, "b1", x_m=2.0, y_m=4.0, recorded_at_us=T0 + at_s * S)
        for at_s in (2, 8, 20, 30)
    ]

    found = fold(standing(40, "doc"), facts_of(*ROOM), pipeline_of(), KnownReads(reads))

    person = last(found)
    assert (person["role"], person["staff_id"]) == ("nurse", "ann")
    assert person["role_evidence"] == ["BADGE"]


def test_classes_count_where_no_reads_are_taken_and_badges_then_do_not() -> None:
    pipeline, facts = pipeline_of(), facts_of(*ROOM)
    log = standing(60, "nurse")
    reads = [badge_read(T0 + at_s * S, "b1", x_m=2.0, y_m=4.0) for at_s in (1, 8)]
    assert last(fold(log[:200], facts, pipeline, KnownReads(reads)))["staff_id"] == "ann"

    pipeline.settings = PipelineSettings(floor=FloorSettings(classes=STATED, takes_reads=False))

    person = last(fold(log[200:], facts, pipeline))
    assert (person["role"], person["staff_id"]) == ("nurse", None)
    assert person["role_evidence"] == ["DETECTOR_CLASS"]


SECONDS = 24.0


def ward(*labels_of_views: str) -> tuple[list[Any], list[DetectionOutcome]]:
    """A fused floor whose three cameras each give everybody one class, and a camera of its own."""
    chance = random.Random("classes")
    records = [*fused_floor("f1"), camera("cart", "f1", homography=SCALE), staff("ann", "nurse")]
    people = walkers("classes", SECONDS)
    sent = []
    for view, label in enumerate(labels_of_views):
        times = range(40 * view, round(SECONDS * 1000), 200)
        for one in looks("f1", view, times, people):
            for found in one["detections"]:
                found["label"] = label or chance.choice(["nurse", "doc", "blue", "person", "staff"])
            sent.append(one)
    sent += [outcome(one["captured_us"], one["detections"], camera_id="cart") for one in sent[::9]]
    return records, [*in_order(sent), *closing_heartbeats(records, SECONDS + 30.0)]


def roles(records: list[Any], log: list[DetectionOutcome]) -> set[tuple[str, str]]:
    """Kind of id and role of everybody who was there for long, at the end."""
    seen = [one for one in presences(fold(log, facts_of(*records), pipeline_of())) if one["people"]]
    before = {one["person_id"] for one in seen[len(seen) // 3]["people"]}
    return {
        (person["person_id"].partition(":")[0], person["role"])
        for person in seen[-len(seen) // 4]["people"]
        if person["person_id"] in before
    }


def test_cameras_that_see_one_person_agree_or_contradict_each_other() -> None:
    assert ("f1", "nurse") in roles(*ward("nurse", "nurse", "blue"))
    assert ("f1", "") not in roles(*ward("nurse", "nurse", "blue"))
    assert {role for owner, role in roles(*ward("nurse", "doc", "person")) if owner == "f1"} == {""}


@pytest.mark.parametrize("takes_reads", [True, False])
def test_a_jump_and_a_restart_are_the_same_as_going_on_tick_by_tick(
    takes_reads: bool, monkeypatch: Any
) -> None:
    records, log = ward("", "", "")
    facts = facts_of(*records)
    reads = [
        badge_read(T0 + at_s * S, "b1", floor_id="f1", x_m=3.0, y_m=3.0) for at_s in range(1, 20, 3)
    ]
    jumping, walking = (pipeline_of(takes_reads=takes_reads) for _ in range(2))
    jumped = fold(log, facts, jumping, KnownReads(reads))
    states = jumping.take_changed(encode_state)
    saved: dict[str, EntityState] = {}
    restarted: list[Output] = []
    for first in range(0, len(log), 7):
        split = pipeline_of(takes_reads=takes_reads)
        split.restore({key: decode_state(key, state) for key, state in saved.items()})
        restarted += fold(log[first : first + 7], facts, split, KnownReads(reads))
        saved |= split.take_changed(encode_state)
    monkeypatch.setattr(floor_module, "next_due", lambda floor, *_: floor.closed_us + TICK_US)

    assert restarted == jumped
    assert saved == states
    assert fold(log, facts, walking, KnownReads(reads)) == jumped
    assert walking.take_changed(encode_state) == states
    evidence = jumping.floors["f1"].evidence
    assert evidence is not None
    assert any(one.worn for one in evidence.state.people.values())


def people_at(outputs: Sequence[Output]) -> list[tuple[int, list[Person]]]:
    """Who was there by the end of each tick."""
    return [(one["as_of_us"], one["people"]) for one in presences(outputs)]


@pytest.mark.parametrize("seed", range(2))
def test_no_order_of_cameras_frames_boxes_and_reads_has_an_effect(seed: int) -> None:
    """Frames may come late, a camera's own in order; reads in any order."""
    chance = random.Random(seed)
    records, log = ward("", "", "")
    reads = [
        badge_read(T0 + at_s * S, f"b{at_s % 2}", floor_id="f1", x_m=3.0, y_m=3.0)
        for at_s in range(1, 20, 3)
    ]
    expected = fold(log, facts_of(*records), pipeline_of(), KnownReads(reads))
    mixed = [
        one | {"detections": chance.sample(boxes, len(boxes))}
        for one in shuffled(log, chance, 1_500_000)
        for boxes in [one["detections"]]
    ]
    chance.shuffle(reads)

    found = fold(mixed, facts_of(*records), pipeline_of(), KnownReads(reads))

    assert people_at(found) == people_at(expected)
