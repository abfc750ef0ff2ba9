"""One clip through the real pipeline, seen from outside: undisturbed, and with `kill -9`."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest

from deploy.local import extras
from runtime.kafka.reader import read_topic
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, FRAMES, ZONE_EVENTS
from tests.support.clusters import cluster_of
from tests.support.digests import table_digest
from tests.support.played_pipeline import PlayedPipeline, digest, played_pipeline
from tests.support.services import Services, separate_environment
from tests.support.waiting import eventually
from workers.local.pipeline import WORKERS
from workers.storage.timescale.tables import DERIVED_TABLES

HOG = ("--backend", "hog", "--mode", "record")
RECORDED = ("--mode", "record", "--fps", "5", "--start-time", "1780000000")


@dataclass(frozen=True)
class Undisturbed:
    """A pipeline that has processed the clip, and whose processes have ended.

    Attributes:
        pipeline: The pipeline.
        environment: Settings by which a process finds its topics and tables.
    """

    pipeline: PlayedPipeline
    environment: dict[str, str]


@pytest.fixture(scope="module")
def undisturbed(
    services: Services,
    database_template: str,
    clip: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Undisturbed]:
    """The clip, played to its end as fast as the pipeline takes it."""
    with (
        separate_environment(services, database_template) as environment,
        played_pipeline(environment, tmp_path_factory.mktemp("undisturbed")) as pipeline,
    ):
        pipeline.register(clip)
        pipeline.start(HOG)
        pipeline.play(*RECORDED, "--pace", "asap")
        pipeline.settle()
        pipeline.supervisor.stop_all()
        yield Undisturbed(pipeline, environment)


def frames_that_ffprobe_counts(clip: Path) -> int:
    """Number of frames of a clip by a program of somebody else."""
    command = [str(extras.ffprobe()), "-v", "error", "-count_frames", "-select_streams", "v:0"]
    command += ["-show_entries", "stream=nb_read_frames", "-of", "json", str(clip)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(json.loads(answer.stdout)["streams"][0]["nb_read_frames"])


@pytest.mark.timeout(400)
def test_a_clip_becomes_tracks_zones_coverage_and_rows(
    undisturbed: Undisturbed, clip: Path
) -> None:
    """Everything that the README promises, in one run of the real pipeline."""
    played = undisturbed.pipeline
    frames = frames_that_ffprobe_counts(clip)
    codec = SchemaRegistry(played.settings.registry_url).reader(DETECTIONS)
    records = [codec.decode(m.value()) for m in read_topic(cluster_of(played.settings), DETECTIONS)]

    outcomes = Counter(record["outcome"] for record in records)
    for ledger in played.ledgers():
        assert sum(ledger["outcomes"].values()) == ledger["read"] == frames
    sent = sum(ledger["outcomes"]["sent"] for ledger in played.ledgers())
    thinned = sum(ledger["outcomes"]["thinned"] for ledger in played.ledgers())
    assert outcomes["DETECTED"] == sent
    assert sent + thinned == 2 * frames
    assert outcomes["SKIPPED"] == outcomes["FAILED"] == 0

    assert played.difference_from_oracle() is None
    assert played.difference_of_tables() is None

    events = [
        SchemaRegistry(played.settings.registry_url).reader(ZONE_EVENTS).decode(m.value())
        for m in read_topic(cluster_of(played.settings), ZONE_EVENTS)
    ]
    kinds = Counter(event["kind"] for event in events)
    assert kinds["ENTERED"] > 0
    assert kinds["ENTERED"] == kinds["LEFT"], "everybody has left when the clip is over"
    with psycopg.connect(played.settings.database_url.get_secret_value()) as connection:
        stays = connection.execute("SELECT count(*) FROM zone_stays").fetchone()
        known = connection.execute("SELECT max(identified) FROM zone_occupancy").fetchone()
        people = connection.execute(
            "SELECT (SELECT count(*) FROM tracks WHERE confirmed_at IS NOT NULL),"
            " (SELECT count(*) FROM links), (SELECT count(*) FROM track_paths)"
        ).fetchone()
    assert stays == (kinds["ENTERED"],)
    assert people is not None
    confirmed, linked, paths = people
    assert (linked > 0, paths) == (True, confirmed - linked), "each link joins two paths"
    assert known == (0,), "nobody is identified without a badge, whatever the roster says"


FOLD = """
import sys
from runtime.clock import SystemClock
from runtime.kafka.cluster import Cluster
from streams.processor.pipeline_settings import pipeline_settings
from tests.support.played_pipeline import digest
from workers.local.pipeline import settings_of
from workers.operations.verification.oracle import fold_detections
import json
settings = settings_of(json.loads(sys.argv[1]))
folds = fold_detections(Cluster.of(settings, SystemClock()), pipeline_settings(settings))
print(json.dumps({name: digest(fold) for name, fold in sorted(folds.items())}))
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "seeds",
    [("0", "1"), pytest.param(("0", "1", "4711"), marks=pytest.mark.chaos_long)],
    ids=["two", "three"],
)
def test_the_fold_is_the_same_bytes_with_any_hash_seed(
    undisturbed: Undisturbed, seeds: tuple[str, ...]
) -> None:
    """Python orders sets by hash, and no output may depend on that."""
    answers = []
    for seed in seeds:
        answer = subprocess.run(
            [sys.executable, "-c", FOLD, json.dumps(undisturbed.environment)],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
        )
        assert answer.returncode == 0, answer.stderr
        answers.append(json.loads(answer.stdout))

    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0].values())) >= 4, "the digests tell topics apart"


@dataclass(frozen=True)
class Written:
    """The outputs of a run.

    Attributes:
        topics: Digest of each derived topic's fold.
        tables: Digests by key of each derived table.
        frames: Distinct frames in the log, by camera.
    """

    topics: dict[str, str]
    tables: dict[str, dict[str, str]]
    frames: dict[str, int]


def written(pipeline: PlayedPipeline) -> Written:
    """Take the digests of a settled pipeline."""
    dsn = pipeline.settings.database_url.get_secret_value()
    return Written(
        topics={name: digest(fold) for name, fold in pipeline.folds().items()},
        tables={table.name: table_digest(dsn, table.name) for table in DERIVED_TABLES},
        frames={key: len(bodies) for key, bodies in pipeline.fold(FRAMES).items()},
    )


@pytest.mark.timeout(400)
def test_killing_each_process_in_turn_changes_nothing(
    undisturbed: Undisturbed, pipeline: PlayedPipeline, clip: Path
) -> None:
    expected = written(undisturbed.pipeline)
    pipeline.register(clip)
    pipeline.start(HOG)
    pipeline.play(*RECORDED)
    whole = sum(expected.frames.values())

    def played(share: float) -> bool:
        """Whether that share of the clip is in the log."""
        return pipeline.frames() >= share * whole

    landed = []
    injected = ("ingest", *WORKERS)
    for number, name in enumerate(injected, 1):
        share = number / (len(injected) + 2)
        eventually(partial(played, share), 90, f"{share:.0%} of the clip")
        landed.append(pipeline.supervisor.alive("ingest"))
        pipeline.supervisor.kill(name)
        pipeline.supervisor.restart(name)
    pipeline.settle()

    assert sum(landed) >= 5, "the kills must land while the clip plays"
    assert pipeline.difference_from_oracle() is None
    assert pipeline.difference_of_tables() is None
    disturbed = written(pipeline)
    assert disturbed.frames == expected.frames
    assert disturbed.topics == expected.topics
    assert disturbed.tables == expected.tables
