"""Checkpoints in a folder or a bucket: found by offset, and refused when altered."""

import uuid
from collections.abc import Callable
from pathlib import Path

import obstore
import pytest

from runtime.checkpoints import CheckpointDamaged, PartitionProgress
from runtime.checkpoints.archive import CheckpointArchive
from runtime.storage.objects import ObjectStore
from tests.support.builders.checkpoints import Journal, checkpoint, record
from tests.support.servers.s3 import Bucket

HOUR_US = 3_600_000_000


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """An empty object store."""
    if request.param == "folder":
        return ObjectStore(tmp_path.as_uri())
    own: Bucket = request.getfixturevalue("bucket")
    return ObjectStore(f"{own.url}/{uuid.uuid4().hex}")


@pytest.fixture
def archive(store: ObjectStore) -> CheckpointArchive:
    return CheckpointArchive(store, "run-1.stream")


def rewrite(store: ObjectStore, path: str, damage: Callable[[bytes], bytes | None]) -> None:
    """Alter or delete an object, past the archive."""
    data = damage(bytes(obstore.get(store._store, path).bytes()))
    if data is None:
        obstore.delete(store._store, path)
    else:
        obstore.put(store._store, path, data)


def test_an_archived_checkpoint_restores_the_state_that_was_saved(
    archive: CheckpointArchive,
) -> None:
    saved = checkpoint(9)

    archive.write(saved.whole, 5 * HOUR_US)
    [held] = archive.held(0)
    found = archive.read(held, max_version=1)

    journal = Journal()
    PartitionProgress(0, journal, input_id="id", claimed=True, checkpoint=found)
    assert (held.partition, held.next_offset, held.written_us) == (0, 9, 5 * HOUR_US)
    assert journal.offsets == {b"a": [0, 3, 6], b"b": [1, 4, 7], b"c": [2, 5, 8]}


def test_a_checkpoint_after_a_restart_is_archived_with_what_did_not_change(
    archive: CheckpointArchive,
) -> None:
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
    archive: CheckpointArchive, store: ObjectStore
) -> None:
    for through, partition in ((9, 1), (4, 1), (6, 0)):
        archive.write(checkpoint(through, partition).whole, through)
    store.put("checkpoints/run-1.stream/p00001/note.txt", b"?")

    assert [(one.partition, one.next_offset) for one in archive.held()] == [(0, 6), (1, 4), (1, 9)]
    assert [one.next_offset for one in archive.held(1)] == [4, 9]
    assert CheckpointArchive(store, "stream").held() == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-3], id="cut-short"),
        pytest.param(lambda data: b"?" + data[1:], id="altered"),
        pytest.param(lambda _: None, id="gone"),
    ],
)
def test_an_archived_checkpoint_that_is_not_what_was_written_is_refused(
    damage: Callable[[bytes], bytes | None], archive: CheckpointArchive, store: ObjectStore
) -> None:
    held = archive.write(checkpoint(9).whole, 1)
    rewrite(store, held.path, damage)

    with pytest.raises(CheckpointDamaged, match="archived checkpoint"):
        archive.read(held, max_version=1)


def test_a_state_of_a_later_release_is_refused(archive: CheckpointArchive) -> None:

    with pytest.raises(CheckpointDamaged, match="version 1"):
        archive.read(archive.write(checkpoint(9).whole, 1), max_version=0)


def test_retention_leaves_the_newest_of_a_partition_however_old_it_is(
    archive: CheckpointArchive,
) -> None:
    for hour in range(1, 5):
        archive.write(checkpoint(hour + 8).whole, hour * HOUR_US)

    assert archive.drop_before(0, 3 * HOUR_US) == 2
    assert [one.written_us // HOUR_US for one in archive.held(0)] == [3, 4]
    assert archive.drop_before(0, 99 * HOUR_US) == 1
    assert [one.written_us // HOUR_US for one in archive.held(0)] == [4]
