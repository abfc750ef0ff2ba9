"""Move a group's offsets, only past records whose results are acknowledged."""

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from runtime.errors import Retry, Stop
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.topic_partition import Partition
from runtime.process.service import Service
from runtime.retry import constant

log = structlog.get_logger(__name__)

Offsets = Mapping[Partition, int]
"""Next offset to read, by partition."""

_WHILE_RUNNING: Final = constant(0.0, deadline_s=630.0)
"""Waiting for acknowledgements; a delivery gives up a little earlier."""

_WHILE_STOPPING: Final = constant(0.0, deadline_s=8.0)
"""Waiting for acknowledgements after the process was asked to end."""

_LEAST_POSTPONED_S: Final = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class CommitPolicy:
    """When offsets are committed; what a crash repeats is bounded by it.

    Attributes:
        interval_s: Longest time between the first record that a commit covers and the commit, s;
            0 commits whenever the loop comes round.
        most_records: Most records that one commit covers; None sets no bound.
    """

    interval_s: float
    most_records: int | None = None

    def due_in_s(self, records: int, waited_s: float) -> float:
        """Time until a commit is due, s; 0 when it is.

        Args:
            records: Records that it would cover.
            waited_s: Time since the first of them was processed, s.
        """
        if self.most_records is not None and records >= self.most_records:
            return 0.0
        return max(0.0, self.interval_s - waited_s)


class CommitLedger:
    """Offsets whose records were processed and that the group does not have yet.

    Args:
        policy: When they are committed.
    """

    def __init__(self, policy: CommitPolicy) -> None:
        self._policy = policy
        self._next: dict[Partition, int] = {}
        self._records = 0
        self._since_s = 0.0
        self._not_before_s = 0.0

    def processed(self, partition: Partition, offset: int, now_s: float) -> None:
        """Note that a record's result is in the store, or was handed to the producer."""
        if not self._next:
            self._since_s = now_s
        self._next[partition] = offset + 1
        self._records += 1

    def due_in_s(self, now_s: float) -> float | None:
        """Time until a commit is due, s; 0 when it is, None when there is nothing to commit."""
        if not self._next:
            return None
        due_in_s = self._policy.due_in_s(self._records, now_s - self._since_s)
        return max(due_in_s, self._not_before_s - now_s)

    def due(self, now_s: float) -> bool:
        """Whether to flush and commit now."""
        return self.due_in_s(now_s) == 0.0

    def offsets(self) -> dict[Partition, int]:
        """Offsets to commit."""
        return dict(self._next)

    def committed(self) -> None:
        """Note that the broker has every offset."""
        self._next.clear()
        self._records = 0
        self._not_before_s = 0.0

    def postpone(self, now_s: float) -> None:
        """Note that the broker did not take them; they are due again after another interval."""
        self._since_s = now_s
        self._records = 0
        self._not_before_s = now_s + _LEAST_POSTPONED_S

    def forget(self, partitions: Collection[Partition]) -> None:
        """Forget partitions that another process has now, or that are read again."""
        for partition in partitions:
            self._next.pop(partition, None)


def all_of(offsets: Offsets) -> Offsets:
    """The rule of a process that keeps its offsets nowhere else."""
    return offsets


class Committer:
    """Waits for acknowledgements, then commits.

    Args:
        service: Gives the clock, the heartbeat and the request to stop.
        consumer: Consumer whose offsets are committed.
        producer: Writes results and dead letters.
        ledger: Holds what is processed.
        committable: Returns those of some offsets that may be committed now.
        metadata: Text that is committed beside each offset.
    """

    def __init__(
        self,
        service: Service,
        consumer: Consumer,
        producer: ReliableProducer,
        ledger: CommitLedger,
        committable: Callable[[Offsets], Offsets] = all_of,
        metadata: str = "",
    ) -> None:
        self._service = service
        self._consumer = consumer
        self._producer = producer
        self._committable = committable
        self._metadata = metadata
        self.ledger = ledger

    def check(self) -> None:
        """Serve delivery reports.

        Raises:
            Stop: A record was not delivered.
        """
        self._producer.poll()
        self._producer.check()

    def commit_if_due(self) -> None:
        """Commit once the ledger says so; raises like `commit`."""
        if self.ledger.due(self._service.clock.monotonic_s()):
            self.commit()

    def commit(self) -> None:
        """Wait for the acknowledgement of all results, then commit.

        A commit that the broker does not take now is tried again later: until it is, a crash
        repeats more results, but loses none.

        Raises:
            Retry: Results are not acknowledged.
            Stop: A result was not delivered, or this consumer may never commit again.
        """
        if not self.ledger.offsets():
            return
        self._flush()
        offsets = self._committable(self.ledger.offsets())
        if not offsets:
            self.ledger.postpone(self._service.clock.monotonic_s())
            return
        try:
            self._consumer.commit(
                offsets=[
                    TopicPartition(topic, number, offset, self._metadata)
                    for (topic, number), offset in sorted(offsets.items())
                ],
                asynchronous=False,
            )
        except KafkaException as error:
            cause: KafkaError = error.args[0]
            if cause.fatal():
                raise Stop(f"offsets can no longer be committed: {cause.str()}") from error
            # Not lost: the next commit holds these offsets too.
            log.warning("kafka.commit_postponed", error=cause.str())
            self.ledger.postpone(self._service.clock.monotonic_s())
            return
        self.ledger.committed()

    def _flush(self) -> None:
        """Flush in slices, so that an absent broker neither looks like a hang nor delays a stop."""
        clock = self._service.clock
        started_s = clock.monotonic_s()
        while True:
            self._service.health.beat()
            with contextlib.suppress(Retry):
                self._producer.flush(1.0)
                return
            waited_s = clock.monotonic_s() - started_s
            policy = _WHILE_STOPPING if self._service.stop.is_set() else _WHILE_RUNNING
            if policy.gives_up(waited_s):
                raise Retry(
                    f"{len(self._producer)} records not acknowledged after {waited_s:.0f} s"
                )
