"""Everything is lost and restored: rows, facts, schema ids, and the state of the fold.

The pipeline that continues from the backup must end with the rows that it had before the loss.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from deploy.local.launcher import LocalServices
from deploy.services import REGISTRY_DATABASE
from schemas.registry import SchemaRegistry
from schemas.topics import TOPICS
from tests.integration.workers.operations.backup.pipeline import (
    CAMERAS,
    HALF,
    SECONDS,
    behind,
    fold,
    ids,
    records,
    restart,
    rows,
    start,
    text_of,
)
from tests.support import simulated
from tests.support.played_pipeline import PlayedPipeline, played_pipeline
from tests.support.servers.s3 import Bucket
from tests.support.services import delete_topics


def database(services: LocalServices, name: str, *, fresh: bool = False) -> str:
    """URL of a new database; an old one of that name is dropped first."""
    parts = urlsplit(services.environment["WARDSTREAM_DATABASE_URL"])
    server = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection:
        if fresh:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(parts._replace(path=f"/{name}"))


@pytest.fixture
def pipeline(own_services: LocalServices, tmp_path: Path) -> Iterator[PlayedPipeline]:
    """A pipeline that will be lost."""
    backwards = SchemaRegistry(own_services.environment["WARDSTREAM_REGISTRY_URL"])
    for topic in reversed([topic for topic in TOPICS.values() if topic.avro]):
        backwards.register(topic)  # ids that a new registration would hardly give again
    environment = {
        **own_services.environment,
        "WARDSTREAM_TOPIC_PREFIX": "burning.",
        "WARDSTREAM_DATABASE_URL": database(own_services, "burning"),
    }
    with played_pipeline(environment, tmp_path / "line") as pipeline:
        start(pipeline)
        yield pipeline


def burn(services: LocalServices) -> None:
    """Drop the databases, and with them the registry's contents."""
    services.kill("registry")
    database(services, "burning", fresh=True)
    database(services, REGISTRY_DATABASE, fresh=True)
    services.restart("registry")


@pytest.mark.timeout(600)
def test_a_restored_pipeline_goes_on_as_if_nothing_had_happened(
    own_services: LocalServices, pipeline: PlayedPipeline, bucket: Bucket
) -> None:
    uri = f"{bucket.url}/backup"
    feed = simulated.Feed(pipeline.settings, CAMERAS, SECONDS, seed=11)
    fold(pipeline, feed, HALF)
    text_of(pipeline.settings, "backup", "take", uri)
    text_of(pipeline.settings, "backup", "check", uri)
    backed_up, facts, known = rows(pipeline.settings), records(pipeline), ids(pipeline)
    restart(pipeline)
    fold(pipeline, feed, None)
    undisturbed = rows(pipeline.settings)
    assert undisturbed["zone_occupancy"] != backed_up["zone_occupancy"]

    burn(own_services)
    reported = text_of(pipeline.settings, "backup", "restore", uri)

    assert (rows(pipeline.settings), records(pipeline), ids(pipeline)) == (backed_up, facts, known)
    assert re.search(r"the sink reads \d+ records again; 0 that came since have expired", reported)
    restart(pipeline)
    fold(pipeline, feed, 0)
    assert rows(pipeline.settings) == undisturbed, "the broker had kept what came after the backup"

    burn(own_services)
    delete_topics(own_services, pipeline.settings.topic_prefix)
    reported = text_of(pipeline.settings, "backup", "restore", uri)

    assert "the stream processor goes on with its state" in reported
    assert (rows(pipeline.settings), records(pipeline), ids(pipeline)) == (backed_up, facts, known)
    assert "restored" not in text_of(pipeline.settings, "backup", "restore", uri), "it is all there"
    restart(pipeline)
    assert "still runs" in text_of(pipeline.settings, "backup", "restore", uri, code=78)
    fold(pipeline, behind(pipeline, HALF), None)
    assert rows(pipeline.settings) == undisturbed
    assert text_of(pipeline.settings, "backup", "restore", uri, code=78).startswith(
        "the database is not empty ("
    )
    assert "holds a backup already" in text_of(pipeline.settings, "backup", "take", uri, code=78)
