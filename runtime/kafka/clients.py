"""Kafka clients with the settings that Wardstream relies on, made in one place."""

from concurrent.futures import Future
from typing import Any, TypeVar

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message

from runtime.errors import EXIT_REPLAY, Retry, Stop
from runtime.kafka.first_record_barrier import FirstRecordBarrier
from runtime.process.settings import Settings
from schemas.topics import Topic

log = structlog.get_logger(__name__)

_QUIET = {"log_level": 3}

Answer = TypeVar("Answer")

_REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_PARTITIONS,
    KafkaError.POLICY_VIOLATION,
    KafkaError.TOPIC_EXCEPTION,
}
"""What asking again would be answered with again."""


def is_refusal(error: KafkaError) -> bool:
    """Whether the broker will say the same however often it is asked: a person must look.

    A full disk, too few replicas in sync and a leader that is being elected are none: those pass.
    """
    return bool(error.code() in _REFUSED)


def physical_name(topic: Topic, settings: Settings) -> str:
    """Name of the topic on the broker: the run's prefix, then the name."""
    return settings.topic_prefix + topic.name


def group_id(name: str, settings: Settings) -> str:
    """Consumer group of a stage within this run."""
    return f"{settings.topic_prefix}wardstream-{name}"


def answer(question: Future[Answer], within_s: float) -> Answer:
    """What the broker says to a question of an `AdminClient`.

    A question that stood open when the broker was killed may never be answered, whatever its own
    time-out: so no wait for one may be without a limit.

    Args:
        question: From the client.
        within_s: Longer than the time-out of the question itself, seconds.

    Raises:
        KafkaException: It refuses, is out of reach, or the question was lost (retriable).
    """
    try:
        return question.result(timeout=within_s)
    except TimeoutError as exc:
        lost = f"a question was not answered within {within_s:.0f} s"
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, lost, retriable=True)) from exc


def producer_config(settings: Settings, **overrides: Any) -> dict[str, Any]:
    """Idempotent, fully acknowledged, partitioned like the Java client.

    A message is retried for ten minutes before its delivery fails: longer than a broker's
    restart, short enough to end.
    """
    return {
        "bootstrap.servers": settings.kafka_bootstrap,
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": 5,
        "message.timeout.ms": 600_000,
        "message.max.bytes": 10_000_000,
        **_QUIET,
        **overrides,
    }


def consumer_config(settings: Settings, group: str, **overrides: Any) -> dict[str, Any]:
    """Commits only when told, starts at the beginning, assumes nothing about the end."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap,
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": 50,
        "fetch.message.max.bytes": 10_000_000,
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 2_000,
        "partition.assignment.strategy": "cooperative-sticky",
        **_QUIET,
        **overrides,
    }


class ReliableProducer:
    """A producer whose failed deliveries cannot be overlooked.

    Args:
        config: From `producer_config`.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._failures: list[tuple[str, KafkaError]] = []
        self._producer = FirstRecordBarrier(config, self._failed)

    def _failed(self, topic: str, partition: int, error: KafkaError) -> None:
        self._failures.append((f"{topic}[{partition}]", error))

    def produce(
        self,
        topic: str,
        *,
        key: bytes | str | None,
        value: bytes | None,
        partition: int = -1,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        """Hand a record over; blocks while the local queue is full.

        Raises:
            Stop: An earlier record was not delivered, or this one can never be; see `check`.
        """
        self.check()
        while True:
            try:
                self._producer.produce(
                    topic, key=key, value=value, partition=partition, headers=headers
                )
            except BufferError:
                self._producer.poll(0.05)
            except KafkaException as exc:
                self._failures.append((topic, exc.args[0]))
                self.check()
            else:
                self._producer.poll(0)
                return

    def poll(self) -> None:
        """Serve delivery reports without waiting."""
        self._producer.poll(0)

    def flush(self, timeout_s: float = 630.0) -> None:
        """Wait until every record handed over is acknowledged.

        Raises:
            Stop: A record was not delivered; see `check`.
            Retry: Records are still waiting after `timeout_s`.
        """
        left = self._producer.flush(timeout_s)
        self.check()
        if left:
            msg = f"{left} records were not acknowledged within {timeout_s:.0f} s"
            raise Retry(msg)

    def check(self) -> None:
        """Raise if any delivery failed.

        Raises:
            Stop: A record was not delivered. The exit code is that of a replay where a restart may
                heal it, and that of a stop where the broker refuses the record as it is.
        """
        if not self._failures:
            return
        where, error = self._failures[0]
        if is_refusal(error):
            msg = f"Kafka refuses a record of {where}, and would again: {error.str()}"
            raise Stop(msg)
        msg = f"delivery failed, restart from the last commit: {where}: {error}"
        raise Stop(msg, exit_code=EXIT_REPLAY)

    def __len__(self) -> int:
        """Records not yet acknowledged."""
        return len(self._producer)


def poll_batch(consumer: Consumer, max_records: int, wait_s: float) -> list[Message]:
    """Take up to `max_records`, waiting at most `wait_s`; broker hiccups are left to librdkafka.

    Raises:
        Stop: The broker says something that waiting cannot heal, such as an unknown topic, or that
            the process may not read it.
    """
    good: list[Message] = []
    for message in consumer.consume(max_records, wait_s):
        error = message.error()
        if error is None:
            good.append(message)
        elif error.code() == KafkaError._PARTITION_EOF:
            continue
        elif error.fatal() or is_refusal(error) or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            where = f"{message.topic()}[{message.partition()}]: " if message.topic() else ""
            msg = f"Kafka: {where}{error.str()}"
            raise Stop(msg)
        else:
            log.warning("kafka.consumer_error", error=error.str())
    return good


__all__ = [
    "KafkaException",
    "ReliableProducer",
    "answer",
    "consumer_config",
    "group_id",
    "is_refusal",
    "physical_name",
    "poll_batch",
    "producer_config",
]
