"""One, two or four stream workers write the same bytes as a fold in one process."""

import itertools
from pathlib import Path

import pytest

from deploy.local.launcher import Worker
from runtime.kafka.producer import ReliableProducer
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, LINKS, PRESENCE
from tests.support.clusters import cluster_of
from tests.support.large_ward import cameras_of, register
from tests.support.played_pipeline import PlayedPipeline, digest, played_pipeline
from tests.support.services import Services, separate_environment
from tests.support.waiting import eventually
from tests.support.ward_reads import WardReads, append_reads
from tests.support.ward_source import Event, events
from workers.local.pipeline import prepare

CAMERAS = cameras_of(8, 3, [])
"""24 cameras on 8 floors; the people of every second floor are fused."""

SECONDS = 14.0


def fold_with(pipeline: PlayedPipeline, workers: int) -> dict[str, str]:
    """Digests of the outputs for a ward: half of the workers start in the middle of the input."""
    prepare(cluster_of(pipeline.settings), pipeline.settings.database_url.get_secret_value())
    partitions = register(pipeline.settings, CAMERAS)
    codec = SchemaRegistry(pipeline.settings.registry_url).writer(DETECTIONS)
    producer = ReliableProducer(cluster_of(pipeline.settings))
    name = cluster_of(pipeline.settings).name(DETECTIONS)

    def start(numbers: range) -> None:
        for number in numbers:
            pipeline.supervisor.start(Worker(name=f"stream-{number}", command=("stream",)))
        for number in numbers:
            pipeline.supervisor.wait_ready(f"stream-{number}", 180)

    def send(sent: list[Event]) -> None:
        for event in sent:
            key, partition = event.camera.camera_id, partitions[event.camera.floor_id]
            producer.produce(name, key=key, value=codec.encode(event.record), partition=partition)
        producer.flush()

    read = WardReads(CAMERAS, partitions, SECONDS, seed=7).between(0, round(SECONDS))
    append_reads(pipeline.settings, read)
    log = events(CAMERAS, SECONDS, seed=7)
    first = (workers + 1) // 2
    start(range(first))
    send(list(itertools.islice(log, 700)))
    eventually(lambda: pipeline.fold(LINKS) != {}, 180, "the first links")
    start(range(first, workers))
    send(list(log))
    eventually(pipeline.checkpointed, 180, "the last checkpoint")
    pipeline.supervisor.stop_all()
    assert pipeline.difference_from_oracle() is None
    links = [value for values in pipeline.fold(LINKS).values() for value in values]
    assert any(b"floor-1:" in value for value in links)
    assert any(b"badge floor-" in value for value in links)
    people = [value for values in pipeline.fold(PRESENCE).values() for value in values]
    assert any(b"-early" in value for value in people), "reads name somebody"
    return {name: digest(fold) for name, fold in pipeline.folds().items()}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "counts", [(1, 2), pytest.param((1, 2, 4), marks=pytest.mark.chaos_long)], ids=["two", "four"]
)
def test_any_number_of_workers_writes_the_same_bytes(
    services: Services, database_template: str, tmp_path: Path, counts: tuple[int, ...]
) -> None:
    digests = {}
    for workers in counts:
        with (
            separate_environment(services, database_template) as environment,
            played_pipeline(environment, tmp_path / str(workers)) as pipeline,
        ):
            digests[workers] = fold_with(pipeline, workers)

    assert all(digest == digests[1] for digest in digests.values())
    assert len(set(digests[1].values())) >= 4, "the digests tell topics apart"
