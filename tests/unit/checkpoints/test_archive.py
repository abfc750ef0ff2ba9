"""Checkpoints in object storage: found by offset, refused when altered, never in the fold's way."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.checkpoints import CheckpointDamaged, PartitionProgress, Snapshot
from runtime.checkpoints.archive import Archived, CheckpointArchive
from runtime.checkpoints.archiver import Archiver
from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.object_store import ObjectStore
from tests.unit.checkpoints.test_progress import Journal, record

HOUR_US = 3_600_000_000
DEADLINE_S = 30.0


def checkpoint(through: int, partition: int = 0) -> Snapshot:
    """What is saved after the records up to an offset."""
    progress = PartitionProgress(partition, Journal(), input_id="id", claimed=True)
    for offset in range(through):
        progress.offer(record(offset))
        if offset == through // 2:
            progress.snapshot(generation=1, boot_id="earlier")
    snapshot = progress.snapshot(generation=1, boot_id="test")
    assert snapshot is not None
    return snapshot


def archive_in(folder: Path) -> CheckpointArchive:
    return CheckpointArchive(ObjectStore(folder.as_uri()), "run-1.stream")


def until(condition: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.01)


def test_an_archived_checkpoint_restores_the_state_that_was_saved(tmp_path: Path) -> None:
    archive = archive_in(tmp_path)
    saved = checkpoint(9)

    archive.write(saved.whole, 5 * HOUR_US)
    [held] = archive.held(0)
    found = archive.read(held, max_version=1)

    journal = Journal()
    PartitionProgress(0, journal, input_id="id", claimed=True, checkpoint=found)
    assert (held.partition, held.next_offset, held.written_us) == (0, 9, 5 * HOUR_US)
    assert journal.offsets == {b"a": [0, 3, 6], b"b": [1, 4, 7], b"c": [2, 5, 8]}


def test_a_checkpoint_after_a_restart_is_archived_with_what_did_not_change(tmp_path: Path) -> None:
    archive = archive_in(tmp_path)
    restored = archive.read(archive.write(checkpoint(9).whole, 1), max_version=1)
    progress = PartitionProgress(0, Journal(), input_id="id", claimed=True, checkpoint=restored)
    progress.offer(record(9))
    later = progress.snapshot(generation=2, boot_id="next")
    assert later is not None

    found = archive.read(archive.write(later.whole, 2), max_version=1)

    assert len(later.records) == 2  # one entity and the head
    assert {key: state.data for key, state in found.entities.items()} == {
        b"a": b"0 3 6 9",
        b"b": b"1 4 7",
        b"c": b"2 5 8",
    }


def test_the_archive_lists_each_partition_by_offset_and_passes_over_strangers(
    tmp_path: Path,
) -> None:
    archive = archive_in(tmp_path)
    for through, partition in ((9, 1), (4, 1), (6, 0)):
        archive.write(checkpoint(through, partition).whole, through)
    (tmp_path / "checkpoints" / "run-1.stream" / "p00001" / "note.txt").write_text("?")

    assert [(one.partition, one.next_offset) for one in archive.held()] == [(0, 6), (1, 4), (1, 9)]
    assert [one.next_offset for one in archive.held(1)] == [4, 9]
    assert CheckpointArchive(ObjectStore(tmp_path.as_uri()), "stream").held() == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-3]), id="cut-short"),
        pytest.param(lambda path: path.write_bytes(b"?" + path.read_bytes()[1:]), id="altered"),
        pytest.param(lambda path: path.unlink(), id="gone"),
    ],
)
def test_an_archived_checkpoint_that_is_not_what_was_written_is_refused(
    damage: Callable[[Path], object], tmp_path: Path
) -> None:
    archive = archive_in(tmp_path)
    held = archive.write(checkpoint(9).whole, 1)
    damage(tmp_path / held.path)

    with pytest.raises(CheckpointDamaged, match="archived checkpoint"):
        archive.read(held, max_version=1)


def test_a_state_of_a_later_release_is_refused(tmp_path: Path) -> None:
    archive = archive_in(tmp_path)

    with pytest.raises(CheckpointDamaged, match="version 1"):
        archive.read(archive.write(checkpoint(9).whole, 1), max_version=0)


def test_retention_leaves_the_newest_of_a_partition_however_old_it_is(tmp_path: Path) -> None:
    archive = archive_in(tmp_path)
    for hour in range(1, 5):
        archive.write(checkpoint(hour + 8).whole, hour * HOUR_US)

    assert archive.drop_before(0, 3 * HOUR_US) == 2
    assert [one.written_us // HOUR_US for one in archive.held(0)] == [3, 4]
    assert archive.drop_before(0, 99 * HOUR_US) == 1
    assert [one.written_us // HOUR_US for one in archive.held(0)] == [4]


class HeldArchive(CheckpointArchive):
    """An archive whose store answers only when it is let, and may refuse."""

    def __init__(self, folder: Path) -> None:
        super().__init__(ObjectStore(folder.as_uri()), "stream")
        self.begun = threading.Event()
        self.let = threading.Event()
        self.down = False

    def write(self, records, written_us: int) -> Archived:  # type: ignore[no-untyped-def]
        self.begun.set()
        assert self.let.wait(DEADLINE_S)
        if self.down:
            raise Retry("the store is down")
        return super().write(records, written_us)


def test_saves_go_on_while_the_store_hangs_and_what_cannot_wait_is_counted(tmp_path: Path) -> None:
    archive = HeldArchive(tmp_path)
    archiver = Archiver(lambda: archive, SystemClock(), every_s=3600, keep_s=3600)

    archiver.offer([checkpoint(9)])
    until(archive.begun.is_set, "the store was asked")
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
