"""Send what can never be processed to dead-letters.v1, whole and explained."""

from typing import Protocol

from confluent_kafka import Message

from runtime.clock import Clock
from runtime.errors import DeadLetter
from runtime.kafka import ReliableProducer, physical_name
from runtime.metrics import DEAD_LETTERS_TOTAL
from runtime.settings import Settings
from schemas.topics import DEAD_LETTERS

INLINE_BYTES = 512 * 1024
"""Longer values go to the object store, if there is one, and the dead letter says where: a record
that compressed well on its own topic could otherwise be too large for this one, for ever."""


class Objects(Protocol):
    """Where long values go, such as a `runtime.object_store.ObjectStore`."""

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
) -> list[tuple[str, bytes]]:
    """Headers that tell where a dead letter came from and why it is one."""
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
    return [(name, str(value).encode()) for name, value in pairs.items()]


class DeadLetterBox:
    """Writes dead letters of one stage.

    Args:
        producer: Where they go; the caller flushes it before it commits.
        settings: For the run's prefix.
        stage: Name of the process that gave up, such as `inference`.
        clock: For the time in the headers.
        objects: Takes values longer than `INLINE_BYTES`; None sends them inline.
    """

    def __init__(
        self,
        producer: ReliableProducer,
        settings: Settings,
        stage: str,
        clock: Clock,
        objects: Objects | None = None,
    ) -> None:
        self._producer = producer
        self._topic = physical_name(DEAD_LETTERS, settings)
        self._stage = stage
        self._clock = clock
        self._objects = objects

    def put(self, message: Message, error: DeadLetter) -> None:
        """Write one consumed record that cannot be processed."""
        self.put_raw(
            message.topic() or "",
            message.partition() or 0,
            message.offset() or 0,
            message.value(),
            error,
        )

    def put_raw(
        self, topic: str, partition: int, offset: int, value: bytes | None, error: DeadLetter
    ) -> None:
        """Write the bytes of a record that cannot be processed.

        A value over `INLINE_BYTES` becomes an object named by topic, partition and offset, so
        that writing it again changes nothing; the header `object_uri` says where it lies.

        Raises:
            Retry: The object store is out of reach; nothing was written.
            Stop: An earlier record was not delivered.
        """
        headers = dead_letter_headers(
            topic, partition, offset, value, error, self._clock.now_us(), self._stage
        )
        if self._objects is not None and value is not None and len(value) > INLINE_BYTES:
            uri = self._objects.put(f"dead-letters/{topic}/{partition}/{offset}", value)
            headers.append(("object_uri", uri.encode()))
            value = None
        DEAD_LETTERS_TOTAL.labels(self._stage, error.reason).inc()
        self._producer.produce(
            self._topic, key=f"{topic}/{partition}", value=value, headers=headers
        )
