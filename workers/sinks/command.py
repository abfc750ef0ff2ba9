"""`wardstream sink timescale|redis|verify|expire`, and `wardstream migrate`."""

import typer

from runtime.clock import SystemClock
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from runtime.kafka.topic_watch import watching
from runtime.kafka.topics import check_topics
from runtime.process.service import Service, run_service
from runtime.process.settings import Settings
from schemas.topics import (
    DEAD_LETTERS,
    LINKS,
    OCCUPANCY,
    PRESENCE,
    REFERENCE_TOPICS,
    TRACKS,
    ZONE_EVENTS,
)
from workers.sinks.loop import SinkLoop

LIVE = (TRACKS, PRESENCE, ZONE_EVENTS, OCCUPANCY)
"""What the board shows."""

DERIVED = (*LIVE, LINKS)
"""What is kept in tables."""

REDIS_BATCH = 500
"""Records written to Redis in one round trip at most; usually one or two are there."""

REDIS_COMMIT_S = 1.0
"""Redis drops by seq what comes twice, so its offsets need not be committed with every record."""

app = typer.Typer(no_args_is_help=True, help="Write the derived topics to TimescaleDB or Redis.")


def run_timescale(settings: Settings) -> int:
    """Run the TimescaleDB sink until it is asked to stop; returns the exit code."""
    from workers.sinks.timescale.sink import TimescaleSink  # noqa: PLC0415 - only what runs loads

    def body(service: Service) -> None:
        topics = [*REFERENCE_TOPICS, *DERIVED]
        check_topics(service.settings, [*topics, DEAD_LETTERS])
        sink = TimescaleSink(service.settings, service.clock)
        rules = service.settings.sink
        loop = SinkLoop(
            service, sink, topics, max_records=rules.batch_rows, linger_s=rules.batch_wait_s
        )
        with watching(service, [*topics, DEAD_LETTERS]):
            loop.run()

    return run_service("sink-timescale", body, settings)


def run_redis(settings: Settings) -> int:
    """Run the Redis sink until it is asked to stop; returns the exit code."""
    from workers.sinks.redis.sink import RedisSink  # noqa: PLC0415 - only what runs loads

    def body(service: Service) -> None:
        topics = [*LIVE, DEAD_LETTERS]
        check_topics(service.settings, topics)
        sink = RedisSink(service.settings, service.clock)
        loop = SinkLoop(service, sink, LIVE, max_records=REDIS_BATCH, commit_s=REDIS_COMMIT_S)
        with watching(service, topics):
            loop.run()

    return run_service("sink-redis", body, settings)


@app.command()
def timescale() -> None:
    """Write tracks, positions, links, zone events, occupancy and coverage to TimescaleDB."""
    raise typer.Exit(run_timescale(Settings()))


@app.command()
def redis() -> None:
    """Keep the live state in Redis, and a stream of its changes."""
    raise typer.Exit(run_redis(Settings()))


@app.command()
def verify() -> None:
    """Compare every table with its topic, key by key; print the first difference of each."""
    from workers.operations.verification.tables import compare  # noqa: PLC0415 - only what runs loads

    try:
        results = compare(Settings())
    except (Retry, Stop) as exc:
        raise _ended(exc) from exc
    for result in results:
        keys = len(result.topic_digests)
        verdict = "equal" if result.difference is None else f"DIFFERS: {result.difference}"
        typer.echo(f"{result.table}: {result.rows} rows of {keys} keys, {verdict}")
    if any(result.difference for result in results):
        raise typer.Exit(1)


@app.command()
def expire() -> None:
    """Drop now what is older than its table's retention; the sink does so every hour."""
    from workers.operations.verification.tables import drop_expired  # noqa: PLC0415 - only what runs loads

    try:
        dropped = drop_expired(Settings(), SystemClock().now_us())
    except (Retry, Stop) as exc:
        raise _ended(exc) from exc
    for table, chunks, rows in dropped:
        typer.echo(f"{table}: {chunks} chunks dropped, {rows} more rows deleted")


def migrate() -> None:
    """Bring the database to the newest migration."""
    from workers.storage.timescale.migrate import (  # noqa: PLC0415 - only what runs loads
        migrate as apply_migrations,
    )

    try:
        applied = apply_migrations(Settings().database_url.get_secret_value())
    except (Retry, Stop) as exc:
        raise _ended(exc) from exc
    typer.echo("\n".join(applied) if applied else "the database is up to date")


def _ended(error: Retry | Stop) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(EXIT_REPLAY if isinstance(error, Retry) else EXIT_STOP)
