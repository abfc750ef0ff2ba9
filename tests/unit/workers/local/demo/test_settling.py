"""Waiting ends when every stage is at its end, or when nothing moves any more."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from deploy.local.errors import LaunchError
from runtime.errors import Retry
from tests.support.set_clock import SetClock
from workers.local.demo.settling import Offsets, Patience, Standing, settle, standing

FRAMES, TRACKS = ("frames", 0), ("tracks", 0)


def waited(
    read: Callable[[], Sequence[Standing]], check: Callable[[], None] = lambda: None
) -> tuple[list[str], float]:
    """What is unsettled, and how long it was waited for, s."""
    clock = SetClock(100.0)
    condition = "{} runs".format
    why = settle(read, clock, check, condition, Patience(60.0), lambda _text: None)
    return why, clock.now_s - 100.0


def at(offset: int, end: int) -> Standing:
    return standing("infer", {FRAMES: offset}, {FRAMES: end})


def test_a_stage_at_its_ends_has_settled_at_once() -> None:
    assert waited(lambda: [at(7, 7), standing("stream", {}, {})]) == ([], 0.0)


def test_a_partition_without_a_position_is_not_processed() -> None:
    found = standing("infer", {FRAMES: 4}, {FRAMES: 4, TRACKS: 3})

    assert found.behind == 3
    assert "tracks[0] at offset 0 of 3" in found.text()


def test_a_stage_that_goes_on_is_waited_for_however_long_it_takes() -> None:
    offsets = iter(range(2000))

    why, seconds = waited(lambda: [at(next(offsets), 1999)])

    assert why == []
    assert seconds > 500


def test_what_does_not_move_is_named_with_its_position_and_condition() -> None:
    why, seconds = waited(lambda: [at(7, 9), standing("stream", {TRACKS: 1}, {TRACKS: 1})])

    assert why == ["infer: 2 records are not processed (frames[0] at offset 7 of 9); infer runs"]
    assert 60 <= seconds < 61


def test_a_broker_that_does_not_answer_is_named() -> None:
    def read() -> Sequence[Standing]:
        raise Retry("connection refused")

    (why,), seconds = waited(read)

    assert "broker" in why
    assert "connection refused" in why
    assert seconds >= 60


def test_a_broker_that_returns_is_waited_for() -> None:
    turns = iter([None, None, 7])

    def read() -> Sequence[Standing]:
        offset = next(turns)
        if offset is None:
            raise Retry("connection refused")
        return [at(offset, 7)]

    assert waited(read)[0] == []


def test_a_process_that_ended_for_good_ends_the_wait() -> None:
    def check() -> None:
        raise LaunchError("stream stopped")

    with pytest.raises(LaunchError, match="stream stopped"):
        waited(lambda: [at(0, 1)], check)


def test_only_some_partitions_are_written_out() -> None:
    ends: Offsets = {("frames", number): 2 for number in range(8)}

    text = standing("infer", {}, ends).text()

    assert text.startswith("16 records are not processed")
    assert text.endswith("and 5 more partitions)")


def test_a_long_wait_is_reported_every_ten_seconds_with_what_it_waits_for() -> None:
    clock = SetClock(100.0)
    reported: list[tuple[float, str]] = []

    def read() -> Sequence[Standing]:
        if clock.now_s < 130:
            return [at(7, 9)]
        raise Retry("connection refused")

    def report(text: str) -> None:
        reported.append((clock.now_s - 100.0, text))

    settle(read, clock, lambda: None, "{} runs".format, Patience(60.0), report)

    assert [text for _, text in reported[:2]] == ["waiting for infer (2 records)"] * 2
    assert "connection refused" in reported[-1][1]
    times = [0.0, *(at_s for at_s, _ in reported)]
    assert all(10 <= later - earlier < 11 for earlier, later in pairwise(times))
