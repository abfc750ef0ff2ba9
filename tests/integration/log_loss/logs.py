"""A small topic whose log changes while it is read, as retention and operators change logs."""

from collections.abc import Sequence
from typing import Self

from confluent_kafka import Message, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from runtime.kafka.consumer import poll_batch
from runtime.kafka.continuity import Break, Continuity
from runtime.process.settings import Settings
from schemas.topics import Topic
from tests.support.clusters import cluster_of
from tests.support.services import await_gone
from tests.support.sink_topics import await_leaders
from tests.support.waiting import eventually

KEPT = Topic(
    name="kept.v1",
    kind="bookkeeping",
    key="key",
    partitions=1,
    retention_ms=3_600_000,
    avro=False,
)
STAGE = "reader"
ANSWER_S = 60.0
DEADLINE_S = 120.0


def admin_of(settings: Settings) -> AdminClient:
    """A new client of the test's broker."""
    return cluster_of(settings).admin()


def make(settings: Settings, *topics: Topic) -> None:
    """Make topics of the run, and wait until they can be read."""
    names = [cluster_of(settings).name(topic) for topic in topics]
    wanted = [
        NewTopic(name, topic.partitions, 1, config=topic.config)
        for name, topic in zip(names, topics, strict=True)
    ]
    admin = admin_of(settings)
    for future in admin.create_topics(wanted).values():
        future.result(ANSWER_S)
    await_leaders(admin, names)


def delete(settings: Settings, topic: Topic) -> None:
    """Delete a topic, and wait until the broker no longer lists it."""
    name = cluster_of(settings).name(topic)
    admin = admin_of(settings)
    for future in admin.delete_topics([name], operation_timeout=ANSWER_S).values():
        await_gone(future)
    eventually(
        lambda: name not in admin.list_topics(timeout=ANSWER_S).topics,
        DEADLINE_S,
        "the topic is gone",
    )


def expire(settings: Settings, topic: Topic, partition: int, before: int) -> None:
    """Delete the records before an offset, as retention does."""
    where = TopicPartition(cluster_of(settings).name(topic), partition, before)
    admin = admin_of(settings)
    for future in admin.delete_records([where]).values():
        future.result(ANSWER_S)


def alter(settings: Settings, topic: Topic, name: str, value: str) -> None:
    """Set a setting of a topic by hand."""
    resource = ConfigResource(
        ResourceType.TOPIC,
        cluster_of(settings).name(topic),
        incremental_configs=[ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)],
    )
    admin = admin_of(settings)
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(ANSWER_S)

    def reported() -> bool:
        found = admin.describe_configs([resource], request_timeout=ANSWER_S)[resource]
        return bool(found.result(ANSWER_S)[name].value == value)

    eventually(reported, DEADLINE_S, f"{name} is {value}")


def forget_group(settings: Settings, group: str) -> None:
    """Delete a group's committed offsets, as a broker does some time after the last member left."""
    admin = admin_of(settings)
    admin.delete_consumer_groups([group])[group].result(ANSWER_S)


def widen(settings: Settings, topic: Topic, partitions: int) -> None:
    """Give a topic more partitions, as `kafka-topics --alter --partitions` does."""
    more = NewPartitions(cluster_of(settings).name(topic), partitions)
    admin = admin_of(settings)
    for future in admin.create_partitions([more]).values():
        future.result(ANSWER_S)

    def reported() -> bool:
        known = admin.list_topics(timeout=ANSWER_S).topics[more.topic].partitions
        return len(known) == partitions

    eventually(reported, DEADLINE_S, "the broker has them")


def append(settings: Settings, topic: Topic, count: int, partition: int = 0) -> None:
    """Append records with no meaning."""
    producer = cluster_of(settings).producer()
    for number in range(count):
        producer.produce(
            cluster_of(settings).name(topic), key="key", value=str(number), partition=partition
        )
    assert producer.flush(ANSWER_S) == 0


def append_in_transaction(settings: Settings, topic: Topic, count: int) -> None:
    """Append records in a transaction, whose marker follows them."""
    name = cluster_of(settings).name(topic)
    producer = cluster_of(settings).transactional(name, within_s=30.0)
    producer.init_transactions(ANSWER_S)
    producer.begin_transaction()
    for number in range(count):
        producer.produce(name, key="key", value=str(number), partition=0)
    producer.commit_transaction(ANSWER_S)


class Reader:
    """A consumer of one group that checks the continuity of its reading."""

    def __init__(self, settings: Settings, topic: Topic = KEPT) -> None:
        self._position = TopicPartition(cluster_of(settings).name(topic), 0)
        self.consumer = cluster_of(settings).consumer(
            settings.topic_prefix + STAGE, **{"heartbeat.interval.ms": 500}
        )
        self._continuity = Continuity(cluster_of(settings), STAGE, self.consumer, [topic])
        self.consumer.subscribe([self._position.topic])
        self.offsets: list[int] = []
        self.breaks: list[Break] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.consumer.close()

    def read_to(self, offset: int) -> list[int]:
        """Read until the record at an offset; returns all offsets since the reader started."""

        def read() -> bool:
            self._take(poll_batch(self.consumer, 100, 0.2))
            return bool(self.offsets) and self.offsets[-1] == offset

        eventually(read, DEADLINE_S, f"offset {offset} is read")
        return self.offsets

    def _take(self, messages: Sequence[Message]) -> None:
        self.breaks += self._continuity.check(messages)
        self.offsets += [message.offset() or 0 for message in messages]

    def commit(self, offset: int) -> None:
        """Commit any offset."""
        position = TopicPartition(self._position.topic, 0, offset)
        self.consumer.commit(offsets=[position], asynchronous=False)

    def pause(self) -> None:
        """Stop fetching, as a reader that is busy for a long time."""
        self.consumer.pause([self._position])

    def resume(self) -> None:
        """Fetch again."""
        self.consumer.resume([self._position])
