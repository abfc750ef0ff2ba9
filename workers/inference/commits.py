"""Move the group's offsets, only past what is answered and acknowledged."""

import contextlib
from collections.abc import Collection

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from runtime.errors import Retry, Stop
from runtime.kafka.clients import ReliableProducer
from runtime.process.service import Service

log = structlog.get_logger(__name__)

COMMIT_INTERVAL_S = 0.5
"""Offsets are committed at most this long after the first answer that they cover."""

COMMIT_RECORDS = 500
"""Or after this many answers: what a crash repeats is bounded."""

FLUSH_DEADLINE_S = 630.0
"""Longest wait for acknowledgements; a delivery gives up a little earlier."""

STOP_FLUSH_DEADLINE_S = 8.0
"""Longest wait for acknowledgements once the process was asked to end."""


class CommitLedger:
    """Offsets whose records were answered but whose group offset is not yet moved.

    Args:
        interval_s: A commit is due this long after the first of them.
        most_records: Or after this many records.
    """

    def __init__(
        self, interval_s: float = COMMIT_INTERVAL_S, most_records: int = COMMIT_RECORDS
    ) -> None:
        self._interval_s = interval_s
        self._most_records = most_records
        self._next: dict[int, int] = {}
        self._records = 0
        self._since_s = 0.0

    def answered(self, partition: int, offset: int, now_s: float) -> None:
        """A record's answer was handed to the producer."""
        if not self._next:
            self._since_s = now_s
        self._next[partition] = offset + 1
        self._records += 1

    def due_in_s(self, now_s: float) -> float | None:
        """Seconds until a commit is due, 0 when it is; None when there is nothing to commit."""
        if not self._next:
            return None
        if self._records >= self._most_records:
            return 0.0
        return max(0.0, self._since_s + self._interval_s - now_s)

    def due(self, now_s: float) -> bool:
        """Whether to flush and commit now."""
        return self.due_in_s(now_s) == 0.0

    def offsets(self) -> dict[int, int]:
        """Next offset to read, by partition."""
        return dict(self._next)

    def committed(self) -> None:
        """The broker has all offsets given."""
        self._next.clear()
        self._records = 0

    def postpone(self, now_s: float) -> None:
        """The broker did not take them; they are due again after another interval."""
        self._since_s = now_s
        self._records = 0

    def forget(self, partitions: Collection[int]) -> None:
        """Another process reads these partitions now."""
        for partition in partitions:
            self._next.pop(partition, None)


class Committer:
    """Flushes, then commits.

    Args:
        service: For the clock, the beat and the wish to stop.
        consumer: Whose offsets are moved.
        producer: Of the answers.
        topic: Name of the topic read, on the broker.
        ledger: What is answered.
    """

    def __init__(
        self,
        service: Service,
        consumer: Consumer,
        producer: ReliableProducer,
        topic: str,
        ledger: CommitLedger,
    ) -> None:
        self._service = service
        self._consumer = consumer
        self._producer = producer
        self._topic = topic
        self.ledger = ledger

    def commit_if_due(self) -> None:
        """Commit once the ledger says so; raises like `commit`."""
        if self.ledger.due(self._service.clock.monotonic_s()):
            self.commit()

    def commit(self) -> None:
        """Wait for the acknowledgement of all answers, then commit.

        A commit that the broker does not take now is tried again later: until it is, a crash
        repeats more answers, but loses none.

        Raises:
            Retry: Answers are not acknowledged.
            Stop: An answer was not delivered, or this consumer may never commit again.
        """
        offsets = self.ledger.offsets()
        if not offsets:
            return
        self._flush()
        try:
            self._consumer.commit(
                offsets=[
                    TopicPartition(self._topic, partition, offset)
                    for partition, offset in offsets.items()
                ],
                asynchronous=False,
            )
        except KafkaException as exc:
            error: KafkaError = exc.args[0]
            if error.fatal():
                msg = f"offsets can no longer be committed: {error.str()}"
                raise Stop(msg) from exc
            log.warning("inference.commit_postponed", error=error.str())
            self.ledger.postpone(self._service.clock.monotonic_s())
            return
        self.ledger.committed()

    def _flush(self) -> None:
        """Flush in slices, so that a broker's absence neither looks like a hang nor bars an end."""
        clock = self._service.clock
        started_s = clock.monotonic_s()
        while True:
            self._service.health.beat()
            with contextlib.suppress(Retry):
                self._producer.flush(1.0)
                return
            waited_s = clock.monotonic_s() - started_s
            stopping = self._service.stop.is_set()
            if waited_s > (STOP_FLUSH_DEADLINE_S if stopping else FLUSH_DEADLINE_S):
                msg = f"{len(self._producer)} answers not acknowledged after {waited_s:.0f} s"
                raise Retry(msg)
