"""The checkpoint store against a real broker, driven by a plain loop."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from runtime.checkpoints import (
    AssignmentChanged,
    Checkpoint,
    CheckpointStore,
    Emit,
    EntityState,
    InputGone,
    OutputRecord,
    PartitionProgress,
    Record,
    RecordTooLarge,
    ReplayNeeded,
    StageTopics,
    Step,
)
from tests.support.clusters import LOGGED, cluster_at


class Tally:
    """Counts the records of each key; an empty value deletes the key. Emits each count."""

    def __init__(self, emit: Emit, output: str) -> None:
        self.counts: dict[bytes, int] = {}
        self._emit = emit
        self._output = output
        self._touched: set[bytes] = set()

    def restore(self, checkpoint: Checkpoint) -> None:
        self.counts = {key: int(state.data) for key, state in checkpoint.entities.items()}

    def advance(self, record: Record) -> None:
        assert record.key is not None
        self._touched.add(record.key)
        if not record.value:
            self.counts.pop(record.key, None)
            return
        self.counts[record.key] = self.counts.get(record.key, 0) + 1
        self._emit(
            OutputRecord(
                self._output, record.key, b"%d" % self.counts[record.key], record.partition
            )
        )

    def changed(self) -> Mapping[bytes, EntityState | None]:
        touched, self._touched = sorted(self._touched), set()
        return {
            key: EntityState(1, b"%d" % self.counts[key]) if key in self.counts else None
            for key in touched
        }

    def side_offsets(self) -> Mapping[str, int]:
        return {}


class Stage:
    """One process of a stage as a plain loop would run it."""

    def __init__(
        self,
        bootstrap: str,
        topics: StageTopics,
        output: str | None = None,
        settings: dict[str, Any] | None = None,
        fold_id: str | None = None,
    ) -> None:
        self.bootstrap = bootstrap
        self.topics = topics
        self.tallies: dict[int, Tally] = {}
        self.owned: dict[int, PartitionProgress] = {}
        self.inherited: list[tuple[int, str, bool]] = []
        self._output = output or f"{topics.stage}-output"
        self.store = CheckpointStore(
            cluster_at(bootstrap),
            topics,
            self._make,
            state_version=1,
            boot_id="test",
            settings=settings,
            fold_id=fold_id,
            inherit=self._inherit,
        )

    def _inherit(
        self, partition: int, checkpoint: Checkpoint, since_ms: int | None, emit: Emit
    ) -> dict[bytes, EntityState | None]:
        """Note whose checkpoint it was; mark it, and forget the key `b`."""
        self.inherited.append((partition, checkpoint.head.fold, since_ms is not None))
        emit(OutputRecord(self._output, b"seam", checkpoint.head.fold.encode(), partition))
        return {b"seam": EntityState(1, b"7"), b"b": None}

    def _make(self, partition: int, emit: Emit) -> Tally:
        self.tallies[partition] = Tally(emit, self._output)
        return self.tallies[partition]

    def take_over(self, *partitions: int) -> None:
        self.owned = self.store.load(partitions)

    def fold_all(self) -> None:
        """Fold every owned partition to the end of its log."""
        for partition, progress in self.owned.items():
            for record in read(self.bootstrap, self.topics.input, partition, progress.next_offset):
                step = progress.offer(record)
                if step is Step.UNCLAIMED:
                    self.store.claim(progress)
                    step = progress.offer(record)
                assert step is Step.FOLDED

    def save(self) -> None:
        self.store.save(self.store.snapshots(self.owned.values(), generation=1))

    def counts(self, partition: int) -> dict[str, int]:
        return {key.decode(): n for key, n in sorted(self.tallies[partition].counts.items())}


@contextmanager
def running(bootstrap: str, topics: StageTopics, **options: Any) -> Iterator[Stage]:
    stage = Stage(bootstrap, topics, **options)
    try:
        yield stage
    finally:
        stage.store.close()


def read(
    bootstrap: str, topic: str, partition: int, start: int, isolation: str = "read_committed"
) -> list[Record]:
    consumer = Consumer(
        {
            **LOGGED,
            "bootstrap.servers": bootstrap,
            "group.id": "test",
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    consumer.assign([TopicPartition(topic, partition, start)])
    found: list[Record] = []
    while True:
        message = consumer.poll(20)
        assert message is not None, f"{topic}[{partition}] has no end"
        error = message.error()
        if error is not None:
            assert error.code() == KafkaError._PARTITION_EOF, error
            consumer.close()
            return found
        found.append(
            Record(topic, partition, message.offset() or 0, message.key(), message.value(), 0, ())
        )


def write(bootstrap: str, topic: str, partition: int, *pairs: str) -> None:
    """Write records given as `key=value`."""
    producer = Producer({**LOGGED, "bootstrap.servers": bootstrap})
    for pair in pairs:
        key, _, value = pair.partition("=")
        producer.produce(topic, key=key, value=value, partition=partition)
    assert producer.flush(30) == 0


def test_a_second_process_resumes_where_the_first_one_saved(
    bootstrap: str, stage: StageTopics
) -> None:
    write(bootstrap, stage.input, 0, "a=1", "b=1", "a=2")
    with running(bootstrap, stage) as first:
        first.take_over(0)
        first.fold_all()
        first.save()
    write(bootstrap, stage.input, 0, "a=3", "b=", "c=1")

    with running(bootstrap, stage) as second:
        second.take_over(0)
        assert second.counts(0) == {"a": 2, "b": 1}
        assert second.owned[0].next_offset == 3
        second.fold_all()
        second.save()

    with running(bootstrap, stage) as third:
        third.take_over(0)
        assert third.counts(0) == {"a": 3, "c": 1}


def test_what_was_not_saved_is_folded_again_to_the_same_outputs(
    bootstrap: str, stage: StageTopics
) -> None:
    write(bootstrap, stage.input, 0, "a=1", "a=2")
    with running(bootstrap, stage) as crashed:
        crashed.take_over(0)
        crashed.fold_all()
        crashed.store.outputs.flush()

    with running(bootstrap, stage) as next_one:
        next_one.take_over(0)
        next_one.fold_all()
        next_one.save()

    outputs = [r.value for r in read(bootstrap, f"{stage.stage}-output", 0, 0)]
    assert outputs == [b"1", b"2", b"1", b"2"]


OLD: dict[str, Any] = {"iou": 0.2}
NEW: dict[str, Any] = {"iou": 0.3}


def reported(stage: Stage) -> list[tuple[int, dict[str, Any]]]:
    """From which offset partition 0 is folded under which settings."""
    return [(span.from_offset, span.values) for span in stage.owned[0].settings]


def test_settings_are_written_down_before_anything_is_folded_under_them(
    bootstrap: str, stage: StageTopics
) -> None:
    """A crash before the first save, even twice, leaves no doubt about what was sent."""
    write(bootstrap, stage.input, 0, "a=1", "a=2")
    with running(bootstrap, stage, settings=OLD) as crashed:
        crashed.take_over(0)
        assert reported(crashed) == [(0, OLD)]
        crashed.fold_all()

    with running(bootstrap, stage, settings=NEW) as crashed_too:
        crashed_too.take_over(0)
        assert crashed_too.owned[0].next_offset == 0
        assert reported(crashed_too) == [(0, OLD), (2, NEW)]

    write(bootstrap, stage.input, 0, "a=3")
    with running(bootstrap, stage, settings=NEW) as last:
        last.take_over(0)
        last.fold_all()
        last.save()
        assert reported(last) == [(0, OLD), (2, NEW)]

    with running(bootstrap, stage, settings=OLD) as rolled_back:
        rolled_back.take_over(0)
        assert rolled_back.counts(0) == {"a": 3}
        assert reported(rolled_back) == [(0, OLD), (2, NEW), (3, OLD)]


def test_a_partition_that_is_claimed_late_notes_its_settings_too(
    bootstrap: str, stage: StageTopics
) -> None:
    with running(bootstrap, stage, settings=OLD) as first:
        first.take_over(0)
        write(bootstrap, stage.input, 0, "a=1")
        first.fold_all()
        assert reported(first) == [(0, OLD)]

    with running(bootstrap, stage, settings=NEW) as second:
        second.take_over(0)
        assert reported(second) == [(0, OLD), (1, NEW)]


def test_the_broker_refuses_a_former_owner(bootstrap: str, stage: StageTopics) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as zombie, running(bootstrap, stage) as owner:
        zombie.take_over(0)
        zombie.fold_all()
        owner.take_over(0)
        write(bootstrap, stage.input, 0, "a=2")
        owner.fold_all()
        owner.save()

        with pytest.raises(ReplayNeeded, match="refused"):
            zombie.save()

    with running(bootstrap, stage) as successor:
        successor.take_over(0)
        assert successor.owned[0].next_offset == 2


def test_a_former_owner_learns_of_its_successor_without_anything_to_save(
    bootstrap: str, stage: StageTopics
) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as zombie, running(bootstrap, stage) as owner:
        zombie.take_over(0)
        zombie.fold_all()
        zombie.save()
        zombie.store.confirm()
        owner.take_over(0)

        with pytest.raises(ReplayNeeded, match="refused"):
            zombie.store.confirm()
        owner.store.confirm()

        assert owner.counts(0) == {"a": 1}


def test_a_checkpoint_of_another_fold_is_inherited_once(bootstrap: str, stage: StageTopics) -> None:
    """What the new owner makes of it is in the checkpoint before anything is folded."""
    write(bootstrap, stage.input, 0, "a=1", "b=1")
    with running(bootstrap, stage, fold_id="old") as old:
        old.take_over(0)
        old.fold_all()
        old.save()
        assert old.inherited == []

    with running(bootstrap, stage, fold_id="new") as new:
        new.take_over(0)
        assert new.inherited == [(0, "old", True)]
        assert new.counts(0) == {"a": 1, "seam": 7}

    with running(bootstrap, stage, fold_id="new") as again:
        again.take_over(0)
        assert again.inherited == []
        assert again.counts(0) == {"a": 1, "seam": 7}
        assert again.owned[0].fold_id == "new"
    sent = [record.value for record in read(bootstrap, f"{stage.stage}-output", 0, 0)]
    assert sent == [b"1", b"1", b"old"]


def test_an_uncommitted_checkpoint_does_not_count(bootstrap: str, stage: StageTopics) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as first:
        first.take_over(0)
        first.fold_all()
        first.save()
    torn = Producer(
        {
            **LOGGED,
            "bootstrap.servers": bootstrap,
            "transactional.id": f"{stage.stage}-0",
            "linger.ms": 0,
        }
    )
    torn.init_transactions(30)
    torn.begin_transaction()
    torn.produce(stage.checkpoints, key=b"a", value=b"\x01999", partition=0)
    torn.flush(30)
    await_end_offset(bootstrap, stage.checkpoints, 0, 4)

    with running(bootstrap, stage) as second:
        second.take_over(0)
        assert second.counts(0) == {"a": 1}


def await_end_offset(bootstrap: str, topic: str, partition: int, offset: int) -> None:
    """Wait until a partition holds `offset` records and markers, committed or not."""
    consumer = Consumer(
        {
            **LOGGED,
            "bootstrap.servers": bootstrap,
            "group.id": "test",
            "isolation.level": "read_uncommitted",
        }
    )
    until_s = time.monotonic() + 20
    while True:
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=60)
        if end >= offset:
            break
        assert time.monotonic() < until_s, f"{topic} ends at {end}, not {offset}"
        time.sleep(0.05)
    consumer.close()


def test_an_empty_partition_is_claimed_when_its_first_record_comes(
    bootstrap: str, stage: StageTopics
) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as process:
        process.take_over(0, 1, 2, 3)
        assert [p for p, progress in process.owned.items() if progress.claimed] == [0]

        write(bootstrap, stage.input, 2, "b=1")
        process.fold_all()
        process.save()
        assert [p for p, progress in process.owned.items() if progress.claimed] == [0, 2]

    with running(bootstrap, stage) as successor:
        successor.take_over(2)
        assert successor.counts(2) == {"b": 1}


def test_a_late_claim_notices_that_another_process_was_faster(
    bootstrap: str, stage: StageTopics
) -> None:
    with running(bootstrap, stage) as slow, running(bootstrap, stage) as fast:
        slow.take_over(1)
        fast.take_over(1)
        write(bootstrap, stage.input, 1, "a=1")
        fast.fold_all()
        fast.save()

        with pytest.raises(ReplayNeeded, match="another owner"):
            slow.fold_all()


def test_no_checkpoint_is_written_when_an_output_was_not_delivered(
    bootstrap: str, stage: StageTopics, create: Callable[..., None]
) -> None:
    refusing = f"{stage.stage}-refusing"
    create(refusing, max_message_bytes="1")
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage, output=refusing) as process:
        process.take_over(0)
        process.fold_all()

        with pytest.raises(RecordTooLarge, match="no output of that size"):
            process.save()

    assert read(bootstrap, stage.checkpoints, 0, 0) == []


def test_a_load_that_is_no_longer_wanted_claims_nothing(bootstrap: str, stage: StageTopics) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as owner, running(bootstrap, stage) as late:
        owner.take_over(0)
        owner.fold_all()

        with pytest.raises(AssignmentChanged):
            late.store.load([0], wanted=lambda: False)

        owner.save()


def test_a_compacted_log_gives_the_same_state(
    bootstrap: str, stage: StageTopics, admin: AdminClient, create: Callable[..., None]
) -> None:
    """Segments that roll and are cleaned at once: most records but the newest are gone."""
    topics = StageTopics(
        stage=stage.stage, input=stage.input, checkpoints=f"{stage.stage}-compacted"
    )
    create(
        topics.checkpoints,
        cleanup_policy="compact",
        segment_ms="50",
        min_cleanable_dirty_ratio="0.01",
        delete_retention_ms="50",
        max_compaction_lag_ms="100",
    )
    with running(bootstrap, topics) as first:
        write(bootstrap, topics.input, 0, "seldom=1", "gone=1")
        first.take_over(0)
        first.fold_all()
        first.save()
        write(bootstrap, topics.input, 0, "gone=")
        saves, until_s = 0, time.monotonic() + 90
        while saves < 20 or len(read(bootstrap, topics.checkpoints, 0, 0)) > saves:
            assert time.monotonic() < until_s, "the cleaner did not run"
            write(bootstrap, topics.input, 0, "often=1")
            first.fold_all()
            first.save()
            saves += 1
            time.sleep(0.1)
        expected = first.counts(0)

    with running(bootstrap, topics) as second:
        second.take_over(0)
        assert second.counts(0) == expected
        assert expected == {"often": saves, "seldom": 1}


def test_an_input_that_was_made_again_stops_the_process(
    bootstrap: str, stage: StageTopics, admin: AdminClient, create: Callable[..., None]
) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as first:
        first.take_over(0)
        first.fold_all()
        first.save()
    admin.delete_topics([stage.input])[stage.input].result(timeout=30)
    await_topic_gone(admin, stage.input)
    create(stage.input)
    write(bootstrap, stage.input, 0, "other=1", "other=2")

    with running(bootstrap, stage) as second, pytest.raises(InputGone, match="made again"):
        second.take_over(0)


def await_topic_gone(admin: AdminClient, topic: str) -> None:
    until_s = time.monotonic() + 20
    while topic in admin.list_topics(timeout=60).topics:
        assert time.monotonic() < until_s
        time.sleep(0.05)


def test_an_input_that_retention_has_passed_stops_the_process(
    bootstrap: str, stage: StageTopics, admin: AdminClient
) -> None:
    write(bootstrap, stage.input, 0, "a=1")
    with running(bootstrap, stage) as first:
        first.take_over(0)
        first.fold_all()
        first.save()
    write(bootstrap, stage.input, 0, "a=2", "a=3")
    trim(admin, stage.input, 0, 2)

    with running(bootstrap, stage) as second, pytest.raises(InputGone, match="1 comes next"):
        second.take_over(0)


def trim(admin: AdminClient, topic: str, partition: int, offset: int) -> None:
    """Delete the records before `offset`."""
    target = TopicPartition(topic, partition, offset)
    admin.delete_records([target])[target].result(timeout=30)


def test_markers_of_transactions_explain_a_gap(bootstrap: str, stage: StageTopics) -> None:
    upstream = Producer({**LOGGED, "bootstrap.servers": bootstrap, "transactional.id": "upstream"})
    upstream.init_transactions(30)
    for value in (b"1", b"2"):
        upstream.begin_transaction()
        upstream.produce(stage.input, key=b"a", value=value, partition=0)
        upstream.commit_transaction(30)

    with running(bootstrap, stage) as process:
        process.take_over(0)
        assert process.store.explains_gap(0, expected=1, received=2)


def test_a_record_that_the_log_holds_does_not(bootstrap: str, stage: StageTopics) -> None:
    write(bootstrap, stage.input, 0, "a=1", "a=2", "a=3")

    with running(bootstrap, stage) as process:
        process.take_over(0)
        assert not process.store.explains_gap(0, expected=1, received=2)


def test_neither_does_retention(bootstrap: str, stage: StageTopics, admin: AdminClient) -> None:
    write(bootstrap, stage.input, 0, "a=1", "a=2", "a=3")

    with running(bootstrap, stage) as process:
        process.take_over(0)
        trim(admin, stage.input, 0, 2)
        with pytest.raises(InputGone, match="begins at 2; 1 comes next"):
            process.store.explains_gap(0, expected=1, received=2)
