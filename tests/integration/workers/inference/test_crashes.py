"""The log after workers were killed, stopped or started while frames arrive."""

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from typing import Any

import pytest

from runtime.kafka.producer import ReliableProducer
from tests.support.inference_ward import (
    InferenceThread,
    Ward,
    first_wins,
    frame,
    heartbeat,
    inferring,
)
from workers.inference import process as inference

CAMERAS = ("bed-1", "bed-2", "door")
RUN = "from workers.cli.app import main; main()"
OPTIONS = ("--backend", "hog", "--mode", "record", "--threads", "1", "--batch-size", "3")

Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(ward_environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts `wardstream infer` as a process, which ends with the test."""
    started: list[subprocess.Popen[bytes]] = []
    numbers = itertools.count()

    def run() -> "subprocess.Popen[bytes]":
        with (tmp_path / f"inference-{next(numbers)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", RUN, "infer", *OPTIONS],
                env={**os.environ, **ward_environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def stream(ward: Ward, first: int, last: int) -> None:
    """Send frames `first` to `last` of all cameras; every tenth record is a heartbeat."""
    ward.send(
        *[
            heartbeat(camera_id, seq) if seq % 10 == 9 else frame(camera_id, seq)
            for seq in range(first, last)
            for camera_id in CAMERAS
        ]
    )


def assert_one_outcome_each(ward: Ward, count: int) -> int:
    """Check each camera's outcomes after repeats are dropped: none missing or out of order.

    Returns:
        Number of repeated outcomes.
    """
    again = 0
    found = ward.outcomes()
    assert set(found) == set(CAMERAS)
    for camera_id, outcomes in found.items():
        kept = first_wins(outcomes)
        again += len(outcomes) - len(kept)
        assert [one["frame_seq"] for one in kept] == list(range(count)), camera_id
        assert {one["outcome"] for one in kept} == {"DETECTED", "HEARTBEAT"}
    assert ward.dead_letters() == []
    return again


def shares(*workers: InferenceThread) -> list[int]:
    """Partitions that each worker holds."""
    return [int(worker.service.health.detail.get("partitions", "0")) for worker in workers]


def test_no_offset_is_committed_before_its_outcome_is_acknowledged(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lingering producer shows the order: only a flush sends the outcomes of a commit."""
    lingering: dict[str, Any] = {"linger.ms": 60_000, "batch.num.messages": 1_000_000}
    monkeypatch.setattr(
        inference, "ReliableProducer", lambda cluster: ReliableProducer(cluster, **lingering)
    )
    stream(ward, 0, 60)
    seen = set()
    with inferring(ward, batch_size=3):
        while (committed := sum(ward.committed().values())) < 180:
            assert ward.count() >= committed
            seen.add(committed)

    assert len(seen) > 1, "commits were seen under way"
    assert assert_one_outcome_each(ward, 60) == 0


def test_a_kill_in_mid_stream_loses_nothing_and_the_first_outcome_wins(
    ward: Ward, start: Start
) -> None:
    stream(ward, 0, 200)
    worker = start()
    ward.await_outcomes(100)
    worker.send_signal(SIGKILL)
    worker.wait()
    before = ward.count()
    assert before < 600, "it was killed in mid-stream"
    start()
    stream(ward, 200, 260)
    ward.await_read(120)

    again = assert_one_outcome_each(ward, 260)

    assert again <= before, "only what was not committed is repeated"


def test_a_stop_on_request_repeats_nothing(ward: Ward, start: Start) -> None:
    stream(ward, 0, 200)
    worker = start()
    ward.await_outcomes(100)
    worker.send_signal(SIGTERM)
    assert worker.wait(30) == 0
    assert sum(ward.committed().values()) == ward.count() < 600
    start()
    ward.await_read(120)

    assert assert_one_outcome_each(ward, 200) == 0


def test_a_worker_that_joins_and_leaves_again_makes_no_repeat_and_no_gap(ward: Ward) -> None:
    stream(ward, 0, 120)
    with inferring(ward, batch_size=3) as first:
        ward.await_outcomes(60)
        with inferring(ward, batch_size=3) as second:
            ward.await_that(lambda: shares(first, second) == [16, 16], "equal shares", 30)
            stream(ward, 120, 160)
            ward.await_outcomes(ward.count() + 30)
        ward.await_that(lambda: shares(first) == [32], "all of them again", 30)
        ward.await_read(120)

    assert assert_one_outcome_each(ward, 160) == 0


def test_a_worker_taken_for_dead_that_wakes_again_spoils_nothing(ward: Ward, start: Start) -> None:
    """Stopped for longer than its session, it continues a batch that another one answered."""
    stream(ward, 0, 200)
    sleeper = start()
    ward.await_outcomes(100)
    sleeper.send_signal(SIGSTOP)
    other = InferenceThread(ward.with_inference(backend="hog", mode="record"))
    ward.await_read(120)
    sleeper.send_signal(SIGCONT)
    stream(ward, 200, 230)
    ward.await_read(120)
    error = other.end()
    sleeper.send_signal(SIGTERM)

    assert error is None
    assert sleeper.wait(60) == 0
    assert_one_outcome_each(ward, 230)
