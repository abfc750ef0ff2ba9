"""The topic of the audit, of one test alone."""

from collections.abc import Callable

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from schemas.records.alerts import AuditEntry
from schemas.topics import AUDIT
from tests.support.clusters import cluster_of
from tests.support.services import Services
from tests.support.sink_topics import await_leaders
from workers.local.pipeline import settings_of


@pytest.fixture
def cluster(services: Services, run_prefix: str) -> Cluster:
    """Brokers with an empty audit.v1."""
    found = cluster_of(settings_of({**services.environment, "WARDSTREAM_TOPIC_PREFIX": run_prefix}))
    found.registry.register(AUDIT)
    admin = found.admin()
    topic = NewTopic(found.name(AUDIT), AUDIT.partitions, 1, config=AUDIT.config)
    for future in admin.create_topics([topic], operation_timeout=30).values():
        future.result()
    await_leaders(admin, [topic.topic])
    return found


@pytest.fixture
def entries(cluster: Cluster) -> Callable[[], list[AuditEntry]]:
    """Reads every entry of audit.v1."""
    codec = cluster.registry.reader(AUDIT)
    return lambda: [codec.decode(message.value()) for message in read_topic(cluster, AUDIT)]
