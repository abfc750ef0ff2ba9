"""Send what can never be processed to dead-letters.v1, whole and explained.

A dead letter is for the odd bad record. When most of what comes is bad, the fault is elsewhere: a
wrong registry, an old program, a producer gone mad. Then `DeadLetterLimit` stops the process, which
leaves the rest of the topic where it is (arroyo's bounded dead-letter queue does the same).
"""

import contextlib
import hashlib
from collections import deque
from typing import Protocol

from confluent_kafka import Message

from runtime.errors import DeadLetter, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.partitioner import partition_of
from runtime.kafka.producer import ReliableProducer
from runtime.process.metrics import DEAD_LETTERS_TOTAL
from runtime.process.sections import DeadLetterSettings
from schemas.topics import DEAD_LETTERS

_LAST_FLUSH_S = 10.0

INLINE_BYTES = 512 * 1024
"""Longer values go to the object store, if there is one, and the dead letter says where: a record
that compressed well on its own topic could otherwise be too large for this one, for ever."""


class Objects(Protocol):
    """Where long values go, such as a `runtime.storage.objects.ObjectStore`."""

    def put(self, path: str, data: bytes) -> str:
        """Write an object and return its URI; raises `Retry` when out of reach."""
        ...


def dead_letter_headers(
    topic: str,
    partition: int,
    offset: int,
    value: bytes | None,
    error: DeadLetter,
    at_us: int,
    stage: str,
    key: bytes | None = None,
) -> list[tuple[str, bytes]]:
    """Headers that say where a dead letter came from and why it is one.

    Args:
        topic: Name on the broker of the topic that it was read from.
        partition: Partition of the record.
        offset: Offset of the record.
        value: Its bytes; None for a tombstone.
        error: Why it cannot be processed.
        at_us: Time of that decision, UTC microseconds.
        stage: Name of the process that gave up.
        key: Key of the record, where the process still had it.
    """
    schema_id = int.from_bytes(value[1:5]) if value and len(value) >= 5 and value[0] == 0 else None
    pairs: dict[str, object] = {
        "reason": error.reason,
        "field": error.field,
        "error": str(error),
        "stage": stage,
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "schema_id": "" if schema_id is None else schema_id,
        "at_us": at_us,
    }
    headers = [(name, str(value).encode()) for name, value in pairs.items()]
    return headers if key is None else [*headers, ("key", key)]


class DeadLetterLimit:
    """Stops a process that would turn a topic into dead letters.

    Counts the records of one process, whatever partition they come from: over the last
    `window_records` of them, no more than `max_ratio` may be dead.

    >>> limit = DeadLetterLimit(DeadLetterSettings(max_ratio=0.5, window_records=4), "demo")
    >>> limit.passed(); limit.died("bad"); limit.passed(); limit.died("bad"); limit.passed()
    >>> limit.died("bad")
    >>> limit.died("worse")
    Traceback (most recent call last):
    runtime.errors.Stop: demo: 3 of the last 4 records are dead letters, ... the last one: worse

    Args:
        settings: Ratio and window.
        stage: Named in the message.
    """

    def __init__(self, settings: DeadLetterSettings, stage: str) -> None:
        self._window = settings.window_records
        self._most = settings.max_ratio * settings.window_records
        self._max_ratio = settings.max_ratio
        self._stage = stage
        self._records = 0
        self._dead: deque[int] = deque()

    def passed(self, records: int = 1) -> None:
        """Count records that were processed."""
        self._records += records

    def died(self, why: str) -> None:
        """Count a record that became a dead letter.

        Args:
            why: Reason, for the message when there are too many.

        Raises:
            Stop: Too many of the last records did.
        """
        self._records += 1
        self._dead.append(self._records)
        while self._dead[0] <= self._records - self._window:
            self._dead.popleft()
        if len(self._dead) > self._most:
            seen = min(self._records, self._window)
            raise Stop(
                f"{self._stage}: {len(self._dead)} of the last {seen} records are dead letters, "
                f"more than {self._max_ratio:g} of {self._window}: the records are hardly all at "
                "fault, so the rest stays in its topic; look at `wardstream dlq list`; "
                f"the last one: {why}"
            )


