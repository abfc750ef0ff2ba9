"""Append records that were sent to the board to their topic: all of a request or none, and in time.

Whoever reads a topic of evidence takes a record in by the time that is written into it, and relies
on its append within `APPEND_WITHIN_US` of that. So the time is put in last, and what the brokers
take later is aborted.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar
from uuid import uuid4

import structlog

from runtime.errors import Retry
from runtime.facts.log import APPEND_WITHIN_US
from runtime.kafka.cluster import Cluster
from runtime.kafka.transactional import FencedProducer, Messages, Outgoing
from schemas.codec import Codec
from schemas.records.alert_actions import ActionTaken
from schemas.records.evidence import BadgeRead
from schemas.records.feedback import Feedback
from schemas.registry import IncompatibleSchema, NotRegistered, RegistryError
from schemas.topics import ALERT_ACTIONS, BADGE_READS, FEEDBACK, Topic

log = structlog.get_logger(__name__)

TURN_S: Final = 2.0
"""Longest wait for the records of another request, s."""

_PATIENCE_S: Final = 2.0
_TRANSACTION_S: Final = 5.0

T = TypeVar("T", bound=Mapping[str, object])


class RecordWriter(Generic[T]):
    """Appends records, one request after another, from any thread.

    Args:
        cluster: Where the topics are.
        topic: Topic of the records.
        claim: Start of the claim of each board: two boards write beside each other.
        stamp: Field that holds when a record was written.
        what: What the records are, in messages.
    """

    def __init__(self, cluster: Cluster, topic: Topic, claim: str, stamp: str, what: str) -> None:
        self._cluster = cluster
        self._topic = topic
        self._claim = f"{claim}{uuid4()}"
        self._stamp = stamp
        self._what = what
        self._messages = _messages(what)
        self._turn = threading.Lock()
        self._codec: Codec | None = None
        self._producer: FencedProducer | None = None

    def append(self, records: Sequence[T], partition_of: Callable[[T], int]) -> int:
        """Append records, all or none, as written now.

        Args:
            records: Records; the field that says when they were written is replaced.
            partition_of: Partition of a record.

        Returns:
            The time that they were written at, UTC microseconds.

        Raises:
            Retry: The brokers or the schema registry are out of reach or too slow. The message says
                whether nothing was taken.
            Stop: This board may not write them.
        """
        if not self._turn.acquire(timeout=TURN_S):
            raise Retry(f"the brokers are slow, and other {self._what} wait, so none was taken")
        try:
            return self._append(records, partition_of)
        except Exception:
            self._producer = None  # what is left of its transaction ends with the next claim
            raise
        finally:
            self._turn.release()

    def _append(self, records: Sequence[T], partition_of: Callable[[T], int]) -> int:
        codec, producer = self._opened()
        name = self._cluster.name(self._topic)
        now_us = self._cluster.clock.now_us()
        producer.write(
            [
                Outgoing(
                    name,
                    partition_of(record),
                    str(record[self._topic.key]).encode(),
                    codec.encode({**record, self._stamp: now_us}),
                )
                for record in records
            ],
            by_us=now_us + APPEND_WITHIN_US,
        )
        return now_us

    def _opened(self) -> tuple[Codec, FencedProducer]:
        """The codec and the producer, which are made where there are none."""
        try:
            if self._codec is None:
                self._codec = self._cluster.registry.writer(self._topic)
        except (RegistryError, NotRegistered, IncompatibleSchema) as error:
            log.warning("serving.no_schema", topic=self._topic.name, error=str(error))
            raise Retry(
                f"the schema of {self._what} is not to be had, so none was taken: {error}"
            ) from error
        if self._producer is None:
            self._producer = FencedProducer(
                self._cluster, self._claim, self._messages, _TRANSACTION_S, patience_s=_PATIENCE_S
            )
        return self._codec, self._producer


class ReadWriter(RecordWriter[BadgeRead]):
    """Appends reads of badges."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster, BADGE_READS, "badge-reads-", "recorded_at_us", "reads")


class FeedbackWriter(RecordWriter[Feedback]):
    """Appends feedback."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster, FEEDBACK, "feedback-", "given_at_us", "feedback")


class ActionWriter(RecordWriter[ActionTaken]):
    """Appends what people did about alerts."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster, ALERT_ACTIONS, "alert-actions-", "taken_at_us", "actions")


def _messages(what: str) -> Messages:
    return Messages(
        refused=f"the brokers take no {what} now, so nothing was taken: {{error}}",
        nothing=f"the brokers took none of the {what}; send the {what} again: {{error}}",
        rival=(
            f"none of the {what} was taken, since this board's place is another's; "
            f"send the {what} again"
        ),
        late=(
            f"the brokers did not take the {what} within {APPEND_WITHIN_US / 1e6:.0f} s, "
            f"so none was taken; send the {what} again"
        ),
        unknown=(
            f"it is not known whether the brokers took the {what}; send the {what} again: the same "
            "twice counts once: {error}"
        ),
    )
