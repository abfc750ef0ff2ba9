"""One, two or four stream workers write the same bytes as a fold in one process."""

from pathlib import Path

import pytest

from deploy.local.launcher import Worker
from tests.support import simulated
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import PlayedPipeline, digest, played_pipeline
from tests.support.services import Services, separate_environment
from tests.support.waiting import eventually
from workers.local.pipeline import prepare

CAMERAS = [f"sim-{number}" for number in range(6)]
SECONDS = 20


def fold_with(pipeline: PlayedPipeline, workers: int) -> dict[str, str]:
    """Digests of the outputs of some number of workers for the simulated ward."""
    prepare(cluster_of(pipeline.settings), pipeline.settings.database_url.get_secret_value())
    simulated.register(pipeline.settings, CAMERAS)
    for number in range(workers):
        pipeline.supervisor.start(Worker(name=f"stream-{number}", command=("stream",)))
    for number in range(workers):
        pipeline.supervisor.wait_ready(f"stream-{number}", 180)
    simulated.Feed(pipeline.settings, CAMERAS, SECONDS, seed=7).send()
    eventually(pipeline.checkpointed, 180, "the last checkpoint")
    pipeline.supervisor.stop_all()
    assert pipeline.difference_from_oracle() is None
    return {name: digest(fold) for name, fold in pipeline.folds().items()}


@pytest.mark.timeout(600)
def test_any_number_of_workers_writes_the_same_bytes(
    services: Services, database_template: str, tmp_path: Path
) -> None:
    digests = {}
    for workers in (1, 2, 4):
        with (
            separate_environment(services, database_template) as environment,
            played_pipeline(environment, tmp_path / str(workers)) as pipeline,
        ):
            digests[workers] = fold_with(pipeline, workers)

    assert digests[1] == digests[2] == digests[4]
    assert len(set(digests[1].values())) >= 4, "the digests tell topics apart"
