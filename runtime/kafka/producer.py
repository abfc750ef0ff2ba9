"""A producer whose failed deliveries cannot be overlooked."""

from typing import Any

from confluent_kafka import KafkaError, KafkaException

from runtime.errors import EXIT_REPLAY, Retry, Stop
from runtime.kafka.cluster import DELIVERY_TIMEOUT_S, Cluster
from runtime.kafka.errors import is_refusal
from runtime.kafka.first_record_barrier import FirstRecordBarrier
from runtime.retry import Tries, constant

_CHECK_S = 1.0
"""Longest wait for acknowledgements between two checks whether a delivery failed, s."""


class ReliableProducer:
    """Raises for a failed delivery at the next call.

    A failed record cannot be sent again in its original place, so the work that it belongs to
    starts again from its last commit or checkpoint.

    Args:
        cluster: Where the topics are.
        give_up_s: Time after which a record that is not acknowledged has failed, and for which a
            full queue is waited for, s.
        overrides: Arguments and settings of librdkafka that differ from `Cluster.producer`.
    """

    def __init__(
        self, cluster: Cluster, *, give_up_s: float = DELIVERY_TIMEOUT_S, **overrides: Any
    ) -> None:
        self._clock = cluster.clock
        self._while_full = constant(0.0, deadline_s=give_up_s)  # each poll waits by itself
        self._failures: list[tuple[str, KafkaError]] = []
        self._producer = FirstRecordBarrier(
            cluster, self._failed, delivery_timeout_s=give_up_s, **overrides
        )

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
        """Hand a record over, and serve delivery reports; waits while the local queue is full.

        Raises:
            Stop: An earlier record was not delivered, or this one can never be; see `check`.
        """
        self.check()
        self.send(topic, key, value, partition, headers)
        self._producer.poll(0)

    def send(
        self,
        topic: str,
        key: bytes | str | None,
        value: bytes | None,
        partition: int = -1,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        """Hand a record over; after the last of many, call `poll` and `check`.

        Raises:
            Stop: This record can never be delivered; or the local queue is full, and an earlier
                record was not delivered or the queue stays full.
        """
        tries: Tries | None = None
        while True:
            try:
                self._producer.produce(
                    topic, key=key, value=value, partition=partition, headers=headers
                )
            except BufferError:
                tries = tries or Tries(self._while_full, self._clock)
                self._producer.poll(0.05)
                self.check()
                if tries.over:
                    raise Stop(
                        f"a record of {topic} found no room: nothing was acknowledged for "
                        f"{self._while_full.deadline_s:.0f} s",
                        exit_code=EXIT_REPLAY,
                    ) from None
            except KafkaException as error:
                self._failures.append((topic, error.args[0]))
                self.check()
            else:
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
        tries = Tries(constant(0.0, deadline_s=timeout_s), self._clock)
        while left := self._producer.flush(min(_CHECK_S, timeout_s)):
            self.check()
            if tries.over:
                raise Retry(f"{left} records were not acknowledged within {timeout_s:.0f} s")
        self.check()

    def close(self) -> None:
        """Drop what is queued and disconnect; call `flush` first to keep it."""
        self._producer.purge()
        self._producer.close()

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
