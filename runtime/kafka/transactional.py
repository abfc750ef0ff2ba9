"""Append all records or none, under a claim that ends that of every earlier writer.

The broker knows a claim by its `transactional.id`: granting it again aborts the open
transaction of the writer before, and fences its later attempts.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from runtime.errors import Retry, Stop
from runtime.kafka.cluster import Cluster
from runtime.kafka.errors import is_refusal
from runtime.retry import Tries, constant, retried

_TIMEOUT_S = 30.0
_ATTEMPT_S = 5.0
_TRANSACTION_S = 10.0
_FENCED = (
    KafkaError._FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
)


class Messages(NamedTuple):
    """Texts about a transaction, for an operator; `{error}` is replaced by the broker's own text.

    Attributes:
        refused: The claim was not granted in time.
        nothing: Nothing was written.
        rival: Nothing was written, because another writer has the claim now.
        late: Nothing was written, because the broker did not take the records in time.
        unknown: It is not known whether it was written.
    """

    refused: str
    nothing: str
    rival: str
    late: str
    unknown: str


class Outgoing(NamedTuple):
    """A record to append.

    Attributes:
        topic: Name on the broker.
        partition: Number of the partition.
        key: Its key.
        value: Its value; None for a tombstone.
    """

    topic: str
    partition: int
    key: bytes
    value: bytes | None


class Note(NamedTuple):
    """Offsets of a consumer group that are committed together with the records, or not at all.

    Attributes:
        group: Metadata from `Consumer.consumer_group_metadata()`.
        offsets: Offsets to commit, with the metadata beside each.
    """

    group: Any
    offsets: Sequence[TopicPartition]


class FencedProducer:
    """The right to write under one claim, which the newest producer of that name has alone.

    Args:
        cluster: Where the topics are; the claim is one for each run.
        claim: Name of the claim, such as `facts-import`.
        messages: Text for each error.
        within_s: Longest duration of a transaction, s; a broker refuses more than its
            `transaction.max.timeout.ms`, which is 15 minutes by default.
        patience_s: Longest wait for the claim, and for a commit, s; a little more where the broker
            is silent.

    Raises:
        Retry: The broker did not grant the claim in time.
        Stop: It does not let this process claim it.
    """

    def __init__(
        self,
        cluster: Cluster,
        claim: str,
        messages: Messages,
        within_s: float = _TRANSACTION_S,
        *,
        patience_s: float = _TIMEOUT_S,
    ) -> None:
        self._clock = cluster.clock
        self._messages = messages
        self._again = constant(0.0, deadline_s=patience_s)  # each attempt waits by itself
        self._attempt_s = min(_ATTEMPT_S, patience_s)
        self._patience_s = max(patience_s, within_s)
        self._producer = cluster.transactional(f"{cluster.prefix}{claim}", within_s=within_s)
        try:
            self._until_done(self._producer.init_transactions)
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            kind = Stop if is_refusal(cause) else Retry
            raise kind(messages.refused.format(error=cause.str())) from error

    def __enter__(self) -> Self:
        """The producer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop what is queued; an open transaction is aborted."""
        self._producer.purge()

    def write(
        self, records: Sequence[Outgoing], *, by_us: int | None = None, note: Note | None = None
    ) -> None:
        """Append all records in one transaction, or none.

        Args:
            records: Records, in their order.
            by_us: UTC microseconds after which nothing is written; no limit when None.
            note: Offsets to commit in the same transaction.

        Raises:
            Retry: Another writer has the claim, the broker did not answer, or it is too late. The
                message says whether nothing was written or that is not known.
        """
        try:
            self._append(records, by_us, note)
        except KafkaException as error:
            self._abort()
            raise self._nothing(error.args[0]) from error
        except Retry:
            self._abort()
            raise
        self._commit()

    def _append(self, records: Sequence[Outgoing], by_us: int | None, note: Note | None) -> None:
        self._producer.begin_transaction()
        for topic, partition, key, value in records:
            while True:
                try:
                    self._producer.produce(topic, key=key, value=value, partition=partition)
                except BufferError:
                    self._producer.poll(0.05)
                else:
                    break
        if note is not None:
            self._producer.send_offsets_to_transaction(
                list(note.offsets), note.group, self._attempt_s
            )
        patience_s = self._patience_s if by_us is None else (by_us - self._clock.now_us()) / 1e6
        left = self._producer.flush(max(patience_s, 0.0))
        # A record that failed makes the commit fail; it needs no looking for here.
        if left or (by_us is not None and self._clock.now_us() > by_us):
            raise Retry(self._messages.late)

    def _commit(self) -> None:
        try:
            self._until_done(self._producer.commit_transaction)
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if cause.txn_requires_abort() or cause.code() in _FENCED:
                self._abort()
                raise self._nothing(cause) from error
            raise Retry(self._messages.unknown.format(error=cause.str())) from error

    def _until_done(self, request: Callable[[float], None]) -> None:
        """Repeat a request while the broker says that it may succeed.

        Raises:
            KafkaException: It may not, or did not in time.
        """
        retried(
            lambda: request(self._attempt_s),
            Tries(self._again, self._clock),
            (KafkaException,),
            may_pass=_may_pass,
        )

    def _abort(self) -> None:
        """End the transaction now; where that fails the broker does it by itself."""
        self._producer.purge()
        with suppress(KafkaException):
            self._producer.abort_transaction(self._attempt_s)

    def _nothing(self, error: KafkaError) -> Retry:
        text = self._messages.rival if error.code() in _FENCED else self._messages.nothing
        return Retry(text.format(error=error.str()))


def _may_pass(error: Exception) -> bool:
    kafka: KafkaError = error.args[0]
    return kafka.retriable() and not kafka.txn_requires_abort() and kafka.code() not in _FENCED
