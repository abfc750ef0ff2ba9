"""Checkpoints are archived in the background, and never delay the fold."""

import threading
import time
from pathlib import Path

from runtime.checkpoints.archive import Archived, CheckpointArchive
from runtime.checkpoints.archiver import Archiver
from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.storage.objects import ObjectStore
from tests.support.builders.checkpoints import checkpoint
from tests.support.waiting import eventually

DEADLINE_S = 30.0


def archive_in(folder: Path) -> CheckpointArchive:
    return CheckpointArchive(ObjectStore(folder.as_uri()), "run-1.stream")


class HeldArchive(CheckpointArchive):
    """An archive whose store answers only once `let` is set, and may refuse."""

    def __init__(self, folder: Path) -> None:
        super().__init__(ObjectStore(folder.as_uri()), "stream")
        self.started = threading.Event()
        self.let = threading.Event()
        self.down = False

    def write(self, records, written_us: int) -> Archived:  # type: ignore[no-untyped-def]
        self.started.set()
        assert self.let.wait(DEADLINE_S)
        if self.down:
            raise Retry("the store is down")
        return super().write(records, written_us)


def test_saves_continue_while_the_archive_hangs_and_dropped_archives_are_counted(
    tmp_path: Path,
) -> None:
    archive = HeldArchive(tmp_path)
    archiver = Archiver(lambda: archive, SystemClock(), every_s=3600, keep_s=3600)

    archiver.offer([checkpoint(9)])
    eventually(archive.started.is_set, what="the store was asked")
    archiver.offer([checkpoint(9, 1)])
    began_s = time.monotonic()
    archiver.offer([checkpoint(9, 2)])
    assert time.monotonic() - began_s < 5
    assert archiver.counts.skipped == 1

    archive.let.set()
    eventually(lambda: archiver.counts.written == 2, what="both were written")
    archiver.offer([checkpoint(12), checkpoint(12, 1), checkpoint(12, 2)])  # only one is due
    eventually(lambda: archiver.counts.written == 3, what="the skipped one was due again")
    assert [one.next_offset for one in archive.held()] == [9, 9, 12]


def test_a_store_that_is_down_is_counted_and_tried_again(tmp_path: Path) -> None:
    archive = HeldArchive(tmp_path)
    archive.down = True
    archive.let.set()
    archiver = Archiver(lambda: archive, SystemClock(), every_s=0.05, keep_s=3600)

    archiver.offer([checkpoint(9)])
    eventually(lambda: archiver.counts.failed == 1, what="the failure was counted")
    archive.down = False

    def written() -> bool:
        archiver.offer([checkpoint(9)])
        return archiver.counts.written > 0

    eventually(written, what="it was tried again")


def test_a_process_that_starts_again_keeps_to_the_hour(tmp_path: Path) -> None:
    archive = archive_in(tmp_path)
    archive.write(checkpoint(9).whole, SystemClock().now_us())
    seen = threading.Event()

    class Watched(CheckpointArchive):
        def held(self, partition: int | None = None) -> list[Archived]:
            found = super().held(partition)
            seen.set()
            return found

    store = ObjectStore(tmp_path.as_uri())
    archiver = Archiver(
        lambda: Watched(store, "run-1.stream"), SystemClock(), every_s=3600, keep_s=3600
    )
    archiver.offer([checkpoint(12)])
    eventually(seen.is_set, what="the archive was looked at")
    archiver.offer([checkpoint(12, 1)])
    eventually(lambda: archiver.counts.written == 1, what="another partition had none")

    assert [(one.partition, one.next_offset) for one in archive.held()] == [(0, 9), (1, 12)]
