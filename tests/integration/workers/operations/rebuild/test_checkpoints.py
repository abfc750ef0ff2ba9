"""A release refuses a checkpoint and names the command after which the pipeline continues."""

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from deploy.local.launcher import Worker
from runtime.checkpoints.claim import Claim
from runtime.checkpoints.codec import HEAD_KEY, checksum, decode_head, encode_head
from runtime.checkpoints.log import LogReader
from runtime.checkpoints.reading import newest_records
from runtime.errors import EXIT_STOP
from runtime.kafka.topics import create_topics
from schemas.registry import SchemaRegistry
from schemas.topics import STREAM_CHECKPOINTS, TOPICS
from streams.stage import STAGE
from streams.state.version import OLDEST_READ
from tests.support import simulated
from tests.support.clusters import cluster_of, installation_of
from tests.support.played_pipeline import PlayedPipeline, played_pipeline
from tests.support.waiting import eventually
from workers.operations.rebuild.restart import remake

CAMERAS = ["sim-0"]
NO_STORE = {"WARDSTREAM_CHECKPOINTS__ARCHIVE__URL": "file:///dev/null/objects"}
"""Archives fail with this setting, which stops no process."""


def newest(pipeline: PlayedPipeline) -> dict[bytes, bytes]:
    """The records of the newest checkpoint."""
    log = LogReader(cluster_of(pipeline.settings))
    return newest_records(log, cluster_of(pipeline.settings).name(STREAM_CHECKPOINTS), 0)


def put_back(pipeline: PlayedPipeline, records: dict[bytes, bytes]) -> None:
    """Make a checkpoint the newest one, as of an old release that was killed after it."""
    settings = pipeline.settings
    name = cluster_of(settings).name(STREAM_CHECKPOINTS)
    old = {
        key: bytes((OLDEST_READ - 1,)) + value[1:]
        for key, value in records.items()
        if key != HEAD_KEY
    }
    sums = {key.decode(): checksum(value) for key, value in old.items()}
    head = msgspec.structs.replace(decode_head(records[HEAD_KEY]), entities=sums)
    stage = f"{settings.topic_prefix}{STAGE}-0"
    claim = Claim(cluster_of(settings), name, 0, stage)
    claim.commit([*old.items(), (HEAD_KEY, encode_head(head))])
    claim.close()


def wardstream(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers.cli", *arguments],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.fixture
def pipeline(environment: dict[str, str], tmp_path: Path):  # type: ignore[no-untyped-def]
    with played_pipeline(environment, tmp_path) as played:
        create_topics(cluster_of(played.settings))
        registry = SchemaRegistry(played.settings.registry_url)
        for topic in TOPICS.values():
            if topic.avro:
                registry.register(topic)
        simulated.register(played.settings, CAMERAS)
        yield played


def test_a_refused_checkpoint_names_the_command_that_makes_the_pipeline_go_on(
    pipeline: PlayedPipeline, environment: dict[str, str]
) -> None:
    feed = simulated.Feed(pipeline.settings, CAMERAS, 20, seed=3)
    pipeline.supervisor.start(Worker(name="before", command=("stream",), environment=NO_STORE))
    pipeline.supervisor.wait_ready("before", 180)
    feed.send(100)
    eventually(pipeline.checkpointed, 90, "the first checkpoint")
    kept = newest(pipeline)
    feed.send(20)
    eventually(pipeline.checkpointed, 90, "what was sent behind it")
    pipeline.supervisor.stop("before")
    put_back(pipeline, kept)
    feed.send(50)

    refused = wardstream({**environment, **NO_STORE}, "stream")
    assert refused.returncode == EXIT_STOP
    [command] = re.findall(r"`wardstream ([^`]*)`", refused.stdout + refused.stderr)[:1]
    own = {**environment, "WARDSTREAM_INGEST__OBJECT_STORE_URL": pipeline.folder.resolve().as_uri()}
    made = wardstream(own, *command.split(), "--why", "upgrade")

    assert (made.returncode, made.stderr) == (0, "")
    assert "partition 0: folded cold from 0" in made.stdout
    pipeline.supervisor.start(Worker(name="after", command=("stream",), environment=NO_STORE))
    feed.send()
    eventually(pipeline.checkpointed, 90, "the last checkpoint")
    assert pipeline.difference_from_oracle() is None
    assert "checkpoints.not_archived" in (pipeline.folder / "logs" / "before.log").read_text()
    again = remake(installation_of(pipeline.settings), "test", "again")
    assert list(again) == ["partition 0: its checkpoint is read, nothing to do"]
