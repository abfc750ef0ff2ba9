"""How far consumer groups are behind the ends of their topics, and when topics last grew."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import answer, failure
from runtime.kafka.topic_partition import Partition
from runtime.process.metrics import LAG_RECORDS
from runtime.process.periodic import Periodic
from schemas.topics import Topic

log = structlog.get_logger(__name__)

ANSWER_S = 30.0
"""Longest wait for an answer, s: a broker that has just started may be slow."""

_LOST_EXTRA_S = 10.0
CHECK_S = 5.0
"""Pause between two readings of a process's own lag, s."""


class Span(NamedTuple):
    """What a partition holds: `start` is the first offset, `end` the next to be written."""

    start: int
    end: int


class LogProbe:
    """Asks a broker about offsets.

    Args:
        cluster: Where the topics are.
        answer_s: Longest wait for an answer, s.
    """

    def __init__(self, cluster: Cluster, answer_s: float = ANSWER_S) -> None:
        self._cluster = cluster
        self._answer_s = answer_s
        self._lost_s = answer_s + _LOST_EXTRA_S
        self._admin = cluster.admin()
        self._readers: dict[str, Consumer] = {}

    def ends(self, topics: Mapping[str, int]) -> dict[Partition, int]:
        """End offset of every partition that holds anything, by topic and partition.

        Args:
            topics: Number of partitions by physical name.

        Raises:
            Retry: The broker is out of reach.
        """
        found = self._offsets(_partitions(topics), OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {partition: offset for partition, (offset, _) in found.items() if offset > 0}

    def spans(self, topics: Mapping[str, int]) -> dict[Partition, Span]:
        """What every partition holds now.

        Args:
            topics: Number of partitions by physical name.

        Raises:
            Retry: The broker is out of reach.
        """
        partitions = _partitions(topics)
        starts = self._offsets(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        ends = self._offsets(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {
            partition: Span(starts[partition][0], ends[partition][0]) for partition in partitions
        }

    def newest_us(self, topics: Mapping[str, int]) -> dict[str, int]:
        """When each topic that holds anything was last appended to, UTC microseconds.

        Nothing is fetched: brokers keep the greatest timestamp of every segment.

        Raises:
            Retry: The broker is out of reach.
        """
        spec = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
        newest: dict[str, int] = {}
        for (topic, _), (_, at_ms) in self._offsets(_partitions(topics), spec).items():
            if at_ms > 0:
                newest[topic] = max(newest.get(topic, 0), at_ms * 1_000)
        return newest

    def _offsets(
        self, partitions: Iterable[Partition], spec: OffsetSpec
    ) -> dict[Partition, tuple[int, int]]:
        """Offset and timestamp (ms) of each partition.

        Raises:
            Retry: The broker is out of reach.
        """
        wanted = {TopicPartition(*partition): spec for partition in partitions}
        if not wanted:
            return {}
        try:
            asked = self._admin.list_offsets(wanted, request_timeout=self._answer_s)
            found = {(p.topic, p.partition): answer(one, self._lost_s) for p, one in asked.items()}
        except KafkaException as error:
            # After a restart of the broker this client would go on asking by the old leader epoch.
            self._admin = self._cluster.admin()
            raise failure("ends of topics", error) from error
        return {partition: (one.offset, one.timestamp) for partition, one in found.items()}

    def committed(self, group: str, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Committed offset by partition; absent where the group has none.

        Raises:
            Retry: The broker is out of reach.
        """
        found = self.notes(group, partitions)
        return {(p.topic, p.partition): p.offset for p in found if p.offset >= 0}

    def notes(self, group: str, partitions: Iterable[Partition]) -> list[TopicPartition]:
        """Committed offsets of a group in some partitions, with the text beside each.

        A consumer that never joins asks, because an admin client ends the process with a
        segmentation fault while the coordinator of the group is being loaded (librdkafka
        2.16, `ListConsumerGroupOffsets`), as it is for a moment whenever a broker has started.

        Raises:
            Retry: The broker is out of reach.
        """
        where = [TopicPartition(*partition) for partition in partitions]
        if not where:
            return []
        if group not in self._readers:
            # What an open transaction may still commit is not waited for.
            uncommitted = {"isolation.level": "read_uncommitted"}
            self._readers[group] = self._cluster.consumer(group, **uncommitted)
        try:
            found = self._readers[group].committed(where, timeout=self._answer_s)
            for partition in found:
                if partition.error is not None:
                    raise KafkaException(partition.error)  # noqa: TRY301 - one way out for both
        except KafkaException as error:
            raise failure(f"offsets of group {group}", error) from error
        return found

    def lag(self, group: str, ends: Mapping[Partition, int]) -> int | None:
        """Records between a group's committed offsets and the ends.

        A partition for which the group has committed nothing counts from its first record.

        Returns:
            None when the group has never committed anything.

        Raises:
            Retry: The broker is out of reach.
        """
        committed = self.committed(group, ends)
        if not committed:
            return None
        fresh = [partition for partition in ends if partition not in committed]
        starts = self._offsets(fresh, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        committed |= {partition: offset for partition, (offset, _) in starts.items()}
        return sum(
            max(0, end - max(0, committed.get(partition, 0))) for partition, end in ends.items()
        )


class LagWatch:
    """Keeps `wardstream_lag_records` of a stage up to date, in a thread of its own.

    Args:
        cluster: Where the topics are.
        stage: Label of the metric.
        group: The stage's consumer group.
        topics: Topics that the stage consumes.

    Attributes:
        records: Lag as last read; None before, and while the broker is out of reach.
    """

    def __init__(self, cluster: Cluster, stage: str, group: str, topics: Sequence[Topic]) -> None:
        self._probe = LogProbe(cluster)
        self._gauge = LAG_RECORDS.labels(stage)
        self._group = group
        self._topics = {cluster.name(topic): topic.partitions for topic in topics}
        self._thread = Periodic("lag", self._update, self._failed, every_s=CHECK_S, first_s=CHECK_S)
        self.records: int | None = None

    def start(self) -> None:
        """Start to read the lag."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading it; a request in progress is abandoned."""
        self._thread.close()

    def _update(self) -> None:
        self.records = self._probe.lag(self._group, self._probe.ends(self._topics))
        self._gauge.set(self.records or 0)

    def _failed(self, error: Exception) -> None:
        self.records = None
        log.debug("lag.unknown", error=str(error))


def ends_of(ends: Mapping[Partition, int], topics: Iterable[str]) -> dict[Partition, int]:
    """The ends of some topics only."""
    wanted = set(topics)
    return {where: end for where, end in ends.items() if where[0] in wanted}


def _partitions(topics: Mapping[str, int]) -> list[Partition]:
    return [(topic, number) for topic, count in topics.items() for number in range(count)]
