"""A stage that counts keys, driven by a plain loop over a real broker."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from runtime.checkpoints import (
    Checkpoint,
    CheckpointStore,
    Emit,
    EntityState,
    OutputRecord,
    PartitionProgress,
    Record,
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
