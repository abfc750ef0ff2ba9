"""Sinks as processes: killed, restarted, shared, cut off. Nothing is lost or there twice."""

import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis
from pydantic import SecretStr

from deploy.local.launcher import LocalServices, Supervisor, Worker
from runtime.errors import EXIT_STOP
from runtime.process.settings import Settings
from schemas.live import LiveKind, changes_key, state_key
from schemas.registry import RegistryUnavailable, SchemaRegistry
from schemas.topics import (
    DEAD_LETTERS,
    LIVE_TOPICS,
    OCCUPANCY,
    PRESENCE,
    TRACKS,
    ZONE_EVENTS,
    ZONES,
)
from tests.support.builders.outputs import START_US, occupancy, ward
from tests.support.clusters import cluster_of, installation_of
from tests.support.sink_topics import SinkTopics, last_seqs, progress, records_written
from tests.support.tables import as_items, differences
from tests.support.waiting import eventually
from workers.local.demo.probes import scrape
from workers.operations.verification.tables import compare
from workers.storage.timescale.migrate import migrate

LOG = ward(seconds=150, seed=11, rooms=2)
ITEMS = as_items(LOG)
ZONE = {
    "zone_id": "zone-r0",
    "version": 1,
    "valid_from_us": START_US,
    "recorded_at_us": START_US,
    "name": "Bay 1",
}
QUICK = {"WARDSTREAM_SINK__SESSION_TIMEOUT_S": "2"}
SMALL_BATCHES = {
    **QUICK,
    "WARDSTREAM_SINK__BATCH_ROWS": "100",
    "WARDSTREAM_SINK__BATCH_WAIT_S": "0.02",
}
TIMESCALE = Worker(name="sink-timescale", command=("sink", "timescale"), environment=SMALL_BATCHES)
REDIS = Worker(name="sink-redis", command=("sink", "redis"), environment=QUICK)


def assert_complete(settings: Settings) -> None:
    """Every table equals the fold of its topic, and so do the digests."""
    results = compare(installation_of(settings))
    assert [result.difference for result in results if result.difference] == []
    assert all(result.topic_digests == result.table_digests for result in results)
    assert {result.table for result in results if result.rows} >= {
        *("tracks", "positions", "zone_events", "zone_occupancy", "coverage")
    }


def settle(dsn: str, seconds: float = 60) -> None:
    """Wait until the last record of every key is in."""
    expected = last_seqs(ITEMS)
    eventually(lambda: progress(dsn) == expected, seconds, "everything is written")


