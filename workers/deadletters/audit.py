"""Write acts and what they do in one transaction, sealed into the chain of audit.v1.

Whoever claims a chain ends the claim of everybody before them, then reads it to its end: so two
operators at once cannot both handle a letter, and the one who came first is told.
"""

from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, Producer

from runtime.audit_chain import Act, broken_link, next_entry
from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.kafka import physical_name, producer_config
from runtime.settings import Settings
from schemas.codec import Codec, UndecodableValue
from schemas.records import AuditEntry
from schemas.registry import SchemaRegistry
from schemas.topics import AUDIT
from workers.replay.log import read_topic

_TIMEOUT_S = 30.0
_ATTEMPT_S = 5.0
_TRANSACTION_TIMEOUT_MS = 10_000
_FENCED = (
    KafkaError._FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
)


class Sent(NamedTuple):
    """A record that an act sends.

    Attributes:
        topic: Name on the broker.
        partition: Where to.
        key: As it was.
        value: As it was.
    """

    topic: str
    partition: int
    key: bytes
    value: bytes


def read_chain(settings: Settings, codec: Codec, chain_id: str) -> list[AuditEntry]:
    """A chain as it stands in the log, in order.

    Raises:
        Stop: It is broken, or holds what is no entry.
        Retry: The broker is out of reach.
        RegistryUnavailable: The registry is.
    """
    entries: list[AuditEntry] = []
    for message in read_topic(settings, AUDIT):
        if message.key() != chain_id.encode():
            continue
        try:
            entries.append(codec.decode(message.value()))
        except UndecodableValue as exc:
            msg = f"{AUDIT.name} at offset {message.offset()}: {exc}"
            raise Stop(msg) from exc
    fault = broken_link(entries)
    if fault is not None:
        msg = f"{AUDIT.name}: {fault}; somebody wrote to it by other means"
        raise Stop(msg)
    return entries


class AuditWriter:
    """The right to append to one chain, which the newest writer has alone.

    Args:
        settings: Where the broker is; the claim is one per topic prefix and chain.
        registry: Where the entries' schema is registered.
        clock: Tells when an act happened.
        chain_id: The chain.

    Raises:
        Retry: The broker did not grant the claim in time.
        NotRegistered: The schema is not registered.
        RegistryUnavailable: The registry is out of reach.
    """

    def __init__(
        self, settings: Settings, registry: SchemaRegistry, clock: Clock, chain_id: str
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._chain_id = chain_id
        self._codec = registry.writer(AUDIT)
        self._producer = Producer(
            producer_config(
                settings,
                **{
                    "transactional.id": f"{settings.topic_prefix}audit-{chain_id}",
                    "transaction.timeout.ms": _TRANSACTION_TIMEOUT_MS,
                    "message.timeout.ms": _TRANSACTION_TIMEOUT_MS,
                    "linger.ms": 0,
                    "log_level": 0,  # what matters is raised
                },
            )
        )
        deadline_s = clock.monotonic_s() + _TIMEOUT_S
        while True:
            try:
                self._producer.init_transactions(_ATTEMPT_S)
            except KafkaException as exc:
                if not exc.args[0].retriable() or clock.monotonic_s() > deadline_s:
                    msg = f"{AUDIT.name} cannot be written: {exc.args[0].str()}"
                    raise Retry(msg) from exc
            else:
                break
        self._last: AuditEntry | None = None

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop what is queued; an open transaction is aborted."""
        self._producer.purge()

    def history(self) -> list[AuditEntry]:
        """The chain up to now; call it before `append`. Raises like `read_chain`."""
        entries = read_chain(self._settings, self._codec, self._chain_id)
        self._last = entries[-1] if entries else None
        return entries

    def append(
        self, acts: Sequence[Act], *, actor: str, why: str, sending: Sequence[Sent] = ()
    ) -> list[AuditEntry]:
        """Send records and say so, all or nothing; returns the entries.

        Args:
            acts: What is done.
            actor: Who does it.
            why: Their reason.
            sending: Records that the acts consist of.

        Raises:
            Retry: Somebody else claimed the chain, or the broker did not answer; the message says
                whether nothing was done.
        """
        entries = []
        name = physical_name(AUDIT, self._settings)
        last = self._last
        for act in acts:
            at_us = self._clock.now_us()
            last = next_entry(last, self._chain_id, act, actor=actor, why=why, at_us=at_us)
            entries.append(last)
        records = [*sending]
        for entry in entries:
            value = self._codec.encode(entry)
            records.append(Sent(name, 0, self._chain_id.encode(), value))
        try:
            self._send(records)
        except KafkaException as exc:
            self._abort()
            raise _nothing_done(exc.args[0]) from exc
        self._commit()
        self._last = last
        return entries

    def _send(self, records: Sequence[Sent]) -> None:
        self._producer.begin_transaction()
        for record in records:
            while True:
                try:
                    self._producer.produce(
                        record.topic, key=record.key, value=record.value, partition=record.partition
                    )
                except BufferError:
                    self._producer.poll(0.05)
                else:
                    break

    def _commit(self) -> None:
        deadline_s = self._clock.monotonic_s() + _TIMEOUT_S
        while True:
            try:
                self._producer.commit_transaction(_ATTEMPT_S)
            except KafkaException as exc:
                error: KafkaError = exc.args[0]
                if error.txn_requires_abort() or error.code() in _FENCED:
                    self._abort()
                    raise _nothing_done(error) from exc
                if not error.retriable() or self._clock.monotonic_s() > deadline_s:
                    msg = (
                        f"whether it was done is not known ({error.str()}); run the command again: "
                        "what is done already is not done twice"
                    )
                    raise Retry(msg) from exc
            else:
                return

    def _abort(self) -> None:
        """End the transaction now; where that fails the broker does it by itself."""
        self._producer.purge()
        with suppress(KafkaException):
            self._producer.abort_transaction(_ATTEMPT_S)


def _nothing_done(error: KafkaError) -> Retry:
    if error.code() in _FENCED:
        return Retry("somebody else did this at the same time, so nothing was done; run it again")
    return Retry(f"nothing was done: {error.str()}; run the command again")
