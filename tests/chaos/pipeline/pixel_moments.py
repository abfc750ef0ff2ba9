"""When to inject a fault into ingest or inference: the phases of their processes."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from signal import SIGKILL, SIGTERM

from runtime.kafka.lag import LogProbe
from runtime.kafka.topic_partition import Partition
from schemas.topics import FRAMES
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import PlayedPipeline
from tests.support.waiting import eventually
from workers.stages import INFERENCE

PATIENCE_S = 180.0

Moment = Callable[[PlayedPipeline, str, Random], None]
"""Waits for a phase of a process."""


def running(pipeline: PlayedPipeline, name: str, chance: Random) -> None:
    """Wait for any time."""
    time.sleep(chance.uniform(0.0, 0.6))


def starting(pipeline: PlayedPipeline, name: str, chance: Random) -> None:
    """Restart it, and wait for a time in which it imports, joins its group or seeks."""
    pipeline.supervisor.kill(name, SIGKILL)
    pipeline.supervisor.restart(name)
    time.sleep(chance.uniform(0.2, 4.0))


def committing(pipeline: PlayedPipeline, name: str, chance: Random) -> None:
    """Wait until inference has just committed offsets, or is about to."""
    probe = LogProbe(cluster_of(pipeline.settings))
    name = cluster_of(pipeline.settings).name(FRAMES)
    partitions = [(name, partition) for partition in range(FRAMES.partitions)]

    def committed() -> dict[Partition, int]:
        return probe.committed(cluster_of(pipeline.settings).group(INFERENCE), partitions)

    before = committed()
    eventually(lambda: pipeline.ended() or committed() != before, PATIENCE_S, "a commit")
    time.sleep(chance.uniform(0.0, 0.3))


def ending(pipeline: PlayedPipeline, name: str, chance: Random) -> None:
    """Send SIGTERM, and wait for a time in which it ends."""
    with suppress(ProcessLookupError):  # a recording that has just ended
        os.kill(pipeline.supervisor.pid(name), SIGTERM)
    time.sleep(chance.uniform(0.0, 0.8))


MOMENTS: dict[str, Moment] = {
    "run": running,
    "start": starting,
    "commit": committing,
    "shutdown": ending,
}
