"""Save the folded state in an order that survives a crash at any point.

A save runs in a task of its own, which no cancellation of an agent reaches: once a snapshot
is taken, it is written or the process ends. Folding waits while the outputs are flushed, and
continues while the checkpoint is committed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

from runtime.checkpoints import PartitionProgress, ReplayNeeded, Snapshot
from runtime.checkpoints.schedule import SaveSchedule
from runtime.clock import Clock
from streams.processor.checkpoint_settings import CheckpointingCounts, CheckpointingSettings
from streams.processor.fail_stop import ExitProcess, FailStop
from streams.processor.store_thread import StoreThread


class Outputs(Protocol):
    """Sends outputs, and waits for their acknowledgement."""

    def flush(self) -> None:
        """Wait until the broker has acknowledged every output."""


class Store(Protocol):
    """Takes snapshots and writes them as checkpoints, as `CheckpointStore` does."""

    @property
    def outputs(self) -> Outputs:
        """The outputs of the folds."""

    def snapshots(
        self, progress: Iterable[PartitionProgress], *, generation: int
    ) -> Sequence[Snapshot]:
        """Take a snapshot of each partition that has moved since its last one."""

    def commit(self, snapshots: Sequence[Snapshot]) -> None:
        """Write the checkpoints."""


class Loaded(Protocol):
    """Holds the loaded partitions, as `Resumption` does."""

    @property
    def partitions(self) -> Mapping[int, PartitionProgress]:
        """State by partition number."""

    @property
    def generation(self) -> int | None:
        """The group generation that the partitions belong to; None while none is loaded."""


class Saving:
    """Takes checkpoints of all loaded partitions, one after another.

    Args:
        store: Takes the snapshots and writes them.
        resumption: Holds the loaded partitions.
        thread: Does the store's blocking work.
        clock: Clock for when a save is due.
        settings: How often to save, and how far folding may run ahead.
        counts: Counts of what was done.
        exit_process: Ends the process when a save fails.
        committed: Called with each save once it is durable; must return at once and raise nothing.
        be_sure: Awaited before outputs leave; does not return if another process sends them.

    Attributes:
        folding: Lock that is held while the state changes or a snapshot is taken.
    """

    def __init__(
        self,
        store: Store,
        resumption: Loaded,
        thread: StoreThread,
        clock: Clock,
        settings: CheckpointingSettings,
        counts: CheckpointingCounts,
        exit_process: ExitProcess,
        committed: Callable[[Sequence[Snapshot]], None] | None = None,
        be_sure: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._be_sure = be_sure
        self._committed = committed
        self.folding = asyncio.Lock()
        self._store = store
        self._resumption = resumption
        self._thread = thread
        self._clock = clock
        self._max_unsaved = settings.max_unsaved
        self._commit_limit_s = settings.commit_limit_s
        self._counts = counts
        self._exit_process = exit_process
        self._schedule = SaveSchedule(settings.save_every_s)
        self._last: asyncio.Task[None] | None = None
        self._folded_at_snapshot = 0

    async def if_due(self) -> None:
        """Start a save when one is due; wait for the last one only if it lags too far."""
        if self._last is not None and not self._last.done():
            if self._counts.folded - self._folded_at_snapshot > self._max_unsaved:
                await asyncio.shield(self._last)
            return
        if self._schedule.due(self._clock.monotonic_s()):
            self._start()

    async def now(self) -> None:
        """Save all folded state, and return when it is durable."""
        await asyncio.shield(self._start())

    def _start(self) -> asyncio.Task[None]:
        self._schedule.saved(self._clock.monotonic_s())
        self._last = asyncio.create_task(self._save(after=self._last))
        return self._last

    async def _save(self, after: asyncio.Task[None] | None) -> None:
        with FailStop(self._exit_process):
            if after is not None:
                await after
            await self._flush_and_commit()

    async def _flush_and_commit(self) -> None:
        """Save once, in an order that survives a crash between any two steps.

        1. Folding waits, so that the flush covers only outputs from before the snapshot.
        2. After a freeze, the partitions must still be ours, or nothing may leave.
        3. Take the snapshot of every partition that has moved.
        4. Flush: the broker acknowledges every output up to the snapshot.
        5. Folding continues.
        6. Commit each checkpoint in a transaction of its own, which the broker refuses to a
           former owner. After a crash before it, the outputs are repeated with the same bytes;
           after a crash later on, nothing is repeated.
        7. Hand the snapshots to the archive.
        """
        async with self.folding:  # 1
            if self._be_sure is not None:
                await self._be_sure()  # 2
            started_s = self._clock.monotonic_s()
            self._folded_at_snapshot = self._counts.folded
            snapshots = self._store.snapshots(  # 3
                self._resumption.partitions.values(),
                generation=self._resumption.generation or 0,
            )
            if not snapshots:
                return
            await self._thread.call(self._store.outputs.flush)  # 4
            flushed_s = self._clock.monotonic_s()
        await self._commit(snapshots)  # 5, 6
        self._counts.saves += 1
        self._counts.flush_s += flushed_s - started_s
        self._counts.commit_s += self._clock.monotonic_s() - flushed_s
        if self._committed is not None:
            self._committed(snapshots)  # 7

    async def _commit(self, snapshots: Sequence[Snapshot]) -> None:
        """Write checkpoints, with a time limit: a wall clock set back defeats the client's own.

        Raises:
            ReplayNeeded: The checkpoints were refused, or the broker did not answer in time.
        """
        try:
            async with asyncio.timeout(self._commit_limit_s):
                await self._thread.call(lambda: self._store.commit(snapshots))
        except TimeoutError as error:
            raise ReplayNeeded(
                f"checkpoints were not written in {self._commit_limit_s:.0f} s"
            ) from error
