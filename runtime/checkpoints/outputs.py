"""Producer of the outputs that a fold emits."""

from threading import Lock

from confluent_kafka import KafkaError, KafkaException

from runtime.checkpoints.errors import RecordTooLarge, ReplayNeeded
from runtime.checkpoints.fold import OutputRecord
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import is_refusal
from runtime.kafka.first_record_barrier import FirstRecordBarrier

MAX_MESSAGE_BYTES = 4_000_000
"""Largest output, bytes: a dead letter holds an input as large as its topic allows."""

QUEUE_LIMIT_KIB = 65_536
"""Unacknowledged output held in memory before `release` waits, KiB."""


class OutputProducer:
    """Idempotent producer with acks from all in-sync replicas; one failure ends the run.

    A failed record cannot be sent again in its original place, so any failed delivery
    means a replay from the checkpoint.
    """

    def __init__(self, cluster: Cluster, *, give_up_s: float = 300.0) -> None:
        """Connect.

        Args:
            cluster: Cluster that holds the topics.
            give_up_s: Seconds without acknowledgement before a replay is required.
        """
        self._clock = cluster.clock
        self._give_up_s = give_up_s
        self._failures: list[KafkaError] = []
        self._held: list[OutputRecord] = []
        self._lock = Lock()
        self._producer = FirstRecordBarrier(
            cluster,
            self._failed,
            delivery_timeout_s=give_up_s,
            max_record_bytes=MAX_MESSAGE_BYTES,
            **{"queue.buffering.max.kbytes": QUEUE_LIMIT_KIB},
        )

    def emit(self, record: OutputRecord) -> None:
        """Hold one record until the next `release`, `poll` or `flush`."""
        with self._lock:
            self._held.append(record)

    def release(self) -> None:
        """Queue the emitted records for sending, in order; waits while the queue is full.

        Raises:
            ReplayNeeded: An earlier record failed, or the queue stayed full.
            RecordTooLarge: A record exceeds `MAX_MESSAGE_BYTES`.
        """
        with self._lock:
            held, self._held = self._held, []
            for record in held:
                self._produce(record)

    def _produce(self, record: OutputRecord) -> None:
        topic, key, value, partition, headers = record
        wanted = -1 if partition is None else partition
        deadline: float | None = None
        while True:
            try:
                self._producer.produce(
                    topic, key=key, value=value, partition=wanted, headers=headers
                )
            except BufferError:
                now = self._clock.monotonic_s()
                deadline = deadline or now + self._give_up_s
                if now > deadline:
                    raise ReplayNeeded("the output queue stayed full") from None
                self._producer.poll(0.05)
                self._raise_failure()
            except KafkaException as error:
                if error.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    raise RecordTooLarge(f"{topic}: {len(value or b'')} bytes") from error
                raise
            else:
                return

    def poll(self) -> None:
        """Release the emitted records, then process acknowledgements without waiting.

        Raises:
            ReplayNeeded: A delivery failed.
        """
        self.release()
        self._producer.poll(0)
        self._raise_failure()

    def flush(self) -> None:
        """Wait until the broker has acknowledged everything that was emitted.

        Raises:
            ReplayNeeded: A delivery failed or took too long.
        """
        self.release()
        deadline = self._clock.monotonic_s() + self._give_up_s
        while self._producer.flush(1.0):
            self._raise_failure()
            if self._clock.monotonic_s() > deadline:
                raise ReplayNeeded(f"outputs not acknowledged in {self._give_up_s:.0f} s")
        self._raise_failure()

    def close(self) -> None:
        """Drop what is queued and disconnect; call `flush` first to keep it."""
        self._producer.purge()
        self._producer.close()

    def _failed(self, _topic: str, _partition: int, error: KafkaError) -> None:
        self._failures.append(error)

    def _raise_failure(self) -> None:
        if not self._failures:
            return
        error = self._failures[0]
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            raise RecordTooLarge(f"the broker takes no output of that size: {error}")
        if is_refusal(error):
            raise Stop(f"Kafka refuses an output, and would again: {error}")
        raise ReplayNeeded(f"an output was not delivered: {error}")
