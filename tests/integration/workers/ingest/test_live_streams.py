"""A live stream is read again after each loss, and its camera never falls silent."""

import itertools
from functools import partial
from pathlib import Path

import pytest
import simplejpeg
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.kafka.producer import ReliableProducer
from schemas.records.frames import Frame
from schemas.topics import FRAMES
from tests.integration.workers.ingest.camera import TcpCamera
from tests.integration.workers.ingest.following import HEARTBEAT_S, following
from tests.integration.workers.ingest.ingest_run import IngestRun
from tests.support.clips import make_clip, number_of
from tests.support.clusters import cluster_of
from tests.support.waiting import eventually
from workers.ingest.feed import FeedConfig, Playback, Region
from workers.ingest.publisher import empty_frame


@pytest.fixture
def stream_clip(tmp_path: Path) -> Path:
    options = {"tune": "zerolatency", "g": "10"}
    return make_clip(tmp_path / "camera.ts", 100, rate=20, options=options)


def count(pipeline: IngestRun, kind: str, camera_id: str = "ward") -> int:
    return sum(frame["kind"] == kind for frame in pipeline.records().get(camera_id, []))


def more_than(pipeline: IngestRun, kind: str, number: int) -> bool:
    return count(pipeline, kind) > number


def check_sequence(frames: list[Frame]) -> None:
    """Check what holds for every camera, whatever happened to its stream."""
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    times_us = [frame["captured_us"] for frame in frames]
    assert all(a < b for a, b in itertools.pairwise(times_us))
    assert all(abs(f["captured_us"] - f["received_us"]) < 2_000_000 for f in frames)


def test_a_lost_stream_is_heard_of_all_the_time_and_comes_back(
    pipeline: IngestRun, stream_clip: Path
) -> None:
    pipeline.register("ward")
    with (
        TcpCamera(stream_clip, seconds=5) as camera,
        following(pipeline, [FeedConfig(camera_id="ward", source=camera.url)]) as worker,
    ):
        eventually(partial(more_than, pipeline, "FRAME", 5), what="frames come")
        camera.unplug()
        beats = count(pipeline, "HEARTBEAT")
        eventually(partial(more_than, pipeline, "HEARTBEAT", beats + 4), what="heartbeats come")
        before = count(pipeline, "FRAME")
        camera.plug_in()
        eventually(partial(more_than, pipeline, "FRAME", before + 5), what="frames come again")
        ledger = worker.stop()["ward"]

    frames = pipeline.records()["ward"]
    check_sequence(frames)
    assert ledger.reconnects >= 1
    assert ledger.outcomes.total() == ledger.read
    assert ledger.outcomes["sent"] == count(pipeline, "FRAME")
    assert ledger.heartbeats == count(pipeline, "HEARTBEAT")
    assert ledger.outcomes["thinned"] > 0, "20 frames a second come, 10 are taken"
    silences_s = [
        (b["captured_us"] - a["captured_us"]) / 1e6 for a, b in itertools.pairwise(frames)
    ]
    assert sorted(silences_s)[-3] < 6 * HEARTBEAT_S, "a silent camera sends its time"
    images = [
        simplejpeg.decode_jpeg(pipeline.pixels(f), "BGR") for f in frames if f["kind"] == "FRAME"
    ]
    assert {number_of(image) for image in images} <= set(range(100))


def test_a_camera_that_never_answers_is_silent_and_not_an_error(pipeline: IngestRun) -> None:
    pipeline.register("ward")
    source = "tcp://127.0.0.1:1"
    with following(pipeline, [FeedConfig(camera_id="ward", source=source)]) as worker:
        eventually(partial(more_than, pipeline, "HEARTBEAT", 4), what="heartbeats come")
        ledger = worker.stop()["ward"]

    check_sequence(pipeline.records()["ward"])
    assert (ledger.read, count(pipeline, "FRAME")) == (0, 0)
    assert ledger.reconnects >= 1


