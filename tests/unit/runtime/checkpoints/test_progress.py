"""State advances with the next record of the log and with nothing else."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.checkpoints import Checkpoint, EntityState, PartitionProgress, Step
from runtime.checkpoints.codec import HEAD_KEY, assemble, decode_head
from runtime.checkpoints.errors import RecordTooLarge
from tests.support.builders.checkpoints import Journal, record


def progress(fold: Journal, checkpoint: Checkpoint | None = None) -> PartitionProgress:
    return PartitionProgress(0, fold, input_id="id", claimed=True, checkpoint=checkpoint)


@given(st.lists(st.integers(min_value=0, max_value=40)))
def test_the_state_is_always_a_fold_of_a_prefix_of_the_log(offsets: list[int]) -> None:
    journal = Journal()
    partition = progress(journal)

    for offset in offsets:
        partition.offer(record(offset))

    folded = sorted(n for each in journal.offsets.values() for n in each)
    assert folded == list(range(partition.next_offset))


def test_each_offered_record_is_folded_repeated_or_a_gap() -> None:
    partition = progress(Journal())

    steps = [partition.offer(record(offset)) for offset in (0, 0, 2, 1)]

    assert steps == [Step.FOLDED, Step.REPEATED, Step.GAP, Step.FOLDED]


def test_nothing_is_folded_before_the_partition_is_claimed() -> None:
    journal = Journal()
    partition = PartitionProgress(0, journal, input_id="id", claimed=False)

    assert partition.offer(record(0)) is Step.UNCLAIMED
    assert journal.offsets == {}

    partition.claimed = True
    assert partition.offer(record(0)) is Step.FOLDED


def test_a_gap_that_the_log_explains_is_passed_once() -> None:
    partition = progress(Journal())
    assert partition.offer(record(5)) is Step.GAP

    partition.pass_gap(5)

    assert partition.offer(record(5)) is Step.FOLDED
    assert partition.next_offset == 6


def test_a_checkpoint_holds_what_changed_since_the_last_one() -> None:
    partition = progress(Journal())
    partition.offer(record(0))
    partition.offer(record(1))
    first = partition.snapshot(generation=1, boot_id="b")
    partition.offer(record(2, b"note", b"b"))
    second = partition.snapshot(generation=1, boot_id="b")

    assert first is not None
    assert second is not None
    assert [key for key, _ in first.records] == [b"a", b"b", HEAD_KEY]
    assert [key for key, _ in second.records] == [b"b", HEAD_KEY]
    assert partition.snapshot(generation=1, boot_id="b") is None


def test_a_deleted_entity_leaves_a_tombstone_and_the_head() -> None:
    partition = progress(Journal())
    partition.offer(record(0, b"note", b"a"))
    partition.snapshot(generation=1, boot_id="b")
    partition.offer(record(1, b"forget", b"a"))

    snapshot = partition.snapshot(generation=1, boot_id="b")

    assert snapshot is not None
    (tombstone, head) = snapshot.records
    assert tombstone == (b"a", None)
    assert head[1] is not None
    assert decode_head(head[1]).entities == {}


@given(st.lists(st.sampled_from(["note", "forget", "save"]), max_size=60))
def test_a_restored_partition_continues_as_if_it_had_never_stopped(script: list[str]) -> None:
    """Stop and restore at every save, from the newest record of each key."""
    unbroken, log, journal = Journal(), {}, Journal()
    partition = progress(journal)
    offset = 0
    for word in script:
        if word == "save":
            snapshot = partition.snapshot(generation=1, boot_id="b")
            log.update(dict(snapshot.records) if snapshot else {})
            if HEAD_KEY in log:
                kept = {key: value for key, value in log.items() if value is not None}
                journal = Journal()
                partition = progress(journal, assemble(0, kept, max_version=1))
        else:
            unbroken.advance(record(offset, word.encode()))
            partition.offer(record(offset, word.encode()))
            offset += 1

    assert journal.offsets == unbroken.offsets
    assert partition.next_offset == offset


def test_state_that_does_not_fit_into_a_record_stops_the_process() -> None:
    class Hoarder(Journal):
        def changed(self) -> Mapping[bytes, EntityState | None]:
            return {b"floor/attic": EntityState(1, bytes(1_000_000))}

    partition = progress(Hoarder())
    partition.offer(record(0))

    with pytest.raises(RecordTooLarge, match="'floor/attic' has 1000001 bytes"):
        partition.snapshot(generation=1, boot_id="b")
