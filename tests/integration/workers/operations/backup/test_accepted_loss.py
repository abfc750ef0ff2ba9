"""A restore that would lose rows is refused; on request it loses them and reports which."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from runtime.process.settings import Settings
from tests.integration.workers.operations.backup.pipeline import (
    CAMERAS,
    HALF,
    SECONDS,
    behind,
    fold,
    records,
    restart,
    rows,
    start,
    text_of,
)
from tests.support import simulated
from tests.support.builders.outputs import at_us, ward
from tests.support.clusters import cluster_of, make_timescale_sink
from tests.support.played_pipeline import PlayedPipeline, played_pipeline
from tests.support.services import Services, delete_topics, empty_database
from tests.support.tables import as_items
from workers.local.pipeline import prepare
from workers.operations.backup.tables import MARGIN_US
from workers.operations.times import show_time


@pytest.fixture
def pipeline(environment: dict[str, str], tmp_path: Path) -> Iterator[PlayedPipeline]:
    with played_pipeline(environment, tmp_path / "line") as pipeline:
        start(pipeline)
        yield pipeline


def written(settings: Settings) -> dict[tuple[str, str], int]:
    """Last seq of each key that is in the tables."""
    with psycopg.connect(settings.database_url.get_secret_value()) as connection:
        found = connection.execute("SELECT topic, key, seq FROM sink_progress").fetchall()
    return {(topic, key): seq for topic, key, seq in found}


@pytest.mark.timeout(600)
def test_rows_after_a_backup_are_given_up_only_on_request_and_the_pipeline_goes_on_without_them(
    services: Services, pipeline: PlayedPipeline, tmp_path: Path
) -> None:
    """The broker is lost, and the database is not."""
    settings = pipeline.settings
    uri, saved = ((tmp_path / name).as_uri() for name in ("backup", "saved"))
    feed = simulated.Feed(settings, CAMERAS, SECONDS, seed=11)
    fold(pipeline, feed, HALF)
    text_of(settings, "backup", "take", uri)
    backed_up, facts, before = rows(settings), records(pipeline), written(settings)
    restart(pipeline)
    fold(pipeline, feed, None)
    later, after = rows(settings), written(settings)
    lost = {key: seq - before.get(key, 0) for key, seq in after.items()}
    lost = {key: number for key, number in lost.items() if number}

    delete_topics(services, settings.topic_prefix)
    refused = text_of(settings, "backup", "restore", uri, "--replace", code=78)

    expected = re.compile(
        rf"the database holds {sum(lost.values())} records of {len(lost)} keys that came after "
        r"the backup of .*, and their topics are gone: replacing them loses them"
    )
    assert expected.match(refused)
    assert "take a backup of the database as it is, or --accept-loss" in refused
    assert rows(settings) == later
    assert not any(records(pipeline).values()), "nothing was written"

    text_of(settings, "backup", "take", saved)
    reported = text_of(settings, "backup", "restore", uri, "--replace", "--accept-loss")

    assert expected.search(reported)
    assert "accepted: the database holds" in reported
    assert (rows(settings), records(pipeline)) == (backed_up, facts)
    restart(pipeline)
    fold(pipeline, behind(pipeline, HALF), None)
    assert rows(settings) == later, "the same detections again give the same rows"
    text_of(settings, "backup", "check", saved)


def test_a_hole_is_left_only_on_request(
    services: Services, environment: dict[str, str], database_template: str, tmp_path: Path
) -> None:
    seconds, since_us = 400, at_us(300)
    settings = Settings(
        kafka_bootstrap=environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=environment["WARDSTREAM_REGISTRY_URL"],
        database_url=SecretStr(environment["WARDSTREAM_DATABASE_URL"]),
        topic_prefix=environment["WARDSTREAM_TOPIC_PREFIX"],
    )
    uri = (tmp_path / "daily").as_uri()
    prepare(cluster_of(settings), settings.database_url.get_secret_value())
    sink = make_timescale_sink(settings)
    sink.write(as_items(ward(seconds)))
    sink.close()
    whole = rows(settings)
    text_of(settings, "backup", "take", uri, "--since", show_time(since_us))

    with empty_database(services, database_template) as empty:
        other = settings.model_copy(update={"database_url": SecretStr(empty)})
        refused = text_of(other, "backup", "restore", uri, code=78)
        assert written(other) == {}
        reported = text_of(other, "backup", "restore", uri, "--accept-loss")
        held = rows(other)
        with psycopg.connect(empty, options="-c search_path=live,public") as connection:
            oldest = connection.execute(
                "SELECT (extract(epoch FROM min(as_of)) * 1000000)::bigint FROM zone_occupancy"
            ).fetchone()

    hole = "and the database is empty: what lies between will be missing for good"
    assert hole in refused
    assert "restore a copy first that reaches so far, or --accept-loss" in refused
    assert re.search(rf"accepted: the backup begins at .* {hole}", reported)
    assert oldest is not None
    assert since_us - MARGIN_US <= oldest[0] <= since_us
    for table, there in held.items():
        assert set(there) <= set(whole[table]), table
    assert 0 < len(held["zone_occupancy"]) < len(whole["zone_occupancy"])
    assert held["sink_progress"] == whole["sink_progress"]
