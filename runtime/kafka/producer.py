"""A producer whose failed deliveries cannot be overlooked."""

from typing import Any

from confluent_kafka import KafkaError, KafkaException

from runtime.errors import EXIT_REPLAY, Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import is_refusal
from runtime.kafka.first_record_barrier import FirstRecordBarrier


class ReliableProducer:
    """Raises for a failed delivery at the next call.

    Args:
        cluster: Where the topics are.
        overrides: Settings of librdkafka that differ from `Cluster.producer`.
    """

    def __init__(self, cluster: Cluster, **overrides: Any) -> None:
        self._failures: list[tuple[str, KafkaError]] = []
        self._producer = FirstRecordBarrier(cluster, self._failed, **overrides)

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
            except KafkaException as error:
                self._failures.append((topic, error.args[0]))
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
            raise Retry(f"{left} records were not acknowledged within {timeout_s:.0f} s")

    def check(self) -> None:
        """Raise if any delivery failed.

        Raises:
            Stop: A record was not delivered. The exit code asks for a replay where a restart may
                heal it, and for a stop where the broker refuses the record as it is.
        """
        if not self._failures:
            return
        where, error = self._failures[0]
        if is_refusal(error):
            raise Stop(f"Kafka refuses a record of {where}, and would again: {error.str()}")
        raise Stop(
            f"delivery failed, restart from the last commit: {where}: {error}",
            exit_code=EXIT_REPLAY,
        )

    def __len__(self) -> int:
        """Records not yet acknowledged."""
        return len(self._producer)
