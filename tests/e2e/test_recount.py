"""`wardstream verify --from`: a running line agrees with itself, and whatever does not is named."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import redis
from confluent_kafka import TopicPartition

from deploy.local.launcher import Worker
from runtime.kafka.continuity import Break
from runtime.kafka.dead_letters import DeadLetterBox
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from schemas.live import state_key
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, FRAMES, OCCUPANCY
from tests.support import simulated
from tests.support.clusters import cluster_of, installation_of
from tests.support.paths import ROOT
from tests.support.played_pipeline import PlayedLine, played_line, wait_until
from tests.support.services import Services, separate_environment
from workers.local.pipeline import prepare
from workers.operations.times import show_time
from workers.operations.verification.recount import recount
from workers.operations.verification.result import Mismatch, Window
from workers.stages import INFERENCE
from workers.storage.timescale.connection import search_path

CAMERAS = ["sim-0", "sim-1"]
SECONDS = 14
HIDDEN = range(60, 90)
"""Frames in which nobody is detected, so that who comes back is linked."""
WINDOW = Window(simulated.START_US - 60_000_000, simulated.START_US + 60_000_000)
MINUTE_US = simulated.START_US // 60_000_000 * 60_000_000
FIRST_MINUTE = f"table occupancy_minutes key sim-0-zone minute {show_time(MINUTE_US)}"
PROCESSES = {
    "stream": ("stream",),
    "sink-timescale": ("sink", "timescale"),
    "sink-redis": ("sink", "redis"),
}


class Feed:
    """Frames and the outcomes that inference would give them."""

    def __init__(self, line: PlayedLine) -> None:
        self._line = line
        registry = SchemaRegistry(line.settings.registry_url)
        self._frames = registry.writer(FRAMES)
        self._outcomes = registry.writer(DETECTIONS)
        self._producer = ReliableProducer(cluster_of(line.settings))
        self._streams = [
            simulated.hidden(simulated.outcomes(camera, SECONDS, seed=7), HIDDEN)
            for camera in CAMERAS
        ]
        self._next = dict.fromkeys(range(len(CAMERAS)), 0)
        self._seen = dict.fromkeys(range(len(CAMERAS)), 0)

    def send(self, frames: int | None = None) -> None:
        """Append the next frames of every camera, all that are left when None, and commit."""
        for partition, stream in enumerate(self._streams):
            left = frames
            while left is None or left > 0:
                record = next(stream, None)
                if record is None:
                    break
                left = None if left is None else left - 1
                self._append(partition, record)
        self._producer.flush()
        self.commit_frames()

    def _append(self, partition: int, outcome: dict[str, Any]) -> None:
        if outcome["captured_us"] > self._seen[partition]:  # what comes twice is of one frame
            self._seen[partition] = outcome["captured_us"]
            self.append_frame(partition, outcome["camera_id"], outcome)
        place = {"frame_partition": partition, "frame_offset": self._next[partition] - 1}
        self._producer.produce(
            cluster_of(self._line.settings).name(DETECTIONS),
            key=outcome["camera_id"],
            value=self._outcomes.encode({**outcome, **place}),
            partition=partition,
        )

    def append_frame(self, partition: int, camera_id: str, outcome: dict[str, Any]) -> int:
        """Append a frame; returns its offset."""
        named = ("captured_us", "width", "height")
        frame = {name: outcome[name] for name in named} | {"seq": outcome["frame_seq"]}
        self._producer.produce(
            cluster_of(self._line.settings).name(FRAMES),
            key=camera_id,
            value=self._frames.encode({"camera_id": camera_id, "kind": "FRAME", **frame}),
            partition=partition,
        )
        self._next[partition] += 1
        return self._next[partition] - 1

    def commit_frames(self) -> None:
        """Commit as inference does, behind what it has answered."""
        settings = self._line.settings
        consumer = cluster_of(settings).consumer(cluster_of(settings).group(INFERENCE))
        name = cluster_of(settings).name(FRAMES)
        offsets = [TopicPartition(name, *place) for place in self._next.items()]
        consumer.commit(offsets=offsets, asynchronous=False)
        consumer.close()


def mismatches(line: PlayedLine) -> dict[str, Mismatch]:
    """By check, the first mismatch."""
    checks = recount(installation_of(line.settings), WINDOW)
    return {check.name: check.first for check in checks if check.first is not None}


def only_mismatch(line: PlayedLine) -> tuple[str, Mismatch]:
    """The one check that finds something."""
    found = mismatches(line)
    assert len(found) == 1, found
    return next(iter(found.items()))


def database(line: PlayedLine, statement: str) -> list[tuple[Any, ...]]:
    dsn = line.settings.database_url.get_secret_value()
    with psycopg.connect(dsn, options=search_path()) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def fed(
    services: Services, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[PlayedLine, Feed, dict[str, str], int]]:
    """A line that was verified while it ran, has written everything, and stands still."""
    with (
        separate_environment(services, database_template) as environment,
        played_line(environment, tmp_path_factory.mktemp("recount")) as line,
    ):
        prepare(cluster_of(line.settings), line.settings.database_url.get_secret_value())
        simulated.register(line.settings, CAMERAS)
        for name, command in PROCESSES.items():
            line.supervisor.start(Worker(name=name, command=command))
        for name in PROCESSES:
            line.supervisor.wait_ready(name, 90)
        feed = Feed(line)
        looks = 0
        for _ in range(2):
            feed.send(SECONDS * 3)
            assert mismatches(line) == {}, "while the line was running"
            looks += 1
        feed.send()
        wait_until(line.checkpointed, 90, "the stream's checkpoints")
        wait_until(lambda: settled(line), 90, "the sinks to catch up")
        line.supervisor.stop_all()
        yield line, feed, environment, looks


def settled(line: PlayedLine) -> bool:
    """Whether the sinks have committed everything."""
    found = line.observer.poll(0.0, (), 0)
    return found.lags.get("sink-timescale") == found.lags.get("sink-redis") == 0


@pytest.fixture
def line(fed: tuple[PlayedLine, Feed, dict[str, str], int]) -> PlayedLine:
    return fed[0]


@contextmanager
def changed(line: PlayedLine, change: str, undo: str) -> Iterator[None]:
    """Change the tables by hand, and change them back."""
    database(line, change)
    yield
    database(line, undo)


@pytest.mark.timeout(300)
def test_a_healthy_pipeline_agrees_with_itself_while_it_runs_and_afterwards(
    fed: tuple[PlayedLine, Feed, dict[str, str], int],
) -> None:
    line, _, environment, looks = fed
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
    told = dict(text.split(": equal: ") for text in answer.stdout.splitlines())
    frames = SECONDS * 10 * len(CAMERAS)
    counted = {
        what: int(number)
        for number, what in (
            part.split(" ", 1) for part in told["frames and their outcomes"].split(", ")
        )
    }
    assert counted.pop("repeated") > 0
    assert set(counted) == {"detected", "skipped", "failed"}
    assert sum(counted.values()) == frames
    tables = ("tracks", "positions", "links", "zone_events", "zone_occupancy", "coverage")
    for name in tables:
        [(rows,)] = database(line, f"SELECT count(*) FROM {name}")
        assert told[f"table {name}"] == f"{rows} rows"
    assert rows == 0, "nobody is required in this ward"
    assert all(word != "nothing" for name, word in told.items() if "by seq" in name)


def test_a_row_deleted_by_hand_is_named_by_table_and_key(line: PlayedLine) -> None:
    with changed(
        line,
        "CREATE TABLE kept AS SELECT * FROM zone_events WHERE zone_id = 'sim-1-zone' AND seq = 2;"
        "DELETE FROM zone_events WHERE zone_id = 'sim-1-zone' AND seq = 2",
        "INSERT INTO zone_events SELECT * FROM kept; DROP TABLE kept",
    ):
        name, found = only_mismatch(line)

    assert name == "table zone_events"
    assert found.where.startswith("table zone_events, key sim-1-zone, row 1 (zone_id sim-1-zone")
    assert mismatches(line) == {}, "put back as it was"


def test_a_row_altered_by_hand_is_named_with_what_it_must_be(line: PlayedLine) -> None:
    one = "WHERE zone_id = 'sim-0-zone' AND seq = 3"
    [(people,)] = database(line, f"SELECT people FROM zone_occupancy {one}")
    with changed(
        line,
        f"UPDATE zone_occupancy SET people = people + 1 {one}",
        f"UPDATE zone_occupancy SET people = people - 1 {one}",
    ):
        wrong = mismatches(line)

    found = wrong.pop("table zone_occupancy")
    assert found.where.startswith("table zone_occupancy, key sim-0-zone, row 2 (")
    assert f"people is {people + 1}, must be {people}" in found.what
    [(name, minute)] = wrong.items()
    assert (name, minute.where) == ("table occupancy_minutes", FIRST_MINUTE)
    assert "people_us is " in minute.what


def test_a_minute_altered_by_hand_is_named_with_what_it_must_be(line: PlayedLine) -> None:
    one = "WHERE zone_id = 'sim-0-zone'"
    with changed(
        line,
        f"UPDATE occupancy_minutes SET known_us = known_us + 1 {one}",
        f"UPDATE occupancy_minutes SET known_us = known_us - 1 {one}",
    ):
        name, found = only_mismatch(line)

    assert (name, found.where) == ("table occupancy_minutes", FIRST_MINUTE)
    assert found.what.startswith("known_us is ")
    [(rows,)] = database(line, "SELECT count(*) FROM occupancy_minutes")
    assert rows == len(CAMERAS), "one minute of each camera's zone"


def test_a_link_to_another_track_is_named_with_what_it_must_be(line: PlayedLine) -> None:
    one = "WHERE floor_id = 'sim-0' AND seq = 1"
    [(track,)] = database(line, f"SELECT to_track_id FROM links {one}")
    with changed(
        line,
        f"UPDATE links SET to_track_id = to_track_id + 1 {one}",
        f"UPDATE links SET to_track_id = to_track_id - 1 {one}",
    ):
        name, found = only_mismatch(line)

    assert name == "table links"
    assert found.where.startswith("table links, key sim-0, row 0 (")
    assert found.what.endswith(f"to_track_id is {track + 1}, must be {track}")


def test_a_row_that_nobody_derived_is_named(line: PlayedLine) -> None:
    columns = "track_id, started_at, floor_id, confirmed_at, last_observed_at, ended_at, state,"
    columns += (
        " observations, max_score, x_m, y_m, model_name, model_version, first_seq, seq, digest"
    )
    with changed(
        line,
        f"INSERT INTO tracks (camera_id, {columns}) SELECT 'ghost', {columns} FROM tracks LIMIT 1",
        "DELETE FROM tracks WHERE camera_id = 'ghost'",
    ):
        name, found = only_mismatch(line)

    assert name == "table tracks"
    assert found.where.startswith("table tracks, key ghost, row 0")


def test_progress_ahead_of_the_topic_is_named(line: PlayedLine) -> None:
    one = "WHERE topic = 'tracks.updated.v1' AND key = 'sim-0'"
    with changed(
        line,
        f"UPDATE sink_progress SET seq = seq + 5 {one}",
        f"UPDATE sink_progress SET seq = seq - 5 {one}",
    ):
        found = mismatches(line)["committed records and table sink_progress"]

    assert found.where == "table sink_progress key tracks.updated.v1 sim-0"


def test_a_live_value_altered_by_hand_is_named(line: PlayedLine) -> None:
    key = state_key(line.settings.live_prefix, "zone", "sim-1-zone")
    with redis.Redis.from_url(line.settings.redis_url.get_secret_value()) as client:
        held: Any = client.hget(key, "json")
        client.hset(key, "json", json.dumps({**json.loads(held), "people": 99}))
        name, found = only_mismatch(line)
        client.hset(key, "json", held)

    assert (name, found.where) == ("Redis and the topics", "Redis zone sim-1-zone")


def test_what_the_logs_should_not_hold_is_named_by_topic_partition_and_offset(
    fed: tuple[PlayedLine, Feed, dict[str, str], int],
) -> None:
    """Last, since a log cannot be mended: other bytes, a frame without outcome, what is gone."""
    line, feed, _, _ = fed
    settings = line.settings
    codec = SchemaRegistry(settings.registry_url).writer(OCCUPANCY)
    some = [m for m in read_topic(cluster_of(settings), OCCUPANCY) if m.partition() == 1]
    record = codec.decode(some[4].value())
    producer = ReliableProducer(cluster_of(settings))
    name = cluster_of(settings).name(OCCUPANCY)
    other = codec.encode({**record, "people": record["people"] + 1})
    producer.produce(name, key=record["zone_id"], value=other, partition=1)
    producer.flush()

    found = mismatches(line)["zone-occupancy.measured.v1 by seq"]

    assert found.where == f"{name} partition 1 offset {(some[-1].offset() or 0) + 1}"
    assert "key sim-1-zone seq 5 has other bytes than at offset" in found.what
    outcome = {"captured_us": simulated.START_US + 1, "width": 1, "height": 1, "frame_seq": 9_999}
    offset = feed.append_frame(0, "sim-0", outcome)
    assert "frames and their outcomes" not in mismatches(line), "inference has not committed it"

    feed.commit_frames()
    found = mismatches(line)["frames and their outcomes"]

    assert found.where == f"{cluster_of(settings).name(FRAMES)} partition 0 offset {offset}"
    assert found.what == "frame 9999 of sim-0 has no outcome"

    letters = DeadLetterBox(producer, cluster_of(settings), settings.dead_letters, INFERENCE)
    lost = Break(cluster_of(settings).name(FRAMES), 1, "records_gone", 3, 7)
    letters.gone(lost.topic, lost.partition, lost.lost, lost.records, lost.dead_letter)
    producer.flush()
    found = mismatches(line)["records that the log lost unread"]

    assert found == Mismatch(f"{lost.topic} partition 1", lost.text)
