"""The two sink processes: their parts put together, and run."""

from runtime.kafka.access import check_access
from runtime.kafka.cluster import Cluster
from runtime.kafka.rights import rights_of
from runtime.kafka.topic_watch import watching
from runtime.kafka.topics import check_topics
from runtime.process.service import Service
from schemas.topics import (
    ALERT_ACTIONS,
    AUDIT,
    DEAD_LETTERS,
    DERIVED_TOPICS,
    FEEDBACK,
    LIVE_TOPICS,
    VERSIONED_TOPICS,
)
from workers.sinks.loop import SinkLoop
from workers.sinks.redis.sink import RedisSink
from workers.sinks.timescale.sink import TimescaleSink

REDIS_BATCH = 500
"""Most records written to Redis in one round trip; usually one or two are there."""

REDIS_COMMIT_S = 1.0
"""Redis drops by seq what comes twice, so its offsets need not be committed with every record."""


def run_timescale(service: Service) -> None:
    """Write what TimescaleDB has tables for until asked to stop.

    Raises:
        Stop: A topic, the database or a record is not as it must be.
        Retry: A dependency stayed out of reach.
    """
    topics = [*VERSIONED_TOPICS, *DERIVED_TOPICS, FEEDBACK, ALERT_ACTIONS, AUDIT]
    settings = service.settings
    cluster = Cluster.of(settings, service.clock)
    check_access(cluster, rights_of("sink-timescale"))
    check_topics(cluster, [*topics, DEAD_LETTERS])
    rules = settings.sink
    sink = TimescaleSink(cluster, settings.database_address, rules)
    loop = SinkLoop(
        service, cluster, sink, topics, max_records=rules.batch_rows, linger_s=rules.batch_wait_s
    )
    with watching(service, cluster, [*topics, DEAD_LETTERS]):
        loop.run()


def run_redis(service: Service) -> None:
    """Keep the live values in Redis until asked to stop; raises like `run_timescale`."""
    topics = [*LIVE_TOPICS, DEAD_LETTERS]
    settings = service.settings
    cluster = Cluster.of(settings, service.clock)
    check_access(cluster, rights_of("sink-redis"))
    check_topics(cluster, topics)
    sink = RedisSink(
        settings.redis_address,
        settings.live_prefix,
        settings.sink,
        service.clock,
    )
    loop = SinkLoop(
        service, cluster, sink, LIVE_TOPICS, max_records=REDIS_BATCH, commit_s=REDIS_COMMIT_S
    )
    with watching(service, cluster, topics):
        loop.run()
