"""Topics come from the table, and a broker that differs from it is refused by name."""

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from runtime.errors import Retry, Stop
from runtime.kafka.topics import check_topics, create_topics
from runtime.process.settings import Settings
from schemas.topics import TOPICS, ZONES
from tests.support.clusters import cluster_of
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
