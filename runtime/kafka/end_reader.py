"""Read partitions to their current end, again and again."""

from collections.abc import Callable, Iterable, Mapping
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
from runtime.kafka.topic_partition import Partition, source_partition
from runtime.retry import Tries, constant, retried

T = TypeVar("T")

_TIMEOUT_S = 30.0
_LOST_S = _TIMEOUT_S + 10.0
"""Seconds after which an unanswered request is given up, with its client: one in flight when the
broker is killed may never be answered, whatever its timeout."""

_AGAIN = constant(0.1, deadline_s=_TIMEOUT_S)
_WAIT_S = 0.2


class EndReader:
    """Reader that follows partitions to their current end.

    Only committed records are read, but up to the end of everything appended: an open transaction
    is waited for, because its records count from when they were appended. A writer that dies in
    a transaction delays readers until the broker aborts it, 10 to 20 s.

    Args:
        cluster: Cluster that holds the topics.
        starts: First offset to read of each partition, by topic on the broker and partition. An
            offset that the log does not hold any more is taken for its first one.
        group: Consumer group under which they are read.
        piece: `take` of a sync is given so many records or more at once, before the end; None for
            all of a sync together.

    Attributes:
        offsets: Next offset of each partition, as of the last sync.
        synced_us: When the last sync began, UTC microseconds: every record that was appended
            before it has been read. 0 before the first one, and once partitions are added.
    """

    def __init__(
        self,
        cluster: Cluster,
        starts: Mapping[Partition, int],
        group: str,
        *,
        piece: int | None = None,
    ) -> None:
        self._cluster = cluster
        self._clock = cluster.clock
        self._admin = cluster.asker
        self._piece = piece
        self._consumer = cluster.consumer(
            cluster.group(group),
            **{"isolation.level": "read_committed", "enable.partition.eof": True},
        )
        self._high_water: dict[Partition, int] = {}
        self._unread: list[Message] = []
        self.offsets: dict[Partition, int] = {}
        self.synced_us = 0
        self.follow(starts)

    def follow(self, starts: Mapping[Partition, int]) -> None:
        """Read other partitions from now on.

        Args:
            starts: All partitions to read, each with the offset to read first; the offset of one
                that is read already is not looked at.
        """
        kept = {where: self._high_water.get(where, at) for where, at in starts.items()}
        if kept.keys() - self._high_water.keys():
            self.synced_us = 0
        self._unread = [one for one in self._unread if source_partition(one) in kept]
        self.offsets = {where: self.offsets.get(where, at) for where, at in starts.items()}
        self._high_water = kept
        self._consumer.assign([TopicPartition(*where, at) for where, at in kept.items()])

    def sync(self, take: Callable[[list[Message]], T]) -> T:
        """Read every partition to its current end, and give the new records to `take`.

        The records come partition by partition in the order given, each in log order; in pieces,
        that holds of each piece. A sync that fails loses nothing: the next one gives what was not
        taken, and `offsets` keep the values of the last successful one.

        Returns:
            What `take` gave for the last records.

        Raises:
            Retry: The broker is out of reach, or sends nothing for 30 s before the end.
            Stop: A partition is shorter than before.
        """
        started_us = self._clock.now_us()
        tries = Tries(_AGAIN, self._clock)
        ends = self._ends(tries) if self._high_water else {}
        for (name, partition), end in ends.items():
            read = self._high_water[name, partition]
            if end < read:
                raise Stop(
                    f"side input {name}[{partition}] ends at {end} and was read up to {read}: "
                    "it was made again or cut short, and what it held is gone; restore it, and "
                    "start again"
                )
        while any(self._high_water[where] < end for where, end in ends.items()):
            if self._note(self._consume()):
                tries.progressed()
            elif tries.over:
                raise Retry("side inputs were not read to their end: nothing came for 30 s")
            if self._piece is not None and len(self._unread) >= self._piece:
                self._give(take)
        taken = self._give(take)
        self.offsets = dict(self._high_water)
        self.synced_us = started_us
        return taken

    def _give(self, take: Callable[[list[Message]], T]) -> T:
        """Give what was read to `take`, and forget it once that succeeds."""
        ranks = {where: rank for rank, where in enumerate(self._high_water)}
        self._unread.sort(key=lambda message: ranks[source_partition(message)])
        taken = take(self._unread)
        self._unread = []
        return taken

    def _consume(self) -> list[Message]:
        """What the client holds; waits for the first record only, and no longer than 0.2 s."""
        first = self._consumer.poll(_WAIT_S)
        return [] if first is None else [first, *self._consumer.consume(1_000, 0.0)]

    def _note(self, messages: Iterable[Message]) -> bool:
        """Keep records until a sync succeeds; returns whether there were any.

        The end of a partition is tracked too, because transaction markers and compaction gaps may
        follow the last record.
        """
        found = False
        for message in messages:
            error = message.error()
            where, offset = source_partition(message), message.offset() or 0
            if offset < self._high_water.get(where, offset + 1):
                continue  # of a partition that is not read any more, or was fetched before
            if error is None:
                found = True
                self._unread.append(message)
                self._high_water[where] = offset + 1
            elif error.code() == KafkaError._PARTITION_EOF:
                self._high_water[where] = max(self._high_water[where], offset)
        return found

    def _ends(self, tries: Tries) -> dict[Partition, int]:
        """End offset of every partition, open transactions included.

        Retries while a leader is being elected.

        Raises:
            Retry: The broker does not answer in time.
        """
        try:
            return retried(self._ends_now, tries, (KafkaException,))
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            raise Retry(f"end of the side inputs is unknown: {cause.str()}") from error

    def _ends_now(self) -> dict[Partition, int]:
        """Ask for the ends once.

        Raises:
            KafkaException: The broker has no answer now, or the question was lost.
        """
        wanted = {
            TopicPartition(*where): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for where in self._high_water
        }
        try:
            asked = self._admin.list_offsets(
                wanted,
                isolation_level=IsolationLevel.READ_UNCOMMITTED,
                request_timeout=_TIMEOUT_S,
            )
            return {
                (where.topic, where.partition): answer(future, _LOST_S).offset
                for where, future in asked.items()
            }
        except KafkaException:
            # A client keeps using the leader epoch that it knows for minutes after the broker
            # has a new one; a fresh client fetches it first.
            self._admin = self._cluster.admin()
            raise

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()
