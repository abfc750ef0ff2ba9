"""`kill -9` of each process while a clip plays: the same digests as an undisturbed run."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from schemas.topics import FRAMES
from tests.support.digests import table_digest
from tests.support.played_pipeline import PlayedLine, digest, played_line, wait_until
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
    whole = sum(undisturbed.frames.values())

    def played(share: float) -> bool:
        """Whether so much of the clip is in the log."""
        return line.frames() >= share * whole

    landed = []
    struck = ("ingest", *WORKERS)
    for number, name in enumerate(struck, 1):
        share = number / (len(struck) + 2)
        wait_until(partial(played, share), 90, f"{share:.0%} of the clip")
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
