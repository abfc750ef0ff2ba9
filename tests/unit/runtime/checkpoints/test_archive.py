"""Checkpoints are archived beside the fold, and never in its way."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from runtime.checkpoints.archive import Archived, CheckpointArchive
from runtime.checkpoints.archiver import Archiver
from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.storage.objects import ObjectStore
from tests.support.builders.checkpoints import checkpoint

DEADLINE_S = 30.0


def archive_in(folder: Path) -> CheckpointArchive:
    return CheckpointArchive(ObjectStore(folder.as_uri()), "run-1.stream")


def until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.01)


class HeldArchive(CheckpointArchive):
    """An archive whose store answers only when it is let, and may refuse."""

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
    until(archive.started.is_set, "the store was asked")
    archiver.offer([checkpoint(9, 1)])
    began_s = time.monotonic()
    archiver.offer([checkpoint(9, 2)])
    assert time.monotonic() - began_s < 5
    assert archiver.counts.skipped == 1

    archive.let.set()
    until(lambda: archiver.counts.written == 2, "both were written")
    archiver.offer([checkpoint(12), checkpoint(12, 1), checkpoint(12, 2)])  # only one is due
    until(lambda: archiver.counts.written == 3, "the skipped one was due again")
    assert [one.next_offset for one in archive.held()] == [9, 9, 12]


def test_a_store_that_is_down_is_counted_and_tried_again(tmp_path: Path) -> None:
    archive = HeldArchive(tmp_path)
    archive.down = True
    archive.let.set()
    archiver = Archiver(lambda: archive, SystemClock(), every_s=0.05, keep_s=3600)

    archiver.offer([checkpoint(9)])
    until(lambda: archiver.counts.failed == 1, "the failure was counted")
    archive.down = False

    def written() -> bool:
        archiver.offer([checkpoint(9)])
        return archiver.counts.written > 0

    until(written, "it was tried again")


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
    until(seen.is_set, "the archive was looked at")
    archiver.offer([checkpoint(12, 1)])
    until(lambda: archiver.counts.written == 1, "another partition had none")

    assert [(one.partition, one.next_offset) for one in archive.held()] == [(0, 9), (1, 12)]
