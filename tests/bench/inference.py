"""Frames a second and milliseconds a frame through Kafka, beside the bare detector.

    python tests/bench/inference.py [--frames 400] [--backend openvino] [--threads 1]
                                    [--services-env FILE]

Two measurements. Backlog: record mode works off frames that lie ready; the bare loop decodes and
detects the same JPEGs in one thread, once before and once after, so that a busy neighbour slows
both. Live: two cameras of 10 frames/s for some seconds, from the frame handed to the producer to
its outcome in a consumer. Starts its own services unless it is given some. Prints Markdown.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import simplejpeg
from confluent_kafka import TopicPartition

from deploy.local.launcher import LocalServices
from models.datasets.video import read_frames
from models.detectors.detector import Detector
from runtime.clock import SystemClock
from runtime.process.settings import Settings
from schemas.records.frames import DetectionOutcome
from schemas.topics import DETECTIONS
from tests.support.clusters import cluster_of
from tests.support.inference_ward import FRAME_US, PARTITION_OF, Ward, frame, inferring, jpeg
from tests.support.paths import ROOT
from workers.inference.process import detector_of

CLIP = ROOT.parent / "shared" / "data" / "video" / "vtest" / "vtest.avi"
CAMERAS = ("bed-1", "door")


@contextmanager
def services(state: Path | None) -> Iterator[dict[str, str]]:
    """Settings of running services."""
    if state is not None:
        yield json.loads(state.read_text())["environment"]
        return
    with (
        tempfile.TemporaryDirectory(prefix="wardstream-bench-") as folder,
        LocalServices(Path(folder), components=("kafka", "registry")) as started,
    ):
        yield started.environment


def jpegs(clip: Path, count: int) -> list[bytes]:
    """The clip's first frames as ingest would send them, or noise where there is no clip."""
    if not clip.exists():
        return [jpeg(seed) for seed in range(count)]
    pictures = islice(read_frames(clip), count)
    encoded = [simplejpeg.encode_jpeg(one, quality=85, colorspace="BGR") for one in pictures]
    return list(islice(cycle(encoded), count))


class Cost(NamedTuple):
    """What one frame costs."""

    wall_ms: float
    cpu_ms: float


def bare_loop(detector: Detector, pixels: list[bytes], batch: int) -> Cost:
    """Decode and detect in one thread."""
    started_s, cpu_s = time.perf_counter(), time.process_time()
    for start in range(0, len(pixels), batch):
        part = pixels[start : start + batch]
        detector.detect([simplejpeg.decode_jpeg(one, colorspace="BGR") for one in part])
    wall_s, cpu_s = time.perf_counter() - started_s, time.process_time() - cpu_s
    return Cost(wall_s / len(pixels) * 1e3, cpu_s / len(pixels) * 1e3)


def backlog(ward: Ward, pixels: list[bytes], **options: object) -> Cost:
    """Through Kafka: time between the first batch of outcomes and the last; CPU of the process.

    CPU counts the start of the worker too: use many frames.
    """
    ward.send(*[sized(CAMERAS[n % 2], n, one) for n, one in enumerate(pixels)])
    cpu_s = time.process_time()
    with inferring(ward, mode="record", **options):
        # Looking often would take the interpreter from the worker's thread.
        ward.await_that(lambda: ward.count() >= len(pixels), "all outcomes", 600, poll_every_s=1.0)
    cpu_s = time.process_time() - cpu_s
    times = sorted(one["inferred_us"] for outcomes in ward.outcomes().values() for one in outcomes)
    after_the_first = len(times) - times.count(times[0])
    return Cost((times[-1] - times[0]) / 1e3 / after_the_first, cpu_s / len(pixels) * 1e3)


def sized(camera_id: str, seq: int, data: bytes, **given: object):  # type: ignore[no-untyped-def]
    """A frame whose size is that of its JPEG."""
    height, width = simplejpeg.decode_jpeg_header(data)[:2]
    return frame(camera_id, seq, data, width=width, height=height, **given)


