"""What the sinks write in a second, and how soon a record is on the live stream.

    .venv/bin/python tests/bench/sinks.py

Prints markdown. The database's own best (COPY into a bare table) and the usual way (executemany)
are measured in the same run, because the machine's figures move more than their ratios.
"""

import argparse
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql
from pydantic import SecretStr

from deploy.local.launcher import LocalServices
from runtime.clock import SystemClock
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from schemas.live import changes_key
from schemas.topics import LIVE_TOPICS, OCCUPANCY, PRESENCE, TRACKS
from tests.support.builders.outputs import (
    camera_tracks,
    item,
    items,
    occupancy,
    person,
    presence,
    track,
    ward,
)
from tests.support.clusters import cluster_of, make_redis_sink, make_timescale_sink
from tests.support.sink_topics import SinkTopics
from tests.support.waiting import eventually
from workers.sinks.loop import SinkLoop
from workers.sinks.redis.sink import RedisSink
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.item import Item
from workers.storage.timescale.connection import connect, search_path, stage
from workers.storage.timescale.migrate import migrate
from workers.storage.timescale.queries import insertion
from workers.storage.timescale.rows import Row
from workers.storage.timescale.tables import POSITIONS_TABLE

ROWS = 40_000
BATCHES = (200, 2_000, 20_000)
PEOPLE = 20
REPEATS = 3


