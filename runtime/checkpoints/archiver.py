"""Archive checkpoints in the background: folding neither waits for it nor fails."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from runtime.checkpoints.archive import CheckpointArchive
from runtime.checkpoints.fold import Snapshot
from runtime.clock import Clock
from runtime.process.metrics import CHECKPOINTS_ARCHIVED

log = structlog.get_logger(__name__)

RETRY_S = 60.0
"""Seconds until failed archiving of a partition is retried; `every_s` if that is less."""

Batch = Sequence[tuple[int, Mapping[bytes, bytes]]]
"""Partitions, each with all records of one checkpoint."""


@dataclass
class ArchiverCounts:
    """Counts since the start; they only rise.

    Attributes:
        written: Checkpoints written to the store.
        skipped: Checkpoints that were due while earlier ones were still being written.
        failed: Checkpoints that could not be archived.
        dropped: Checkpoints deleted because they were older than `keep_s`.
    """

    written: int = 0
    skipped: int = 0
    failed: int = 0
    dropped: int = 0


class Archiver:
    """Archives committed checkpoints when they are due, in a thread of its own.

    The thread writes one batch at a time, and one more may wait. Any further batch is skipped and
    counted, and due again with the next save.

    Args:
        open_archive: Opens the archive; called in the thread, because a store can be slow or down.
        clock: Source of the time for due partitions and object names.
        every_s: Seconds between two archived checkpoints of a partition, also across restarts.
        keep_s: Seconds to keep them; a partition's newest one is always kept.

    Attributes:
        counts: Counts since the start.
    """

    def __init__(
        self,
        open_archive: Callable[[], CheckpointArchive],
        clock: Clock,
        *,
        every_s: float,
        keep_s: float,
    ) -> None:
        self.counts = ArchiverCounts()
        self._open_archive = open_archive
        self._clock = clock
        self._every_s = every_s
        self._keep_s = keep_s
        self._due_s: dict[int, float] = {}
        self._waiting: queue.Queue[Batch] = queue.Queue(maxsize=1)
        self._archive: CheckpointArchive | None = None
        threading.Thread(target=self._work, name="checkpoint-archive", daemon=True).start()

    def offer(self, snapshots: Sequence[Snapshot]) -> None:
        """Queue committed checkpoints that are due; returns at once, whatever the store does."""
        now_s = self._clock.monotonic_s()
        due = [
            (snapshot.partition, snapshot.whole)
            for snapshot in snapshots
            if self._due_s.get(snapshot.partition, now_s) <= now_s
        ]
        if not due:
            return
        try:
            self._waiting.put_nowait(due)
        except queue.Full:
            self._count("skipped", len(due))
            return
        for partition, _ in due:
            self._due_s[partition] = now_s + self._every_s

    def _work(self) -> None:
        while True:
            for partition, records in self._waiting.get():
                try:
                    self._write(partition, records)
                except Exception as error:  # noqa: BLE001 - the pipeline runs on without an archive
                    self._count("failed", 1)
                    self._due_s[partition] = self._clock.monotonic_s() + min(RETRY_S, self._every_s)
                    log.warning("checkpoints.not_archived", partition=partition, error=str(error))

    def _write(self, partition: int, records: Mapping[bytes, bytes]) -> None:
        if self._archive is None:
            self._archive = self._open_archive()
        now_us = self._clock.now_us()
        held = self._archive.held(partition)
        if held:  # a restart does not reset the interval
            left_s = self._every_s - (now_us - max(one.written_us for one in held)) / 1e6
            if 0 < left_s <= self._every_s:
                self._due_s[partition] = self._clock.monotonic_s() + left_s
                return
        self._archive.write(records, now_us)
        self._count("written", 1)
        self.counts.dropped += self._archive.drop_before(
            partition, now_us - round(self._keep_s * 1e6)
        )

    def _count(self, what: str, number: int) -> None:
        setattr(self.counts, what, getattr(self.counts, what) + number)
        CHECKPOINTS_ARCHIVED.labels(what).inc(number)