class DeadLetterBox:
    """Writes dead letters of one stage.

    Args:
        producer: Producer that sends them; the caller flushes it before it commits.
        cluster: Where the topics are.
        settings: How many dead letters are too many.
        stage: Name of the process that gave up, such as `inference`.
        objects: Takes values longer than `INLINE_BYTES`; None sends them inline.
    """

    def __init__(
        self,
        producer: ReliableProducer,
        cluster: Cluster,
        settings: DeadLetterSettings,
        stage: str,
        objects: Objects | None = None,
    ) -> None:
        self._producer = producer
        self._topic = cluster.name(DEAD_LETTERS)
        self._stage = stage
        self._clock = cluster.clock
        self._objects = objects
        self._limit = DeadLetterLimit(settings, stage)

    def passed(self, records: int = 1) -> None:
        """Count processed records, against which the share of dead letters is measured."""
        self._limit.passed(records)

    def put(self, message: Message, error: DeadLetter) -> None:
        """Write one consumed record that cannot be processed; raises like `put_raw`."""
        key = message.key()
        self.put_raw(
            message.topic() or "",
            message.partition() or 0,
            message.offset() or 0,
            message.value(),
            error,
            key.encode() if isinstance(key, str) else key,
        )

    def gone(self, topic: str, partition: int, lost: str, records: int, error: DeadLetter) -> None:
        """Report records that never came in one dead letter, without a value or an offset.

        It says nothing about the quality of records, so the limit does not count it.

        Args:
            topic: Name on the broker of the topic that should have held them.
            partition: Partition that should have held them.
            lost: The records, as one word that is the same each time.
            records: Number of records.
            error: How the loss was found.

        Raises:
            Stop: An earlier record was not delivered.
        """
        headers = dead_letter_headers(
            topic, partition, -1, None, error, self._clock.now_us(), self._stage
        )
        headers += [("lost", lost.encode()), ("records", str(records).encode())]
        DEAD_LETTERS_TOTAL.labels(self._stage, error.reason).inc()
        self._write(f"{topic}/{partition}", None, headers)

    def put_raw(
        self,
        topic: str,
        partition: int,
        offset: int,
        value: bytes | None,
        error: DeadLetter,
        key: bytes | None = None,
    ) -> None:
        """Write the bytes of a record that cannot be processed.

        A value over `INLINE_BYTES` becomes an object named by topic, partition and offset, so
        that writing it again changes nothing; the headers `object_uri` and `object_sha256` say
        where it lies and what it must be.

        Raises:
            Retry: The object store is out of reach; nothing was written.
            Stop: An earlier record was not delivered, or too many of the last records are dead
                letters; this one is written all the same.
        """
        headers = dead_letter_headers(
            topic, partition, offset, value, error, self._clock.now_us(), self._stage, key
        )
        if self._objects is not None and value is not None and len(value) > INLINE_BYTES:
            uri = self._objects.put(f"dead-letters/{topic}/{partition}/{offset}", value)
            headers.append(("object_uri", uri.encode()))
            headers.append(("object_sha256", hashlib.sha256(value).hexdigest().encode()))
            value = None
        DEAD_LETTERS_TOTAL.labels(self._stage, error.reason).inc()
        self._write(f"{topic}/{partition}", value, headers)
        try:
            self._limit.died(str(error))
        except Stop:
            with contextlib.suppress(Retry):  # so that the operator finds what the message names
                self._producer.flush(_LAST_FLUSH_S)
            raise

    def _write(self, key: str, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        target = partition_of(key, DEAD_LETTERS.partitions)
        self._producer.produce(self._topic, key=key, value=value, partition=target, headers=headers)