@pytest.mark.parametrize(
    "shares",
    [
        pytest.param((0.5,), id="once"),
        pytest.param((0.2, 0.5, 0.8), id="three-times", marks=pytest.mark.chaos_long),
    ],
)
def test_a_killed_sink_neither_loses_nor_repeats_a_row(
    shares: tuple[float, ...], pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    pipeline.send([(ZONES, ZONE), *LOG])
    supervisor.start(TIMESCALE)
    for share in shares:
        eventually(
            partial(wrote, database_url, share * len(LOG)),
            what=f"{share:.0%} are written",
        )
        supervisor.kill(TIMESCALE.name)
        supervisor.restart(TIMESCALE.name)
    settle(database_url)

    assert_complete(pipeline.settings)
    assert differences(database_url, [*ITEMS, *as_items([(ZONES, ZONE)])]) == []


def test_records_that_come_twice_leave_the_same_rows(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    """As after a producer that died before its checkpoint and sent everything since again."""
    start = 0
    while start < len(LOG):
        pipeline.send(LOG[max(0, start - 200) : start + 500])
        start += 500
    supervisor.start(TIMESCALE)
    settle(database_url)

    assert_complete(pipeline.settings)
    assert differences(database_url, ITEMS) == []


def test_two_sinks_share_the_work_and_one_takes_over_from_the_other(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    second = Worker(name="second", command=TIMESCALE.command, environment=SMALL_BATCHES)
    supervisor.start(TIMESCALE)
    supervisor.start(second)
    third = len(LOG) // 3
    pipeline.send(LOG[:third])
    eventually(lambda: records_written(database_url) == third, what="a third is written")
    pipeline.send(LOG[third : 2 * third])
    supervisor.stop(second.name)
    pipeline.send(LOG[2 * third :])
    settle(database_url)

    assert_complete(pipeline.settings)


@pytest.mark.parametrize("worker", [TIMESCALE, REDIS], ids=lambda worker: worker.name)
def test_other_bytes_under_a_known_seq_end_the_process_for_good(
    worker: Worker, pipeline: SinkTopics, supervisor: Supervisor
) -> None:
    pipeline.send([(OCCUPANCY, occupancy(1, 0, 1)), (OCCUPANCY, occupancy(1, 0, 2))])
    supervisor.start(worker)

    assert supervisor.wait(worker.name, 30) == EXIT_STOP
    text = supervisor.log(worker.name).read_text()
    assert "key zone-1 seq 1 of" in text
    assert "zone-occupancy.measured.v1" in text


@pytest.mark.parametrize("worker", [TIMESCALE, REDIS], ids=lambda worker: worker.name)
def test_an_unreadable_record_is_a_dead_letter_and_the_rest_is_written(
    worker: Worker, pipeline: SinkTopics, supervisor: Supervisor, database_url: str, redis_url: str
) -> None:
    pipeline.send_raw(OCCUPANCY, "zone-1", b"no record at all")
    pipeline.send([(OCCUPANCY, occupancy(1, 0, 1))])
    supervisor.start(worker)
    client = redis.Redis.from_url(redis_url)
    key = state_key(pipeline.settings.live_prefix, "zone", "zone-1")

    def written() -> bool:
        if worker is REDIS:
            return bool(client.exists(key))
        return records_written(database_url) == 1

    eventually(written, what="the good record is written")
    headers = dict(one_dead_letter(pipeline.settings))
    assert headers["reason"] == b"not_wire_format"
    assert headers["topic"] == cluster_of(pipeline.settings).name(OCCUPANCY).encode()
    assert headers["stage"] == worker.name.encode()


def test_a_topic_of_malformed_records_is_not_moved_to_the_dead_letters(
    pipeline: SinkTopics, supervisor: Supervisor
) -> None:
    """When nothing can be read, it is the reader that is wrong."""
    for _ in range(250):
        pipeline.send_raw(OCCUPANCY, "zone-1", b"no record at all")
    pipeline.send([])
    supervisor.start(TIMESCALE)

    assert supervisor.wait(TIMESCALE.name, 60) == EXIT_STOP
    text = supervisor.log(TIMESCALE.name).read_text()
    assert "201 of the last 201 records are dead letters" in text


def test_a_database_that_was_not_migrated_ends_the_process_with_what_to_do(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "DELETE FROM schema_migrations WHERE name = (SELECT max(name) FROM schema_migrations)"
        )
    supervisor.start(TIMESCALE)

    assert supervisor.wait(TIMESCALE.name, 60) == EXIT_STOP
    assert "run `wardstream db migrate`" in supervisor.log(TIMESCALE.name).read_text()


def one_dead_letter(settings: Settings) -> list[tuple[str, bytes]]:
    consumer = cluster_of(settings).consumer(f"{settings.topic_prefix}letters")
    consumer.subscribe([cluster_of(settings).name(DEAD_LETTERS)])
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for message in consumer.consume(1, 0.5):
                headers: Any = message.headers()
                return list(headers)
    finally:
        consumer.close()
    raise AssertionError("no dead letter within 20 s")


def test_what_the_database_refuses_is_found_in_its_batch_and_set_aside(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    """A text with a NUL is good Avro, and no text for PostgreSQL."""
    pipeline.send([*LOG[:700], (OCCUPANCY, occupancy(1, 0, 1, person_ids=["\0"])), *LOG[700:1000]])
    supervisor.start(
        Worker(
            name="sink-timescale",
            command=TIMESCALE.command,
            environment={"WARDSTREAM_SINK__BATCH_WAIT_S": "2"},
        )
    )
    eventually(lambda: records_written(database_url) == 1000, what="the rest is written")

    assert dict(one_dead_letter(pipeline.settings))["reason"] == b"database_refused"
    assert differences(database_url, ITEMS[:1000]) == []


def test_a_sink_that_is_asked_to_end_writes_and_commits_everything(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    supervisor.start(TIMESCALE)
    pipeline.send(LOG)
    settle(database_url)

    assert supervisor.stop(TIMESCALE.name) == 0
    supervisor.start(Worker(name="next", command=TIMESCALE.command), ready_deadline_s=30)
    pipeline.send([(OCCUPANCY, occupancy(1, 0, 1))])
    eventually(
        lambda: ("zone-occupancy.measured.v1", "zone-1") in progress(database_url),
        what="the next has taken over",
    )
    metrics = httpx.get(
        f"http://127.0.0.1:{supervisor.metrics_port('next')}/metrics", timeout=30
    ).text
    assert "wardstream_sink_duplicates_total{" not in metrics


def test_a_killed_redis_sink_ends_with_the_newest_of_everything(
    pipeline: SinkTopics, supervisor: Supervisor, redis_url: str
) -> None:
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    supervisor.start(REDIS)
    step = len(LOG) // 4
    for start in range(0, len(LOG), step):
        pipeline.send(LOG[start : start + step])
        if start < 2 * step:
            supervisor.kill(REDIS.name)
            supervisor.restart(REDIS.name)
    kinds: dict[str, LiveKind] = {
        OCCUPANCY.name: "zone",
        TRACKS.name: "camera",
        PRESENCE.name: "floor",
    }
    expected = {
        state_key(pipeline.settings.live_prefix, kinds[topic], key): seq
        for (topic, key), seq in last_seqs(ITEMS).items()
        if topic in kinds
    }
    eventually(
        lambda: {key: int(client.hget(key, "seq") or 0) for key in expected} == expected,
        what="everything is current",
    )

    def reported() -> list[tuple[str, str]]:
        return published_events(client, pipeline.settings.live_prefix)

    eventually(
        lambda: len(reported()) == sum(topic is ZONE_EVENTS for topic, _ in LOG),
        what="every zone event was told",
    )
    assert len(set(reported())) == len(reported())


def published_events(client: "redis.Redis", prefix: str) -> list[tuple[str, str]]:
    entries: Any = client.xrange(changes_key(prefix))
    return [(entry["id"], entry["seq"]) for _, entry in entries if entry["kind"] == "zone-event"]


def test_stores_that_go_away_and_come_back_cost_nothing(
    own_services: LocalServices, tmp_path: Path
) -> None:
    """Both stores are killed while records flow: the sinks wait, say so, and go on as they are;
    a second one that starts meanwhile takes over some of what the first has in hand."""
    environment = own_services.environment
    settings = Settings(
        kafka_bootstrap=environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=environment["WARDSTREAM_REGISTRY_URL"],
        database_url=SecretStr(environment["WARDSTREAM_DATABASE_URL"]),
        redis_url=SecretStr(environment["WARDSTREAM_REDIS_URL"]),
    )
    dsn = settings.database_url.get_secret_value()
    migrate(dsn)
    pipeline = SinkTopics(settings)
    feeding = threading.Thread(target=feed, args=(pipeline,), daemon=True)
    with Supervisor(tmp_path, environment) as supervisor:
        supervisor.start(TIMESCALE, ready_deadline_s=60)
        supervisor.start(REDIS, ready_deadline_s=60)
        pids = [supervisor.pid(name) for name in ("sink-timescale", "sink-redis")]
        feeding.start()
        eventually(lambda: records_written(dsn) >= len(LOG) / 5, what="a fifth is written")
        # The registry goes away with the database, and a schema that was never read cannot be asked
        # for then: whoever lacks one waits for the registry, and does not ask its store at all.
        for name in ("sink-timescale", "sink-redis"):
            eventually(partial(knows_all, supervisor, name), what=f"{name} knows all schemas")
        own_services.kill("timescale")
        own_services.kill("redis")
        for name in ("sink-timescale", "sink-redis"):
            eventually(partial(out_of_reach, supervisor, name), what=f"{name} says so")
            eventually(partial(breaker, supervisor, name), what=f"{name} leaves it alone")
        eventually(
            lambda: bool(paused(supervisor)["behind_records"]), what="the lag in records is known"
        )
        seen = paused(supervisor)
        assert seen["since_us"] / 1e6 == gauge(supervisor, TIMESCALE.name, PAUSED_SINCE)
        eventually(
            lambda: paused(supervisor)["behind_s"] > seen["behind_s"],
            what="the lag in seconds grows",
        )
        late = Worker(name="late", command=TIMESCALE.command, environment=SMALL_BATCHES)
        supervisor.start(late, ready_deadline_s=60)
        eventually(partial(out_of_reach, supervisor, "late"), what="the late one shares the wait")
        own_services.restart("timescale")
        own_services.restart("redis")
        feeding.join(60)
        settle(dsn)
        client = redis.Redis.from_url(settings.redis_url.get_secret_value())
        last = last_seqs(ITEMS)["zone-occupancy.measured.v1", "zone-r0"]
        key = state_key(settings.live_prefix, "zone", "zone-r0")
        eventually(lambda: int(client.hget(key, "seq") or 0) == last, what="Redis is current")

        assert pids == [supervisor.pid(name) for name in ("sink-timescale", "sink-redis")]
        for name in ("sink-timescale", "sink-redis"):
            eventually(partial(is_well, supervisor, name), what=f"{name} says it is well")
        eventually(
            lambda: answers(settings), what="the registry, which keeps its data there too, is back"
        )
        assert_complete(settings)


def wrote(dsn: str, records: float) -> bool:
    """Whether at least that many records are in the tables."""
    return records_written(dsn) >= records


def answers(settings: Settings) -> bool:
    try:
        SchemaRegistry(settings.registry_url).lookup(OCCUPANCY)
    except RegistryUnavailable:
        return False
    return True


def feed(pipeline: SinkTopics) -> None:
    """Send everything, over about ten seconds."""
    for start in range(0, len(LOG), 100):
        pipeline.send(LOG[start : start + 100])
        time.sleep(0.1)


PAUSED_SINCE = "wardstream_sink_paused_since_seconds"


def gauge(supervisor: Supervisor, name: str, metric: str) -> float:
    """A gauge of a sink that has one sample."""
    metrics = scrape(supervisor.metrics_port(name), timeout_s=30)
    assert metrics is not None
    return metrics.total(metric)


def breaker(supervisor: Supervisor, name: str) -> float:
    """State of the breaker of a sink's own store."""
    metrics = scrape(supervisor.metrics_port(name), timeout_s=30)
    assert metrics is not None
    store = name.removeprefix("sink-")
    return metrics.total("wardstream_breaker_state", dependency=store)


def knows_all(supervisor: Supervisor, name: str) -> bool:
    """Whether a sink has written a record of every topic that it will read."""
    metrics = scrape(supervisor.metrics_port(name), timeout_s=30)
    topics = {topic for topic, _ in LOG if name == TIMESCALE.name or topic in LIVE_TOPICS}
    return metrics is not None and all(
        metrics.total("wardstream_sink_rows_total", topic=topic.name) > 0 for topic in topics
    )


def out_of_reach(supervisor: Supervisor, name: str) -> bool:
    """Whether a sink says on /healthz that its store is out of reach."""
    return "out of reach" in text(supervisor, name)


def is_well(supervisor: Supervisor, name: str) -> bool:
    """Whether a sink says nothing of an outage, on /healthz or in its metrics."""
    return (
        not out_of_reach(supervisor, name)
        and gauge(supervisor, name, PAUSED_SINCE) == 0
        and breaker(supervisor, name) == 0
    )


def paused(supervisor: Supervisor) -> dict[str, Any]:
    """What the paused TimescaleDB sink says of its pause."""
    found: dict[str, Any] = health(supervisor, TIMESCALE.name)["paused"]
    return found


def text(supervisor: Supervisor, name: str) -> str:
    """What a process says of the store on /healthz."""
    return str(health(supervisor, name).get("store", ""))


def health(supervisor: Supervisor, name: str) -> dict[str, Any]:
    """What a process answers on /healthz."""
    answer = httpx.get(f"http://127.0.0.1:{supervisor.metrics_port(name)}/healthz", timeout=30)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found
