"""A pipeline that is backed up and restored: its processes, rows and records, and the commands."""

import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from typer.testing import CliRunner

from deploy.local.launcher import Worker
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import REFERENCE_TOPICS, TOPICS, Topic
from tests.support import simulated
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import PlayedPipeline
from tests.support.waiting import eventually
from workers.cli.app import load
from workers.local.pipeline import prepare
from workers.registry.vault.erasures import ErasureList
from workers.storage.timescale.tables import TABLES

CAMERAS = ["sim-0", "sim-1"]
SECONDS = 16
HALF = SECONDS * 5
DEADLINE_S = 120.0
COMPARED = (*TABLES, "occupancy_minutes", "coverage_minutes", "sink_progress", "retention")
PROCESSES = {"stream": ("stream",), "sink-timescale": ("sink", "timescale")}


def start(pipeline: PlayedPipeline) -> None:
    """Register cameras, and start the processes."""
    prepare(cluster_of(pipeline.settings), pipeline.settings.database_url.get_secret_value())
    simulated.register(pipeline.settings, CAMERAS)
    for process, command in PROCESSES.items():
        pipeline.supervisor.start(Worker(name=process, command=command))


def fold(pipeline: PlayedPipeline, feed: simulated.Feed, frames: int | None) -> None:
    """Send frames of every camera, wait until their rows are there, and end the processes."""
    for process in PROCESSES:
        pipeline.supervisor.wait_ready(process, DEADLINE_S)
    feed.send(frames)
    eventually(pipeline.checkpointed, DEADLINE_S, "the checkpoints")

    def written() -> bool:
        return pipeline.observer.poll(0.0, (), 0).lags.get("sink-timescale") == 0

    eventually(written, DEADLINE_S, "the rows")
    pipeline.supervisor.stop_all()


def rows(settings: Settings) -> dict[str, list[str]]:
    """Rows of every table, as text."""
    found = {}
    dsn = settings.database_url.get_secret_value()
    with psycopg.connect(dsn, options="-c search_path=live,public") as connection:
        for table in COMPARED:
            query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(table))
            found[table] = [row[0] for row in connection.execute(query)]
    return found


def records(
    pipeline: PlayedPipeline, topics: tuple[Topic, ...] = REFERENCE_TOPICS
) -> dict[str, list[Any]]:
    return {
        topic.name: [
            (message.key(), message.value())
            for message in read_topic(cluster_of(pipeline.settings), topic)
        ]
        for topic in topics
    }


def ids(pipeline: PlayedPipeline) -> dict[str, int]:
    registry = SchemaRegistry(pipeline.settings.registry_url)
    return {topic.name: registry.lookup(topic) for topic in TOPICS.values() if topic.avro}


@cache
def nobody_erased() -> str:
    """Path of a list of erasures with nobody on it, for every restore."""
    path = Path(tempfile.mkdtemp()) / "erasures"
    ErasureList(path).create()
    return str(path)


def text_of(
    settings: Settings,
    command: str,
    *description: str,
    code: int = 0,
    more: Mapping[str, str] | None = None,
) -> str:
    """Output of `wardstream COMMAND WORDS`, which must end with the exit code."""
    environment = {
        "WARDSTREAM_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "WARDSTREAM_REGISTRY_URL": settings.registry_url,
        "WARDSTREAM_DATABASE_URL": settings.database_url.get_secret_value(),
        "WARDSTREAM_TOPIC_PREFIX": settings.topic_prefix,
        "WARDSTREAM_VAULT__ERASURES": nobody_erased(),
        **(more or {}),
    }
    result = CliRunner().invoke(load(command), list(description), env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def restart(pipeline: PlayedPipeline) -> None:
    for process in PROCESSES:
        pipeline.supervisor.restart(process)
        pipeline.supervisor.wait_ready(process, DEADLINE_S)


def behind(pipeline: PlayedPipeline, frames: int) -> simulated.Feed:
    """Frames that follow the first ones."""
    feed = simulated.Feed(pipeline.settings, CAMERAS, SECONDS, seed=11)
    for stream in feed._streams.values():
        for _ in range(frames):
            next(stream)
    return feed
