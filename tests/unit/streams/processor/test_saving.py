"""A save is written, or the process ends; it is never waited for without a limit."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from threading import Event

from runtime.checkpoints import PartitionProgress, Snapshot
from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY
from streams.processor.checkpoint_settings import CheckpointingCounts, CheckpointingSettings
from streams.processor.saving import Saving
from streams.processor.store_thread import StoreThread
from tests.support.builders.checkpoints import checkpoint

SNAPSHOT = checkpoint(9)


class Acknowledged:
    """Outputs that are always acknowledged."""

    def flush(self) -> None:
        """Do nothing: no output waits."""


class OneSnapshot:
    """A store that has one snapshot to write.

    Args:
        write: Called with what is to be committed.
    """

    def __init__(self, write: Callable[[Sequence[Snapshot]], None]) -> None:
        self.outputs = Acknowledged()
        self._write = write

    def snapshots(
        self, progress: Iterable[PartitionProgress], *, generation: int
    ) -> Sequence[Snapshot]:
        assert (list(progress), generation) == ([], 1)
        return [SNAPSHOT]

    def commit(self, snapshots: Sequence[Snapshot]) -> None:
        self._write(snapshots)


class NothingLoaded:
    """A group's first generation, without partitions."""

    def __init__(self) -> None:
        self.partitions: dict[int, PartitionProgress] = {}
        self.generation = 1


def save(
    commit: Callable[[Sequence[Snapshot]], None], limit_s: float
) -> tuple[list[tuple[int, str]], int]:
    """Take one checkpoint; returns how the process ended, if it did, and the number of saves."""
    ended: list[tuple[int, str]] = []
    counts = CheckpointingCounts()

    async def run() -> None:
        saving = Saving(
            OneSnapshot(commit),
            NothingLoaded(),
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

    def commit(_snapshots: Sequence[Snapshot]) -> None:
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
    written: list[Sequence[Snapshot]] = []

    assert save(written.append, 60.0) == ([], 1)
    assert written == [[SNAPSHOT]]
