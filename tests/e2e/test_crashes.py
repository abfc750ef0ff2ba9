"""`kill -9` of each process while a clip plays: the same digests as an undisturbed run."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from schemas.topics import FRAMES
from tests.support.digests import table_digest
from tests.support.played_pipeline import PlayedPipeline, digest, played_pipeline, wait_until
from tests.support.services import Services, separate_environment
from workers.local.pipeline import WORKERS
from workers.storage.timescale.tables import DERIVED_TABLES

HOG = ("--backend", "hog", "--mode", "record")
RECORDED = ("--mode", "record", "--fps", "5", "--start-time", "1780000000")


@dataclass(frozen=True)
class Written:
    """What a run left behind.

    Attributes:
        topics: A digest of each derived topic's fold.
        tables: Digests by key of each derived table.
        frames: Frames in the log by camera, each once.
    """

    topics: dict[str, str]
    tables: dict[str, dict[str, str]]
    frames: dict[str, int]


def written(pipeline: PlayedPipeline) -> Written:
    """Take the digests of a settled line."""
    dsn = pipeline.settings.database_url.get_secret_value()
    return Written(
        topics={name: digest(fold) for name, fold in pipeline.folds().items()},
        tables={table.name: table_digest(dsn, table.name) for table in DERIVED_TABLES},
        frames={key: len(bodies) for key, bodies in pipeline.fold(FRAMES).items()},
    )


@pytest.fixture(scope="module")
def undisturbed(
    services: Services,
    database_template: str,
    clip: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Written]:
    """The clip, played with nothing in its way."""
    with (
        separate_environment(services, database_template) as environment,
        played_pipeline(environment, tmp_path_factory.mktemp("undisturbed")) as pipeline,
    ):
        pipeline.register(clip)
        pipeline.start(HOG)
        pipeline.play(*RECORDED, "--pace", "asap")
        pipeline.settle()
        assert pipeline.difference_from_oracle() is None
        yield written(pipeline)


@pytest.mark.timeout(400)
def test_killing_each_process_in_turn_changes_nothing(
    undisturbed: Written, pipeline: PlayedPipeline, clip: Path
) -> None:
    pipeline.register(clip)
    pipeline.start(HOG)
    pipeline.play(*RECORDED)
    whole = sum(undisturbed.frames.values())

    def played(share: float) -> bool:
        """Whether so much of the clip is in the log."""
        return pipeline.frames() >= share * whole

    landed = []
    injected = ("ingest", *WORKERS)
    for number, name in enumerate(injected, 1):
        share = number / (len(injected) + 2)
        wait_until(partial(played, share), 90, f"{share:.0%} of the clip")
        landed.append(pipeline.supervisor.alive("ingest"))
        pipeline.supervisor.kill(name)
        pipeline.supervisor.restart(name)
    pipeline.settle()

    assert sum(landed) >= 5, "the kills must land while the clip plays"
    assert pipeline.difference_from_oracle() is None
    assert pipeline.difference_of_tables() is None
    disturbed = written(pipeline)
    assert disturbed.frames == undisturbed.frames
    assert disturbed.topics == undisturbed.topics
    assert disturbed.tables == undisturbed.tables
