"""Everything is lost, and everything is given back: rows, facts, schema ids, and the fold's state.

The line that goes on from the backup must end with the rows that it had before the fire.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from deploy.local.launcher import LocalServices, Worker
from deploy.services import REGISTRY_DATABASE
from schemas.registry import SchemaRegistry
from schemas.topics import SIDE_INPUTS, TOPICS, Topic
from tests.conftest import delete_topics
from tests.e2e import simulated
from tests.e2e.played_line import PlayedLine, played_line, wait_until
from workers.cli import load
from workers.line import prepare
from workers.replay.log import read_topic
from workers.sinks.timescale.tables import TABLES

CAMERAS = ["sim-0", "sim-1"]
SECONDS = 16
HALF = SECONDS * 5
DEADLINE_S = 120.0
COMPARED = (*TABLES, "occupancy_minutes", "coverage_minutes", "sink_progress", "retention")
PROCESSES = {"stream": ("stream",), "sink-timescale": ("sink", "timescale")}


def database(services: LocalServices, name: str, *, fresh: bool = False) -> str:
    """Address of a database of its own, made now; an old one of that name burns first."""
    parts = urlsplit(services.environment["WARDSTREAM_DATABASE_URL"])
    server = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        if fresh:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(parts._replace(path=f"/{name}"))


@pytest.fixture
def line(own_services: LocalServices, tmp_path: Path) -> Iterator[PlayedLine]:
    """A line that will burn."""
    backwards = SchemaRegistry(own_services.environment["WARDSTREAM_REGISTRY_URL"])
    for topic in reversed([topic for topic in TOPICS.values() if topic.avro]):
        backwards.register(topic)  # ids that registering anew would hardly give again
    environment = {
        **own_services.environment,
        "WARDSTREAM_TOPIC_PREFIX": "burning.",
        "WARDSTREAM_DATABASE_URL": database(own_services, "burning"),
    }
    with played_line(environment, tmp_path / "line") as line:
        prepare(line.settings)
        simulated.register(line.settings, CAMERAS)
        for process, command in PROCESSES.items():
            line.supervisor.start(Worker(name=process, command=command))
        yield line


def fold(line: PlayedLine, feed: simulated.Feed, frames: int | None) -> None:
    """Send frames of every camera, wait until their rows are there, and end the processes."""
    for process in PROCESSES:
        line.supervisor.wait_ready(process, DEADLINE_S)
    feed.send(frames)
    wait_until(line.checkpointed, DEADLINE_S, "the checkpoints")

    def written() -> bool:
        return line.observer.look(0.0, (), 0).lags.get("sink-timescale") == 0

    wait_until(written, DEADLINE_S, "the rows")
    line.supervisor.stop_all()


def rows(line: PlayedLine) -> dict[str, list[str]]:
    """Rows of every table, as text."""
    found = {}
    dsn = line.settings.database_url.get_secret_value()
    with psycopg.connect(dsn, options="-c search_path=live,public") as connection:
        for table in COMPARED:
            query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(table))
            found[table] = [row[0] for row in connection.execute(query)]
    return found


def records(line: PlayedLine, topics: tuple[Topic, ...] = SIDE_INPUTS) -> dict[str, list[Any]]:
    return {
        topic.name: [
            (message.key(), message.value()) for message in read_topic(line.settings, topic)
        ]
        for topic in topics
    }


def ids(line: PlayedLine) -> dict[str, int]:
    registry = SchemaRegistry(line.settings.registry_url)
    return {topic.name: registry.lookup(topic) for topic in TOPICS.values() if topic.avro}


def says(line: PlayedLine, command: str, *words: str, code: int = 0) -> str:
    """What `wardstream COMMAND WORDS` says, when it ends with the exit code."""
    settings = line.settings
    environment = {
        "WARDSTREAM_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "WARDSTREAM_REGISTRY_URL": settings.registry_url,
        "WARDSTREAM_DATABASE_URL": settings.database_url.get_secret_value(),
        "WARDSTREAM_TOPIC_PREFIX": settings.topic_prefix,
    }
    result = CliRunner().invoke(load(command), list(words), env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def restart(line: PlayedLine) -> None:
    for process in PROCESSES:
        line.supervisor.restart(process)
        line.supervisor.wait_ready(process, DEADLINE_S)


def behind(line: PlayedLine, frames: int) -> simulated.Feed:
    """What follows on the first frames."""
    feed = simulated.Feed(line.settings, CAMERAS, SECONDS, seed=11)
    for stream in feed._streams.values():
        for _ in range(frames):
            next(stream)
    return feed


def burn(services: LocalServices) -> None:
    """The database server's disk is gone, and the registry's contents with it."""
    services.kill("registry")
    database(services, "burning", fresh=True)
    database(services, REGISTRY_DATABASE, fresh=True)
    services.restart("registry")


@pytest.mark.timeout(600)
def test_a_line_that_burnt_down_goes_on_as_if_nothing_had_happened(
    own_services: LocalServices, line: PlayedLine, tmp_path: Path
) -> None:
    uri = (tmp_path / "backup").as_uri()
    feed = simulated.Feed(line.settings, CAMERAS, SECONDS, seed=11)
    fold(line, feed, HALF)
    says(line, "backup", "--to", uri)
    says(line, "backup", "--verify", uri)
    backed_up, facts, known = rows(line), records(line), ids(line)
    restart(line)
    fold(line, feed, None)
    undisturbed = rows(line)
    assert undisturbed["zone_occupancy"] != backed_up["zone_occupancy"]

    burn(own_services)
    told = says(line, "restore", "--from", uri)

    assert (rows(line), records(line), ids(line)) == (backed_up, facts, known)
    assert re.search(r"the sink reads \d+ records again; 0 that came since have expired", told)
    restart(line)
    fold(line, feed, 0)
    assert rows(line) == undisturbed, "the broker had kept what came after the backup"

    burn(own_services)
    delete_topics(own_services, line.settings.topic_prefix)
    told = says(line, "restore", "--from", uri)

    assert "the stream processor goes on with its state" in told
    assert (rows(line), records(line), ids(line)) == (backed_up, facts, known)
    assert "restored" not in says(line, "restore", "--from", uri), "it is all there"
    restart(line)
    assert "still runs" in says(line, "restore", "--from", uri, code=78)
    fold(line, behind(line, HALF), None)
    assert rows(line) == undisturbed
    assert says(line, "restore", "--from", uri, code=78).startswith("the database is not empty (")
    assert "holds a backup already" in says(line, "backup", "--to", uri, code=78)
