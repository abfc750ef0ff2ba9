"""A floor whose cameras are fused, on the whole line: it agrees with itself, also built again."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from deploy.local.launcher import Worker
from runtime.clock import SystemClock
from runtime.kafka.producer import ReliableProducer
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, FRAMES, LINKS, PRESENCE, ZONE_ALERTS
from tests.e2e.fed_pipeline import PROCESSES, settled
from tests.support.clusters import cluster_of, installation_of
from tests.support.large_ward import START_US, cameras_of, register
from tests.support.paths import ROOT
from tests.support.played_pipeline import PlayedPipeline, played_pipeline
from tests.support.services import Services, separate_environment
from tests.support.waiting import eventually
from tests.support.ward_source import events
from workers.local.pipeline import prepare
from workers.operations.rebuild.order import Order
from workers.operations.rebuild.run import rebuild
from workers.operations.rebuild.start import parse_origin
from workers.operations.times import show_time
from workers.stages import INFERENCE

CAMERAS = cameras_of(2, 3, [])
"""Two floors, of which the second is fused."""

FUSED = "floor-1"
SECONDS = 25.0
MINUTE_US = 60_000_000

Fused = tuple[PlayedPipeline, dict[str, str]]


def send(pipeline: PlayedPipeline, partitions: dict[str, int]) -> None:
    """Append frames and their outcomes, and commit the frames as inference does."""
    cluster = cluster_of(pipeline.settings)
    registry = SchemaRegistry(pipeline.settings.registry_url)
    frames, outcomes = registry.writer(FRAMES), registry.writer(DETECTIONS)
    producer = ReliableProducer(cluster)
    newest: dict[str, int] = {}
    following = dict.fromkeys(partitions.values(), 0)
    for event in events(CAMERAS, SECONDS, seed=7):
        record: dict[str, Any] = event.record
        camera_id, partition = record["camera_id"], partitions[event.camera.floor_id]
        if record["outcome"] == "HEARTBEAT":
            continue
        if record["captured_us"] > newest.get(camera_id, 0):  # a repeat is of the same frame
            newest[camera_id] = record["captured_us"]
            named = ("camera_id", "captured_us", "width", "height")
            frame = {name: record[name] for name in named}
            frame |= {"seq": record["frame_seq"], "kind": "FRAME"}
            value = frames.encode(frame)
            producer.produce(cluster.name(FRAMES), key=camera_id, value=value, partition=partition)
            following[partition] += 1
        of_frame = {"frame_partition": partition, "frame_offset": following[partition] - 1}
        value = outcomes.encode(record | of_frame)
        producer.produce(cluster.name(DETECTIONS), key=camera_id, value=value, partition=partition)
    producer.flush()
    consumer = cluster.consumer(cluster.group(INFERENCE))
    read = [TopicPartition(cluster.name(FRAMES), *position) for position in following.items()]
    consumer.commit(offsets=read, asynchronous=False)
    consumer.close()


@pytest.fixture(scope="module")
def fused(
    services: Services, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fused]:
    with (
        separate_environment(services, database_template) as environment,
        played_pipeline(environment, tmp_path_factory.mktemp("fused")) as pipeline,
    ):
        prepare(cluster_of(pipeline.settings), pipeline.settings.database_url.get_secret_value())
        partitions = register(pipeline.settings, CAMERAS)
        for name, command in PROCESSES.items():
            pipeline.supervisor.start(Worker(name=name, command=command))
        for name in PROCESSES:
            pipeline.supervisor.wait_ready(name, 180)
        send(pipeline, partitions)
        eventually(pipeline.checkpointed, 90, "the stream's checkpoints")
        eventually(lambda: settled(pipeline), 90, "the sinks to catch up")
        pipeline.supervisor.stop_all()
        yield pipeline, environment


@pytest.mark.timeout(300)
def test_verify_agrees_on_a_pipeline_with_a_fused_floor(fused: Fused, tmp_path: Path) -> None:
    pipeline, environment = fused
    window = ["--from", show_time(START_US - MINUTE_US), "--to", show_time(START_US + MINUTE_US)]

    answer = subprocess.run(
        [sys.executable, "-m", "workers.cli", "verify", *window],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert pipeline.difference_from_oracle() is None
    assert pipeline.difference_of_tables() is None
    people = b"".join(body for bodies in pipeline.fold(PRESENCE).values() for body in bodies)
    links = b"".join(body for bodies in pipeline.fold(LINKS).values() for body in bodies)
    assert f"{FUSED}:1".encode() in people
    assert f"{FUSED}:".encode() in links


@pytest.mark.timeout(300)
def test_a_rebuild_of_a_fused_floor_gives_the_same_records(fused: Fused) -> None:
    pipeline, _ = fused
    origin = parse_origin("2026-01-01T00:00", SystemClock().now_us())
    order = Order(origin=origin, floors=(), swap=False, by="ward manager", why="to compare")

    report = rebuild(installation_of(pipeline.settings), order)

    assert [topic.topic for topic in report.topics if topic.any or topic.expired] == []
    records = {topic.topic: topic.records for topic in report.topics}
    assert records.pop(ZONE_ALERTS.name) == 0, "no rule is registered here"
    assert min(records.values()) > 0
    assert [table.table for table in report.tables if table.any] == []