def positions(count: int) -> list[Row]:
    """Rows of a floor with `PEOPLE` people, one a second each."""
    ticks = [
        presence(n, n, [person(f"cam-1:{number}") for number in range(PEOPLE)])
        for n in range(count // PEOPLE)
    ]
    return POSITIONS_TABLE.fold(items(PRESENCE, ticks), 1_000_000)


def insert(columns: Sequence[tuple[str, str]], *, ending: str = "") -> sql.Composed:
    return sql.SQL("INSERT INTO positions ({}) VALUES ({}) {}").format(
        sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
        sql.SQL(", ").join(sql.Placeholder() for _ in columns),
        sql.SQL(ending),
    )


def by_copy_and_merge(connection: psycopg.Connection, rows: Sequence[Row]) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        stage(cursor, "positions", POSITIONS_TABLE.columns, rows)
        cursor.execute(insertion(POSITIONS_TABLE))


def by_copy_alone(connection: psycopg.Connection, rows: Sequence[Row]) -> None:
    statement = sql.SQL("COPY positions ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.SQL(", ").join(sql.Identifier(name) for name, _ in POSITIONS_TABLE.columns)
    )
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([kind for _, kind in POSITIONS_TABLE.columns])
        for row in rows:
            copy.write_row(row)


def by_executemany(connection: psycopg.Connection, rows: Sequence[Row]) -> None:
    ending = "ON CONFLICT (person_id, at, floor_id) DO NOTHING"
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(insert(POSITIONS_TABLE.columns, ending=ending), rows)


METHODS: dict[str, Callable[[psycopg.Connection, Sequence[Row]], None]] = {
    "COPY binary, no conflict allowed (the floor)": by_copy_alone,
    "**COPY binary to a temporary table, INSERT .. ON CONFLICT (the sink)**": by_copy_and_merge,
    "executemany INSERT .. ON CONFLICT": by_executemany,
}


def rows_per_second(settings: Settings) -> list[str]:
    """A table of methods against batch sizes, for `positions`: 17 columns, 3 indexes."""
    rows = positions(ROWS)
    lines = [
        f"Rows/s into `positions` (hypertable, unique key), {ROWS:,} rows, best of {REPEATS}:",
        "",
        f"| method | {' | '.join(f'{size:,} rows/commit' for size in BATCHES)} |",
        f"|---|{'---|' * len(BATCHES)}",
    ]
    with connect(settings.database_url.get_secret_value(), settings.topic_prefix) as connection:
        for name, method in METHODS.items():
            figures = []
            for size in BATCHES:
                best_s = float("inf")
                for _ in range(REPEATS):
                    connection.execute("TRUNCATE positions")
                    started = time.monotonic()
                    for start in range(0, len(rows), size):
                        method(connection, rows[start : start + size])
                    best_s = min(best_s, time.monotonic() - started)
                figures.append(f"{len(rows) / best_s:,.0f}")
            lines.append(f"| {name} | {' | '.join(figures)} |")
    return lines


def records_per_second(settings: Settings) -> list[str]:
    """The whole sink: admission, fold, all tables, minutes and progress, after decoding."""
    lines = [
        "",
        "Whole batches of a ward of 20 rooms, decoded before, through each sink's `write`:",
        "",
        "| sink | records/batch | records/s | ms/batch p50 |",
        "|---|---|---|---|",
    ]
    log = [item(topic, record) for topic, record in ward(seconds=60, rooms=20)]
    clock = SystemClock()
    for size in (200, 2_000):
        dsn = settings.database_url.get_secret_value()
        with psycopg.connect(dsn, options=search_path()) as connection:
            for table in ("sink_progress", "tracks", "positions", "links", "zone_events"):
                connection.execute(f"TRUNCATE {table}".encode())
            for table in ("zone_occupancy", "coverage", "occupancy_minutes", "coverage_minutes"):
                connection.execute(f"TRUNCATE {table}".encode())
        lines.append(timed("timescale", make_timescale_sink(settings, clock), log, size))
    for size in (1, 10, 500):
        redis.Redis.from_url(settings.redis_url.get_secret_value()).flushdb()
        shown = [item for item in log if item.topic in LIVE_TOPICS]
        lines.append(timed("redis", make_redis_sink(settings, clock), shown, size))
    return lines


def timed(name: str, sink: TimescaleSink | RedisSink, log: list[Item], size: int) -> str:
    took = []
    for start in range(0, len(log), size):
        started = time.monotonic()
        sink.write(log[start : start + size])
        took.append(time.monotonic() - started)
    sink.close()
    p50_ms = statistics.median(took) * 1000
    return f"| {name} | {size:,} | {len(log) / sum(took):,.0f} | {p50_ms:.1f} |"


def latency(settings: Settings) -> list[str]:
    """From handing a record to the producer to reading its change from the stream."""
    pipeline = SinkTopics(settings)
    service = Service(settings, Health("sink-redis"))
    loop = SinkLoop(
        service,
        cluster_of(service.settings),
        make_redis_sink(settings, service.clock),
        LIVE_TOPICS,
        max_records=500,
    )
    running = threading.Thread(target=loop.run, daemon=True)
    running.start()
    client = redis.Redis.from_url(settings.redis_url.get_secret_value(), decode_responses=True)
    pipeline.send([(OCCUPANCY, occupancy(1, 0, 1, zone_id="first"))])
    eventually(lambda: client.exists(changes_key(settings.live_prefix)), 60, "the first change")
    arrived: dict[tuple[str, int], float] = {}
    listening = threading.Event()
    listening.set()
    changes = changes_key(settings.live_prefix)
    found: Any = client.xrevrange(changes, count=1)
    [[newest, _]] = found

    def listen() -> None:
        own = redis.Redis.from_url(settings.redis_url.get_secret_value(), decode_responses=True)
        last = newest
        while listening.is_set():
            answer: Any = own.xread({changes: last}, block=500)
            now = time.monotonic()
            entries = answer.items() if isinstance(answer, dict) else answer
            for _, batch in entries:
                flat = batch[0] if batch and isinstance(batch[0], list) else batch
                for identity, entry in flat:
                    last = identity
                    arrived[entry["id"], int(entry["seq"])] = now

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    sent: dict[tuple[str, int], float] = {}
    people = [track(number, 0) for number in range(10)]
    for seq in range(1, 301):
        for camera in ("cam-1", "cam-2"):
            sent[camera, seq] = time.monotonic()
            pipeline.send([(TRACKS, camera_tracks(seq, seq / 10, people, camera))])
        time.sleep(0.1)
    eventually(lambda: {("cam-1", 300), ("cam-2", 300)} <= arrived.keys(), 60, "the last changes")
    listening.clear()
    service.stop.set()
    running.join()
    listener.join()
    pipeline.close()
    took_ms = sorted(1000 * (arrived[key] - sent[key]) for key in sent if key in arrived)
    cuts = statistics.quantiles(took_ms, n=100)
    text = (
        "From producing a record to its change in Redis, 2 cameras x 10 records/s of 10 tracks, "
        f"{len(took_ms)} of {len(sent)} told one by one: p50 {cuts[49]:.1f} ms, "
        f"p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms."
    )
    return ["", text]


def main() -> None:
    """Start services, measure, print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="wardstream-bench-") as folder,
        LocalServices(Path(folder)) as services,
    ):
        environment = services.environment
        settings = Settings(
            kafka_bootstrap=environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
            registry_url=environment["WARDSTREAM_REGISTRY_URL"],
            database_url=SecretStr(environment["WARDSTREAM_DATABASE_URL"]),
            redis_url=SecretStr(environment["WARDSTREAM_REDIS_URL"]),
            topic_prefix=f"bench{uuid.uuid4().hex[:6]}.",
        )
        migrate(settings.database_url.get_secret_value())
        for part in (rows_per_second, records_per_second, latency):
            print("\n".join(part(settings)), flush=True)


if __name__ == "__main__":
    main()
