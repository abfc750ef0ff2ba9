"""Who is on a floor by reads of badges, and that nothing but the log decides it."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from runtime.checkpoints import EntityState
from schemas.records.evidence import BadgeRead
from schemas.records.frames import DetectionOutcome
from schemas.topics import ZONE_ALERTS
from streams.domain.evidence.queue import visible_us
from streams.domain.evidence.waiting import KEPT_US, NO_READS, Reads
from streams.domain.facts.timeline import Facts
from streams.domain.floor import ticks as floor_module
from streams.domain.floor.tick import TICK_US
from streams.domain.output import Output
from streams.domain.pipeline import PartitionPipeline
from streams.domain.settings import FloorSettings, PipelineSettings
from streams.state.codec import decode_state, encode_state
from tests.support.builders.alerts import rule
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    facts_of,
    links,
    occupancies,
    of_topic,
    outcome,
    presences,
    requirement,
    shift,
    staff,
    zone,
)
from tests.support.builders.reads import badge_read, known_at_once
from tests.support.fakes import KnownReads
from tests.support.fused_ward import closing_heartbeats, fused_floor, in_order, looks, walkers

SCALE = [0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0]
"""A homography: 100 px are a metre."""

ROOM = (
    camera(homography=SCALE),
    zone(),
    requirement(),
    staff("ann", "nurse"),
    staff("bob", "doctor"),
)


def fold(
    outcomes: Iterable[DetectionOutcome],
    facts: Facts,
    reads: Reads = NO_READS,
    pipeline: PartitionPipeline | None = None,
) -> list[Output]:
    pipeline = pipeline or PartitionPipeline()
    return [output for one in outcomes for output in pipeline.advance(one, facts, reads)]


def standing(seconds: float, x_px: float = 200) -> list[DetectionOutcome]:
    """Somebody stands at `(2, 4)` m, unless said otherwise."""
    times = range(0, round(seconds * 1000), 100)
    return [outcome(T0 + at_ms * MS, [box(x_px, 400)]) for at_ms in times]


def at_person(at_s: float, badge_id: str = "b1", **fields: Any) -> BadgeRead:
    return badge_read(T0 + round(at_s * S), badge_id, **{"x_m": 2.0, "y_m": 4.0, **fields})


def names(outputs: Sequence[Output]) -> list[tuple[int, str, str | None]]:
    """Time after `T0` in milliseconds, role and name of the one person, where they change."""
    found: list[tuple[int, str, str | None]] = []
    for one in presences(outputs):
        for person in one["people"]:
            now = (person["role"], person["staff_id"])
            if not found or found[-1][1:] != now:
                found.append(((one["as_of_us"] - T0) // MS, *now))
    return found


def test_a_floor_without_reads_keeps_no_evidence() -> None:
    pipeline = PartitionPipeline()

    fold(standing(20), facts_of(*ROOM), KnownReads(), pipeline)

    assert pipeline.floors["floor"].evidence is None


def test_who_a_badge_names_has_a_role_and_a_name_from_the_tick_on_that_takes_in_the_read() -> None:
    """The first read of a floor finds no positions; from then on they are remembered."""
    reads = [at_person(1, "b2", x_m=7.0), at_person(8)]

    outputs = fold(standing(16), facts_of(*ROOM), KnownReads(reads))

    assert names(outputs) == [(200, "", None), (13_000, "nurse", "ann")]
    [person] = presences(outputs)[-1]["people"]
    assert person["role_confidence"] >= 0.9


def test_a_role_that_a_badge_gives_closes_the_gap() -> None:
    reads = [at_person(1, "b2", x_m=7.0), at_person(8)]

    found = occupancies(fold(standing(16), facts_of(*ROOM), KnownReads(reads)))

    before, after = found[-2], found[-1]
    assert (before["identified"], after["identified"]) == (0, 1)
    assert (before["gap_min"], before["gap_max"]) == (0, 1)
    assert (after["gap_min"], after["gap_max"]) == (0, 0)
    assert after["reason"] == "CHANGE"
    assert after["as_of_us"] == T0 + 13 * S
    assert after["roles"][0]["present_min"] == 1


def test_a_named_person_has_candidates_evidence_and_what_the_shifts_say() -> None:
    """The shift begins at 14 s: before that, whoever has it is early."""
    reads = [at_person(1, "b2", x_m=7.0), at_person(8)]
    mine = shift(starts_us=T0 + 14 * S, ends_us=T0 + 60 * S, staff_id="ann")

    outputs = fold(standing(16), facts_of(*ROOM, mine), KnownReads(reads))

    found = [person for one in presences(outputs) for person in one["people"]]
    assert (found[0]["candidates"], found[0]["role_evidence"]) == ([], [])
    statuses = [one["duty_status"] for one in found]
    assert list(dict.fromkeys(statuses)) == ["UNKNOWN", "EARLY", "ON_SHIFT"]
    named = [one for one in found if one["staff_id"] == "ann"]
    assert {tuple(one["role_evidence"]) for one in named} == {("BADGE",)}
    assert all(one["candidates"][0]["staff_id"] == "ann" for one in named)
    assert all(one["candidates"][0]["confidence"] >= 0.9 for one in named)


def shared(at_s: float) -> BadgeRead:
    """Ann and Bob share this badge."""
    return at_person(at_s, "b9", staff_ids=["ann", "bob"])


@pytest.mark.parametrize("on_shift", ["ann", "bob", ""])
def test_shifts_order_candidates_who_are_as_likely_and_name_nobody(on_shift: str) -> None:
    reads = [at_person(1, "b2", x_m=7.0), shared(8)]
    mine = [shift(starts_us=0, ends_us=T0 + 60 * S, staff_id=on_shift)] if on_shift else []

    outputs = fold(standing(16), facts_of(*ROOM, *mine), KnownReads(reads))

    [person] = presences(outputs)[-1]["people"]
    assert [one["staff_id"] for one in person["candidates"]] == (
        ["bob", "ann"] if on_shift == "bob" else ["ann", "bob"]
    )
    assert len({one["confidence"] for one in person["candidates"]}) == 1
    assert (person["staff_id"], person["duty_status"]) == (None, "UNKNOWN")


def test_shifts_change_nothing_but_the_status_and_the_order_of_candidates() -> None:
    """Whoever is planned, nobody is present, named, or surer for it."""
    reads = [at_person(1, "b2", x_m=7.0), at_person(8), shared(9)]
    plans = [
        [],
        [shift(starts_us=0, ends_us=T0 + 60 * S, staff_id="bob")],
        [shift(starts_us=0, ends_us=T0 + 9 * S, staff_id="ann", zone_id="elsewhere")],
    ]
    found = []
    for plan in plans:
        outputs = fold(standing(16), facts_of(*ROOM, *plan), KnownReads(reads))
        people = [
            {
                **person,
                "duty_status": "",
                "candidates": sorted(tuple(one.items()) for one in person["candidates"]),
            }
            for one in presences(outputs)
            for person in one["people"]
        ]
        found.append((people, occupancies(outputs)[-1]["identified"]))

    assert found[0] == found[1] == found[2]


def test_reads_change_nothing_where_they_are_not_taken() -> None:
    reads = [at_person(1), at_person(8)]
    without = PipelineSettings(floor=FloorSettings(takes_reads=False))

    found = fold(standing(16), facts_of(*ROOM), KnownReads(reads), PartitionPipeline(without))

    assert found == fold(standing(16), facts_of(*ROOM))


def test_names_end_when_reads_are_taken_no_more() -> None:
    reads = [at_person(1, "b2", x_m=7.0), at_person(8)]
    pipeline, facts = PartitionPipeline(), facts_of(*ROOM)
    named = fold(standing(16)[:150], facts, KnownReads(reads), pipeline)
    assert names(named)[-1][1:] == ("nurse", "ann")
    pipeline.settings = PipelineSettings(floor=FloorSettings(takes_reads=False))

    outputs = fold(standing(16)[150:], facts, NO_READS, pipeline)

    assert {person["role"] for one in presences(outputs) for person in one["people"]} == {""}
    assert occupancies(outputs)[0]["identified"] == 0
    assert pipeline.floors["floor"].evidence is None


def test_a_read_that_comes_too_late_is_a_link_and_names_nobody() -> None:
    late = at_person(2, recorded_at_us=T0 + 30 * S)

    outputs = fold(standing(40), facts_of(*ROOM), KnownReads([at_person(1, "b2", x_m=7.0), late]))

    [link] = links(outputs)
    assert (link["kind"], link["at_us"], link["as_of_us"]) == ("BADGE", T0 + 2 * S, T0 + 35 * S)
    assert link["reason"].startswith("badge b1 was read by door, and that was known 33.0 s later")
    assert names(outputs) == [(200, "", None)]


def test_a_badge_in_two_positions_at_once_is_a_link_that_names_nobody() -> None:
    reads = [at_person(1, "b2", x_m=7.0), at_person(8)]
    reads.append(at_person(9, x_m=50.0, reader_id="gate"))

    outputs = fold(standing(20), facts_of(*ROOM), KnownReads(reads))

    [link] = links(outputs)
    assert (link["kind"], link["seq"], link["at_us"]) == ("BADGE", 1, T0 + 9 * S)
    assert "in two positions at once: read by door and gate, 1.0 s and 45.0 m apart" in str(link)
    assert names(outputs)[-1][1:] == ("", None)


def test_a_badge_in_two_positions_at_once_opens_an_alert_of_the_floor() -> None:
    reads = [at_person(8), at_person(9, x_m=50.0, reader_id="gate")]
    facts = facts_of(*ROOM, rule(kind="BADGE_CONTRADICTION"))
    earlier = PipelineSettings(floor=FloorSettings(doubts_badges=False))

    outputs = fold(standing(20), facts, KnownReads(reads))
    before = fold(standing(20), facts, KnownReads(reads), PartitionPipeline(earlier))

    [record] = of_topic(outputs, ZONE_ALERTS.name)
    [opened] = record["decided"]
    [link] = links(outputs)
    assert (opened["zone_id"], opened["figure_min"], link["badge_id"]) == ("", 1, "b1")
    assert opened["evidence"][0]["as_of_us"] == link["as_of_us"] == record["as_of_us"]
    assert of_topic(before, ZONE_ALERTS.name) == []


def test_a_read_that_comes_twice_counts_once() -> None:
    once = [at_person(1, "b2", x_m=7.0), at_person(8)]
    again = at_person(8, recorded_at_us=T0 + 9 * S)

    assert fold(standing(20), facts_of(*ROOM), KnownReads([*once, again])) == fold(
        standing(20), facts_of(*ROOM), KnownReads(once)
    )


def test_a_read_of_a_zone_that_was_removed_is_a_link_and_takes_no_name_away() -> None:
    reads = [at_person(1, "b2", x_m=7.0), at_person(8)]
    there: dict[str, Any] = {"x_m": None, "y_m": None, "range_m": None, "zone_id": "gone"}
    gone = zone("gone"), zone("gone", removed=True, version=2, valid_from_us=T0 + 9 * S)
    reads.append(at_person(10, **there))

    outputs = fold(standing(20), facts_of(*ROOM, *gone), KnownReads(reads))

    [link] = links(outputs)
    assert (link["kind"], link["at_us"]) == ("BADGE", T0 + 10 * S)
    assert "in zone gone, which the floor does not have" in link["reason"]
    assert names(outputs)[-1][1:] == ("nurse", "ann")


def test_a_holder_who_is_no_staff_in_force_is_not_named() -> None:
    reads = [at_person(1, "b2", x_m=7.0), at_person(8, staff_ids=["who-left"])]

    outputs = fold(standing(16), facts_of(*ROOM), KnownReads(reads))

    assert names(outputs) == [(200, "", None)]


def test_nobody_is_two_people_at_once() -> None:
    """Two badges of one holder, each carried by somebody: one of them is not the holder."""
    log = [
        outcome(T0 + at_ms * MS, [box(200, 400), box(700, 400)]) for at_ms in range(0, 24_000, 100)
    ]
    first, other = [at_person(1, "b9", x_m=4.0), at_person(8)], at_person(12, "b2", x_m=7.0)

    outputs = fold(log, facts_of(*ROOM), KnownReads([*first, other]))

    named = {len([one for one in p["people"] if one["staff_id"]]) for p in presences(outputs)}
    assert named == {0, 1}
    last = presences(outputs)[-1]["people"]
    assert [(one["staff_id"], one["role"]) for one in last] == [(None, "")] * 2
    for one in last:
        [candidate] = one["candidates"]
        assert candidate["staff_id"] == "ann"
        assert 0.4 < candidate["confidence"] < 0.6


def test_the_first_tick_takes_in_what_was_visible_before_it() -> None:
    reads = KnownReads([known_at_once(T0 - 1 * S, x_m=2.0, y_m=4.0)])
    pipeline = PartitionPipeline()

    fold(standing(1), facts_of(*ROOM), reads, pipeline)

    evidence = pipeline.floors["floor"].evidence
    assert evidence is not None
    assert evidence.read_us == T0


def test_reads_from_more_than_an_hour_before_the_newest_event_are_taken_in_by_no_tick() -> None:
    late_us = T0 + KEPT_US + 60 * S
    log = [outcome(T0), outcome(T0 + S), outcome(late_us)]
    old, young = late_us - KEPT_US - 1, late_us - KEPT_US
    found = {}
    for at_us in (old, young):
        pipeline = PartitionPipeline()
        fold(log, facts_of(*ROOM), KnownReads([known_at_once(at_us)]), pipeline)
        found[at_us] = pipeline.floors["floor"].evidence is not None

    assert found == {old: False, young: True}


def ward_reads(seed: int, seconds: float, floor_id: str) -> list[BadgeRead]:
    """Reads here and there: in time, late, twice, of shared and unknown badges, of zones."""
    chance = random.Random(f"reads/{seed}")
    found: list[BadgeRead] = []
    for number in range(round(4 * seconds)):
        at_us = T0 + round(chance.uniform(-6, seconds) * S)
        badge = chance.randrange(5)
        holders = [["ann"], ["bob"], ["ann", "bob"], [], ["cai"]][badge]
        delay_s = chance.choice([-5, -5, -5, 0, 0, 2, 14, 18])
        one = badge_read(
            at_us,
            f"b{badge}",
            reader_id=f"r{number % 6}",
            recorded_at_us=at_us + delay_s * S,
            staff_ids=holders,
            floor_id=floor_id,
            x_m=float((number % 6) + 1),
            y_m=3.0,
        )
        if number % 6 == 5:
            one |= {"x_m": None, "y_m": None, "range_m": None, "zone_id": f"{floor_id}-half"}
        found.append(one)
        if chance.random() < 0.1:
            found.append(one | {"recorded_at_us": one["recorded_at_us"] + S})
    chance.shuffle(found)
    return found


SECONDS = 16.0
STAFF = [staff("ann", "nurse"), staff("bob", "doctor"), staff("cai", "nurse")]


def ward(seed: int) -> tuple[list[Any], list[DetectionOutcome]]:
    """A fused floor with a gap in which nobody looks, and a camera of its own beside it."""
    records = [*fused_floor("f1"), camera("cart", "f1", homography=SCALE), *STAFF]
    people = walkers(f"named/{seed}", SECONDS)
    times = [at for at in range(0, round(SECONDS * 1000), 200) if not 7_000 < at < 10_500]
    sent = [one for view in range(3) for one in looks("f1", view, times, people, seed=seed)]
    sent += [outcome(one["captured_us"], one["detections"], camera_id="cart") for one in sent[::9]]
    return records, [*in_order(sent), *closing_heartbeats(records, SECONDS + 30.0)]


class AsTheyCome(KnownReads):
    """Reads of which no more are known than the ticks so far must see, or at random some more."""

    def __init__(self, records: Sequence[BadgeRead], seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)
        self._unread = sorted(enumerate(records), key=lambda one: visible_us(one[1]))

    def ensure(self, newest_us: int) -> None:
        while self._unread and (
            visible_us(self._unread[0][1]) <= newest_us or self._chance.random() < 0.1
        ):
            self.add(*self._unread.pop(0))
        super().ensure(newest_us)


@pytest.mark.parametrize("seed", range(3))
def test_a_jump_is_the_same_as_closing_every_tick_of_a_floor_with_readers(
    seed: int, monkeypatch: Any
) -> None:
    records, log = ward(seed)
    reads, facts = ward_reads(seed, SECONDS + 25.0, "f1"), facts_of(*records)
    jumping, walking = PartitionPipeline(), PartitionPipeline()
    jumped = fold(log, facts, KnownReads(reads), jumping)
    monkeypatch.setattr(floor_module, "next_due", lambda floor, *_: floor.closed_us + TICK_US)

    assert fold(log, facts, KnownReads(reads), walking) == jumped
    assert jumping.take_changed(encode_state) == walking.take_changed(encode_state)
    evidence = jumping.floors["f1"].evidence
    assert evidence is not None
    assert evidence.state.badges
    assert "BADGE" in {one["kind"] for one in links(jumped)}


@pytest.mark.parametrize("seed", range(3))
def test_a_floor_with_readers_that_is_saved_and_restored_after_every_record_goes_on_the_same(
    seed: int,
) -> None:
    """After each restart all reads are there again, those that were taken in before too."""
    records, log = ward(seed)
    reads, facts = ward_reads(seed, SECONDS + 25.0, "f1"), facts_of(*records)
    whole, known = PartitionPipeline(), KnownReads(reads)
    saved: dict[str, EntityState] = {}

    for one in log:
        expected = whole.advance(one, facts, known)
        split = PartitionPipeline()
        split.restore({key: decode_state(key, state) for key, state in saved.items()})
        assert split.advance(one, facts, KnownReads(reads)) == expected
        saved |= split.take_changed(encode_state)
        for key, state in whole.take_changed(encode_state).items():
            assert saved[key] == state


@pytest.mark.parametrize("seed", range(3))
def test_no_order_of_arrival_of_reads_and_no_reading_ahead_has_an_effect(seed: int) -> None:
    records, log = ward(seed)
    reads, facts = ward_reads(seed, SECONDS + 25.0, "f1"), facts_of(*records)
    pipeline = PartitionPipeline()
    expected = fold(log, facts, KnownReads(reads), pipeline)
    states = pipeline.take_changed(encode_state)

    for again in range(3):
        random.Random(again).shuffle(reads)
        pipeline = PartitionPipeline()
        assert fold(log, facts, AsTheyCome(reads, again), pipeline) == expected
        assert pipeline.take_changed(encode_state) == states
