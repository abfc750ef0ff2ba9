"""Topics for the tests of the checkpoint store."""

import uuid
from collections.abc import Callable

import pytest
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from runtime.checkpoints import StageTopics
from runtime.clock import SystemClock
from runtime.kafka.topics import wait_until_led
from tests.support.clusters import cluster_at

PARTITIONS = 4


@pytest.fixture
def bootstrap(kafka: str) -> str:
    return kafka


@pytest.fixture
def admin(bootstrap: str) -> AdminClient:
    return cluster_at(bootstrap).admin()


@pytest.fixture
def create(admin: AdminClient) -> Callable[..., None]:
    """Creates a topic with `PARTITIONS` partitions."""

    def create_topic(name: str, **config: str) -> None:
        settings = {key.replace("_", "."): value for key, value in config.items()}
        topic = NewTopic(name, PARTITIONS, 1, config=settings)
        admin.create_topics([topic])[name].result(timeout=30)
        wait_until_led(admin, [topic], SystemClock())

    return create_topic


@pytest.fixture
def stage(create: Callable[..., None]) -> StageTopics:
    """The topics of a stage that has folded nothing yet; its output is `<stage>-output`."""
    name = f"stage-{uuid.uuid4().hex[:8]}"
    topics = StageTopics(stage=name, input=f"{name}-input", checkpoints=f"{name}-checkpoints")
    create(topics.input)
    create(f"{name}-output")
    create(topics.checkpoints, cleanup_policy="compact")
    return topics
