"""What becomes a dead letter, and what must not: a record whose fold fails halfway."""

from typing import Any

import pytest

from runtime.checkpoints import OutputRecord, Record
from runtime.clock import SystemClock
from runtime.process.metrics import STREAM_EVENTS, STREAM_OTHER_VERSIONS
from runtime.process.settings import Settings
from schemas.topics import DEAD_LETTERS, DETECTIONS
from streams.domain.settings import PipelineSettings
from streams.processor.pipeline_fold import PipelineFold, Wire
from tests.support.builders.domain import MS, T0, S, box, camera, facts_of, outcome
from tests.support.builders.folds import IDENTITY, fold_of, record
from tests.support.clusters import cluster_of
from tests.support.fakes import SCHEMAS, KnownEvidence, KnownFacts


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(outcome(-1), id="a-time-before-1970"),
        pytest.param(outcome(T0, [{**box(1, 400), "score": 2.0}]), id="a-score-beyond-1"),
        pytest.param(outcome(T0, camera_id="ghost"), id="an-unknown-camera"),
    ],
)
def test_an_outcome_that_cannot_be_folded_is_a_dead_letter_and_changes_nothing(event: Any) -> None:
    fold, emitted = fold_of(facts_of(camera()))

    fold.advance(record(event))

    assert emitted == [DEAD_LETTERS.name]
    assert fold.changed() == {}


def test_a_fault_after_the_state_has_moved_ends_the_process_and_dead_letters_no_frame() -> None:
    """The state is then neither that before nor that after the frame; only a replay repairs it."""
    registered = camera(homography=list(IDENTITY))
    fold, emitted = fold_of(facts_of(registered))
    fold.advance(record(outcome(T0, [box(200, 400)])))
    del registered["floor_id"]
    emitted.clear()

    with pytest.raises(KeyError, match="floor_id"):
        fold.advance(record(outcome(T0 + 100 * MS, [box(200, 400)])))

    assert emitted == []


def test_an_oversized_malformed_record_stays_in_its_topic_and_stops_nothing() -> None:
    """5 MB that compress well pass the broker's limit, and no other topic would take them."""
    dead_letters: list[tuple[bytes | None, dict[str, bytes]]] = []

    def emit(output: OutputRecord) -> None:
        dead_letters.append((output.value, dict(output.headers or [])))

    fold = PipelineFold(
        0,
        emit,
        wire=Wire(cluster_of(Settings(topic_prefix=""), registry=SCHEMAS)),
        facts=KnownFacts(facts_of(camera(homography=list(IDENTITY)))),
        evidence=KnownEvidence(),
        settings=PipelineSettings(),
        clock=SystemClock(),
    )
    oversized = b"\x00" * (5 * 1024 * 1024)

    fold.advance(Record(DETECTIONS.name, 7, 3, b"giant", oversized, T0 // MS, []))

    [(value, headers)] = dead_letters
    assert value is None
    assert headers["left_in_place"] == str(len(oversized)).encode()
    assert (headers["partition"], headers["offset"]) == (b"7", b"3")


def test_a_frame_that_comes_after_its_tick_has_closed_is_counted_as_late_and_not_as_fenced() -> (
    None
):
    fold, _ = fold_of(facts_of(camera(), camera("slow")))
    results = [STREAM_EVENTS.labels(name) for name in ("folded", "fenced", "late")]
    before = [one._value.get() for one in results]

    for at_us, camera_id in ((0, "cam"), (3 * S, "cam"), (3 * S, "cam"), (S, "slow")):
        fold.advance(record(outcome(T0 + at_us, [box(200, 400)], camera_id=camera_id)))

    assert [one._value.get() - was for one, was in zip(results, before, strict=True)] == [2, 1, 1]


def test_a_frame_of_another_version_of_its_camera_is_folded_and_counted() -> None:
    fold, _ = fold_of(facts_of(camera(version=2)))
    folded, other = STREAM_EVENTS.labels("folded"), STREAM_OTHER_VERSIONS
    before = folded._value.get(), other._value.get()

    for number, version in enumerate((2, 1, 0), 1):
        event: Any = outcome(T0 + number * MS, [box(200, 400)])
        fold.advance(record(event | {"camera_version": version}))

    assert (folded._value.get(), other._value.get()) == (before[0] + 3, before[1] + 1)
