"""What holds for fused floors of every odd kind: splits, jumps, and orders without effect."""

import random
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

from runtime.checkpoints import EntityState
from schemas.records.frames import DetectionOutcome
from streams.domain.facts.timeline import Facts
from streams.domain.floor import ticks as floor_module
from streams.domain.floor.tick import TICK_US
from streams.domain.output import Output
from streams.domain.pipeline import PartitionPipeline
from streams.state.codec import decode_state, encode_state
from tests.support.builders.domain import facts_of, presences
from tests.support.odd_floors import KINDS, arrived, closing, ordered

Test = TypeVar("Test", bound=Callable[..., None])


def fold(
    outcomes: Iterable[DetectionOutcome], facts: Facts, pipeline: PartitionPipeline
) -> list[Output]:
    return [output for one in outcomes for output in pipeline.advance(one, facts)]


def without_arrival(outputs: Iterable[Output]) -> dict[tuple[str, str], list[Any]]:
    """Records by topic and key, without what says how far the input had come."""
    found: dict[tuple[str, str], list[Any]] = {}
    for output in outputs:
        record = {**output.record, "inputs_through_us": None}
        found.setdefault((output.topic.name, output.key), []).append(record)
    return found


def kinds_and_seeds(short: int, long: int) -> Callable[[Test], Test]:
    """Each kind with a few seeds, and in the long run with many."""
    cases = [
        pytest.param(kind, seed, id=f"{kind}-{seed}") for kind in KINDS for seed in range(short)
    ]
    cases += [
        pytest.param(kind, seed, id=f"{kind}-{seed}", marks=pytest.mark.fuzz_long)
        for kind in KINDS
        for seed in range(short, long)
    ]
    return pytest.mark.parametrize(("kind", "seed"), cases)


@kinds_and_seeds(0, 12)
def test_an_odd_floor_that_is_saved_and_restored_after_every_record_goes_on_the_same(
    kind: str, seed: int
) -> None:
    odd = KINDS[kind](seed)
    facts = facts_of(*odd.records)
    whole, split = PartitionPipeline(), PartitionPipeline()
    saved: dict[str, EntityState] = {}

    people = 0
    for one in ordered(odd):
        expected = whole.advance(one, facts)
        split.restore({key: decode_state(key, state) for key, state in saved.items()})
        assert split.advance(one, facts) == expected
        saved |= split.take_changed(encode_state)
        for key, state in whole.take_changed(encode_state).items():
            assert saved[key] == state
        people += sum(len(one["people"]) for one in presences(expected))

    assert people > 0 or kind == "one_frame_each"
    assert odd.late in (None, whole.counters["late"] > 0)


@kinds_and_seeds(1, 60)
def test_no_order_of_arrival_or_registration_has_an_effect_on_an_odd_floor(
    kind: str, seed: int
) -> None:
    odd = KINDS[kind](seed)
    records, end = list(odd.records), closing(odd.records, odd.sent)
    sent = ordered(odd)
    expected = without_arrival(fold([*sent, *end], facts_of(*records), PartitionPipeline()))
    random.Random(seed).shuffle(records)
    again = sent if odd.late else arrived(odd, seed)
    pipeline = PartitionPipeline()

    facts = facts_of(*records)
    outputs = fold(again, facts, pipeline)
    late = pipeline.counters["late"]
    found = without_arrival([*outputs, *fold(end, facts, pipeline)])

    assert odd.late in (None, late > 0)
    for key, expected_records in expected.items():
        assert found[key] == expected_records
    assert found.keys() == expected.keys()


@kinds_and_seeds(0, 20)
def test_a_jump_is_the_same_as_closing_every_tick_of_an_odd_floor(
    kind: str, seed: int, monkeypatch: Any
) -> None:
    odd = KINDS[kind](seed)
    facts = facts_of(*odd.records)
    log = [*ordered(odd), *closing(odd.records, odd.sent)]
    jumping, walking = PartitionPipeline(), PartitionPipeline()
    jumped = fold(log, facts, jumping)
    monkeypatch.setattr(floor_module, "next_due", lambda floor, *_: floor.closed_us + TICK_US)

    assert fold(log, facts, walking) == jumped
    assert jumping.take_changed(encode_state) == walking.take_changed(encode_state)
