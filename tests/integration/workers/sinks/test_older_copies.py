"""A database whose place an older copy takes: what the copy lacks is read again, unasked.

So it is after a failover to a standby that was behind, after a dump was put back by hand, and
where somebody gave the sink an empty database. Kafka's committed offsets know nothing of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from confluent_kafka import TopicPartition
from psycopg import sql

from deploy.local.launcher import Supervisor, Worker
from runtime.process.settings import Settings
from schemas.topics import OCCUPANCY, ZONES
from tests.support.builders.outputs import START_US, occupancy, ward
from tests.support.clusters import cluster_of
from tests.support.sink_topics import TOPICS, Log, SinkTopics, last_seqs, progress
from tests.support.tables import as_items, differences, rows
from tests.support.waiting import eventually
from workers.local.demo.probes import scrape
from workers.sinks import resume
from workers.storage.timescale.migrate import migrate

LOG = ward(seconds=60, seed=17)
HALF = len(LOG) // 2
SINK = Worker(
    name="sink-timescale",
    command=("sink", "timescale"),
    environment={
        "WARDSTREAM_SINK__SESSION_TIMEOUT_S": "2",
        "WARDSTREAM_SINK__BATCH_ROWS": "100",
        "WARDSTREAM_SINK__BATCH_WAIT_S": "0.02",
        "WARDSTREAM_SINK__RETRY_MAX_S": "0.5",
    },
)


def zone(version: int) -> dict[str, Any]:
    return {
        "zone_id": "zone-r0",
        "version": version,
        "valid_from_us": START_US,
        "recorded_at_us": START_US,
        "name": f"Bay {version}",
    }


class Standby:
    """A copy of the sink's database, taken now and promoted later.

    Args:
        url: Of the database.
    """

    def __init__(self, url: str) -> None:
        self._name = urlsplit(url).path.removeprefix("/")
        self._server = urlsplit(url)._replace(path="/postgres").geturl()
        with self._alone(self._name) as connection:
            self._run(connection, "CREATE DATABASE {} TEMPLATE {}", self._copy, self._name)

    @property
    def _copy(self) -> str:
        return f"{self._name}_copy"

    def promote(self) -> None:
        """The copy takes the place of the database, whose clients are cut off."""
        with self._alone(self._name) as connection:
            self._run(connection, "ALTER DATABASE {} RENAME TO {}", self._name, self._gone)
            self._run(connection, "ALTER DATABASE {} RENAME TO {}", self._copy, self._name)
            self._run(connection, "DROP DATABASE {} WITH (FORCE)", self._gone)

    @property
    def _gone(self) -> str:
        return f"{self._name}_gone"

    @contextmanager
    def _alone(self, name: str) -> Iterator[psycopg.Connection]:
        """A connection to the server while nobody can reach the database."""
        with psycopg.connect(self._server, autocommit=True) as connection:
            self._run(connection, "ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
            connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
                [name],
            )
            yield connection
            self._run(connection, "ALTER DATABASE {} ALLOW_CONNECTIONS true", self._name)

    def _run(self, connection: psycopg.Connection, statement: str, *names: str) -> None:
        connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))


@pytest.mark.parametrize(
    "running",
    [
        pytest.param(True, id="under-the-sink"),
        pytest.param(False, id="while-it-is-down", marks=pytest.mark.chaos_long),
    ],
)
def test_what_an_older_copy_of_the_database_lacks_is_read_again(
    running: bool, pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    """Nothing new comes after the failover: a quiet pipeline must find out as well."""
    supervisor.start(SINK)
    pipeline.send([(ZONES, zone(1)), *LOG[:HALF]])
    eventually(lambda: is_in(database_url, LOG[:HALF], versions=1), what="the first half is in")
    standby = Standby(database_url)
    pipeline.send([(ZONES, zone(2)), *LOG[HALF:]])
    eventually(lambda: is_in(database_url, LOG, versions=2), what="the second half is in")
    if not running:
        assert supervisor.stop(SINK.name) == 0
    standby.promote()
    if not running:
        assert not is_in(database_url, LOG, versions=2), "the copy is not older"
        supervisor.restart(SINK.name)

    eventually(
        lambda: "store_went_back" in supervisor.log(SINK.name).read_text(), what="the sink says so"
    )
    eventually(lambda: is_in(database_url, LOG, versions=2), what="everything is in again")
    facts = as_items([(ZONES, zone(1)), (ZONES, zone(2))])
    assert differences(database_url, [*as_items(LOG), *facts]) == []
    assert rows(database_url, "SELECT coalesce(sum(missing), 0) FROM sink_progress") == [(0,)]
    assert read_again(supervisor) > 0


def test_an_empty_database_is_filled_from_the_beginning_of_the_topics(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    supervisor.start(SINK)
    pipeline.send([(ZONES, zone(1)), *LOG[:HALF]])
    eventually(lambda: is_in(database_url, LOG[:HALF], versions=1), what="all is in")
    assert supervisor.stop(SINK.name) == 0
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP EXTENSION timescaledb CASCADE")
        connection.execute("DROP SCHEMA live, registry, vault, notifier, public CASCADE")
        connection.execute("CREATE SCHEMA public")
    migrate(database_url)
    supervisor.restart(SINK.name)

    eventually(lambda: is_in(database_url, LOG[:HALF], versions=1), what="all is in again")


def test_a_restart_with_a_database_that_is_as_it_was_reads_nothing_again(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    """Also where the last records of a partition were dead letters, of which no row tells."""
    supervisor.start(SINK)
    pipeline.send(LOG[:HALF])
    pipeline.send_raw(OCCUPANCY, "zone-1", b"no record at all")
    pipeline.send([])
    eventually(lambda: is_in(database_url, LOG[:HALF], versions=0), what="all is in")
    eventually(lambda: noted(database_url) > HALF, what="the dead letter is passed")
    assert supervisor.stop(SINK.name) == 0
    supervisor.restart(SINK.name)
    pipeline.send([(OCCUPANCY, occupancy(1, 0, 1))])
    eventually(lambda: (OCCUPANCY.name, "zone-1") in progress(database_url), what="it goes on")

    assert read_again(supervisor) == 0
    assert "store_went_back" not in supervisor.log(SINK.name).read_text()


@pytest.mark.chaos_long
def test_believing_kafka_alone_loses_what_the_copy_lacks(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    """The guard is needed: without the notes, as an older release left them, rows are lost."""
    supervisor.start(SINK)
    pipeline.send(LOG[:HALF])
    eventually(lambda: is_in(database_url, LOG[:HALF], versions=0), what="the first half is in")
    standby = Standby(database_url)
    pipeline.send(LOG[HALF:])
    eventually(lambda: is_in(database_url, LOG, versions=0), what="the second half is in")
    assert supervisor.stop(SINK.name) == 0
    standby.promote()
    with psycopg.connect(database_url) as connection:
        connection.execute("TRUNCATE sink_offsets")
    forget_metadata(pipeline.settings)
    supervisor.restart(SINK.name)
    pipeline.send([(OCCUPANCY, occupancy(1, 0, 1))])
    eventually(lambda: (OCCUPANCY.name, "zone-1") in progress(database_url), what="it goes on")

    assert differences(database_url, as_items(LOG)) != []


def is_in(dsn: str, log: Log, *, versions: int) -> bool:
    """Whether the last record of every key of a log, and as many versions of a zone, are in."""
    try:
        found = progress(dsn)
        facts = rows(dsn, "SELECT count(*) FROM zones")
    except psycopg.OperationalError:
        return False
    return found == last_seqs(as_items(log)) and facts == [(versions,)]


def noted(dsn: str) -> int:
    """Offsets that the database has noted, all partitions together."""
    return int(rows(dsn, "SELECT coalesce(sum(next_offset), 0) FROM sink_offsets")[0][0])


def read_again(supervisor: Supervisor) -> float:
    metrics = scrape(supervisor.metrics_port(SINK.name), timeout_s=30)
    assert metrics is not None
    return metrics.total("wardstream_sink_read_again_total")


def forget_metadata(settings: Settings) -> None:
    """Commit what the group has committed once more, as a release without notes does."""
    consumer = cluster_of(settings).consumer(cluster_of(settings).group("sink-timescale"))
    positions = [
        TopicPartition(cluster_of(settings).name(topic), partition)
        for topic in TOPICS
        for partition in range(topic.partitions)
    ]
    found = [one for one in consumer.committed(positions, timeout=30) if one.offset >= 0]
    assert {one.metadata for one in found} == {resume.NOTED}
    consumer.commit(
        offsets=[TopicPartition(one.topic, one.partition, one.offset) for one in found],
        asynchronous=False,
    )
    consumer.close()
