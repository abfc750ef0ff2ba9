"""The loop of a process that consumes topics in a group: poll, process, commit.

    subscribe -> poll -> continuity -> submit -> poll of the processor -> commit if due
                  |                                                          ^
                  +-- revoked: join, commit, drop ---------------------------+

Everything runs in one thread. Kafka's client serves rebalances inside a poll of the consumer, so a
processor is never interrupted in the middle of its work.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

import structlog
from confluent_kafka import Consumer, Message, TopicPartition

from runtime.kafka.assignment import Assignment
from runtime.kafka.commits import Committer
from runtime.kafka.consumer import poll_batch
from runtime.kafka.continuity import Continuity
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.topic_partition import Partition, source_partition
from runtime.process.service import Service

log = structlog.get_logger(__name__)


class RecordProcessor(Protocol):
    """What a process does with the records of its topics."""

    @property
    def linger_s(self) -> float:
        """Longest wait for more records after the first, s; 0 takes what is there."""
        ...

    def room(self) -> int:
        """Records that it takes now; with 0 nothing is polled."""
        ...

    def wait_s(self) -> float:
        """Longest wait for a record, s, before `poll` must be called again."""
        ...

    def submit(self, messages: Sequence[Message]) -> None:
        """Take records, in the order of each partition; called with none, too."""
        ...

    def poll(self) -> None:
        """Do what is due, and report to the ledger which records are processed."""
        ...

    def join(self) -> None:
        """Finish what was begun: partitions are about to be given up, or the process ends."""
        ...

    def assigned(self, partitions: Collection[Partition]) -> None:
        """The group has assigned these."""
        ...

    def dropped(self, partitions: Collection[Partition]) -> None:
        """Drop fetched records; another process reads them from the committed offset."""
        ...

    def close(self) -> None:
        """Release what it holds; called once, after every other call."""
        ...


class ConsumerLoop:
    """Runs one processor until the service is asked to stop.

    Args:
        service: Gives health, clock and the request to stop.
        consumer: A member of a group, not yet subscribed; closed at the end.
        topics: Names of the topics on the broker.
        continuity: Detects records that were lost before they were read.
        dead_letters: Receives a dead letter for each such loss.
        assignment: Partitions of the consumer.
        commits: Commits the offsets of the consumer.
        processor: Does the work.
    """

    def __init__(
        self,
        service: Service,
        consumer: Consumer,
        topics: Sequence[str],
        *,
        continuity: Continuity,
        dead_letters: DeadLetterBox,
        assignment: Assignment,
        commits: Committer,
        processor: RecordProcessor,
    ) -> None:
        self._service = service
        self._consumer = consumer
        self._topics = list(topics)
        self._continuity = continuity
        self._dead_letters = dead_letters
        self._assignment = assignment
        self._commits = commits
        self._processor = processor
        self._just_dropped: set[Partition] = set()
        self._abandoned = False

    def run(self) -> None:
        """Consume until the service is asked to stop, then finish and commit what was begun.

        After an error nothing is committed any more: a restart reads it again.

        Raises:
            Retry: A dependency stayed out of reach.
            Stop: Going on would be wrong.
        """
        self._consumer.subscribe(
            self._topics, on_assign=self.on_assign, on_revoke=self.on_revoke, on_lost=self.on_lost
        )
        try:
            self._service.health.ready()
            while not self._service.stop.is_set():
                self._turn()
            self._service.raise_fault()
            self._processor.join()
            self._commits.commit()
        except BaseException:
            self._abandoned = True
            raise
        finally:
            try:
                self._consumer.close()
            finally:
                self._processor.close()

    def _turn(self) -> None:
        self._service.health.beat()
        self._commits.check()
        self._processor.submit(self._read())
        self._processor.poll()
        self._commits.commit_if_due()

    def _read(self) -> list[Message]:
        """As many records as the processor takes."""
        room = self._processor.room()
        if not room:
            return []
        first = self._poll(1, self._wait_s())
        self._just_dropped.clear()
        more = self._poll(room - 1, self._processor.linger_s) if first and room > 1 else []
        # A rebalance inside the second poll makes the first record void, even if its partition
        # came back at once: it will be read again, after those that were dropped before it.
        valid = [one for one in first if source_partition(one) not in self._just_dropped]
        return [one for one in valid + more if source_partition(one) in self._assignment]

    def _wait_s(self) -> float:
        wait_s = self._processor.wait_s()
        due_in_s = self._commits.ledger.due_in_s(self._service.clock.monotonic_s())
        return wait_s if due_in_s is None else min(wait_s, due_in_s)

    def _poll(self, most: int, wait_s: float) -> list[Message]:
        """Records, after a dead letter for each stretch that the log lost before them."""
        messages = poll_batch(self._consumer, most, wait_s)
        for one in self._continuity.check(messages):
            self._dead_letters.gone(
                one.topic, one.partition, one.lost, one.records, one.dead_letter
            )
        return messages

    def on_assign(self, _consumer: Consumer, given: list[TopicPartition]) -> None:
        """The group has assigned partitions to this consumer."""
        partitions = _partitions(given)
        self._assignment.add(partitions)
        self._processor.assigned(partitions)
        self._show("kafka.assigned", partitions)

    def on_revoke(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        """The group takes partitions away: the next owner continues after what is committed now."""
        if not self._abandoned:
            self._processor.join()
            self._commits.commit()
        self.on_lost(consumer, taken)

    def on_lost(self, _consumer: Consumer, taken: list[TopicPartition]) -> None:
        """Another process has these partitions already: nothing may be committed for them."""
        partitions = _partitions(taken)
        self._assignment.remove(partitions)
        self._just_dropped |= partitions
        self._commits.ledger.forget(partitions)
        self._continuity.forget(partitions)
        self._processor.dropped(partitions)
        self._show("kafka.revoked", partitions)

    def _show(self, event: str, partitions: Iterable[Partition]) -> None:
        log.info(event, partitions=[f"{topic}[{n}]" for topic, n in sorted(partitions)])
        self._service.health.detail["partitions"] = str(len(self._assignment))


def _partitions(partitions: Iterable[TopicPartition]) -> set[Partition]:
    return {(one.topic, one.partition) for one in partitions}
