"""Reads of badges that come late, early, twice, contradictory or wrong: the log alone decides."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import pytest

from runtime.checkpoints import EntityState
from schemas.records.evidence import BadgeRead
from schemas.records.frames import DetectionOutcome
from streams.domain.evidence.queue import visible_us
from streams.domain.evidence.waiting import KEPT_US, NO_READS, WaitingReads, fault_of
from streams.domain.facts.timeline import Facts
from streams.domain.floor.tick import tick_end
from streams.domain.output import Output
from streams.domain.pipeline import PartitionPipeline
from streams.domain.settings import PipelineSettings
from streams.state.codec import decode_state, encode_state
from streams.state.settings_by_offset import from_values, to_values
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    box,
    camera,
    facts_of,
    links,
    outcome,
    presences,
    rectangle,
    requirement,
    staff,
    zone,
)
from tests.support.builders.reads import badge_read
from tests.support.fakes import KnownReads

Test = TypeVar("Test", bound=Callable[..., None])

SCALE = [0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0]
"""A homography: 100 px are a metre."""

SECONDS = 30
FLOORS = {"east": ("e1", "e2"), "west": ("w1",)}
REMOVED_S = 14
"""When a zone and a member of staff are removed, seconds."""

FAR = (1e308, -1e308, float("nan"), float("inf"), 1e7)
TIMES = (-(2**62), -1, 0, 1, 2**53 - 1, 2**53, 2**62)
HOLDERS: tuple[list[str], ...] = (
    ["ann"],
    ["bob"],
    ["ann", "bob"],
    [],
    ["cai"],
    ["who-is-no-staff"],
)


def seeds(short: int, long: int) -> Callable[[Test], Test]:
    """A few seeds, and in the long run many."""
    cases = [pytest.param(seed) for seed in range(short)]
    cases += [pytest.param(seed, marks=pytest.mark.fuzz_long) for seed in range(short, long)]
    return pytest.mark.parametrize("seed", cases)


def registry() -> list[Any]:
    """Two floors; a zone and a nurse are removed in the middle."""
    gone = {"removed": True, "version": 2, "valid_from_us": T0 + REMOVED_S * S}
    hall = zone("east-hall", floor_id="east", camera_id=None, space="FLOOR_M")
    hall |= {"polygon": rectangle(0, 0, 4, 6)}
    store = zone("east-store", floor_id="east", camera_id="e1")
    nurse = staff("cai", "nurse")
    return [
        *(camera(one, floor, homography=SCALE) for floor, of in FLOORS.items() for one in of),
        *(hall, store, store | gone, zone("west-room", floor_id="west", camera_id="w1")),
        *(staff("ann", "nurse"), staff("bob", "doctor"), nurse, nurse | gone),
        requirement(zone_id="east-hall"),
    ]


def log_of(seed: int) -> list[DetectionOutcome]:
    """Detections in the order of the log: cameras that are silent for a while, and some late."""
    chance = random.Random(f"log/{seed}")
    sent: list[tuple[int, DetectionOutcome]] = []
    for floor_id, cameras in FLOORS.items():
        for camera_id in cameras:
            silent_s = chance.uniform(4, SECONDS - 4)
            late_ms = chance.choice([0, 0, 900, 2_600])
            for at_ms in range(chance.randrange(200), SECONDS * 1_000, 400):
                if silent_s < at_ms / 1_000 < silent_s + 5:
                    continue
                people = [box(200 + at_ms % 4_000 / 20, 400), box(650, 300)]
                found = people if floor_id == "east" else people[:1]
                one = outcome(T0 + at_ms * MS, found, camera_id=camera_id)
                sent.append((at_ms + chance.randrange(late_ms + 1), one))
    end = [outcome(T0 + (SECONDS + 40) * S, camera_id=one) for of in FLOORS.values() for one in of]
    return [one for _, one in sorted(sent, key=lambda each: each[0])] + end


def reads_of(seed: int) -> list[BadgeRead]:
    """What readers and those who append it can do, right and wrong."""
    chance = random.Random(f"reads/{seed}")
    found: list[BadgeRead] = []
    for number in range(110):
        at_us = T0 + round(chance.uniform(-3, SECONDS) * S)
        delay_s = chance.choice([-58, -5, -5, -5, -2, 0, 0, 1, 2, 13, 16, 25])
        floor_id = chance.choice(["east", "east", "east", "west", "no-such-floor"])
        who = chance.randrange(len(HOLDERS))
        one: Any = badge_read(
            at_us,
            f"b{who}",
            reader_id=f"r{number % 5}",
            recorded_at_us=at_us + delay_s * S,
            staff_ids=HOLDERS[who],
            floor_id=floor_id,
            x_m=chance.choice([2.0, 3.0, 6.5, 40.0]),
            y_m=chance.choice([3.0, 4.0]),
        )
        if chance.random() < 0.3:
            zone_id = chance.choice(["east-hall", "east-store", "west-room", "no-such-zone"])
            one |= {"x_m": None, "y_m": None, "range_m": None, "zone_id": zone_id}
        found.append(one)
        strange = chance.random()
        if strange < 0.1:  # the same read again, at once or seconds later
            found.append(one | {"recorded_at_us": one["recorded_at_us"] + chance.randrange(9) * S})
        elif strange < 0.2:  # the same read, of another holder and position
            found.append(one | {"x_m": 6.5, "y_m": 3.0, "zone_id": "", "staff_ids": ["bob"]})
        elif strange < 0.25:
            found.append(one | {"x_m": chance.choice(FAR), "y_m": 1.0, "zone_id": ""})
        elif strange < 0.3:
            found.append(one | {chance.choice(["at_us", "recorded_at_us"]): chance.choice(TIMES)})
    return found


class AppendedReads(WaitingReads):
    """Reads as they lie in a log, read from a saved place as far as the promise of their writers.

    Args:
        log: Reads that can be used, in the order of the log.
        start: First offset to read.
        chance: Decides how far is read ahead.
    """

    def __init__(self, log: Sequence[BadgeRead], start: int, chance: random.Random) -> None:
        super().__init__()
        self._log = log
        self.next_offset = start
        self._chance = chance

    def ensure(self, newest_us: int) -> None:
        due = [n for n, one in enumerate(self._log) if visible_us(one) <= newest_us]
        needed = max(due, default=-1) + 1
        if self._chance.random() < 0.2:
            needed = min(len(self._log), max(needed, self.next_offset + self._chance.randrange(9)))
        for offset in range(self.next_offset, needed):
            self.add(offset, self._log[offset])
        self.next_offset = max(self.next_offset, needed)
        super().ensure(newest_us)

    def saved(self) -> int:
        """The offset that a checkpoint keeps."""
        first = self.first_offset()
        return self.next_offset if first is None else first


def appended(seed: int, again: int) -> list[BadgeRead]:
    """The usable reads of a ward in one of the orders in which they can be in the log."""
    chance = random.Random(f"{seed}/{again}")
    usable = [one for one in reads_of(seed) if fault_of(one) is None]
    chance.shuffle(usable)
    return sorted(usable, key=lambda one: visible_us(one) - chance.uniform(3, 30) * S)


def fold(
    log: Iterable[DetectionOutcome], facts: Facts, reads: Any, pipeline: PartitionPipeline
) -> list[list[Output]]:
    return [pipeline.advance(one, facts, reads) for one in log]


@seeds(3, 60)
def test_no_order_batch_kill_or_zombie_changes_what_reads_give(seed: int) -> None:
    """Killed workers go back to a saved state and place; what they send again is the same."""
    facts, log = facts_of(*registry()), log_of(seed)
    whole = PartitionPipeline()
    expected = fold(log, facts, KnownReads(appended(seed, 0)), whole)
    states = whole.take_changed(encode_state)
    kinds = {one["kind"] for outputs in expected for one in links(outputs)}
    assert "BADGE" in kinds

    for again in (1, 2):
        chance, reads_log = random.Random(f"{seed}/{again}"), appended(seed, again)
        saved: dict[str, EntityState] = {}
        at, first = 0, 0
        worker, reads = PartitionPipeline(), AppendedReads(reads_log, 0, chance)
        offset = 0
        while offset < len(log):
            assert worker.advance(log[offset], facts, reads) == expected[offset]
            offset += 1
            fate = chance.random()
            if fate < 0.08:
                saved |= worker.take_changed(encode_state)
                at, first = offset, reads.saved()
            elif fate < 0.16:
                zombie = (worker, reads)
                worker, reads = PartitionPipeline(), AppendedReads(reads_log, first, chance)
                worker.restore({key: decode_state(key, one) for key, one in saved.items()})
                if fate < 0.12:  # it goes on for a while, and its successor knows nothing of that
                    fold(log[offset : offset + 5], facts, zombie[1], zombie[0])
                offset = at
        saved |= worker.take_changed(encode_state)
        assert saved == states


class Watched(KnownReads):
    """Notes which reads each tick was given."""

    def __init__(self, records: Sequence[BadgeRead]) -> None:
        super().__init__(records)
        self.given: list[tuple[int, BadgeRead]] = []

    def take(self, floor_id: str, after_us: int, end_us: int) -> list[BadgeRead]:
        found = super().take(floor_id, after_us, end_us)
        self.given += [(end_us, one) for one in found]
        return found


def shown(read: BadgeRead) -> str:
    return repr(sorted(read.items()))


@seeds(3, 60)
def test_every_read_of_a_known_floor_is_given_to_one_tick_and_that_is_the_first_that_may(
    seed: int,
) -> None:
    facts, reads = facts_of(*registry()), Watched(appended(seed, 0))
    pipeline = PartitionPipeline()
    log = log_of(seed)

    fold(log, facts, reads, pipeline)

    usable = [one for one in reads_of(seed) if fault_of(one) is None]
    wanted: Counter[tuple[int, str]] = Counter()
    for floor_id in FLOORS:
        first_us = tick_end(pipeline.floors[floor_id].opened_us)
        last_us = pipeline.floors[floor_id].closed_us
        for one in usable:
            end_us = max(tick_end(visible_us(one)), first_us)
            if one["floor_id"] == floor_id and end_us <= last_us and visible_us(one) > T0 - KEPT_US:
                wanted[end_us, shown(one)] += 1
    assert Counter((end_us, shown(one)) for end_us, one in reads.given) == wanted
    assert len(wanted) > 50


@seeds(3, 60)
def test_what_is_wrong_is_refused_or_reported_and_names_nobody(seed: int) -> None:
    facts, pipeline = facts_of(*registry()), PartitionPipeline()
    usable = appended(seed, 0)
    outputs = [
        one for part in fold(log_of(seed), facts, KnownReads(usable), pipeline) for one in part
    ]

    for one in usable:
        assert 0 <= one["at_us"] < 2**53
        assert one["zone_id"] or (abs(one["x_m"] or 0.0) <= 1e6 and abs(one["y_m"] or 0.0) <= 1e6)
    reasons = " ".join(one["reason"] for one in links(outputs))
    assert "too late to say who was there" in reasons
    assert "in zone no-such-zone, which the floor does not have" in reasons
    named = [person for one in presences(outputs) for person in one["people"]]
    assert {one["staff_id"] for one in named} <= {None, "ann", "bob", "cai"}
    late = [one for one in presences(outputs) if one["as_of_us"] > T0 + (REMOVED_S + 10) * S]
    assert "cai" not in {person["staff_id"] for one in late for person in one["people"]}


def before_reads() -> PipelineSettings:
    """The settings that a release without reads saved."""
    values = to_values(PipelineSettings())
    del values["floor"]["takes_reads"], values["floor"]["badges"]
    return from_values(values)


@seeds(3, 60)
def test_after_an_upgrade_no_read_counts_that_waited_for_it_and_the_later_ones_count_once(
    seed: int,
) -> None:
    """The settings of before hold up to an offset, whenever the new release is killed."""
    facts, log = facts_of(*registry()), log_of(seed)
    chance = random.Random(f"upgrade/{seed}")
    takes_over = chance.randrange(len(log) // 3, len(log) // 2)
    reads_log = appended(seed, 0)

    def follow(worker: PartitionPipeline, offset: int, reads: Any) -> list[Output]:
        worker.settings = PipelineSettings() if offset >= takes_over else before_reads()
        taken = reads if worker.settings.floor.takes_reads else NO_READS
        return worker.advance(log[offset], facts, taken)

    whole, watched = PartitionPipeline(), Watched(reads_log)
    expected = [follow(whole, offset, watched) for offset in range(takes_over)]
    closed_us = {name: floor.closed_us for name, floor in whole.floors.items()}
    expected += [follow(whole, offset, watched) for offset in range(takes_over, len(log))]

    assert expected[:takes_over] == fold(log[:takes_over], facts, NO_READS, PartitionPipeline())
    assert all(visible_us(one) > closed_us[one["floor_id"]] for _, one in watched.given)
    for floor_id in FLOORS:
        last_us = whole.floors[floor_id].closed_us
        due = [
            shown(one)
            for one in reads_log
            if one["floor_id"] == floor_id and closed_us[floor_id] < visible_us(one) <= last_us
        ]
        given = [shown(one) for _, one in watched.given if one["floor_id"] == floor_id]
        assert sorted(given) == sorted(due)

    worker, reads = PartitionPipeline(), AppendedReads(reads_log, 0, chance)
    saved: dict[str, EntityState] = {}
    for offset in range(len(log)):
        if chance.random() < 0.2 or offset == takes_over:
            saved |= worker.take_changed(encode_state)
            worker, reads = PartitionPipeline(), AppendedReads(reads_log, 0, chance)
            worker.restore({key: decode_state(key, one) for key, one in saved.items()})
        assert follow(worker, offset, reads) == expected[offset]
