"""A burst of more frames than inference can take or hold, whatever the machine's speed.

All frames are in the log before inference starts, so it is an overload on any machine. The test
looks at the outcome of each frame, and at the memory used.
"""

import hashlib
from collections import defaultdict
from pathlib import Path

import httpx
import numpy as np
import pytest
import simplejpeg

from deploy.local.launcher import Supervisor, Worker
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic, spans
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import ALERTS, DETECTIONS, FRAMES, TOPICS
from tests.support import simulated
from tests.support.clusters import cluster_of
from tests.support.inference_ward import frame
from tests.support.waiting import eventually
from workers.observation.alert_log import read_alerts

CAMERAS = ["sim-0", "sim-1"]
PICTURES = 400
"""Number of frames of each camera."""

PICTURE_BYTES = 512 * 1024
BOUND_MIB = 300.0
"""Most memory for the client (32 MiB and a fetch), the queue before the detector (64 frames), and
the copies that decoding makes; the burst alone is larger."""

DEADLINE_S = 200.0
ALERT = "overload/stage/infer"


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """Settings of a pipeline with two cameras."""
    settings = Settings(
        kafka_bootstrap=environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=environment["WARDSTREAM_TOPIC_PREFIX"],
    )
    create_topics(cluster_of(settings))
    registry = SchemaRegistry(settings.registry_url)
    registry.register_all([topic for topic in TOPICS.values() if topic.avro])
    simulated.register(settings, CAMERAS)
    return settings


def picture() -> bytes:
    """A picture without people, padded with comments to the size of a camera's largest pictures."""
    chance = np.random.default_rng(3)
    noise = chance.integers(0, 255, (simulated.HEIGHT // 8, simulated.WIDTH // 8, 3), np.uint8)
    pixels = np.ascontiguousarray(noise.repeat(8, axis=0).repeat(8, axis=1))
    data: bytes = simplejpeg.encode_jpeg(pixels, quality=80, colorspace="BGR")
    comments = b""
    while len(data) + len(comments) < PICTURE_BYTES:
        comment = chance.bytes(60_000)
        comments += b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    return data[:2] + comments + data[2:]


def send(settings: Settings, data: bytes, seqs: range) -> None:
    """Append frames of every camera in turn."""
    codec = SchemaRegistry(settings.registry_url).writer(FRAMES)
    producer = ReliableProducer(cluster_of(settings))
    size = {"width": simulated.WIDTH, "height": simulated.HEIGHT}
    for seq in seqs:
        for camera in CAMERAS:
            record = frame(camera, seq, data, sha256=hashlib.sha256(data).hexdigest(), **size)
            producer.produce(
                cluster_of(settings).name(FRAMES), key=camera, value=codec.encode(record)
            )
    producer.flush()


def answered(settings: Settings) -> int:
    return sum(end for _, end in spans(cluster_of(settings), DETECTIONS).values())


def most_mib(pid: int) -> float:
    """Peak memory of a process, MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


@pytest.mark.timeout(400)
def test_a_burst_is_skipped_counted_and_reported_within_its_bounds(
    settings: Settings, supervisor: Supervisor
) -> None:
    data = picture()
    infer = Worker(name="infer", command=("infer", "--backend", "hog", "--mode", "live"))
    supervisor.start(infer, ready_deadline_s=DEADLINE_S)
    send(settings, data, range(1, 3))
    eventually(lambda: answered(settings) == 2 * len(CAMERAS), DEADLINE_S)
    idle_mib = most_mib(supervisor.pid("infer"))
    supervisor.stop("infer")
    supervisor.start(Worker(name="watchdog", command=("watchdog",)))
    send(settings, data, range(3, PICTURES + 1))
    url = f"http://127.0.0.1:{supervisor.metrics_port('watchdog')}/healthz"
    eventually(lambda: supervisor.ready("watchdog"), DEADLINE_S)
    eventually(lambda: httpx.get(url, timeout=30).json().get("lease") == "leader", DEADLINE_S)

    supervisor.start(infer)
    eventually(lambda: answered(settings) >= PICTURES * len(CAMERAS), DEADLINE_S)
    grown_mib = most_mib(supervisor.pid("infer")) - idle_mib
    codec = SchemaRegistry(settings.registry_url).reader(ALERTS)
    eventually(lambda: ALERT in read_alerts(cluster_of(settings), codec, 60.0), DEADLINE_S)

    outcomes = SchemaRegistry(settings.registry_url).reader(DETECTIONS)
    found = defaultdict(list)
    for message in read_topic(cluster_of(settings), DETECTIONS):
        record = outcomes.decode(message.value())
        found[record["camera_id"]].append(record)
    for camera in CAMERAS:
        assert [one["frame_seq"] for one in found[camera]] == list(range(1, PICTURES + 1))
        kinds = [one["outcome"] for one in found[camera]]
        assert set(kinds) == {"DETECTED", "SKIPPED"}
        assert {one["reason"] for one in found[camera] if one["outcome"] == "SKIPPED"} == {
            "newer_frame"
        }
        assert kinds[-1] == "DETECTED", "the newest wins"
        assert kinds.count("SKIPPED") > kinds.count("DETECTED")
    assert grown_mib < BOUND_MIB < PICTURES * len(CAMERAS) * PICTURE_BYTES / 2**20
