"""A pipeline with simulated detections, and the result of verification."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import TopicPartition

from deploy.local.launcher import Worker
from runtime.facts.log import Fact
from runtime.kafka.producer import ReliableProducer
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, FRAMES, RULES
from tests.support import simulated
from tests.support.builders.alerts import rule
from tests.support.clusters import cluster_of, installation_of
from tests.support.facts import publish_facts
from tests.support.played_pipeline import PlayedPipeline, played_pipeline
from tests.support.services import Services, separate_environment
from tests.support.waiting import eventually
from workers.local.pipeline import prepare
from workers.operations.times import show_time
from workers.operations.verification.recount import recount
from workers.operations.verification.result import Mismatch, Window
from workers.stages import INFERENCE
from workers.storage.timescale.connection import search_path

CAMERAS = ["sim-0", "sim-1"]
SECONDS = 14
HIDDEN = range(60, 90)
"""Frames without detections, so that people are linked afterwards."""
WINDOW = Window(simulated.START_US - 60_000_000, simulated.START_US + 60_000_000)
MINUTE_US = simulated.START_US // 60_000_000 * 60_000_000
FIRST_MINUTE = f"table occupancy_minutes key sim-0-zone minute {show_time(MINUTE_US)}"
RULES_OF_ALERTS = (
    rule("crowd", kind="OVER_CAPACITY", threshold=0, recorded_at_us=WINDOW.from_us),
    rule("stay", kind="DWELL", threshold=2, one_per="PERSON", recorded_at_us=WINDOW.from_us),
)
PROCESSES = {
    "stream": ("stream",),
    "sink-timescale": ("sink", "timescale"),
    "sink-redis": ("sink", "redis"),
}


class Feed:
    """Frames and the outcomes that inference would give them."""

    def __init__(self, pipeline: PlayedPipeline) -> None:
        self._pipeline = pipeline
        registry = SchemaRegistry(pipeline.settings.registry_url)
        self._frames = registry.writer(FRAMES)
        self._outcomes = registry.writer(DETECTIONS)
        self._producer = ReliableProducer(cluster_of(pipeline.settings))
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
        if outcome["captured_us"] > self._seen[partition]:  # a repeat is of the same frame
            self._seen[partition] = outcome["captured_us"]
            self.append_frame(partition, outcome["camera_id"], outcome)
        position = {"frame_partition": partition, "frame_offset": self._next[partition] - 1}
        self._producer.produce(
            cluster_of(self._pipeline.settings).name(DETECTIONS),
            key=outcome["camera_id"],
            value=self._outcomes.encode({**outcome, **position}),
            partition=partition,
        )

    def append_frame(self, partition: int, camera_id: str, outcome: dict[str, Any]) -> int:
        """Append a frame; returns its offset."""
        named = ("captured_us", "width", "height")
        frame = {name: outcome[name] for name in named} | {"seq": outcome["frame_seq"]}
        self._producer.produce(
            cluster_of(self._pipeline.settings).name(FRAMES),
            key=camera_id,
            value=self._frames.encode({"camera_id": camera_id, "kind": "FRAME", **frame}),
            partition=partition,
        )
        self._next[partition] += 1
        return self._next[partition] - 1

    def commit_frames(self) -> None:
        """Commit as inference does, after the frames that have an outcome."""
        settings = self._pipeline.settings
        consumer = cluster_of(settings).consumer(cluster_of(settings).group(INFERENCE))
        name = cluster_of(settings).name(FRAMES)
        offsets = [TopicPartition(name, *position) for position in self._next.items()]
        consumer.commit(offsets=offsets, asynchronous=False)
        consumer.close()


Fed = tuple[PlayedPipeline, Feed, dict[str, str], int]
"""The pipeline, its feed, its settings, and how often it was verified while it ran."""


def mismatches(pipeline: PlayedPipeline) -> dict[str, Mismatch]:
    """The first mismatch of each check."""
    checks = recount(installation_of(pipeline.settings), WINDOW)
    return {check.name: check.first for check in checks if check.first is not None}


def only_mismatch(pipeline: PlayedPipeline) -> tuple[str, Mismatch]:
    """The one check that finds something."""
    found = mismatches(pipeline)
    assert len(found) == 1, found
    return next(iter(found.items()))


def database(pipeline: PlayedPipeline, statement: str) -> list[tuple[Any, ...]]:
    dsn = pipeline.settings.database_url.get_secret_value()
    with psycopg.connect(dsn, options=search_path()) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@contextmanager
def fed_pipeline(services: Services, database_template: str, folder: Path) -> Iterator[Fed]:
    """A pipeline that was verified while it ran, has written everything, and is idle."""
    with (
        separate_environment(services, database_template) as environment,
        played_pipeline(environment, folder) as pipeline,
    ):
        prepare(cluster_of(pipeline.settings), pipeline.settings.database_url.get_secret_value())
        simulated.register(pipeline.settings, CAMERAS)
        publish_facts(cluster_of(pipeline.settings), [Fact(RULES, one) for one in RULES_OF_ALERTS])
        for name, command in PROCESSES.items():
            pipeline.supervisor.start(Worker(name=name, command=command))
        for name in PROCESSES:
            pipeline.supervisor.wait_ready(name, 90)
        feed = Feed(pipeline)
        looks = 0
        for _ in range(2):
            feed.send(SECONDS * 3)
            assert mismatches(pipeline) == {}, "while the pipeline was running"
            looks += 1
        feed.send()
        eventually(pipeline.checkpointed, 90, "the stream's checkpoints")
        eventually(lambda: settled(pipeline), 90, "the sinks to catch up")
        pipeline.supervisor.stop_all()
        yield pipeline, feed, environment, looks


def settled(pipeline: PlayedPipeline) -> bool:
    """Whether the sinks have committed everything."""
    found = pipeline.observer.poll(0.0, (), 0)
    return found.lags.get("sink-timescale") == found.lags.get("sink-redis") == 0
