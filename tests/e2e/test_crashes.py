"""`kill -9` of each process while a clip plays: the same digests as an undisturbed run."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.launcher import Worker
from schemas.topics import FRAMES
from tests.conftest import Services, separate_environment
from tests.e2e import simulated
from tests.e2e.played_line import PlayedLine, digest, mutant, played_line, wait_until
from workers.line import WORKERS, prepare
from workers.sinks.timescale.tables import DERIVED_TABLES
from workers.sinks.verify import table_digest

HOG = ("--backend", "hog", "--mode", "record")
RECORDED = ("--mode", "record", "--fps", "5", "--start-time", "1780000000")
PAUSE_S = 2.0


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


def written(line: PlayedLine) -> Written:
    """Take the digests of a settled line."""
    dsn = line.settings.database_url.get_secret_value()
    return Written(
        topics={name: digest(fold) for name, fold in line.folds().items()},
        tables={table.name: table_digest(dsn, table.name) for table in DERIVED_TABLES},
        frames={key: len(bodies) for key, bodies in line.fold(FRAMES).items()},
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
        played_line(environment, tmp_path_factory.mktemp("undisturbed")) as line,
    ):
        line.register(clip)
        line.start(HOG)
        line.play(*RECORDED, "--pace", "asap")
        line.settle()
        assert line.difference_from_oracle() is None
        yield written(line)


@pytest.mark.timeout(400)
def test_killing_each_process_in_turn_changes_nothing(
    undisturbed: Written, line: PlayedLine, clip: Path
) -> None:
    line.register(clip)
    line.start(HOG)
    line.play(*RECORDED)
    landed = []
    for name in ("ingest", *WORKERS):
        time.sleep(PAUSE_S)
        landed.append(line.supervisor.alive("ingest"))
        line.supervisor.kill(name)
        line.supervisor.restart(name)
    line.settle()

    assert sum(landed) >= 5, "the kills must land while the clip plays"
    assert line.difference_from_oracle() is None
    assert line.difference_of_tables() is None
    disturbed = written(line)
    assert disturbed.frames == undisturbed.frames
    assert disturbed.topics == undisturbed.topics
    assert disturbed.tables == undisturbed.tables


CAMERAS = ["sim-0", "sim-1"]
ROUNDS = 2
FRAMES_A_ROUND = 40


def fold_through_kills(line: PlayedLine, program: Sequence[str]) -> None:
    """Let a stream processor fold a simulated ward, killed after each round's checkpoint."""
    prepare(line.settings)
    simulated.register(line.settings, CAMERAS)
    line.supervisor.start(
        Worker(
            name="stream",
            command=("stream",),
            program=program,
            environment={"WARDSTREAM_STREAM__SESSION_TIMEOUT_S": "2"},
        )
    )
    feed = simulated.Feed(line.settings, CAMERAS, ROUNDS * FRAMES_A_ROUND / 10, seed=3)
    for _ in range(ROUNDS):
        for _ in range(4):
            feed.send(FRAMES_A_ROUND // 4)
            wait_until(line.checkpointed, 60, "a checkpoint")
        line.supervisor.kill("stream")
        line.supervisor.restart("stream")
    feed.send()
    wait_until(line.checkpointed, 60, "the last checkpoint")
    line.supervisor.stop("stream")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutation", ["unfenced", "checkpoint-first"])
def test_the_comparison_sees_a_stream_processor_that_is_wrong(
    line: PlayedLine, mutation: str
) -> None:
    """Without its fences, or with checkpoints before outputs, a kill shows."""
    fold_through_kills(line, mutant(mutation))

    assert line.differs(), f"nobody noticed {mutation}"
