"""A follower hands over old and new records, and reads a record again after an error."""

import threading
from collections.abc import Callable, Sequence

import pytest
from confluent_kafka import Message
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.follower import Follower
from runtime.kafka.producer import ReliableProducer
from runtime.process.settings import Settings
from schemas.topics import Topic
from tests.support.clusters import cluster_of
from tests.support.sink_topics import await_leaders
from tests.support.waiting import eventually

TOPIC = Topic(
    name="followed.v1",
    kind="bookkeeping",
    key="key",
    partitions=2,
    retention_ms=3_600_000,
    avro=False,
)


@pytest.fixture
def cluster(kafka: str, run_prefix: str) -> Cluster:
    """A cluster with the topic, empty."""
    cluster = cluster_of(Settings(kafka_bootstrap=kafka, topic_prefix=run_prefix))
    admin = cluster.admin()
    new = NewTopic(cluster.name(TOPIC), TOPIC.partitions, 1, config=TOPIC.config)
    for future in admin.create_topics([new]).values():
        future.result(60)
    await_leaders(admin, [cluster.name(TOPIC)])
    return cluster


@pytest.fixture
def send(cluster: Cluster) -> Callable[[int, bytes], None]:
    """Appends a value to a partition, and waits until it is there."""
    producer = ReliableProducer(cluster)

    def append(partition: int, value: bytes) -> None:
        producer.produce(cluster.name(TOPIC), key=None, value=value, partition=partition)
        producer.flush(60)

    return append


class Reader:
    """Keeps the values that it gets; raises an error that a test sets."""

    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.at_end = threading.Event()
        self.errors: list[Exception] = []
        self.fail_with: Exception | None = None

    def take(self, messages: Sequence[Message], at_end: bool) -> None:
        if messages and self.fail_with is not None:
            error, self.fail_with = self.fail_with, None
            raise error
        self.values += [message.value() or b"" for message in messages]
        if at_end:
            self.at_end.set()


def following(cluster: Cluster, reader: Reader, age_s: float | None = None) -> Follower:
    follower = Follower(
        "follower-test", cluster, [TOPIC], reader.take, reader.errors.append, age_s=age_s
    )
    follower.start()
    return follower


def test_what_is_there_comes_first_and_what_is_appended_follows(
    cluster: Cluster, send: Callable[[int, bytes], None]
) -> None:
    for number in range(4):
        send(number % 2, b"%d" % number)
    reader = Reader()
    follower = following(cluster, reader)
    try:
        assert reader.at_end.wait(60)
        assert sorted(reader.values) == [b"0", b"1", b"2", b"3"]
        send(1, b"4")
        eventually(lambda: reader.values[-1] == b"4")
    finally:
        follower.close()
    assert reader.errors == []


def test_an_empty_topic_is_at_its_end(cluster: Cluster) -> None:
    reader = Reader()
    follower = following(cluster, reader, age_s=60.0)
    try:
        assert reader.at_end.wait(60)
    finally:
        follower.close()
    assert reader.values == []


@pytest.mark.parametrize("error", [Retry("not now"), ZeroDivisionError("a fault")], ids=repr)
def test_after_an_error_of_its_handler_it_reads_everything_again(
    error: Exception, cluster: Cluster, send: Callable[[int, bytes], None]
) -> None:
    send(0, b"first")
    reader = Reader()
    reader.fail_with = error
    follower = following(cluster, reader)
    try:
        eventually(lambda: reader.values == [b"first"])
    finally:
        follower.close()
    assert reader.errors == [error]
