"""Read topics as they grow, in a thread of its own, for state that is kept in memory only."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import is_refusal
from runtime.kafka.topic_partition import Partition, source_partition
from runtime.process.periodic import Periodic
from runtime.retry import constant
from schemas.topics import Topic

Handler = Callable[[Sequence[Message], bool], None]
"""Takes the next records, and whether every partition has been read to its end.

It is also called with no records, at least every `POLL_S`."""

POLL_S: Final = 0.3
"""Longest wait for records, s."""

MOST: Final = 2_000
"""Most records handed over at once."""

_AGAIN: Final = constant(2.0)
_ANSWER_S: Final = 10.0
_CLOSE_S: Final = 2.0


class Follower:
    """Reads topics from a point in the past on, until `close`; commits no offsets.

    After an error it connects again, from the same point on: a handler must accept records that
    come twice.

    Args:
        name: Name of the thread and of the client's group.
        cluster: Where the topics are; its clock says what "the last `age_s` seconds" are.
        topics: Topics that it reads.
        handler: Takes the records, in the thread.
        on_error: Called in the thread with the error that keeps it from reading on.
        age_s: Age of the oldest record to read, s; None reads everything.
        check: Called before it connects; raises to try again later.
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        topics: Sequence[Topic],
        handler: Handler,
        on_error: Callable[[Exception], None],
        *,
        age_s: float | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._cluster = cluster
        self._topics = topics
        self._handler = handler
        self._age_s = age_s
        self._check = check
        self._group = cluster.group(name)
        self._thread = Periodic(name, self._follow, on_error, every_s=0.0, retry=_AGAIN)

    def start(self) -> None:
        """Start to read."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading; a request in progress is abandoned after a moment."""
        self._thread.close(_CLOSE_S)

    def wait(self, seconds: float) -> bool:
        """Wait inside the handler; returns True when the follower is to end."""
        return self._thread.wait(seconds)

    def _follow(self) -> None:
        """Connect, and read until closed.

        Raises:
            Retry: The broker is out of reach.
            Exception: From the handler.
        """
        self._check()
        consumer = self._cluster.consumer(self._group, **{"enable.partition.eof": True})
        try:
            starts = self._starts(consumer)
            consumer.assign(starts)
            unread = {(one.topic, one.partition) for one in starts}
            while not self._thread.closing:
                polled = consumer.consume(MOST, POLL_S)
                unread -= _ended(polled)
                records = [message for message in polled if message.error() is None]
                self._handler(records, not unread and len(polled) < MOST)
        except KafkaException as error:
            raise Retry(str(error.args[0])) from error
        finally:
            consumer.close()

    def _starts(self, consumer: Consumer) -> list[TopicPartition]:
        """Where each partition is read from.

        Raises:
            KafkaException: The broker is out of reach.
        """
        start = OFFSET_BEGINNING
        if self._age_s is not None:
            start = self._cluster.clock.now_us() // 1_000 - round(self._age_s * 1_000)
        starts = [
            TopicPartition(self._cluster.name(topic), number, start)
            for topic in self._topics
            for number in range(topic.partitions)
        ]
        if self._age_s is None:
            return starts
        return consumer.offsets_for_times(starts, timeout=_ANSWER_S)


def _ended(messages: Iterable[Message]) -> set[Partition]:
    """Partitions whose end was reached; the client recovers from passing errors itself.

    Raises:
        Retry: The broker refuses a topic: no more records would come.
    """
    ended = set()
    for message in messages:
        error = message.error()
        if error is None:
            continue
        if error.code() == KafkaError._PARTITION_EOF:
            ended.add(source_partition(message))
        elif is_refusal(error):
            raise Retry(f"Kafka: {message.topic()}: {error.str()}")
    return ended