def test_a_restarted_worker_continues_with_the_next_seq(
    pipeline: IngestRun, stream_clip: Path
) -> None:
    pipeline.register("ward")
    with TcpCamera(stream_clip, seconds=5) as camera:
        for run in range(2):
            before = count(pipeline, "FRAME")
            feeds = [FeedConfig(camera_id="ward", source=camera.url)]
            with following(pipeline, feeds) as worker:
                eventually(
                    partial(more_than, pipeline, "FRAME", before + 3), what=f"frames of run {run}"
                )
                worker.stop()

    check_sequence(pipeline.records()["ward"])


def test_a_second_process_of_a_camera_is_refused_and_the_first_continues(
    pipeline: IngestRun, stream_clip: Path
) -> None:
    pipeline.register("ward")
    with TcpCamera(stream_clip, seconds=5) as camera:
        feeds = [FeedConfig(camera_id="ward", source=camera.url)]
        with following(pipeline, feeds) as worker:
            eventually(partial(more_than, pipeline, "FRAME", 3), what="frames come")
            with pytest.raises(Stop, match="another process is serving camera ward: stop that one"):
                pipeline.run(feeds, Playback(), mode="live", heartbeat_s=HEARTBEAT_S)
            before = count(pipeline, "FRAME")
            eventually(
                partial(more_than, pipeline, "FRAME", before + 3), what="frames go on coming"
            )
            worker.stop()

    check_sequence(pipeline.records()["ward"])


def test_nothing_is_sent_while_the_log_is_ahead_of_the_clock(
    pipeline: IngestRun, stream_clip: Path
) -> None:
    """Records of a process with a wrong clock must not be made worse, nor hidden."""
    pipeline.register("ward")
    settings = pipeline.settings()
    ahead_us = SystemClock().now_us() + 3_600_000_000
    left = empty_frame(camera_id="ward", seq=1, captured_us=ahead_us, kind="HEARTBEAT")
    producer = ReliableProducer(cluster_of(settings))
    value = pipeline.registry.writer(FRAMES).encode(left)
    producer.produce(cluster_of(settings).name(FRAMES), key="ward", value=value)
    producer.flush(30)
    labels = {"camera_id": "ward", "outcome": "in_future"}
    before = REGISTRY.get_sample_value("wardstream_ingest_frames_total", labels) or 0

    def refused() -> float:
        now = REGISTRY.get_sample_value("wardstream_ingest_frames_total", labels) or 0
        return now - before

    with TcpCamera(stream_clip, seconds=5) as camera:
        feeds = [FeedConfig(camera_id="ward", source=camera.url)]
        with capture_logs() as logged, following(pipeline, feeds) as worker:
            eventually(lambda: refused() >= 5, what="frames are refused")
            ledger = worker.stop()["ward"]

    assert len(pipeline.records()["ward"]) == 1, "only what was there before"
    assert ledger.outcomes["sent"] == ledger.heartbeats == 0
    assert ledger.outcomes.total() == ledger.read
    errors = [entry["error"] for entry in logged if entry["event"] == "ingest.camera_in_future"]
    assert len(errors) == 1, "once, not with every frame"
    assert errors[0].startswith("camera ward: frames.captured.v1 holds its frames up to 3")


def test_one_stream_serves_two_cameras_over_one_connection(
    pipeline: IngestRun, stream_clip: Path
) -> None:
    halves = {"left": Region(width=0.5), "ward": Region(x=0.5, width=0.5)}
    for camera_id in halves:
        pipeline.register(camera_id, width=64)
    with TcpCamera(stream_clip, seconds=5) as camera:
        feeds = [FeedConfig(camera_id=n, source=camera.url, region=r) for n, r in halves.items()]
        with following(pipeline, feeds) as worker:
            eventually(partial(more_than, pipeline, "FRAME", 5), what="frames come")
            worker.stop()

        assert camera.connections == 1
    for camera_id in halves:
        check_sequence(pipeline.records()[camera_id])
