"""What holds for any input of fused floors: splits, jumps, and the orders that have no effect."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from runtime.checkpoints import EntityState
from schemas.records.frames import DetectionOutcome
from schemas.topics import LINKS, ZONE_EVENTS
from streams.domain.facts.timeline import Facts
from streams.domain.floor import ticks as floor_module
from streams.domain.floor.tick import TICK_US
from streams.domain.output import Output
from streams.domain.pipeline import PartitionPipeline
from streams.state.codec import decode_state, encode_state
from tests.support.builders.domain import (
    MS,
    T0,
    S,
    camera,
    clock,
    facts_of,
    occupancies,
    outcome,
    presences,
    rectangle,
    zone,
    zone_events,
)
from tests.support.crossed_views import VIEWS, projection
from tests.support.fused_ward import (
    closing_heartbeats,
    fused_floor,
    ghosts,
    in_order,
    looks,
    shuffled,
    steady_looks,
    walkers,
)

FLOOR = "f1"
SECONDS = 24.0
MOVED_MS = 9_000
SHIFT_MM = 500
LATENESS_US = 1_700_000
"""Within the allowed lateness of 2 s, with a tick to spare."""


def busy_records() -> list[dict[str, Any]]:
    """A fused floor with an edit of every kind."""
    at = {"recorded_at_us": T0 - 10 * S}
    moved = camera(f"{FLOOR}-c0", FLOOR, projection=projection(0, SHIFT_MM))
    moved |= at | {"version": 2, "valid_from_us": T0 + MOVED_MS * MS}
    one, two = (camera(f"{FLOOR}-c{view}", FLOOR, projection=projection(view)) for view in (1, 2))
    away = two | at | {"version": 2, "removed": True, "valid_from_us": T0 + 5 * S}
    back = two | at | {"version": 3, "valid_from_us": T0 + 7 * S}
    # For a while, only one of the cameras is calibrated.
    blind = [
        one | at | {"version": 2, "projection": None, "valid_from_us": T0 + 12 * S},
        two | at | {"version": 4, "projection": None, "valid_from_us": T0 + 13 * S},
        two | at | {"version": 5, "valid_from_us": T0 + 14 * S},
        one | at | {"version": 3, "valid_from_us": T0 + 15 * S},
    ]
    late = clock(f"{FLOOR}-c1", state="UNSETTLED", delay_us=70_000, valid_from_us=T0 + 4 * S)
    shelf = zone("shelf", floor_id=FLOOR, camera_id=None, space="FLOOR_M")
    shelf |= {"polygon": rectangle(3, 1, 7, 4), "enter_after_ms": 0}
    gone = shelf | at | {"version": 2, "removed": True, "valid_from_us": T0 + 11 * S}
    cart = camera("cart", FLOOR)
    moving = camera("robot", FLOOR, projection=projection(0), mount="MOVING")
    edits = [moved, away, back, *blind, late, shelf, gone, cart, moving]
    return [*fused_floor(FLOOR), *edits]


def busy_looks(seed: int) -> list[DetectionOutcome]:
    """Every camera with gaps of its own, all of them silent at times, and frames that are late."""
    rng = random.Random(seed)
    people = walkers(f"busy/{seed}", SECONDS)
    pauses = [(start, start + rng.choice([700, 1_900, 2_600])) for start in (6_000, 16_000)]
    sent: list[DetectionOutcome] = []
    for view in range(VIEWS):
        at_ms, times = rng.randrange(200), []
        while at_ms < SECONDS * 1_000:
            times.append(at_ms)
            at_ms += rng.choice([70, 100, 150, 200, 200, 200, 300, 420])
            if rng.random() < 0.02:
                at_ms += rng.choice([1_200, 2_500])
        away = [(5_000, 7_000)] if view == 2 else []
        times = [at for at in times if not any(a <= at < b for a, b in (*pauses, *away))]
        shifts = [(MOVED_MS, SHIFT_MM)] if view == 0 else []
        sent += looks(FLOOR, view, times, people, seed=seed, shifts=shifts)
    own = [outcome(one["captured_us"], one["detections"], camera_id="cart") for one in sent[::9]]
    riding = [outcome(one["captured_us"], [], camera_id="robot") for one in sent[::7]]
    arrived = shuffled([*sent, *own, *riding], rng, 2_600_000)  # some come after their tick
    minutes_later = T0 + 400 * S
    watched = [(minutes_later, "cart"), (minutes_later + 11 * S, f"{FLOOR}-c0")]
    return [*arrived, *(outcome(at_us, camera_id=camera_id) for at_us, camera_id in watched)]


def fold(
    outcomes: Iterable[DetectionOutcome], facts: Facts, pipeline: PartitionPipeline | None = None
) -> list[Output]:
    pipeline = pipeline or PartitionPipeline()
    return [output for one in outcomes for output in pipeline.advance(one, facts)]


def without_arrival(outputs: Iterable[Output]) -> dict[tuple[str, str], list[Any]]:
    """Records by topic and key, without what says how far the input had come."""
    found: dict[tuple[str, str], list[Any]] = {}
    for output in outputs:
        record = {**output.record, "inputs_through_us": None}
        found.setdefault((output.topic.name, output.key), []).append(record)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_a_fold_that_is_saved_and_restored_after_every_record_gives_the_same(seed: int) -> None:
    facts = facts_of(*busy_records())
    log = busy_looks(seed)
    whole = PartitionPipeline()
    saved: dict[str, EntityState] = {}
    kinds: Counter[str] = Counter()

    for one in log:
        expected = whole.advance(one, facts)
        split = PartitionPipeline()
        split.restore({key: decode_state(key, state) for key, state in saved.items()})
        assert split.advance(one, facts) == expected
        kinds.update(f"{one.topic.name} {one.record.get('kind', '')}" for one in expected)
        saved |= split.take_changed(encode_state)
        for key, state in whole.take_changed(encode_state).items():
            assert saved[key] == state

    # There is a recording of everything that a floor can have in its state.
    assert kinds["presence.updated.v1 "] > 100
    assert kinds["links.observed.v1 REIDENTIFICATION"] > 0
    assert kinds["zone-events.observed.v1 LEFT"] > 0
    assert whole.counters["late"] > 0


@pytest.mark.parametrize("seed", range(3))
def test_a_jump_is_the_same_as_closing_every_tick_of_a_fused_floor(
    seed: int, monkeypatch: Any
) -> None:
    facts = facts_of(*busy_records())
    log = busy_looks(seed)
    jumping = PartitionPipeline()
    jumped = fold(log, facts, jumping)

    monkeypatch.setattr(floor_module, "next_due", lambda floor, *_: floor.closed_us + TICK_US)
    walking = PartitionPipeline()
    walked = fold(log, facts, walking)

    assert jumped == walked
    assert jumping.take_changed(encode_state) == walking.take_changed(encode_state)
    assert {person["person_id"][:3] for one in presences(jumped) for person in one["people"]} >= {
        "f1:",
        "f1-",
        "car",
    }


FLOOR_FACTS = facts_of(*fused_floor(FLOOR))
FLOORS = [f"f{number}" for number in range(1, 9)]


def test_the_walkers_of_a_ward_bring_links_of_every_kind() -> None:
    links = []
    for floor_id in FLOORS:
        facts = facts_of(*fused_floor(floor_id))
        outputs = fold(in_order(steady_looks(floor_id, 14)), facts)
        links += [one.record for one in outputs if one.topic is LINKS]

    kinds = {one["kind"] for one in links if one["from_person_id"].split(":")[0] in FLOORS}

    assert kinds == {"MERGE", "SPLIT", "REIDENTIFICATION", "HAND_OVER"}


@pytest.mark.parametrize(
    ("seeds", "seconds"),
    [
        pytest.param(range(2), 8.0, id="short"),
        pytest.param(range(20), 30.0, id="long", marks=pytest.mark.fuzz_long),
    ],
)
def test_no_order_of_arrival_or_registration_changes_what_fused_floors_say(
    seeds: Sequence[int], seconds: float
) -> None:
    """24 cameras on 8 floors, all in one partition."""
    records = [record for floor_id in FLOORS for record in fused_floor(floor_id)]
    sent = [one for floor_id in FLOORS for one in steady_looks(floor_id, seconds)]
    closing = list(closing_heartbeats(records, seconds + 30.0))
    expected = without_arrival(fold([*in_order(sent), *closing], facts_of(*records)))
    assert len({key for topic, key in expected if topic == "presence.updated.v1"}) == len(FLOORS)
    assert any(topic == ZONE_EVENTS.name for topic, _ in expected)

    for seed in seeds:
        rng = random.Random(seed)
        rng.shuffle(records)
        arrived = shuffled(sent, rng, LATENESS_US)
        assert arrived != in_order(sent)
        pipeline = PartitionPipeline()

        facts = facts_of(*records)

        outputs = fold(arrived, facts, pipeline)

        assert pipeline.counters["late"] == 0
        assert without_arrival([*outputs, *fold(closing, facts, pipeline)]) == expected


def stays_of(events: Sequence[Any]) -> dict[str, list[tuple[int, int | None]]]:
    """When each person was in a zone, after all corrections; None for who still is."""
    in_force: dict[int, Any] = {}
    for event in events:
        if event["corrects"] is not None:
            corrected = in_force.pop(event["corrects"])  # once, and of what was sent before
            assert event["kind"] in {"WITHDRAWN", corrected["kind"]}
        if event["kind"] != "WITHDRAWN":
            in_force[event["seq"]] = event
    by_stay: dict[tuple[str, int], dict[str, int]] = {}
    for event in in_force.values():
        stay = by_stay.setdefault((event["person_id"], event["entered_us"]), {})
        assert event["kind"] not in stay
        stay[event["kind"]] = event["at_us"]
    found: dict[str, list[tuple[int, int | None]]] = {}
    for (person_id, entered_us), stay in sorted(by_stay.items()):
        assert stay["ENTERED"] == entered_us
        found.setdefault(person_id, []).append((entered_us, stay.get("LEFT")))
    return found


@pytest.mark.parametrize(
    ("seeds", "period_ms"),
    [
        pytest.param((1, 2, 37, 48, 51), 200, id="short"),
        # Two scans in one tick: the second may take back what the first one brought.
        pytest.param((7, 55), 140, id="often"),
        pytest.param(range(200), 200, id="long", marks=pytest.mark.fuzz_long),
        pytest.param(range(200), 140, id="long-often", marks=pytest.mark.fuzz_long),
    ],
)
def test_corrected_zone_events_let_nobody_be_in_a_zone_twice(
    seeds: Sequence[int], period_ms: int
) -> None:
    corrections: Counter[str] = Counter()
    for seed in seeds:
        people = ghosts(f"ghosts/{seed}", 20)
        sent = steady_looks(FLOOR, 20, people=people, period_ms=period_ms)
        outputs = fold(in_order(sent), FLOOR_FACTS)
        for zone_id in (f"{FLOOR}-half", f"{FLOOR}-picture"):
            events = [one for one in zone_events(outputs) if one["zone_id"] == zone_id]
            corrections.update(one["kind"] for one in events if one["corrects"] is not None)

            stays = stays_of(events)

            for ends in stays.values():
                for (_, left), (entered, _) in pairwise(ends):
                    assert left is not None
                    assert left <= entered
            last = [one for one in occupancies(outputs) if one["zone_id"] == zone_id][-1]
            inside = {person_id for person_id, ends in stays.items() if ends[-1][1] is None}
            assert set(last["person_ids"]) == inside
    assert corrections["WITHDRAWN"] > 0
