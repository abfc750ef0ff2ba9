"""The loop hands records on in order, and commits no partition that another process reads now."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest
from confluent_kafka import Message, TopicPartition

from runtime.errors import Stop
from runtime.kafka.assignment import Assignment
from runtime.kafka.commits import CommitLedger, CommitPolicy, Committer
from runtime.kafka.consumer_loop import ConsumerLoop
from runtime.kafka.continuity import Continuity
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.topic_partition import Partition, source_partition
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from schemas.topics import FRAMES
from tests.support.clusters import cluster_of

NOBODY = Settings(kafka_bootstrap="127.0.0.1:1", registry_url="http://127.0.0.1:1")
CLUSTER = cluster_of(NOBODY)
TOPIC = CLUSTER.name(FRAMES)
FIRST, SECOND = (TOPIC, 0), (TOPIC, 1)
BOTH = [TopicPartition(*FIRST), TopicPartition(*SECOND)]

Poll = Callable[["Broker"], list[Message]]


class Broker:
    """A consumer with scripted polls; each poll may rebalance, as in the real client."""

    def __init__(self, *polls: Poll) -> None:
        self.polls = list(polls)
        self.stop: Callable[[], None] = lambda: None
        self.committed_offsets: list[dict[Partition, int]] = []
        self.closed = False
        self.callbacks: dict[str, Any] = {}

    def subscribe(self, _topics: list[str], **callbacks: Any) -> None:
        self.callbacks = callbacks

    def consume(self, _most: int, _wait_s: float) -> list[Message]:
        if self.polls:
            return self.polls.pop(0)(self)
        self.stop()
        return []

    def assign(self, *partitions: TopicPartition) -> None:
        self.callbacks["on_assign"](self, list(partitions))

    def revoke(self, *partitions: TopicPartition) -> None:
        self.callbacks["on_revoke"](self, list(partitions))

    def lose(self, *partitions: TopicPartition) -> None:
        self.callbacks["on_lost"](self, list(partitions))

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert not asynchronous
        self.committed_offsets.append({(one.topic, one.partition): one.offset for one in offsets})

    def committed(self, wanted: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        return wanted  # the group has never committed

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        """Nothing is fetched."""

    def pause(self, partitions: list[TopicPartition]) -> None:
        """Nothing is fetched."""

    def resume(self, partitions: list[TopicPartition]) -> None:
        """Nothing is fetched."""

    def close(self) -> None:
        self.revoke(*BOTH)
        self.closed = True


class Work:
    """A processor that is done with all records at each `join`."""

    linger_s = 0.0

    def __init__(self, ledger: CommitLedger) -> None:
        self._ledger = ledger
        self._started: list[Message] = []
        self.done: list[tuple[int, int]] = []
        self.error: Exception | None = None
        self.closed_after_consumer = False
        self.broker: Broker | None = None

    def room(self) -> int:
        return 10

    def wait_s(self) -> float:
        return 0.1

    def submit(self, messages: Sequence[Message]) -> None:
        self._started += messages

    def poll(self) -> None:
        if self.error is not None:
            raise self.error

    def join(self) -> None:
        for message in self._started:
            offset = message.offset() or 0
            self.done.append((message.partition() or 0, offset))
            self._ledger.processed(source_partition(message), offset, 0.0)
        self._started.clear()

    def assigned(self, partitions: Collection[Partition]) -> None:
        """Do nothing: it keeps nothing about a partition."""

    def dropped(self, partitions: Collection[Partition]) -> None:
        self._started = [one for one in self._started if source_partition(one) not in partitions]

    def close(self) -> None:
        assert self.broker is not None
        self.closed_after_consumer = self.broker.closed


class World:
    """A loop over a scripted broker."""

    def __init__(self, *polls: Poll) -> None:
        self.broker = Broker(*polls)
        consumer: Any = self.broker
        self.service = Service(NOBODY, Health("test"))
        self.broker.stop = self.service.stop.set
        producer = ReliableProducer(CLUSTER)
        ledger = CommitLedger(CommitPolicy(interval_s=3_600.0))
        self.work = Work(ledger)
        self.work.broker = self.broker
        self.loop = ConsumerLoop(
            self.service,
            consumer,
            [TOPIC],
            continuity=Continuity(CLUSTER, "test", consumer, [FRAMES]),
            dead_letters=DeadLetterBox(producer, CLUSTER, NOBODY.dead_letters, "test"),
            assignment=Assignment(self.broker),
            commits=Committer(self.service, consumer, producer, ledger),
            processor=self.work,
        )


def message(partition: int, offset: int) -> Message:
    return Message(TOPIC, partition, offset, value=b"")


def giving(*messages: Message) -> Poll:
    return lambda _: list(messages)


def assigned(broker: Broker) -> list[Message]:
    broker.assign(*BOTH)
    return []


def test_batches_under_way_are_finished_and_committed_at_the_end() -> None:
    world = World(assigned, giving(message(0, 7)), giving(message(0, 8), message(1, 3)))
    world.loop.run()

    assert world.work.done == [(0, 7), (0, 8), (1, 3)]
    assert world.broker.committed_offsets == [{FIRST: 9, SECOND: 4}]
    assert world.work.closed_after_consumer


def test_a_revoked_partition_is_committed_before_another_process_reads_it() -> None:
    def revoked(broker: Broker) -> list[Message]:
        broker.revoke(BOTH[0])
        assert broker.committed_offsets == [{FIRST: 8}]
        return []

    world = World(assigned, giving(message(0, 7)), giving(), revoked)
    world.loop.run()

    assert world.work.done == [(0, 7)]
    assert world.service.health.detail["partitions"] == "0", "the end revokes the other one"


def test_nothing_of_a_lost_partition_is_finished_or_committed() -> None:
    def lost(broker: Broker) -> list[Message]:
        broker.lose(BOTH[0])
        return []

    world = World(assigned, giving(message(0, 7), message(1, 3)), giving(), lost)
    world.loop.run()

    assert world.work.done == [(1, 3)]
    assert world.broker.committed_offsets == [{SECOND: 4}]


def test_a_record_is_void_when_its_partition_leaves_before_it_is_submitted() -> None:
    """Even if the partition comes back at once: it is then read again from the committed offset."""

    def there_and_back(broker: Broker) -> list[Message]:
        broker.revoke(BOTH[0])
        broker.assign(BOTH[0])
        return [message(1, 3)]

    world = World(assigned, giving(message(0, 7)), there_and_back)
    world.loop.run()

    assert world.work.done == [(1, 3)]
    assert world.broker.committed_offsets == [{SECOND: 4}]


def test_a_record_of_a_partition_that_is_not_assigned_is_passed_over() -> None:
    world = World(assigned, giving(message(2, 0)))
    world.loop.run()

    assert world.work.done == []
    assert world.broker.committed_offsets == []


def test_after_an_error_nothing_is_committed_and_everything_is_closed() -> None:
    world = World(assigned, giving(message(0, 7)), giving(), giving())
    world.work.error = Stop("wrong")

    with pytest.raises(Stop, match="wrong"):
        world.loop.run()
    assert world.work.done == []
    assert world.broker.committed_offsets == []
    assert world.work.closed_after_consumer


def test_a_process_that_is_made_to_end_commits_nothing() -> None:
    """Its topics may have been created again, and then its offsets mean nothing."""

    def ended(_broker: Broker) -> list[Message]:
        world.service.end(Stop("frames were made again"))
        return []

    world = World(assigned, giving(message(0, 7)), giving(), ended)
    with pytest.raises(Stop, match="made again"):
        world.loop.run()
    assert world.broker.committed_offsets == []
