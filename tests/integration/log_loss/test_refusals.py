"""A refusal that the broker would repeat ends a process for good, without a restart."""

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Message
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from deploy.local.launcher import LocalServices
from runtime.errors import EXIT_STOP, Stop
from runtime.kafka.consumer import poll_batch
from runtime.kafka.continuity import Continuity
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.topic_watch import TopicWatch
from runtime.kafka.topics import check_topics
from runtime.process.settings import Settings
from tests.integration.log_loss.logs import KEPT, admin_of, make
from tests.support.clusters import cluster_of
from tests.support.waiting import eventually

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [2 * MIB, 12 * MIB], ids=["for-the-topic", "for-any"])
def test_a_record_that_is_too_large_is_no_reason_to_start_again(
    size: int, settings: Settings
) -> None:
    make(settings, KEPT)
    plain: dict[str, Any] = {"compression.type": "none"}
    producer = ReliableProducer(cluster_of(settings), **plain)

    with pytest.raises(Stop, match=r"kept\.v1.*would again: .*size") as refused:
        send(producer, cluster_of(settings).name(KEPT), b"0" * size)
    assert refused.value.exit_code == EXIT_STOP


@pytest.mark.chaos_long
def test_a_process_without_a_right_on_a_topic_names_it_and_ends(tmp_path: Path) -> None:
    """The broker denies a topic to everybody while its clients run."""
    rules = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
    }
    with LocalServices(tmp_path, components=("kafka",), kafka_settings=rules) as services:
        settings = Settings(kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"])
        make(settings, KEPT)
        name = cluster_of(settings).name(KEPT)
        consumer = cluster_of(settings).consumer("reader")
        consumer.subscribe([name])
        producer = ReliableProducer(cluster_of(settings))
        send(producer, name, b"0")
        eventually(lambda: bool(poll_batch(consumer, 1, 0.2)), what="the reader reads")
        ended: list[Stop] = []
        watch = TopicWatch(cluster_of(settings), [KEPT], ended.append, 0.1)
        watch.start()
        deny(settings, name)

        with pytest.raises(Stop) as unread:
            eventually(lambda: poll_batch(consumer, 1, 0.2) is None, what="it is refused")
        with pytest.raises(Stop, match="would again") as unwritten:
            send(producer, name, b"0")
        with pytest.raises(Stop, match=r"kept\.v1 may not be seen by this process") as unseen:
            check_topics(cluster_of(settings), [KEPT])
        with pytest.raises(Stop, match=r"kept\.v1.*needs DESCRIBE of the topic") as unasked:
            Continuity(cluster_of(settings), "reader", consumer, [KEPT]).check(
                [Message(name, 0, 7)]
            )
        eventually(lambda: bool(ended), what="the watch has ended")
        watch.close()
        consumer.close()

    refusals = [one.value for one in (unread, unwritten, unseen, unasked)]
    assert {one.exit_code for one in (*refusals, *ended)} == {EXIT_STOP}
    assert "kept.v1 cannot be looked at" in str(ended[0])
    assert "needs DESCRIBE of the topic" in str(ended[0])
    assert "uthoriz" in str(unread.value)


def send(producer: ReliableProducer, name: str, value: bytes) -> None:
    """Append one record."""
    producer.produce(name, key="key", value=value)
    producer.flush(60)


def deny(settings: Settings, topic: str) -> None:
    """Deny every operation on a topic to everybody."""
    rule = AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        "User:*",
        "*",
        AclOperation.ALL,
        AclPermissionType.DENY,
    )
    admin = admin_of(settings)
    for future in admin.create_acls([rule]).values():
        future.result(30)
