"""Detect that the log has changed under a consumer, and report the offsets it never read.

Kafka's client continues from the first record there is when the next one is gone, and
reports nothing. So each record is compared with the one that had to come: the group's committed
offset first, the offset after the last record from then on. Offsets only rise by one where
a partition holds nothing but records; the broker is asked what else may leave a hole.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeVar

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime.clock import Clock
from runtime.errors import DeadLetter, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import is_refusal
from runtime.kafka.topic_description import MISSING, describe_visible
from runtime.kafka.topic_partition import Partition, source_partition
from runtime.process.metrics import RECORDS_GONE
from runtime.retry import Tries, constant, retried
from schemas.topics import Topic

log = structlog.get_logger(__name__)

GONE: Final = "records_gone"
"""Reason of the dead letter for records that expired before they were read."""

SHORTENED: Final = "log_shortened"
"""Reason of the dead letter for a log that ends before an offset that was read."""

_ANSWER_S = 10.0
_AGAIN = constant(0.1, deadline_s=30.0)

Answer = TypeVar("Answer")


class Break(NamedTuple):
    """A partition whose log does not continue where reading stopped.

    Attributes:
        topic: Name on the broker.
        partition: Number of the partition.
        reason: `records_gone`, or `log_shortened`.
        first: Offset of the first record concerned: the one that had to come, or the new end.
        until: Offset after the last one.
    """

    topic: str
    partition: int
    reason: Literal["records_gone", "log_shortened"]
    first: int
    until: int

    @property
    def records(self) -> int:
        """Number of records concerned."""
        return self.until - self.first

    @property
    def text(self) -> str:
        """What happened, as text for an operator."""
        where = f"{self.topic}[{self.partition}]"
        if self.reason == GONE:
            return (
                f"{where}: offsets {self.first} to {self.until - 1} ({self.records} records) "
                "expired before they were read"
            )
        return (
            f"{where}: the log ends at {self.first}, and had been read up to {self.until}: it was "
            "cut short or made again, and is read from its beginning"
        )

    @property
    def lost(self) -> str:
        """Offsets of the records concerned, as one word."""
        return f"{self.first}-{self.until}" + ("" if self.reason == GONE else "-cut")

    @property
    def dead_letter(self) -> DeadLetter:
        """Why these records were never processed."""
        return DeadLetter(self.reason, self.text)


class Continuity:
    """Follows the offsets of one consumer.

    Args:
        cluster: Where the topics are.
        stage: Label of the metric.
        consumer: Consumer in a group; it is asked only for its offsets.
        topics: Topics that it consumes. Compacted ones have holes as a rule, and are not checked.
    """

    def __init__(
        self, cluster: Cluster, stage: str, consumer: Consumer, topics: Iterable[Topic]
    ) -> None:
        self._cluster = cluster
        self._stage = stage
        self._consumer = consumer
        self._topics = {cluster.name(topic): topic for topic in topics}
        self._next: dict[Partition, int] = {}

    def check(self, messages: Sequence[Message]) -> list[Break]:
        """Note what was read; return what was lost before it.

        Raises:
            Retry: The broker does not say what it held.
            Stop: A topic that must keep every record has been compacted, or may not be asked about.
        """
        fresh = {source_partition(message) for message in messages} - self._next.keys()
        if fresh:
            self._next |= self._committed(fresh)
        breaks = []
        for message in messages:
            partition, offset = source_partition(message), message.offset() or 0
            expected = self._next.get(partition, -1)
            self._next[partition] = offset + 1
            if expected in {offset, -1}:
                continue
            found = self._judge(partition, expected, offset)
            if found is not None:
                RECORDS_GONE.labels(self._stage, partition[0]).inc(found.records)
                log.error("kafka.log_changed", stage=self._stage, **found._asdict())
                breaks.append(found)
        return breaks

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Forget revoked partitions; when they come back, the committed offsets count again."""
        for partition in partitions:
            self._next.pop(partition, None)

    def _committed(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Where reading had to go on; -1 where nothing was ever committed."""
        wanted = [TopicPartition(*partition) for partition in sorted(partitions)]

        def ask() -> Mapping[Partition, int]:
            found = self._consumer.committed(wanted, timeout=_ANSWER_S)
            for one in found:
                if one.error is not None:
                    raise KafkaException(one.error)
            return {(one.topic, one.partition): max(-1, one.offset) for one in found}

        names = ", ".join(sorted({name for name, _ in partitions}))
        what = f"committed offsets in {names} are unknown"
        return _patiently(
            self._cluster.clock, what, "DESCRIBE of the topic, READ of the group", ask
        )

    def _judge(self, partition: Partition, expected: int, offset: int) -> Break | None:
        """What it means that `offset` came instead of `expected`; None when nothing was lost."""
        start, end = self._span(partition)
        if offset < expected:
            # A record that comes again is none: only a log that ends before it has lost some.
            return Break(*partition, SHORTENED, end, expected) if end < expected else None
        compacted = self._topics[partition[0]].cleanup == "compact"
        if start > expected and not compacted:
            return Break(*partition, GONE, expected, min(start, offset))
        if not compacted and "compact" in self._cleanup(partition[0]):
            raise Stop(
                f"{partition[0]}[{partition[1]}]: offsets {expected} to {offset - 1} are gone, "
                "because its cleanup.policy was changed to compact: set it back to delete"
            )
        if not compacted:
            # Markers of transactions leave such holes; nothing distinguishes them from others.
            log.warning(
                "kafka.offsets_without_records",
                stage=self._stage,
                topic=partition[0],
                partition=partition[1],
                first=expected,
                until=offset,
            )
        return None

    def _span(self, partition: Partition) -> tuple[int, int]:
        where = TopicPartition(*partition)
        return _patiently(
            self._cluster.clock,
            f"what {partition[0]}[{partition[1]}] holds is unknown",
            "DESCRIBE of the topic",
            lambda: self._consumer.get_watermark_offsets(where, timeout=_ANSWER_S),
        )

    def _cleanup(self, name: str) -> str:
        def ask() -> str:
            found = describe_visible(self._cluster, [name])[name]
            if found == MISSING:
                raise Retry(f"settings of {name} are unknown: it does not exist")
            return found.settings["cleanup.policy"]

        return retried(ask, Tries(_AGAIN, self._cluster.clock))


def _patiently(clock: Clock, what: str, right: str, ask: Callable[[], Answer]) -> Answer:
    """Ask a broker that may just be electing leaders.

    Args:
        clock: Gives the time.
        what: What stays unknown without an answer, and for which topic.
        right: Right that a process needs to ask.
        ask: The request.

    Raises:
        Retry: It gave no good answer in time.
        Stop: It refuses to answer.
    """

    def try_once() -> Answer:
        try:
            return ask()
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if is_refusal(cause):
                raise Stop(f"{what}: {cause.str()}; this process needs {right}") from error
            raise Retry(f"{what}: {cause.str()}") from error

    return retried(try_once, Tries(_AGAIN, clock))
