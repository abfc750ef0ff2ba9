"""A process does not start from nothing where outputs exist and no checkpoint is left."""

import pytest

from deploy.local.launcher import Supervisor, Worker
from runtime.checkpoints import CheckpointDamaged
from runtime.errors import EXIT_STOP
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import STREAM_CHECKPOINTS, TOPICS, TRACKS
from streams.processor.log_guard import refuse_lost_checkpoints
from streams.stage import OUTPUTS
from tests.integration.log_loss.logs import append, make
from tests.support.clusters import cluster_of

PARTITION = 3


def test_outputs_without_their_checkpoint_are_refused_and_nothing_else_is(
    settings: Settings,
) -> None:
    make(settings, *OUTPUTS, STREAM_CHECKPOINTS)
    refuse_lost_checkpoints(cluster_of(settings))  # a pipeline that never sent anything starts

    append(settings, TRACKS, 1, PARTITION)
    with pytest.raises(CheckpointDamaged, match=r"no checkpoint of partition 3, whose records"):
        refuse_lost_checkpoints(cluster_of(settings))

    append(settings, STREAM_CHECKPOINTS, 1, PARTITION)
    refuse_lost_checkpoints(cluster_of(settings))


def test_the_process_ends_and_names_the_repair(
    settings: Settings, environment: dict[str, str], supervisor: Supervisor
) -> None:
    create_topics(cluster_of(settings))
    registry = SchemaRegistry(environment["WARDSTREAM_REGISTRY_URL"])
    registry.register_all([topic for topic in TOPICS.values() if topic.avro])
    append(settings, TRACKS, 1, PARTITION)
    supervisor.start(Worker(name="stream", command=("stream",)))

    assert supervisor.wait("stream", 180) == EXIT_STOP
    text = supervisor.log("stream").read_text()
    assert (
        f"{cluster_of(settings).name(STREAM_CHECKPOINTS)} holds no checkpoint of partition" in text
    )
