"""`wardstream sink`: what its subcommands do."""

from runtime.clock import SystemClock
from runtime.service import Service, run_service
from runtime.settings import Settings
from runtime.topic_admin import check_topics
from schemas.topics import OCCUPANCY, PRESENCE, SIDE_INPUTS, TRACKS, ZONE_EVENTS
from workers.sinks import verify
from workers.sinks.loop import SinkLoop
from workers.sinks.redis.sink import RedisSink
from workers.sinks.timescale.migrate import migrate as apply_migrations
from workers.sinks.timescale.sink import TimescaleSink

DERIVED = (TRACKS, PRESENCE, ZONE_EVENTS, OCCUPANCY)

REDIS_BATCH = 500
"""Records written to Redis in one round trip at most; usually one or two are there."""

REDIS_COMMIT_S = 1.0
"""Redis drops by seq what comes twice, so its offsets need not be committed with every record."""


def timescale(settings: Settings | None = None) -> int:
    """Run the TimescaleDB sink until it is asked to stop; returns the exit code."""

    def body(service: Service) -> None:
        topics = [*SIDE_INPUTS, *DERIVED]
        check_topics(service.settings, topics)
        sink = TimescaleSink(service.settings, service.clock)
        rules = service.settings.sink
        SinkLoop(
            service, sink, topics, max_records=rules.batch_rows, linger_s=rules.batch_wait_s
        ).run()

    return run_service("sink-timescale", body, settings or Settings())


def redis(settings: Settings | None = None) -> int:
    """Run the Redis sink until it is asked to stop; returns the exit code."""

    def body(service: Service) -> None:
        check_topics(service.settings, list(DERIVED))
        sink = RedisSink(service.settings, service.clock)
        SinkLoop(service, sink, DERIVED, max_records=REDIS_BATCH, commit_s=REDIS_COMMIT_S).run()

    return run_service("sink-redis", body, settings or Settings())


def migrate(settings: Settings | None = None) -> list[str]:
    """Bring the database to the newest migration; returns the names of those applied now.

    Raises:
        Retry: The database is out of reach.
        Stop: An applied migration was altered, or the database is newer than this version.
    """
    settings = settings or Settings()
    return apply_migrations(settings.database_url.get_secret_value())


def expire(settings: Settings | None = None) -> list[tuple[str, int, int]]:
    """Apply retention now; returns table, chunks dropped and rows deleted."""
    settings = settings or Settings()
    return verify.drop_expired(settings, SystemClock().now_us())
