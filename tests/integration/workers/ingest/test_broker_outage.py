"""A broker is out of reach: record mode waits and loses nothing, live mode drops and reports it."""

import itertools
import os
import signal
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from deploy.local.launcher import LocalServices
from tests.integration.workers.ingest.following import following
from tests.integration.workers.ingest.ingest_run import START_US, IngestRun
from tests.support.clips import make_clip
from tests.support.waiting import eventually
from workers.ingest.feed import FeedConfig, Playback


@pytest.fixture(scope="module")
def outage_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServices]:
    """A broker that these tests may stop and kill."""
    folder = tmp_path_factory.mktemp("outage")
    with LocalServices(folder, components=["kafka", "registry"]) as started:
        yield started


@pytest.fixture
def outage_pipeline(outage_services: LocalServices, tmp_path: Path) -> Iterator[IngestRun]:
    environment = {
        **outage_services.environment,
        "WARDSTREAM_TOPIC_PREFIX": f"t{uuid.uuid4().hex[:8]}.",
    }
    started = IngestRun(environment, tmp_path)
    yield started
    started.close()


def has_frames(pipeline: IngestRun, number: int) -> bool:
    return sum(pipeline.ends().values()) >= number


def test_record_mode_loses_nothing_when_the_broker_is_killed(
    outage_services: LocalServices, outage_pipeline: IngestRun, tmp_path: Path
) -> None:
    pipeline = outage_pipeline
    clip = make_clip(tmp_path / "ward.mp4", 80)
    pipeline.register("ward")
    playback = Playback(start_us=START_US, pace="realtime", end_heartbeats=0)

    with following(
        pipeline, [FeedConfig(camera_id="ward", source=str(clip))], playback, mode="record"
    ) as worker:
        eventually(partial(has_frames, pipeline, 10), what="frames come")
        outage_services.kill("kafka")
        outage_services.restart("kafka")
        ledger = worker.result(60)["ward"]

    frames = pipeline.records()["ward"]
    assert ledger.outcomes == {"sent": 80}
    assert [frame["seq"] for frame in frames] == list(range(1, 81))
    assert [f["captured_us"] for f in frames] == [START_US + n * 100_000 for n in range(80)]


def test_live_mode_gives_up_what_comes_too_late_and_counts_it(
    outage_services: LocalServices, outage_pipeline: IngestRun, tmp_path: Path
) -> None:
    pipeline = outage_pipeline
    clip = make_clip(tmp_path / "ward.mp4", 120)
    pipeline.register("ward")
    playback = Playback(pace="realtime", end_heartbeats=0)
    broker = outage_services.pid("kafka")

    with following(
        pipeline, [FeedConfig(camera_id="ward", source=str(clip))], playback, mode="live"
    ) as worker:
        eventually(partial(has_frames, pipeline, 10), what="frames come")
        os.kill(broker, signal.SIGSTOP)
        try:
            eventually(lambda: worker.behind("ward") > 10, what="frames are given up")
        finally:
            os.kill(broker, signal.SIGCONT)
        ledger = worker.result(60)["ward"]

    frames = pipeline.records()["ward"]
    assert ledger.outcomes.total() == ledger.read == 120
    assert set(ledger.outcomes) == {"sent", "behind"}
    assert ledger.outcomes["sent"] == len(frames)
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    gaps_us = [b["captured_us"] - a["captured_us"] for a, b in itertools.pairwise(frames)]
    assert max(gaps_us) >= 1_000_000
    assert gaps_us[-3:] == [100_000] * 3, "it is back in step at the end"
