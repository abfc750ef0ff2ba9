"""A producer that sends nothing after a partition's first record until that is acknowledged.

An idempotent producer numbers what it sends to a partition, and a broker takes only the number that
comes next. From a producer that it does not know yet it takes any number. So when the first batch
reaches a broker that does not lead the partition yet, and the second one a moment later does, the
second one stands, the first one is refused from then on, and librdkafka takes the acknowledgement
of the second for one of both: a success without an offset, and a record that is lost. It happens
on new topics and after elections of leaders. Once a first record is written the broker knows
what has to follow, and nothing can overtake it any more.

(librdkafka 2.16, `rd_kafka_handle_Produce`; Kafka 4.1, `ProducerAppendInfo.checkSequence`, which
accepts any sequence number where it has no state of the producer.)
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import Any

from confluent_kafka import KafkaError, Message

from runtime.kafka.cluster import Cluster
from runtime.kafka.topic_partition import Partition, source_partition

Headers = list[tuple[str, bytes]] | None
_Record = tuple[bytes | str | None, bytes | None, Headers]

MOST_KEPT = 10_000
"""Records that wait for the first one of their partition; more are refused like a full queue."""

_STEP_S = 0.5


class FirstRecordBarrier:
    """Wraps a `confluent_kafka.Producer`. May be used by several threads.

    Records whose partition is not named go out one at a time for each topic, as of a partition -1:
    name it where there are many.

    Args:
        cluster: Where the topics are.
        failed: Called for every record that was not delivered: topic, partition and error.
        overrides: Overrides for `Cluster.producer`.

    Attributes:
        kept: Records that wait for the first one of their partition.
    """

    def __init__(
        self, cluster: Cluster, failed: Callable[[str, int, KafkaError], None], **overrides: Any
    ) -> None:
        self._failed = failed
        self._clock = cluster.clock
        self._lock = RLock()
        self._open: set[Partition] = set()
        self._waiting: dict[Partition, deque[_Record]] = {}
        self._ready: deque[Partition] = deque()
        self.kept = 0
        self._producer: Any = cluster.producer(self._reported, **overrides)

    def produce(
        self,
        topic: str,
        *,
        key: bytes | str | None,
        value: bytes | None,
        partition: int = -1,
        headers: Headers = None,
    ) -> None:
        """Hand a record over; returns at once.

        Raises:
            BufferError: Too much is queued: poll, and try again.
            KafkaException: It can never be sent.
        """
        target = (topic, partition)
        with self._lock:
            if target not in self._open:
                self._pump()
            if target in self._open:
                self._send(target, key, value, headers)
            elif (waiting := self._waiting.get(target)) is None:
                self._send(target, key, value, headers, partial(self._opened, target))
                self._waiting[target] = deque()
            elif self.kept >= MOST_KEPT:
                raise BufferError(f"{self.kept} records wait for the first one of their partition")
            else:
                waiting.append((key, value, headers))
                self.kept += 1

    def poll(self, timeout_s: float) -> None:
        """Serve delivery reports for at most `timeout_s`."""
        self._producer.poll(timeout_s)
        with self._lock:
            self._pump()

    def flush(self, timeout_s: float) -> int:
        """Wait until all is acknowledged, or the time is over; returns how much is not."""
        end_s = self._clock.monotonic_s() + timeout_s
        while True:
            left_s = end_s - self._clock.monotonic_s()
            self._producer.flush(max(0.0, min(_STEP_S, left_s)))
            with self._lock:
                self._pump()
                left = len(self)
            if not left or left_s <= 0:
                return left

    def purge(self) -> None:
        """Drop all that is not sent yet."""
        with self._lock:
            self._waiting.clear()
            self._ready.clear()
            self.kept = 0
        self._producer.purge()

    def close(self) -> None:
        """Disconnect; what is queued is lost."""
        self._producer.close()

    def __len__(self) -> int:
        """Records that are not acknowledged yet."""
        return len(self._producer) + self.kept

    def _send(
        self,
        target: Partition,
        key: bytes | str | None,
        value: bytes | None,
        headers: Headers,
        report: Callable[[KafkaError | None, Message], None] | None = None,
    ) -> None:
        arguments: dict[str, Any] = {}
        if target[1] >= 0:
            arguments["partition"] = target[1]
        if headers:
            arguments["headers"] = headers
        if report is not None:
            arguments["on_delivery"] = report
        self._producer.produce(target[0], key=key, value=value, **arguments)

    def _pump(self) -> None:
        """Send, in order, what waited for first records that are now acknowledged."""
        while self._ready:
            target = self._ready[0]
            waiting = self._waiting.get(target, deque())
            while waiting:
                again = target[1] < 0
                try:
                    self._send(
                        target, *waiting[0], partial(self._opened, target) if again else None
                    )
                except BufferError:
                    return  # the queue is full: later
                waiting.popleft()
                self.kept -= 1
                if again:
                    break
            else:
                self._waiting.pop(target, None)
                if target[1] >= 0:
                    self._open.add(target)
            self._ready.popleft()

    def _opened(self, target: Partition, error: KafkaError | None, message: Message) -> None:
        """A first record was acknowledged, or given up: then nothing may follow it."""
        with self._lock:
            if error is None:
                self._ready.append(target)
            else:
                self.kept -= len(self._waiting.pop(target, ()))
        self._reported(error, message)

    def _reported(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed(*source_partition(message), error)
