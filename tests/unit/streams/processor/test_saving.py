"""A save is written, or the process ends; it is never waited for without a limit."""

import asyncio
from collections.abc import Callable
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

from runtime.checkpoints import CheckpointStore
from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY
from streams.processor.checkpoint_settings import CheckpointingCounts, CheckpointingSettings
from streams.processor.resume import Resumption
from streams.processor.saving import Saving
from streams.processor.store_thread import StoreThread


def save(commit: Callable[[Any], None], limit_s: float) -> tuple[list[tuple[int, str]], int]:
    """Take one checkpoint; returns how the process ended, if so, and the saves that were done."""
    ended: list[tuple[int, str]] = []
    counts = CheckpointingCounts()
    store = SimpleNamespace(
        snapshots=lambda _partitions, **_: ["a snapshot"],
        outputs=SimpleNamespace(flush=lambda: None),
        commit=commit,
    )

    async def run() -> None:
        saving = Saving(
            cast(CheckpointStore, store),
            cast(Resumption, SimpleNamespace(partitions={}, generation=1)),
            StoreThread(),
            SystemClock(),
            CheckpointingSettings(commit_limit_s=limit_s),
            counts,
            lambda status, reason: ended.append((status, reason)),
        )
        await saving.now()

    asyncio.run(run())
    return ended, counts.saves


def test_a_commit_that_gives_no_answer_ends_the_process() -> None:
    answered = Event()

    def commit(_snapshots: object) -> None:
        answered.wait(60)

    try:
        ended, saves = save(commit, 0.05)
    finally:
        answered.set()

    [(status, reason)] = ended
    assert status == EXIT_REPLAY
    assert "checkpoints were not written in" in reason
    assert saves == 0


def test_a_commit_in_time_is_a_save() -> None:
    written: list[object] = []

    assert save(written.append, 60.0) == ([], 1)
    assert written == [["a snapshot"]]
