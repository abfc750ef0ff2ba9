"""Exclusive right to write one partition's checkpoints, enforced by the broker."""

from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaException

from runtime.checkpoints.errors import ReplayNeeded
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import is_refusal
from runtime.retry import Tries, constant, retried

ATTEMPT_S = 5.0
"""Seconds for one try of a transactional call before it is retried."""

TRANSACTION_TIMEOUT_S = 300.0
"""The broker aborts a transaction that stays open for longer, seconds."""


class Claim:
    """Transactional producer with the transactional id of one partition.

    Taking the claim makes the broker abort the former owner's open transaction and refuse
    all its later ones. A read after that sees everything that earlier owners will ever write.
    """

    def __init__(
        self,
        cluster: Cluster,
        topic: str,
        partition: int,
        transactional_id: str,
        *,
        give_up_s: float = 60.0,
    ) -> None:
        """Take the claim.

        Raises:
            ReplayNeeded: The broker did not grant the claim within `give_up_s` seconds.
            Stop: The broker does not allow this process to claim it.
        """
        self._topic = topic
        self._partition = partition
        self._clock = cluster.clock
        self._again = constant(0.0, deadline_s=give_up_s)  # each attempt waits by itself
        self._producer: Any = cluster.transactional(
            transactional_id, within_s=TRANSACTION_TIMEOUT_S
        )
        self._refused = False
        self._until_done("claim", self._producer.init_transactions)

    def commit(self, records: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Write all records of one checkpoint, or none.

        Raises:
            ReplayNeeded: A newer owner holds the claim, or the broker gave no answer.
        """
        try:
            self._producer.begin_transaction()
            for key, value in records:
                self._produce(key, value)
        except KafkaException as error:
            raise self._lost("write", error) from error
        self._until_done("commit", self._producer.commit_transaction)

    def close(self) -> None:
        """Disconnect, and abort an open transaction."""
        self._producer.purge()
        if not self._refused:  # nothing is left to abort, and trying to would only warn
            self._producer.close()

    def _produce(self, key: bytes, value: bytes | None) -> None:
        while True:
            try:
                self._producer.produce(self._topic, key=key, value=value, partition=self._partition)
            except BufferError:
                self._producer.poll(0.05)
            else:
                return

    def _until_done(self, what: str, call: Any) -> None:
        try:
            retried(
                lambda: call(ATTEMPT_S),
                Tries(self._again, self._clock),
                (KafkaException,),
                may_pass=lambda error: bool(error.args[0].retriable()),
            )
        except KafkaException as error:
            raise self._lost(what, error) from error

    def _lost(self, what: str, error: KafkaException) -> Stop:
        self._refused = True
        kind = Stop if is_refusal(error.args[0]) else ReplayNeeded
        return kind(f"{self._topic}[{self._partition}]: {what} refused: {error.args[0]}")