def live(ward: Ward, pixels: list[bytes], seconds: int, **options: object) -> tuple[str, str]:
    """Latency in ms as a table cell, and outcomes by kind."""
    clock = SystemClock()
    latencies: list[float] = []
    kinds: Counter[str] = Counter()
    reader = ward.registry.reader(DETECTIONS)
    name = cluster_of(ward.settings).name(DETECTIONS)
    consumer = cluster_of(ward.settings).consumer("bench", **{"fetch.wait.max.ms": 10})
    ends = ward.ends(DETECTIONS)
    consumer.assign([TopicPartition(name, one, ends[one]) for one in PARTITION_OF.values()])
    expected = seconds * 10 * len(CAMERAS)

    def watch() -> None:
        deadline_s = time.monotonic() + seconds + 60
        while sum(kinds.values()) < expected and time.monotonic() < deadline_s:
            message = consumer.poll(0.1)
            if message is None or message.error() is not None:
                continue
            outcome: DetectionOutcome = reader.decode(message.value())
            kinds[outcome["outcome"]] += 1
            if outcome["outcome"] == "DETECTED":
                latencies.append((clock.now_us() - outcome["captured_us"]) / 1e3)

    watching = threading.Thread(target=watch)
    with inferring(ward, mode="live", **options) as worker:
        ward.await_that(lambda: "partitions" in worker.service.health.detail, "assignment", 60)
        watching.start()
        started_s = time.monotonic()
        for seq in range(seconds * 10):
            for camera_id in CAMERAS:
                at_us = clock.now_us()
                ward.put(
                    camera_id,
                    ward.encode(
                        sized(camera_id, seq, pixels[seq % len(pixels)], captured_us=at_us)
                    ),
                )
            time.sleep(max(0.0, started_s + (seq + 1) * FRAME_US / 1e6 - time.monotonic()))
        watching.join()
    consumer.close()
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    return f"{p50:.0f} / {p95:.0f} / {p99:.0f}", str(dict(kinds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--clip", type=Path, default=CLIP)
    parser.add_argument("--services-env", type=Path)
    given = parser.parse_args()
    options = {
        "backend": given.backend,
        "threads": given.threads,
        "batch_size": given.batch_size,
    }
    pixels = jpegs(given.clip, given.frames)
    with services(given.services_env) as environment, tempfile.TemporaryDirectory() as objects:
        os.environ |= environment
        os.environ["WARDSTREAM_INGEST__OBJECT_STORE_URL"] = f"file://{objects}"
        os.environ["WARDSTREAM_TOPIC_PREFIX"] = f"bench{uuid.uuid4().hex[:8]}."
        os.environ["WARDSTREAM_LOG_LEVEL"] = "warning"
        ward = Ward(Settings())
        detector = detector_of(ward.with_inference(**options).inference)
        try:
            bare_loop(detector, pixels[:16], given.batch_size)
            before = bare_loop(detector, pixels, given.batch_size)
            through = backlog(ward, pixels, **options)
            after = bare_loop(detector, pixels, given.batch_size)
            latency, kinds = live(ward, pixels, given.seconds, **options)
        finally:
            ward.close()
    bare = Cost(*(sum(pair) / 2 for pair in zip(before, after, strict=True)))
    model = detector.describe()
    title = (
        f"{model['name']} on {model['runtime']}, {given.threads} threads, {len(pixels)} frames "
        f"of {len(pixels[0]) // 1024} KiB, batches of {given.batch_size}"
    )
    lines = [
        title,
        "",
        "| | ms a frame | frames/s | x bare | CPU ms a frame | x bare |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {cost.wall_ms:.1f} | {1e3 / cost.wall_ms:.0f} "
            f"| {cost.wall_ms / bare.wall_ms:.2f} | {cost.cpu_ms:.1f} "
            f"| {cost.cpu_ms / bare.cpu_ms:.2f} |"
            for name, cost in (("decode and detect", bare), ("through Kafka", through))
        ),
        "",
        f"Live, 2 cameras x 10 frames/s, frame to outcome p50 / p95 / p99: {latency} ms; {kinds}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
