"""`wardstream verify --from`: a running pipeline agrees with itself; a mismatch is named."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient

from runtime.facts.log import FactLog
from runtime.kafka.continuity import Break
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from runtime.process.sections import ServingSettings
from schemas.live import state_key
from schemas.registry import SchemaRegistry
from schemas.topics import FRAMES, OCCUPANCY, RULES
from tests.e2e.fed_pipeline import (
    CAMERAS,
    FIRST_MINUTE,
    RULES_OF_ALERTS,
    SECONDS,
    WINDOW,
    Fed,
    database,
    fed_pipeline,
    mismatches,
    only_mismatch,
)
from tests.support import simulated
from tests.support.clusters import cluster_of
from tests.support.kept_audit import KeptAudit
from tests.support.paths import ROOT
from tests.support.played_pipeline import PlayedPipeline
from tests.support.services import Services
from workers.operations.times import show_time
from workers.operations.verification.result import Mismatch
from workers.registry.editing.database import Database
from workers.registry.editing.store import RegistryStore
from workers.registry.forms import form_of
from workers.registry.view import RegistryView
from workers.serving.api.registry.parts import Registry
from workers.serving.app import create_app
from workers.serving.recorded.rule_trials import RuleTrials
from workers.simulation.command import simulate_apart
from workers.stages import INFERENCE


@pytest.fixture(scope="module")
def fed(
    services: Services, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fed]:
    folder = tmp_path_factory.mktemp("recount")
    with fed_pipeline(services, database_template, folder) as made:
        yield made


@pytest.fixture
def pipeline(fed: Fed) -> PlayedPipeline:
    return fed[0]


@contextmanager
def changed(pipeline: PlayedPipeline, change: str, undo: str) -> Iterator[None]:
    """Change the tables by hand, and change them back."""
    database(pipeline, change)
    yield
    database(pipeline, undo)


@pytest.mark.timeout(300)
def test_a_healthy_pipeline_agrees_with_itself_while_it_runs_and_afterwards(
    fed: Fed,
) -> None:
    pipeline, _, environment, looks = fed
    window = ["--from", show_time(WINDOW.from_us), "--to", show_time(WINDOW.to_us)]
    answer = subprocess.run(
        [sys.executable, "-m", "workers.cli", "verify", *window],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**environment, "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
    )

    assert looks == 2
    assert answer.returncode == 0, answer.stdout + answer.stderr
    reported = dict(text.split(": equal: ") for text in answer.stdout.splitlines())
    frames = SECONDS * 10 * len(CAMERAS)
    counted = {
        what: int(number)
        for number, what in (
            part.split(" ", 1) for part in reported["frames and their outcomes"].split(", ")
        )
    }
    assert counted.pop("repeated") > 0
    assert set(counted) == {"detected", "skipped", "failed"}
    assert sum(counted.values()) == frames
    tables = (
        "tracks",
        "positions",
        "links",
        "zone_events",
        "zone_occupancy",
        "zone_alerts",
        "coverage",
    )
    for name in tables:
        [(rows,)] = database(pipeline, f"SELECT count(*) FROM {name}")
        assert reported[f"table {name}"] == f"{rows} rows"
    assert rows == 0, "nobody is required in this ward"
    assert all(word != "nothing" for name, word in reported.items() if "by seq" in name)


def test_registered_rules_decide_over_stored_records_what_they_decided(fed: Fed) -> None:
    pipeline, _, environment, _ = fed
    times = ["--from", show_time(WINDOW.from_us), "--to", show_time(WINDOW.to_us)]
    answer = subprocess.run(
        [sys.executable, "-m", "workers.cli", "alerts", "simulate", *times, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**environment, "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr
    rows = [json.loads(text) for text in answer.stdout.splitlines()]
    opened = {row["rule_id"]: row["opened"] for row in rows if "opened" in row}
    counted = "SELECT rule_id, count(*) FROM zone_alerts WHERE action = 'OPENED' GROUP BY 1"
    assert opened == dict(database(pipeline, counted))
    assert opened.keys() == {"crowd", "stay"}
    assert rows[-1]["late"] == rows[-1]["not_read"] == 0


def test_a_rule_is_tried_through_the_api_in_a_process_of_its_own(fed: Fed) -> None:
    pipeline, *_ = fed
    cluster = cluster_of(pipeline.settings)
    view = RegistryView()
    view.add(FactLog(cluster).sync(), cluster.clock.now_us())
    crowd = form_of(RULES, RULES_OF_ALERTS[0])
    with (
        Database(pipeline.settings.database_address) as kept,
        TestClient(
            create_app(
                "redis://127.0.0.1:1",
                "none",
                ServingSettings(),
                cluster.clock,
                view,
                recorder=KeptAudit(),
                editing=Registry(RegistryStore(kept, cluster.clock), cluster.clock, KeptAudit()),
                trials=RuleTrials(partial(simulate_apart, pipeline.settings)),
            ),
            base_url="http://localhost",
        ) as client,
    ):
        answer = client.post(
            "/api/v1/registry/rules/crowd/simulate",
            params={"from": show_time(WINDOW.from_us), "to": show_time(WINDOW.to_us)},
            json=crowd,
        )

    assert answer.status_code == 200, answer.text
    found = answer.json()
    counted = "SELECT count(*) FROM zone_alerts WHERE rule_id = 'crowd' AND action = 'OPENED'"
    assert sum(one["opened"] for one in found["shifts"]) == database(pipeline, counted)[0][0] > 0
    assert {one["kind"] for one in found["examples"]} == {"OVER_CAPACITY"}
    assert (found["floors"], found["not_read"]) == (2, 0)


def test_a_row_deleted_by_hand_is_named_by_table_and_key(pipeline: PlayedPipeline) -> None:
    with changed(
        pipeline,
        "CREATE TABLE kept AS SELECT * FROM zone_events WHERE zone_id = 'sim-1-zone' AND seq = 2;"
        "DELETE FROM zone_events WHERE zone_id = 'sim-1-zone' AND seq = 2",
        "INSERT INTO zone_events SELECT * FROM kept; DROP TABLE kept",
    ):
        name, found = only_mismatch(pipeline)

    assert name == "table zone_events"
    assert found.where.startswith("table zone_events, key sim-1-zone, row 1 (zone_id sim-1-zone")
    assert mismatches(pipeline) == {}, "put back as it was"


Found = dict[str, Mismatch]
Check = Callable[[Found], None]
"""Takes the mismatches that it expects out of those found."""


@contextmanager
def altered_row(pipeline: PlayedPipeline) -> Iterator[Check]:
    """One person more in a zone than there were."""
    one = "WHERE zone_id = 'sim-0-zone' AND seq = 3"
    [(people,)] = database(pipeline, f"SELECT people FROM zone_occupancy {one}")

    def check(found: Found) -> None:
        row = found.pop("table zone_occupancy")
        assert row.where.startswith("table zone_occupancy, key sim-0-zone, row 2 (")
        assert f"people is {people + 1}, must be {people}" in row.what
        minute = found.pop("table occupancy_minutes")
        assert minute.where == FIRST_MINUTE
        assert "people_us is " in minute.what

    with changed(
        pipeline,
        f"UPDATE zone_occupancy SET people = people + 1 {one}",
        f"UPDATE zone_occupancy SET people = people - 1 {one}",
    ):
        yield check


@contextmanager
def altered_minute(pipeline: PlayedPipeline) -> Iterator[Check]:
    """A minute that was known for longer than it was."""
    one = "WHERE zone_id = 'sim-0-zone'"

    def check(found: Found) -> None:
        minute = found.pop("table occupancy_minutes")
        assert minute.where == FIRST_MINUTE
        assert minute.what.startswith("known_us is ")
        [(rows,)] = database(pipeline, "SELECT count(*) FROM occupancy_minutes")
        assert rows == len(CAMERAS), "one minute of each camera's zone"

    with changed(
        pipeline,
        f"UPDATE occupancy_minutes SET known_us = known_us + 1 {one}",
        f"UPDATE occupancy_minutes SET known_us = known_us - 1 {one}",
    ):
        yield check


@contextmanager
def altered_link(pipeline: PlayedPipeline) -> Iterator[Check]:
    """A link to another track."""
    one = "WHERE floor_id = 'sim-0' AND seq = 1"
    [(track,)] = database(pipeline, f"SELECT to_track_id FROM links {one}")

    def check(found: Found) -> None:
        link = found.pop("table links")
        assert link.where.startswith("table links, key sim-0, row 0 (")
        assert link.what.endswith(f"to_track_id is {track + 1}, must be {track}")

    with changed(
        pipeline,
        f"UPDATE links SET to_track_id = to_track_id + 1 {one}",
        f"UPDATE links SET to_track_id = to_track_id - 1 {one}",
    ):
        yield check


@contextmanager
def row_of_nobody(pipeline: PlayedPipeline) -> Iterator[Check]:
    """A track that nobody derived."""
    columns = "track_id, started_at, floor_id, confirmed_at, last_observed_at, ended_at, state,"
    columns += (
        " observations, max_score, x_m, y_m, model_name, model_version, first_seq, seq, digest"
    )

    def check(found: Found) -> None:
        assert found.pop("table tracks").where.startswith("table tracks, key ghost, row 0")

    with changed(
        pipeline,
        f"INSERT INTO tracks (camera_id, {columns}) SELECT 'ghost', {columns} FROM tracks LIMIT 1",
        "DELETE FROM tracks WHERE camera_id = 'ghost'",
    ):
        yield check


@contextmanager
def altered_live_value(pipeline: PlayedPipeline) -> Iterator[Check]:
    """A number on the board that no record says."""
    key = state_key(pipeline.settings.live_prefix, "zone", "sim-1-zone")

    def check(found: Found) -> None:
        assert found.pop("Redis and the topics").where == "Redis zone sim-1-zone"

    with redis.Redis.from_url(pipeline.settings.redis_url.get_secret_value()) as client:
        held: Any = client.hget(key, "json")
        client.hset(key, "json", json.dumps({**json.loads(held), "people": 99}))
        yield check
        client.hset(key, "json", held)


CHANGES = (altered_row, altered_link, row_of_nobody, altered_live_value)
"""Changes by hand that different checks find."""


def test_changes_by_hand_are_each_named_with_what_must_be_and_nothing_else_is(
    pipeline: PlayedPipeline,
) -> None:
    with ExitStack() as stack:
        checks = [stack.enter_context(change(pipeline)) for change in CHANGES]
        found = mismatches(pipeline)

    for check in checks:
        check(found)
    assert found == {}


@pytest.mark.chaos_long
@pytest.mark.parametrize("change", [*CHANGES, altered_minute], ids=lambda one: one.__name__)
def test_a_change_by_hand_is_named_alone(
    pipeline: PlayedPipeline, change: Callable[[PlayedPipeline], AbstractContextManager[Check]]
) -> None:
    with change(pipeline) as check:
        found = mismatches(pipeline)

    check(found)
    assert found == {}


def test_progress_ahead_of_the_topic_is_named(pipeline: PlayedPipeline) -> None:
    one = "WHERE topic = 'tracks.updated.v1' AND key = 'sim-0'"
    with changed(
        pipeline,
        f"UPDATE sink_progress SET seq = seq + 5 {one}",
        f"UPDATE sink_progress SET seq = seq - 5 {one}",
    ):
        found = mismatches(pipeline)["committed records and table sink_progress"]

    assert found.where == "table sink_progress key tracks.updated.v1 sim-0"


def test_what_the_logs_should_not_hold_is_named_by_topic_partition_and_offset(
    fed: Fed,
) -> None:
    """A record with other bytes, a frame without outcome, and records that are gone.

    The last test: nobody can repair a log, so later tests would find all this.
    """
    pipeline, feed, _, _ = fed
    settings = pipeline.settings
    codec = SchemaRegistry(settings.registry_url).writer(OCCUPANCY)
    some = [m for m in read_topic(cluster_of(settings), OCCUPANCY) if m.partition() == 1]
    record = codec.decode(some[4].value())
    producer = ReliableProducer(cluster_of(settings))
    name = cluster_of(settings).name(OCCUPANCY)
    other = codec.encode({**record, "people": record["people"] + 1})
    producer.produce(name, key=record["zone_id"], value=other, partition=1)
    producer.flush()

    found = mismatches(pipeline)["zone-occupancy.measured.v1 by seq"]

    assert found.where == f"{name} partition 1 offset {(some[-1].offset() or 0) + 1}"
    assert "key sim-1-zone seq 5 has other bytes than at offset" in found.what
    outcome = {"captured_us": simulated.START_US + 1, "width": 1, "height": 1, "frame_seq": 9_999}
    offset = feed.append_frame(0, "sim-0", outcome)
    assert "frames and their outcomes" not in mismatches(pipeline), "inference has not committed it"

    feed.commit_frames()
    found = mismatches(pipeline)["frames and their outcomes"]

    assert found.where == f"{cluster_of(settings).name(FRAMES)} partition 0 offset {offset}"
    assert found.what == "frame 9999 of sim-0 has no outcome"

    dead_letters = DeadLetterBox(producer, cluster_of(settings), settings.dead_letters, INFERENCE)
    lost = Break(cluster_of(settings).name(FRAMES), 1, "records_gone", 3, 7)
    dead_letters.gone(lost.topic, lost.partition, lost.lost, lost.records, lost.dead_letter)
    producer.flush()
    found = mismatches(pipeline)["records that the log lost unread"]

    assert found == Mismatch(f"{lost.topic} partition 1", lost.text)
