"""Batches: when they are due, what is in them, and which frames are skipped."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import DeadLetter
from workers.frames.arrivals import Arrival
from workers.inference.batcher import Batcher, BatchPolicy, Plan


def policy(**given: object) -> BatchPolicy:
    limits = {
        "size": 4,
        "wait_s": 0.02,
        "newest_wins": False,
        "most_queued": 100,
        "most_bytes": 1_000_000,
    }
    return BatchPolicy(**(limits | given))  # type: ignore[arg-type]


def arrival(
    camera_id: str, offset: int, *, kind: str = "FRAME", partition: int = 0, size: int = 10
) -> Arrival:
    frame = {"camera_id": camera_id, "kind": kind, "seq": offset}
    return Arrival(
        topic="frames",
        partition=partition,
        offset=offset,
        value=b"x" * size,
        frame=frame,  # type: ignore[arg-type]
        floor_partition=0,
    )


def refused(offset: int) -> Arrival:
    error = DeadLetter("not_avro", "not a record")
    return Arrival(topic="frames", partition=0, offset=offset, value=None, refusal=error)


def filled(given: BatchPolicy, arrivals: Sequence[Arrival], at_s: float = 0.0) -> Batcher:
    batcher = Batcher(given)
    for one in arrivals:
        batcher.add(one, at_s)
    return batcher


def plans(batch: Sequence[tuple[Arrival, Plan]]) -> list[tuple[int, Plan]]:
    return [(one.offset, plan) for one, plan in batch]


def test_an_empty_queue_is_never_due() -> None:
    assert Batcher(policy()).due_in_s(1e9) is None


def test_a_batch_is_due_when_it_is_full() -> None:
    batcher = filled(policy(), [arrival("a", n) for n in range(3)])
    assert not batcher.due(0.0)
    batcher.add(arrival("b", 3), 0.0)
    assert batcher.due(0.0)


def test_a_batch_is_due_when_its_oldest_arrival_waited_long_enough() -> None:
    batcher = filled(policy(), [arrival("a", 0)], at_s=5.0)
    batcher.add(arrival("a", 1), 5.015)
    assert batcher.due_in_s(5.015) == pytest.approx(0.005)
    assert batcher.due(5.02)


def test_heartbeats_do_not_fill_a_batch_but_wait_no_longer_than_frames() -> None:
    batcher = filled(policy(), [arrival("a", n, kind="HEARTBEAT") for n in range(20)])
    assert not batcher.due(0.0)
    assert batcher.due(0.02)
    assert plans(batcher.take()) == [(n, "pass") for n in range(20)]


def test_a_queue_without_room_is_due_at_once() -> None:
    by_count = filled(policy(most_queued=3), [refused(n) for n in range(3)])
    by_bytes = filled(policy(most_bytes=25), [arrival("a", n) for n in range(3)])
    assert by_count.room() == by_bytes.room() == 0
    assert by_count.due(0.0)
    assert by_bytes.due(0.0)


def test_a_batch_ends_before_the_frame_that_is_one_too_many() -> None:
    arrivals = [arrival("a", 0), refused(1), arrival("b", 2), arrival("a", 3), refused(4)]
    batcher = filled(policy(size=2), [*arrivals, arrival("c", 5)])
    assert plans(batcher.take()) == [(0, "infer"), (1, "pass"), (2, "infer")]
    assert plans(batcher.take()) == [(3, "infer"), (4, "pass"), (5, "infer")]
    assert len(batcher) == 0


def test_record_mode_skips_nothing() -> None:
    batcher = filled(policy(size=10), [arrival("a", n) for n in range(9)])
    assert plans(batcher.take()) == [(n, "infer") for n in range(9)]


def test_live_mode_infers_the_newest_frame_of_each_camera() -> None:
    batcher = filled(
        policy(newest_wins=True),
        [arrival("a", 0), arrival("b", 1), arrival("a", 2), arrival("a", 3)],
    )
    assert plans(batcher.take()) == [(0, "skip"), (1, "infer"), (2, "skip"), (3, "infer")]


def test_live_mode_looks_for_newer_frames_after_the_batch() -> None:
    """A newer frame of `a`, too late for this batch, makes the one at the front void."""
    batcher = filled(
        policy(newest_wins=True, size=1), [arrival("a", 0), arrival("b", 1), arrival("a", 2)]
    )
    assert plans(batcher.take()) == [(0, "skip"), (1, "infer")]
    assert plans(batcher.take()) == [(2, "infer")]


def test_a_heartbeat_does_not_make_a_frame_void() -> None:
    batcher = filled(policy(newest_wins=True), [arrival("a", 0), arrival("a", 1, kind="HEARTBEAT")])
    assert plans(batcher.take()) == [(0, "infer"), (1, "pass")]


def test_live_mode_counts_cameras_when_it_asks_whether_a_batch_is_full() -> None:
    batcher = filled(policy(newest_wins=True, size=2), [arrival("a", n) for n in range(5)])
    assert not batcher.due(0.0)
    batcher.add(arrival("b", 5), 0.0)
    assert batcher.due(0.0)


def test_what_came_from_a_revoked_partition_is_forgotten() -> None:
    batcher = filled(
        policy(newest_wins=True, size=1),
        [arrival("a", 0, partition=1), arrival("b", 0, partition=2), arrival("a", 1, partition=1)],
    )
    assert batcher.forget({1}) == 2
    assert batcher.due(0.0), "one frame is left and the size is one"
    assert [(one.partition, plan) for one, plan in batcher.take()] == [(2, "infer")]
    assert batcher.room() == 100


@given(
    script=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["FRAME", "HEARTBEAT", "bad"])),
        max_size=40,
    ),
    size=st.integers(1, 5),
    newest_wins=st.booleans(),
    takes=st.integers(1, 4),
)
def test_every_arrival_gets_exactly_one_plan_in_the_order_it_came(
    script: list[tuple[str, str]], size: int, newest_wins: bool, takes: int
) -> None:
    batcher = Batcher(policy(size=size, newest_wins=newest_wins, most_queued=1000))
    taken: list[tuple[Arrival, Plan]] = []
    for offset, (camera_id, kind) in enumerate(script):
        one = refused(offset) if kind == "bad" else arrival(camera_id, offset, kind=kind)
        batcher.add(one, 0.0)
        if offset % takes == 0:
            taken += batcher.take()
    while len(batcher):
        batch = batcher.take()
        assert sum(plan == "infer" for _, plan in batch) <= size
        taken += batch
    assert [one.offset for one, _ in taken] == list(range(len(script)))
    for index, (one, plan) in enumerate(taken):
        if one.pixels_of is None:
            assert plan == "pass"
        elif not newest_wins:
            assert plan == "infer"
        elif plan == "skip":
            later = [other.pixels_of for other, _ in taken[index + 1 :]]
            assert one.pixels_of in later, "only a newer frame may make a frame void"
    last = {one.pixels_of: plan for one, plan in taken if one.pixels_of is not None}
    assert set(last.values()) <= {"infer"}, "the newest frame of a camera is always inferred"
