"""Brokers that take no entry of the audit, and everything else."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from runtime.kafka.cluster import Cluster
from schemas.topics import AUDIT


@contextmanager
def audit_away(cluster: Cluster) -> Iterator[None]:
    """For a while, audit.v1 takes records of a few bytes alone."""
    _take(cluster, 10)
    try:
        yield
    finally:
        _take(cluster, AUDIT.max_message_bytes)


def _take(cluster: Cluster, most_bytes: int) -> None:
    entry = ConfigEntry(
        "max.message.bytes", str(most_bytes), incremental_operation=AlterConfigOpType.SET
    )
    resource = ConfigResource(ResourceType.TOPIC, cluster.name(AUDIT), incremental_configs=[entry])
    admin = cluster.admin()
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(30)
