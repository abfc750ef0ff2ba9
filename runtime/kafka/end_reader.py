"""Read small topics, of one partition each, to their current end, again and again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from confluent_kafka import (
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import answer
from runtime.retry import Tries, constant, retried
from schemas.topics import Topic

T = TypeVar("T")

_TIMEOUT_S = 30.0
_LOST_S = _TIMEOUT_S + 10.0
"""Seconds after which an unanswered request is given up, with its client: one in flight when the
broker is killed may never be answered, whatever its timeout."""

_AGAIN = constant(0.1, deadline_s=_TIMEOUT_S)


class EndReader:
    """Reader that follows topics to their current end.

    Only committed records are read, but up to the end of everything appended: an open transaction
    is waited for, because its records count from when they were appended. A writer that dies in
    a transaction delays readers until the broker aborts it, 10 to 20 s.

    Args:
        cluster: Cluster that holds the topics.
        topics: Topics to read, of one partition each.
        group: Consumer group under which they are read.
        starts: First offset to read of each topic; 0 for a topic that is left out.

    Attributes:
        offsets: Next offset of each topic, by its name on the broker, as of the last sync.
        synced_us: When the last sync began, UTC microseconds: every record that was appended
            before it has been read. 0 before the first one.
    """

    def __init__(
        self,
        cluster: Cluster,
        topics: Sequence[Topic],
        group: str,
        starts: Mapping[Topic, int] | None = None,
    ) -> None:
        self._cluster = cluster
        self._clock = cluster.clock
        self._admin = cluster.admin()
        first = {cluster.name(topic): (starts or {}).get(topic, 0) for topic in topics}
        self._consumer = cluster.consumer(
            cluster.group(group),
            **{"isolation.level": "read_committed", "enable.partition.eof": True},
        )
        self._consumer.assign([TopicPartition(name, 0, at) for name, at in first.items()])
        self._high_water = dict(first)
        self._unread: list[Message] = []
        self.offsets = dict(first)
        self.synced_us = 0

    def sync(self, take: Callable[[list[Message]], T]) -> T:
        """Read every topic to its current end, and give the new records to `take`.

        The records come topic by topic in the order given, each topic in log order. A sync that
        fails loses nothing: the next one gives what it read, and `offsets` keep the values of the
        last successful one.

        Raises:
            Retry: The broker is out of reach, or a topic is not read to its end in time.
            Stop: A topic is shorter than before.
        """
        started_us = self._clock.now_us()
        tries = Tries(_AGAIN, self._clock)
        ends = self._ends(tries)
        for name, end in ends.items():
            if end < self._high_water[name]:
                raise Stop(
                    f"side input {name} ends at {end} and was read up to {self._high_water[name]}: "
                    "it was made again or cut short, and what it held is gone; restore it, and "
                    "start again"
                )
        while any(self._high_water[name] < end for name, end in ends.items()):
            self._note(self._consumer.consume(1_000, 0.2))
            if tries.over:
                raise Retry("side inputs were not read to their end within 30 s")
        ranks = {name: rank for rank, name in enumerate(self._high_water)}
        self._unread.sort(key=lambda message: ranks[message.topic() or ""])
        taken = take(self._unread)
        self._unread = []
        self.offsets = dict(self._high_water)
        self.synced_us = started_us
        return taken

    def _note(self, messages: Iterable[Message]) -> None:
        """Keep records until a sync succeeds.

        The end of a partition is tracked too, because transaction markers and compaction gaps may
        follow the last record.
        """
        for message in messages:
            error = message.error()
            name, offset = message.topic() or "", message.offset() or 0
            if error is None:
                self._unread.append(message)
                self._high_water[name] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                self._high_water[name] = max(self._high_water[name], offset)

    def _ends(self, tries: Tries) -> dict[str, int]:
        """End offset of every topic, open transactions included.

        Retries while a leader is being elected.

        Raises:
            Retry: The broker does not answer in time.
        """
        try:
            return retried(self._ends_now, tries, (KafkaException,))
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            raise Retry(f"end of the side inputs is unknown: {cause.str()}") from error

    def _ends_now(self) -> dict[str, int]:
        """Ask for the ends once.

        Raises:
            KafkaException: The broker has no answer now, or the question was lost.
        """
        wanted = {
            TopicPartition(name, 0): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for name in self._high_water
        }
        try:
            asked = self._admin.list_offsets(
                wanted,
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=_TIMEOUT_S,
            )
            return {where.topic: answer(future, _LOST_S).offset for where, future in asked.items()}
        except KafkaException:
            # A client keeps using the leader epoch that it knows for minutes after the broker
            # has a new one; a fresh client fetches it first.
            self._admin = self._cluster.admin()
            raise

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()
