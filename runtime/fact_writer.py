"""Append facts to the side inputs, all or none, and one writer at a time."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Producer

from runtime.clock import Clock, SystemClock
from runtime.errors import Retry
from runtime.fact_log import Fact, fact_key
from runtime.kafka import physical_name, producer_config
from runtime.settings import Settings
from schemas.codec import Codec
from schemas.registry import SchemaRegistry
from schemas.topics import Topic

_TIMEOUT_S = 30.0
_TRANSACTION_TIMEOUT_MS = 10_000
_ATTEMPT_S = 5.0
_FENCED = (
    KafkaError._FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
)


class FactWriter:
    """The right to append facts, which the newest writer of a run has alone.

    Claiming it ends the claim of every earlier writer: the broker aborts what that one had
    under way and refuses the rest. So read the log after claiming, and what is published by
    the same writer is an edit of the newest versions, or fails.

    Args:
        settings: Where the broker is; the claim is one per topic prefix.
        registry: Where the schemas of the facts are registered.
        clock: Tells whether facts are appended in time.

    Raises:
        Retry: The broker did not grant the claim in time.
    """

    def __init__(self, settings: Settings, registry: SchemaRegistry, clock: Clock) -> None:
        self._settings = settings
        self._registry = registry
        self._clock = clock
        self._codecs: dict[Topic, Codec] = {}
        self._producer = Producer(
            producer_config(
                settings,
                **{
                    "transactional.id": f"{settings.topic_prefix}facts-import",
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
                    msg = f"side inputs cannot be written: {exc.args[0].str()}"
                    raise Retry(msg) from exc
            else:
                return

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

    def prepare(self, topics: Iterable[Topic]) -> None:
        """Look up all schemas that `publish` will need, while there is time.

        Raises:
            NotRegistered: A schema is not registered.
            RegistryUnavailable: The schema registry is out of reach.
        """
        for topic in topics:
            if topic not in self._codecs:
                self._codecs[topic] = self._registry.writer(topic)

    def publish(self, facts: Iterable[Fact], *, append_by_us: int | None = None) -> int:
        """Append all facts, or none; returns how many.

        Args:
            facts: New versions, of any topics.
            append_by_us: UTC microseconds after which nothing is written; for facts recorded
                now, `APPEND_WITHIN_US` after the time in them. No limit when None.

        Raises:
            NotRegistered: A schema is not registered; nothing was written.
            RegistryUnavailable: The schema registry is out of reach; nothing was written.
            Retry: Another writer came, the broker did not answer, or it is too late. The
                message says whether nothing was written or that is not known.
        """
        wanted = list(facts)
        if not wanted:
            return 0
        self.prepare(fact.topic for fact in wanted)
        records = [
            (
                physical_name(topic, self._settings),
                fact_key(topic, record),
                self._codecs[topic].encode(record),
            )
            for topic, record in wanted
        ]
        try:
            self._append(records, append_by_us)
        except KafkaException as exc:
            self._abort()
            raise _nothing_written(exc.args[0]) from exc
        except Retry:
            self._abort()
            raise
        self._commit()
        return len(records)

    def _append(self, records: Sequence[tuple[str, str, bytes]], by_us: int | None) -> None:
        self._producer.begin_transaction()
        for name, key, value in records:
            while True:
                try:
                    self._producer.produce(name, key=key, value=value, partition=0)
                except BufferError:
                    self._producer.poll(0.05)
                else:
                    break
        patience_s = _TIMEOUT_S if by_us is None else (by_us - self._clock.now_us()) / 1e6
        left = self._producer.flush(max(patience_s, 0.0))
        # A record that failed makes the commit fail; it needs no looking for here.
        if left or (by_us is not None and self._clock.now_us() > by_us):
            msg = (
                "the broker did not take the facts in time, so nothing was written; "
                "run the import again"
            )
            raise Retry(msg)

    def _commit(self) -> None:
        deadline_s = self._clock.monotonic_s() + _TIMEOUT_S
        while True:
            try:
                self._producer.commit_transaction(_ATTEMPT_S)
            except KafkaException as exc:
                error: KafkaError = exc.args[0]
                if error.txn_requires_abort() or error.code() in _FENCED:
                    self._abort()
                    raise _nothing_written(error) from exc
                if not error.retriable() or self._clock.monotonic_s() > deadline_s:
                    msg = (
                        f"whether the facts were written is not known ({error.str()}); "
                        "run the import again: what is there already is not written twice"
                    )
                    raise Retry(msg) from exc
            else:
                return

    def _abort(self) -> None:
        """End the transaction now; where that fails the broker does it by itself."""
        self._producer.purge()
        with suppress(KafkaException):
            self._producer.abort_transaction(_ATTEMPT_S)


def _nothing_written(error: KafkaError) -> Retry:
    if error.code() in _FENCED:
        return Retry("another import ran at the same time, so nothing was written; run it again")
    return Retry(f"nothing was written: {error.str()}; run the import again")


def publish_facts(settings: Settings, registry: SchemaRegistry, facts: Iterable[Fact]) -> int:
    """Append facts whose versions and times are given, all or none; returns how many.

    Raises:
        NotRegistered: A schema is not registered; nothing was written.
        RegistryUnavailable: The schema registry is out of reach; nothing was written.
        Retry: The broker did not acknowledge in time, or another writer came.
    """
    with FactWriter(settings, registry, SystemClock()) as writer:
        return writer.publish(facts)
