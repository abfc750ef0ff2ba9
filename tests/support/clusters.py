"""Clusters, sinks and installations, each made from the settings of a test."""

import logging
from functools import lru_cache
from typing import Any, Final

from confluent_kafka.admin import AdminClient

from runtime.clock import Clock, SystemClock
from runtime.kafka.cluster import Cluster
from runtime.kafka.registry import guarded_registry
from runtime.process.security import KafkaSecurity
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from workers.operations.installation import Installation
from workers.registry.editing.desk import EditingDesk
from workers.sinks.redis.sink import RedisSink
from workers.sinks.timescale.sink import TimescaleSink

LOGGED: Final[dict[str, Any]] = {"logger": logging.getLogger("librdkafka"), "log_level": 3}
"""Options of a Kafka client that a test makes by hand: its messages go to the test's log, and not
to the terminal."""


def cluster_of(
    settings: Settings, clock: Clock | None = None, registry: SchemaRegistry | None = None
) -> Cluster:
    """The cluster of some settings, with the machine's clock and a registry of its own.

    All clusters of one broker ask it by one client: a test looks at its topics again and again.
    """
    clock = clock or SystemClock()
    cluster = Cluster(
        bootstrap=settings.kafka_bootstrap,
        prefix=settings.topic_prefix,
        registry=registry or guarded_registry(settings.registry_url, clock),
        clock=clock,
        security=settings.security.kafka,
    )
    if settings.security.kafka != KafkaSecurity():
        return cluster.with_asker()
    return cluster.with_asker(_asker(settings.kafka_bootstrap))


@lru_cache(maxsize=4)
def _asker(bootstrap: str) -> AdminClient:
    """A client for questions to a broker without rights."""
    return AdminClient({"bootstrap.servers": bootstrap, **LOGGED})


def cluster_at(bootstrap: str, clock: Clock | None = None) -> Cluster:
    """The cluster of a broker alone, without a registry."""
    return cluster_of(Settings(kafka_bootstrap=bootstrap), clock)


def desk_of(settings: Settings, clock: Clock | None = None) -> EditingDesk:
    """Where commands edit, for some settings."""
    return EditingDesk(cluster_of(settings, clock), settings.database_address)


def installation_of(settings: Settings, clock: Clock | None = None) -> Installation:
    """The installation of some settings."""
    return Installation.of(settings, clock or SystemClock())


def make_timescale_sink(
    settings: Settings, clock: Clock | None = None, schema: str = "live"
) -> TimescaleSink:
    """The TimescaleDB sink of some settings."""
    return TimescaleSink(
        cluster_of(settings, clock),
        settings.database_address,
        settings.sink,
        schema,
    )


def make_redis_sink(settings: Settings, clock: Clock | None = None) -> RedisSink:
    """The Redis sink of some settings."""
    return RedisSink(
        settings.redis_address,
        settings.live_prefix,
        settings.sink,
        clock or SystemClock(),
    )
