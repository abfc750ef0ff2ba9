"""Append acts to one chain of audit.v1, in order and without a gap."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message

from runtime.audit import Act, next_entry
from runtime.kafka.cluster import Cluster
from schemas.codec import Codec
from schemas.records.alerts import AuditEntry
from schemas.topics import AUDIT
from workers.audit.recorder import AuditUnavailable

_POLL_S: Final = 0.05


class Recorded(NamedTuple):
    """An act with what the audit keeps beside it.

    Attributes:
        act: What is done.
        actor: Who does it.
        why: Its purpose.
        at_us: When it was asked for, UTC microseconds.
    """

    act: Act
    actor: str
    why: str
    at_us: int


class ChainProducer:
    """The only writer of one chain; after a failure the chain ends, and a new one must begin.

    Whether a broker took what it did not acknowledge is not known, so nothing may follow it: a
    gap would read like an entry that somebody removed.

    Args:
        cluster: Where the topics are.
        codec: Encodes entries.
        chain_id: Id of the chain; no other process writes to it.
        within_s: Time within which brokers must acknowledge, s.

    Attributes:
        chain_id: Id of the chain.
        last: Newest entry that is acknowledged; None before the first.
    """

    def __init__(self, cluster: Cluster, codec: Codec, chain_id: str, within_s: float) -> None:
        self.chain_id = chain_id
        self.last: AuditEntry | None = None
        self._topic = cluster.name(AUDIT)
        self._codec = codec
        self._clock = cluster.clock
        self._within_s = within_s
        self._waiting = 0
        self._error: KafkaError | None = None
        settings: dict[str, Any] = {
            "linger.ms": 0,
            "enable.gapless.guarantee": True,
            "reconnect.backoff.max.ms": 500,
        }
        self._producer = cluster.producer(self._reported, delivery_timeout_s=within_s, **settings)

    def append(self, recorded: Sequence[Recorded]) -> None:
        """Seal acts into the chain, and wait until brokers hold them all.

        Raises:
            AuditUnavailable: They do not; this producer is of no use any more.
        """
        last = self.last
        self._waiting = len(recorded)
        for act, actor, why, at_us in recorded:
            last = next_entry(last, self.chain_id, act, actor=actor, why=why, at_us=at_us)
            try:
                self._producer.produce(
                    self._topic, key=self.chain_id, value=self._codec.encode(last), partition=0
                )
            except (BufferError, KafkaException, ValueError) as error:
                raise AuditUnavailable(f"{self._topic} does not take an entry: {error}") from error
        end_s = self._clock.monotonic_s() + self._within_s
        try:
            while self._waiting and self._error is None and self._clock.monotonic_s() < end_s:
                self._producer.poll(_POLL_S)
        except KafkaException as error:  # of the whole producer
            raise AuditUnavailable(f"{self._topic} does not take an entry: {error}") from error
        if self._error is not None:
            raise AuditUnavailable(f"{self._topic} does not take an entry: {self._error.str()}")
        if self._waiting:
            raise AuditUnavailable(
                f"{self._topic} did not take an entry within {self._within_s:g} s"
            )
        self.last = last

    def close(self) -> None:
        """Drop what is not sent, and disconnect."""
        with suppress(KafkaException):  # that of a failure which was raised before
            self._producer.purge()
        with suppress(KafkaException):
            self._producer.close()

    def _reported(self, error: KafkaError | None, _message: Message) -> None:
        self._waiting -= 1
        self._error = self._error or error
