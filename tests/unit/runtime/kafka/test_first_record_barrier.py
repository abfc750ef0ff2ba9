"""No record of a partition is sent before its first record is acknowledged."""

from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError

from deploy.local.ports import free_ports
from runtime.kafka import first_record_barrier
from runtime.kafka.first_record_barrier import FirstRecordBarrier
from tests.support.clusters import cluster_at


@pytest.fixture
def failures() -> list[tuple[str, int, KafkaError]]:
    return []


@pytest.fixture
def producer(failures: list[tuple[str, int, KafkaError]]) -> Iterator[FirstRecordBarrier]:
    """A producer without a broker, so that nothing is ever acknowledged."""
    made = FirstRecordBarrier(
        cluster_at(f"127.0.0.1:{free_ports(1)[0]}"),
        lambda topic, partition, error: failures.append((topic, partition, error)),
        delivery_timeout_s=2.0,
    )
    yield made
    made.purge()
    made.close()


def test_only_the_first_record_of_each_partition_leaves(producer: FirstRecordBarrier) -> None:
    for _ in range(3):
        for partition in (0, 1):
            producer.produce("frames", key="camera", value=b"x", partition=partition)

    assert producer.kept == 4


def test_where_the_hash_decides_one_record_of_a_topic_leaves(producer: FirstRecordBarrier) -> None:
    for key in ("left", "right"):
        producer.produce("letters", key=key, value=b"x")

    assert producer.kept == 1


def test_nothing_is_sent_after_a_first_record_that_failed(
    producer: FirstRecordBarrier, failures: list[tuple[str, int, KafkaError]]
) -> None:
    for value in (b"first", b"second"):
        producer.produce("frames", key="camera", value=value, partition=0)

    assert producer.flush(30.0) == 0
    assert [(topic, partition) for topic, partition, _ in failures] == [("frames", 0)]


def test_what_waits_is_bounded(
    producer: FirstRecordBarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_record_barrier, "MOST_KEPT", 2)
    for _ in range(3):
        producer.produce("frames", key="camera", value=b"x", partition=0)

    with pytest.raises(BufferError, match="wait for the first one"):
        producer.produce("frames", key="camera", value=b"x", partition=0)
