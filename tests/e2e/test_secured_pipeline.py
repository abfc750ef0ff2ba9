"""The whole pipeline on a secured broker, each process with its least rights."""

from pathlib import Path

import httpx
import psycopg
import pytest

from runtime.kafka.reader import spans
from schemas.topics import CAMERAS
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import PlayedPipeline, cut_clip
from tests.support.secured import NAMES, SecuredBroker, password

HOG = ("--backend", "hog", "--mode", "record")
RECORDED = ("--mode", "record", "--fps", "2", "--pace", "asap", "--start-time", "1780000000")

PRINCIPALS = {
    "ingest": "ingest",
    "infer": "inference",
    "stream": "stream",
    "sink-timescale": "sink-timescale",
    "sink-redis": "sink-redis",
    "serve": "serving",
}
"""Principal of each process that the supervisor runs."""

CLIP_FRAMES = 80


@pytest.mark.timeout(180)
def test_a_clip_passes_through_a_pipeline_whose_processes_have_their_least_rights(
    pipeline: PlayedPipeline,
    environment: dict[str, str],
    run_prefix: str,
    clip: Path,
    tmp_path: Path,
) -> None:
    broker = SecuredBroker.of(environment, run_prefix)
    broker.make_users()
    broker.grant()
    pipeline.environments = {
        name: broker.environment(process) for name, process in PRINCIPALS.items()
    }

    pipeline.register(cut_clip(clip, tmp_path / "short.mp4", CLIP_FRAMES))
    pipeline.start(HOG)
    pipeline.play(*RECORDED)
    pipeline.settle()

    assert pipeline.difference_from_oracle() is None
    assert pipeline.difference_of_tables() is None
    with psycopg.connect(pipeline.settings.database_address) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM tracks").fetchone() == (True,)
    zones = httpx.get(f"{pipeline.board_url}api/v1/zones").json()["zones"]
    assert zones
    assert spans(cluster_of(pipeline.settings), CAMERAS)
    metrics = "".join(
        httpx.get(f"http://127.0.0.1:{pipeline.supervisor.metrics_port(name)}/metrics").text
        for name in PRINCIPALS
        if name != "ingest"
    )
    text = metrics + "".join(path.read_text() for path in pipeline.folder.rglob("*.log"))
    assert text
    assert not [name for name in NAMES if password(name) in text]
    assert "authoriz" not in text.lower(), "a right is missing that the table should have"
