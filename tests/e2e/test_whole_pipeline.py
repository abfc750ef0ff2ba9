"""One clip through the real line, looked at from outside."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from deploy.local import extras
from runtime.kafka.reader import read_topic
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, ZONE_EVENTS
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import PlayedPipeline

HOG = ("--backend", "hog", "--mode", "record")
RECORDED = ("--mode", "record", "--fps", "5", "--pace", "asap", "--start-time", "1780000000")


@pytest.fixture
def played(pipeline: PlayedPipeline, clip: Path) -> PlayedPipeline:
    """The clip, played to its end as fast as the line takes it."""
    pipeline.register(clip)
    pipeline.start(HOG)
    pipeline.play(*RECORDED)
    pipeline.settle()
    return pipeline


def frames_that_ffprobe_counts(clip: Path) -> int:
    """Frames of a clip by another program than ours."""
    command = [str(extras.ffprobe()), "-v", "error", "-count_frames", "-select_streams", "v:0"]
    command += ["-show_entries", "stream=nb_read_frames", "-of", "json", str(clip)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(json.loads(answer.stdout)["streams"][0]["nb_read_frames"])


@pytest.mark.timeout(300)
def test_a_clip_becomes_tracks_zones_coverage_and_rows(played: PlayedPipeline, clip: Path) -> None:
    """Everything that the README promises, on one run of the real line."""
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
def test_the_fold_is_the_same_bytes_with_any_hash_seed(
    played: PlayedPipeline, environment: dict[str, str]
) -> None:
    """Python orders sets by hash; nothing that is written may depend on that."""
    answers = []
    for seed in ("0", "1", "4711"):
        answer = subprocess.run(
            [sys.executable, "-c", FOLD, json.dumps(environment)],
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
        )
        assert answer.returncode == 0, answer.stderr
        answers.append(json.loads(answer.stdout))

    assert answers[0] == answers[1] == answers[2]
    assert len(set(answers[0].values())) >= 4, "the digests tell topics apart"
