"""The outputs that a fold emits, held until they may leave."""

from threading import Lock

from runtime.checkpoints.errors import ReplayNeeded
from runtime.checkpoints.fold import OutputRecord
from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer

MAX_MESSAGE_BYTES = 4_000_000
"""Largest output, bytes: a dead letter holds an input as large as its topic allows."""

QUEUE_LIMIT_KIB = 65_536
"""Unacknowledged output held in memory before `release` waits, KiB."""

GIVE_UP_S = 300.0
"""Time without acknowledgement after which a replay is required, s."""


class HeldOutputs:
    """Holds what is emitted until `release`, and hands it to a producer.

    Any failed delivery means a replay from the checkpoint.

    Args:
        cluster: Cluster that holds the topics.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._held: list[OutputRecord] = []
        self._lock = Lock()
        self._producer = ReliableProducer(
            cluster,
            give_up_s=GIVE_UP_S,
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
            Stop: A record is too large, or the queue is full and an earlier record failed or the
                queue stayed full.
        """
        with self._lock:
            held, self._held = self._held, []
            for topic, key, value, partition, headers in held:
                wanted = -1 if partition is None else partition
                self._producer.send(topic, key, value, wanted, headers)

    def poll(self) -> None:
        """Release the emitted records, then process acknowledgements without waiting.

        Raises:
            Stop: A delivery failed; the exit code says whether a replay may heal it.
        """
        self.release()
        self._producer.poll()
        self._producer.check()

    def flush(self) -> None:
        """Wait until the broker has acknowledged everything that was emitted.

        Raises:
            Stop: A delivery failed; the exit code says whether a replay may heal it.
            ReplayNeeded: It took too long.
        """
        self.release()
        try:
            self._producer.flush(GIVE_UP_S)
        except Retry as error:
            raise ReplayNeeded(f"outputs: {error}") from error

    def close(self) -> None:
        """Drop what is queued and disconnect; call `flush` first to keep it."""
        self._producer.close()
