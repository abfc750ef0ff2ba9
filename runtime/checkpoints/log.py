"""Queries on a Kafka log: offset range, next record at an offset, newest value of each key."""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from runtime.checkpoints.errors import ReplayNeeded
from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.topic_description import MISSING, describe_visible
from runtime.retry import Tries, constant, retried

Isolation = Literal["read_committed", "read_uncommitted"]

FIRST_WINDOW = 512
"""Size of the first window of a backward search, offsets before the end of the log."""

ATTEMPT_S = 5.0
"""Seconds for one offset query to the broker before it is retried."""

RETRY_S = 0.1

WINDOW_GROWTH = 8
"""Each further window is this many times as large; the last one ends at the log's start."""


class OffsetRange(NamedTuple):
    """Offsets that a partition holds: `start` is the first, `end` the next to be written."""

    start: int
    end: int


class LogReader:
    """Reads partitions without a consumer group; each call opens and closes a consumer."""

    def __init__(self, cluster: Cluster, *, timeout_s: float = 30.0) -> None:
        self._cluster = cluster
        self._timeout_s = timeout_s
        self._again = constant(RETRY_S, deadline_s=timeout_s)

    def topic_id(self, topic: str) -> str:
        """The id that the broker gave the topic when it was created.

        Raises:
            Retry: The topic does not exist or the broker is out of reach.
            Stop: The topic may not be seen.
        """
        found = describe_visible(self._cluster, [topic], settings=False, answer_s=self._timeout_s)[
            topic
        ]
        if found == MISSING:
            raise Retry(f"{topic} does not exist")
        return found.id

    def ranges(self, topic: str, partitions: list[int]) -> dict[int, OffsetRange]:
        """Start and end of each partition, from the broker."""
        consumer = self._consumer("read_uncommitted")
        try:
            return {p: self._range(consumer, topic, p) for p in partitions}
        finally:
            consumer.close()

    def first_offset_from(self, topic: str, partition: int, offset: int) -> int | None:
        """Offset of the first record at or after `offset`; None when the log holds none.

        Transaction markers and compacted records do not count; records of aborted
        transactions do, because the stream reads uncommitted.
        """
        consumer = self._consumer("read_uncommitted")
        try:
            end = self._range(consumer, topic, partition).end
            for message in self._records(consumer, topic, partition, offset, end):
                return int(message.offset())
            return None
        finally:
            consumer.close()

    def newest_values(
        self,
        topic: str,
        partition: int,
        complete: Callable[[dict[bytes, bytes | None]], bool],
    ) -> dict[bytes, bytes | None]:
        """The newest committed value of each key, None where it is a tombstone.

        Reads backwards in growing windows and stops as soon as `complete` says that nothing
        is missing. The cost therefore follows the size of the state, not that of the log,
        whose newest segment is never compacted.

        Raises:
            ReplayNeeded: The log could not be read to its end in time.
        """
        newest: dict[bytes, bytes | None] = {}
        for window in self.windows(topic, partition, "read_committed"):
            newest = {message.key(): message.value() for message in window} | newest
            if complete(newest):
                break
        return newest

    def windows(
        self, topic: str, partition: int, isolation: Isolation = "read_uncommitted"
    ) -> Iterator[list[Any]]:
        """Read the log backwards from its end, in growing windows; each is in log order.

        Raises:
            ReplayNeeded: The log could not be read in time.
        """
        consumer = self._consumer(isolation)
        try:
            log = self._range(consumer, topic, partition)
            upper, size = log.end, FIRST_WINDOW
            while upper > log.start:
                lower = max(log.start, upper - size)
                yield list(self._records(consumer, topic, partition, lower, upper))
                upper, size = lower, size * WINDOW_GROWTH
        finally:
            consumer.close()

    def _tries(self) -> Tries:
        return Tries(self._again, self._cluster.clock)

    def _consumer(self, isolation: Isolation) -> Any:
        return self._cluster.consumer(
            self._cluster.group("checkpoint-reader"),  # never joined: partitions are assigned
            **{
                "auto.offset.reset": "error",
                "isolation.level": isolation,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 20,  # the default of 500 made a load take seconds
            },
        )

    def _range(self, consumer: Any, topic: str, partition: int) -> OffsetRange:
        """Offset range of a partition; retries errors, since a new topic briefly has no leader."""
        where = TopicPartition(topic, partition)
        try:
            return OffsetRange(
                *retried(
                    lambda: consumer.get_watermark_offsets(where, timeout=ATTEMPT_S),
                    self._tries(),
                    (KafkaException,),
                )
            )
        except KafkaException as error:
            raise ReplayNeeded(f"{topic}[{partition}]: no offsets: {error.args[0]}") from error

    def _records(
        self, consumer: Any, topic: str, partition: int, lower: int, upper: int
    ) -> Iterator[Any]:
        """Yield the records in [lower, upper), in order."""
        if lower >= upper:
            return
        consumer.assign([TopicPartition(topic, partition, lower)])
        tries = self._tries()
        while True:
            message = consumer.poll(0.5)
            if message is None:
                if tries.over:
                    raise ReplayNeeded(
                        f"{topic}[{partition}]: offsets {lower} to {upper} could not be read "
                        f"in {self._timeout_s:.0f} s"
                    )
                continue
            tries.progressed()
            error = message.error()
            if error is None:
                if message.offset() < upper:
                    yield message
                if message.offset() + 1 >= upper:
                    return
            elif error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            elif message.offset() >= upper:  # only markers were left before the end
                return
