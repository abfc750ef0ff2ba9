"""Topics come from the table, and a broker that differs from it is refused by name."""

import time
from functools import partial

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from runtime.errors import Retry, Stop
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.topics import check_topics, create_topics, topic_faults
from runtime.process.settings import Settings
from schemas.topics import OCCUPANCY_LATEST, STREAM_CHECKPOINTS, TOPICS, TRACKS, ZONES, Topic
from tests.support.clusters import LOGGED, cluster_of
from tests.support.waiting import eventually


@pytest.fixture
def settings(kafka: str, run_prefix: str) -> Settings:
    return Settings(kafka_bootstrap=kafka, topic_prefix=run_prefix)


def refusal(settings: Settings) -> str:
    """The refusal of the check, once every part of the broker knows of a change."""

    def refused() -> str:
        try:
            check_topics(cluster_of(settings))
        except Stop as stop:
            return str(stop)
        return ""

    return eventually(refused, 20, "a refusal")


def test_the_table_is_created_once_and_then_found(settings: Settings) -> None:
    created = create_topics(cluster_of(settings))

    assert sorted(created) == sorted(settings.topic_prefix + name for name in TOPICS)
    assert create_topics(cluster_of(settings)) == []


def test_a_missing_topic_is_named_with_what_to_do(settings: Settings) -> None:
    with pytest.raises(Stop, match=r"zones\.v1 is missing; run `wardstream topics create`"):
        check_topics(cluster_of(settings), [ZONES])


def test_a_topic_with_other_partitions_stops_the_process(settings: Settings) -> None:
    create_topics(cluster_of(settings))
    admin = cluster_of(settings).admin()
    name = settings.topic_prefix + ZONES.name
    admin.create_partitions([NewPartitions(name, 3)])[name].result()

    assert refusal(settings) == f"topics differ from the table: {name} has 3 partitions, not 1"


def test_a_topic_with_another_setting_stops_the_process(settings: Settings) -> None:
    create_topics(cluster_of(settings))
    admin = cluster_of(settings).admin()
    resource = ConfigResource(
        ResourceType.TOPIC,
        settings.topic_prefix + ZONES.name,
        incremental_configs=[
            ConfigEntry("cleanup.policy", "delete", incremental_operation=AlterConfigOpType.SET)
        ],
    )
    admin.incremental_alter_configs([resource])[resource].result()

    assert "zones.v1: cleanup.policy is delete, not compact" in refusal(settings)


def test_a_broker_that_is_not_there_is_a_reason_to_try_again() -> None:
    with pytest.raises(Retry, match=r"127\.0\.0\.1:9 is out of reach"):
        check_topics(cluster_of(Settings(kafka_bootstrap="127.0.0.1:9")), [ZONES])


def test_pieces_of_the_log_of_an_earlier_release_are_cut_as_the_table_says(
    settings: Settings,
) -> None:
    """Brokers delete whole pieces, and by themselves begin a new one only after a week."""
    cluster = cluster_of(settings)
    earlier = {**TRACKS.config}
    del earlier["segment.ms"]
    wanted = NewTopic(cluster.name(TRACKS), TRACKS.partitions, 1, config=earlier)
    admin = cluster.admin()
    admin.create_topics([wanted])[cluster.name(TRACKS)].result()
    fault = f"{cluster.name(TRACKS)}: segment.ms is 604800000, not 50400000"
    eventually(lambda: topic_faults(cluster, [TRACKS]) == [fault], 20, fault)

    assert cluster.name(TRACKS) not in create_topics(cluster)

    check_topics(cluster)


EXPIRING = tuple(topic for topic in TOPICS.values() if topic.cleanup == "delete")
REPLACED = (OCCUPANCY_LATEST, STREAM_CHECKPOINTS)


def test_what_expired_or_was_replaced_is_gone_from_every_topic(settings: Settings) -> None:
    """Each topic as the table makes it, with a second in place of days and of its pieces."""
    cluster = cluster_of(settings)
    admin = cluster.admin()
    short = {"segment.ms": "1000", "min.cleanable.dirty.ratio": "0.01"}

    def hurried(topic: Topic) -> NewTopic:
        own = {"retention.ms": "1000"} if topic in EXPIRING else {}
        return NewTopic(cluster.name(topic), 1, 1, config={**topic.config, **short, **own})

    for future in admin.create_topics([hurried(one) for one in (*EXPIRING, *REPLACED)]).values():
        future.result()
    producer = ReliableProducer(cluster)
    group = settings.topic_prefix + "gone"
    reader = Consumer({**LOGGED, "bootstrap.servers": settings.kafka_bootstrap, "group.id": group})

    def send(value: bytes) -> None:
        for topic in (*EXPIRING, *REPLACED):
            producer.produce(cluster.name(topic), key="one", value=value, partition=0)
        producer.flush(30)

    def offsets(topic: Topic) -> tuple[int, int]:
        return reader.get_watermark_offsets(TopicPartition(cluster.name(topic), 0), timeout=10)

    def is_empty(topic: Topic) -> bool:
        low, high = offsets(topic)
        return low == high == 2

    def values(topic: Topic) -> list[bytes]:
        """What a reader of the whole topic is given."""
        low, high = offsets(topic)
        reader.assign([TopicPartition(cluster.name(topic), 0, low)])
        found, at = [], low
        while at < high:
            message = reader.poll(5)
            assert message is not None
            assert not message.error()
            found.append(message.value() or b"")
            at = (message.offset() or 0) + 1
        return found

    send(b"old")
    time.sleep(1.2)
    send(b"new")
    time.sleep(1.2)
    for topic in REPLACED:  # a compacted log keeps its newest piece whole
        producer.produce(cluster.name(topic), key="other", value=b"other", partition=0)
    producer.flush(30)
    for topic in EXPIRING:
        eventually(partial(is_empty, topic), 40, f"nothing left in {topic.name}")
    for topic in REPLACED:
        eventually(
            lambda: b"old" not in values(topic),  # noqa: B023  it is asked at once
            40,
            f"nothing old left in {topic.name}",
        )
        assert values(topic) == [b"new", b"other"]
    reader.close()
