"""Read the reference data: small compacted topics of versioned, bitemporal facts."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

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
from schemas.codec import Codec, UndecodableValue
from schemas.registry import RegistryUnavailable
from schemas.topics import REFERENCE_TOPICS, Topic

_TIMEOUT_S = 30.0
_LOST_S = _TIMEOUT_S + 10.0
"""Seconds after which an unanswered request is given up, with its client: one in flight when the
broker is killed may never be answered, whatever its timeout."""

_AGAIN = constant(0.1, deadline_s=_TIMEOUT_S)

VISIBLE_AFTER_US = 5_000_000
"""A fact is visible to events this long after it was recorded, microseconds."""

APPEND_WITHIN_US = 2_000_000
"""A writer appends a fact at most this long after the time it puts in `recorded_at_us`."""


class Fact(NamedTuple):
    """One version of one fact."""

    topic: Topic
    record: dict[str, Any]


def fact_key(topic: Topic, record: dict[str, Any]) -> str:
    """Key of a fact on its topic: its identity, an at sign, its version."""
    identity = topic.key.removesuffix("@version")
    return f"{record[identity]}@{record['version']}"


class FactLog:
    """Reader that follows the reference data topics to their current end.

    Only committed facts are read, but up to the end of everything appended: an open transaction
    is waited for, because its facts count from when they were appended. An importer that dies
    in a transaction delays readers until the broker aborts it, 10 to 20 s.

    Args:
        cluster: Cluster that holds the topics.
        topics: Topics to read.
    """

    def __init__(self, cluster: Cluster, topics: Sequence[Topic] = REFERENCE_TOPICS) -> None:
        self._codecs: dict[str, Codec] = {
            cluster.name(topic): cluster.registry.reader(topic) for topic in topics
        }
        self._cluster = cluster
        self._clock = cluster.clock
        self._consumer = cluster.consumer(
            cluster.group("facts"),
            **{"isolation.level": "read_committed", "enable.partition.eof": True},
        )
        self._admin = cluster.admin()
        self._consumer.assign([TopicPartition(name, 0, 0) for name in self._codecs])
        self._high_water: dict[str, int] = dict.fromkeys(self._codecs, 0)
        self._unread: list[Message] = []
        self.offsets: dict[str, int] = dict.fromkeys(self._codecs, 0)
        self.synced_us = 0

    def complete_until_us(self) -> int:
        """Events up to this time (UTC microseconds) see every fact that is visible to them."""
        return self.synced_us + VISIBLE_AFTER_US - APPEND_WITHIN_US

    def sync(self) -> list[Fact]:
        """Read every reference data topic to its current end; return the new facts.

        Facts come topic by topic in the order given, each topic in log order.

        A failed sync loses nothing: the next one returns what it read, and `offsets` keep the
        values of the last successful one.

        Raises:
            Retry: The broker or the schema registry is out of reach, or a topic is not read to
                its end in time.
            Stop: A topic holds something that is not a fact, a fact in it was deleted, or the
                topic is shorter than before.
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
            self._take(self._consumer.consume(1_000, 0.2))
            if tries.over:
                raise Retry("side inputs were not read to their end within 30 s")
        ranks = {name: rank for rank, name in enumerate(self._codecs)}
        self._unread.sort(key=lambda message: ranks[message.topic() or ""])
        _refuse_deleted(self._unread)
        facts = [self._fact(message) for message in self._unread if message.value() is not None]
        self._unread.clear()
        self.offsets = dict(self._high_water)
        self.synced_us = started_us
        return facts

    def _take(self, messages: Iterable[Message]) -> None:
        """Keep facts until a sync succeeds.

        The end of a partition is tracked too, because transaction markers and compaction gaps may
        follow the last fact.
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
        """End offset of every reference data topic, open transactions included.

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
            for name in self._codecs
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

    def _fact(self, message: Message) -> Fact:
        name = message.topic() or ""
        codec = self._codecs[name]
        try:
            return Fact(codec.topic, codec.decode(message.value()))
        except RegistryUnavailable as error:
            raise Retry(str(error)) from error
        except UndecodableValue as error:
            raise Stop(f"side input {name} at offset {message.offset()}: {error}") from error

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()


def _refuse_deleted(messages: Iterable[Message]) -> None:
    """Refuse facts that somebody deleted by hand, unless they were appended again later.

    A tombstone hides a version from readers that start after the next compaction, while readers
    that already have it keep it: the two would no longer agree.

    Raises:
        Stop: A version was deleted.
    """
    deleted: dict[tuple[str | None, object], Message] = {}
    for message in messages:
        identity = (message.topic(), message.key())
        if message.value() is None:
            deleted[identity] = message
        else:
            deleted.pop(identity, None)
    for (name, _), message in deleted.items():
        key = message.key()
        shown = key.decode(errors="replace") if isinstance(key, bytes) else key
        raise Stop(
            f"side input {name} at offset {message.offset()}: {shown} was deleted by a tombstone, "
            "but a removal is a version: append the same record again, as a backup holds it"
        )
