"""The whole pipeline on brokers that ask who connects, each process with its least rights."""

from pathlib import Path

import httpx
import psycopg
import pytest

from runtime.kafka.reader import spans
from schemas.topics import CAMERAS
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import PlayedLine, cut_clip
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
    line: PlayedLine, environment: dict[str, str], run_prefix: str, clip: Path, tmp_path: Path
) -> None:
    broker = SecuredBroker.of(environment, run_prefix)
    broker.make_users()
    broker.grant()
    line.environments = {name: broker.environment(process) for name, process in PRINCIPALS.items()}

    line.register(cut_clip(clip, tmp_path / "short.mp4", CLIP_FRAMES))
    line.start(HOG)
    line.play(*RECORDED)
    line.settle()

    assert line.difference_from_oracle() is None
    assert line.difference_of_tables() is None
    with psycopg.connect(line.settings.database_address) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM tracks").fetchone() == (True,)
    zones = httpx.get(f"{line.board_url}api/v1/zones").json()["zones"]
    assert zones
    assert spans(cluster_of(line.settings), CAMERAS)
    metrics = "".join(
        httpx.get(f"http://127.0.0.1:{line.supervisor.metrics_port(name)}/metrics").text
        for name in PRINCIPALS
        if name != "ingest"
    )
    said = metrics + "".join(path.read_text() for path in line.folder.rglob("*.log"))
    assert said
    assert not [name for name in NAMES if password(name) in said]
    assert "authoriz" not in said.lower(), "a right is missing that the table should have"
