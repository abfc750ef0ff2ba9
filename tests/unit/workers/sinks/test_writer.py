"""A batch is kept until the store has all of it, and is not committed before."""

from collections.abc import Sequence

import pytest
from confluent_kafka import Message, TopicPartition

from runtime.errors import Retry
from runtime.kafka.assignment import Assignment
from runtime.kafka.commits import CommitLedger, CommitPolicy
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.lag import LagWatch
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.topic_partition import Partition
from runtime.process.health import Health
from runtime.process.settings import Settings
from runtime.storage.breaker import Guard
from schemas.topics import OCCUPANCY
from tests.support.builders.outputs import codec, item, occupancy
from tests.support.clusters import cluster_of
from tests.support.set_clock import SetClock
from workers.sinks.outage import Outage
from workers.sinks.writer import SinkWriter
from workers.storage.item import Item

NOBODY = Settings(kafka_bootstrap="127.0.0.1:1", registry_url="http://127.0.0.1:1")
TOPIC = cluster_of(NOBODY).name(OCCUPANCY)
FIRST, SECOND = (TOPIC, 0), (TOPIC, 1)


class Fetched:
    """A consumer's assignment, which keeps what it was asked to fetch."""

    def __init__(self) -> None:
        self.paused: set[Partition] = set()

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        """Do nothing: nothing is fetched here."""

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {(one.topic, one.partition) for one in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {(one.topic, one.partition) for one in partitions}


class Store:
    """A sink that can be away."""

    name = "test"

    def __init__(self) -> None:
        self.away = False
        self.written: list[tuple[int, int]] = []

    def prepare(self) -> None:
        """Do nothing: there is no connection."""

    def write(self, items: Sequence[Item]) -> None:
        if self.away:
            raise Retry("the store is away", retry_after_s=10.0)
        self.written += [(one.partition, one.offset) for one in items]

    def housekeep(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class World:
    """A writer and what it works with."""

    def __init__(self) -> None:
        self.clock, self.store, self.fetched = SetClock(), Store(), Fetched()
        self.health = Health("test")
        self.ledger = CommitLedger(CommitPolicy(interval_s=0.0))
        self.assignment = Assignment(self.fetched)
        guard = Guard("test", self.clock)
        lag = LagWatch(cluster_of(NOBODY), "test", "test", [OCCUPANCY])
        producer = ReliableProducer(cluster_of(NOBODY), log_level=0)
        self.writer = SinkWriter(
            self.store,
            self.clock,
            {TOPIC: codec(OCCUPANCY)},
            dead_letters=DeadLetterBox(
                producer, cluster_of(NOBODY, clock=self.clock), NOBODY.dead_letters, "test"
            ),
            assignment=self.assignment,
            ledger=self.ledger,
            guard=guard,
            outage=Outage("test", self.clock, self.health, guard, lag),
            resume=None,
            max_records=100,
            first_wait_s=0.1,
            linger_s=0.0,
        )
        self.assignment.add([FIRST, SECOND])


@pytest.fixture
def world() -> World:
    return World()


def message(partition: int, offset: int) -> Message:
    made = item(OCCUPANCY, occupancy(offset + 1, float(offset), 1), offset)
    stamp = (1, 1_000_000)
    return Message(
        TOPIC, partition, offset, key=made.key.encode(), value=made.value, timestamp=stamp
    )


def test_offsets_may_be_committed_once_their_records_are_written(world: World) -> None:
    world.writer.submit([message(0, 7), message(1, 3), message(0, 8)])
    assert world.ledger.offsets() == {}
    world.writer.poll()

    assert world.store.written == [(0, 7), (1, 3), (0, 8)]
    assert world.ledger.offsets() == {FIRST: 9, SECOND: 4}
    assert world.writer.room() == 100


def test_a_batch_is_kept_and_nothing_is_fetched_until_the_store_is_back(world: World) -> None:
    world.store.away = True
    world.writer.submit([message(0, 7)])
    world.writer.poll()

    assert world.fetched.paused == {FIRST, SECOND}
    assert world.health.detail["paused"]["waits_for"] == "store"
    assert world.writer.room() == 1
    assert world.writer.wait_s() == 0.2

    world.store.away = False
    world.writer.submit([message(1, 3)])  # fetched before the pause took effect
    world.writer.poll()
    assert world.ledger.offsets() == {}, "it is not asked before the pause is over"

    world.clock.now_s += 10.0
    world.writer.poll()
    assert world.store.written == [(0, 7), (1, 3)]
    assert world.ledger.offsets() == {FIRST: 8, SECOND: 4}
    assert world.fetched.paused == set()
    assert not {"paused", "store"} & world.health.detail.keys()


def test_what_another_consumer_has_now_is_neither_written_nor_committed(world: World) -> None:
    world.store.away = True
    world.writer.submit([message(0, 7), message(1, 3)])
    world.writer.poll()
    world.assignment.remove([FIRST])
    world.writer.dropped([FIRST])

    world.store.away = False
    world.clock.now_s += 10.0
    world.writer.poll()
    assert world.store.written == [(1, 3)]
    assert world.ledger.offsets() == {SECOND: 4}


def test_a_partition_that_comes_during_an_outage_is_paused_like_the_others(world: World) -> None:
    world.store.away = True
    world.writer.submit([message(0, 7)])
    world.writer.poll()
    world.assignment.add([(TOPIC, 2)])

    assert (TOPIC, 2) in world.fetched.paused


def test_a_sink_that_lost_all_it_held_fetches_again_and_still_counts_as_paused(
    world: World,
) -> None:
    world.store.away = True
    world.writer.submit([message(0, 7)])
    world.writer.poll()
    world.writer.dropped([FIRST])
    world.writer.poll()

    assert world.fetched.paused == set()
    assert "paused" in world.health.detail
