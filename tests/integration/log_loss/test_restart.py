"""A command lets a pipeline continue after its checkpoints or records of its input were lost."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.launcher import Worker
from runtime.errors import EXIT_STOP
from runtime.kafka.reader import read_between, spans
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, OCCUPANCY, STREAM_CHECKPOINTS, TOPICS, TRACKS
from tests.integration.log_loss.logs import delete, expire, make
from tests.support import simulated
from tests.support.clusters import cluster_of, installation_of
from tests.support.played_pipeline import PlayedPipeline, played_pipeline
from tests.support.waiting import eventually
from workers.operations.rebuild.restart import remake
from workers.operations.verification.digests import distinct, read_items

CAMERAS = ["sim-0"]
EXPIRED = 30


@pytest.fixture
def pipeline(environment: dict[str, str], tmp_path: Path) -> Iterator[PlayedPipeline]:
    with played_pipeline(environment, tmp_path) as played:
        create_topics(cluster_of(played.settings))
        SchemaRegistry(played.settings.registry_url).register_all(
            [topic for topic in TOPICS.values() if topic.avro]
        )
        simulated.register(played.settings, CAMERAS)
        yield played


def folds(pipeline: PlayedPipeline, name: str) -> None:
    """Run the stream processor until everything is folded and saved."""
    pipeline.supervisor.start(Worker(name=name, command=("stream",)))
    pipeline.supervisor.wait_ready(name, 180)
    eventually(pipeline.checkpointed, 90, "the checkpoint")
    pipeline.supervisor.stop(name)


def refused(environment: dict[str, str]) -> str:
    """Message of a stream processor that refuses to start."""
    ended = subprocess.run(
        [sys.executable, "-m", "workers.cli", "stream"],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert ended.returncode == EXIT_STOP
    return ended.stdout + ended.stderr


def frames(settings: Settings, start: int, end: int) -> list[tuple[int, int]]:
    """Event time, UTC microseconds, and number of the frames at these offsets, each once.

    The feed delivers one frame in a hundred twice, and the repeat is ignored.
    """
    codec = SchemaRegistry(settings.registry_url).reader(DETECTIONS)
    found = [
        codec.decode(message.value() or b"")
        for message in read_between(cluster_of(settings), DETECTIONS, 0, start, end)
    ]
    return list(dict.fromkeys((one["captured_us"], one["frame_seq"]) for one in found))


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
def test_a_pipeline_goes_on_without_its_checkpoints_and_after_a_loss_of_its_input(
    pipeline: PlayedPipeline, environment: dict[str, str]
) -> None:
    settings = pipeline.settings
    feed = simulated.Feed(settings, CAMERAS, 30, seed=3)
    feed.send(100)
    folds(pipeline, "before")

    delete(settings, STREAM_CHECKPOINTS)
    make(settings, STREAM_CHECKPOINTS)
    assert "`wardstream rebuild checkpoints`" in refused(environment)
    [made] = remake(installation_of(settings), "test", "somebody deleted them")
    assert "partition 0: folded cold from 0" in made
    feed.send(100)
    folds(pipeline, "with-checkpoints")
    assert pipeline.difference_from_oracle() is None

    feed.send(100)
    [(_, end)] = spans(cluster_of(settings), DETECTIONS, [0]).values()
    first = end - 100 + EXPIRED
    folded = frames(settings, 0, end - 100) + frames(settings, first, end)
    expire(settings, DETECTIONS, 0, before=first)
    assert "`wardstream rebuild checkpoints`" in refused(environment)
    [made] = remake(installation_of(settings), "test", "it was down for too long")
    assert made.startswith(f"partition 0: goes on at {first} with the state of ")
    folds(pipeline, "behind-the-gap")

    for topic in (TRACKS, OCCUPANCY):
        for key, items in distinct(read_items(cluster_of(settings), topic)).items():
            assert [item.seq for item in items] == list(range(1, len(items) + 1)), key
    [tracks] = distinct(read_items(cluster_of(settings), TRACKS)).values()
    # One record of each frame that was folded, and of no other: fewer than there were detections
    # by those that came twice. Somebody is tracked in all of them, so skipped ones have theirs too.
    reported = [(item.record["captured_us"], item.record["frame_seq"]) for item in tracks]
    assert reported == folded
