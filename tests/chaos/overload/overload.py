"""Send more frames than detection can take through the real pipeline, for some minutes.

First the capacity of the detector on one core is measured. Then as many cameras show the clip, live
and in a loop, as give at least three times that rate.
"""

import json
import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import av
import httpx
import numpy as np

from deploy.local.launcher import Worker
from deploy.services import WATCHED, process
from models.detectors.boxes import Image
from models.detectors.hog import HogDetector
from runtime.kafka.reader import read_topic
from schemas.registry import SchemaRegistry
from schemas.topics import DETECTIONS, FRAMES
from tests.chaos.pipeline.gauges import Sample, poll
from tests.chaos.pipeline.quantiles import quantile
from tests.support.clusters import cluster_of, desk_of
from tests.support.played_pipeline import HOUR_US, PlayedPipeline
from tests.support.waiting import eventually
from workers.ingest.sources.probe import probe_clip
from workers.local.demo.scenario import make_scenario
from workers.local.demo.ward import register_ward
from workers.local.pipeline import WORKERS, prepare

FPS: Final = 10.0
OVERLOAD: Final = 3.0
MARGIN: Final = 1.6
"""Allowance for a busy machine, which needs more processor time per frame."""

SAMPLE_S: Final = 2.0
WARM_S: Final = 30.0
"""First seconds of a process that are not measured: it loads code and compiles."""

DRAIN_S: Final = 180.0
_PROBE_FRAMES: Final = 24


def capacity_fps(clip: Path) -> float:
    """Frames that the fallback detector takes in a second of processor time.

    The pipeline has at most that much of one core, whatever else this machine does.
    """
    detector = HogDetector(threads=1)
    with av.open(str(clip)) as container:
        frames: list[Image] = []
        for frame in container.decode(video=0):
            frames.append(np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8))
            if len(frames) > _PROBE_FRAMES:
                break
    detector.detect(frames[:1])
    began_s = time.process_time()
    for image in frames[1:]:
        detector.detect([image])
    return (len(frames) - 1) / (time.process_time() - began_s)


@dataclass
class Outcome:
    """The result of an overload.

    Attributes:
        capacity_fps: Capacity of the detector on one core, frames/s.
        cameras: Number of cameras that showed the clip.
        seconds: Duration of the load, seconds.
        frames: Number of frames in the log, without heartbeats.
        counts: Number of outcomes by kind and reason.
        sent: Number of frames that ingest reports as sent.
        given_up: Number of frames that ingest gave up, by its ledger, by reason.
        delays_s: Time from the receipt of a detected frame to the append of its outcome, in the
            order of the log, seconds.
        samples: Samples of memory, by process.
        reported: Alerts of overload that the board has shown, in words.
        cleared: Whether the board showed none in the end.
        drained_s: Time from the end of the load to the last outcome, seconds.
    """

    capacity_fps: float
    cameras: int
    seconds: float = 0.0
    frames: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent: int = 0
    given_up: Counter[str] = field(default_factory=Counter)
    delays_s: list[float] = field(default_factory=list)
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    reported: set[str] = field(default_factory=set)
    cleared: bool = False
    drained_s: float = 0.0

    @property
    def overload(self) -> float:
        """Number of frames received for each one detected."""
        return self.frames / max(1, self.counts["DETECTED", ""])

    def growth_mib(self, name: str) -> float:
        """Growth of a process's memory over the load, from a line fitted to its samples, MiB.

        The first seconds of its life are left out.
        """
        samples = self.samples[name]
        late = [sample for sample in samples if sample.at_s - samples[0].at_s >= WARM_S]
        if len(late) < 5:
            return 0.0
        mean_at = sum(sample.at_s for sample in late) / len(late)
        mean_rss = sum(sample.rss_mib for sample in late) / len(late)
        across = sum((sample.at_s - mean_at) * (sample.rss_mib - mean_rss) for sample in late)
        along = sum((sample.at_s - mean_at) ** 2 for sample in late)
        return across / along * (late[-1].at_s - late[0].at_s)

    def report(self) -> str:
        """The figures, one per line."""
        detected = self.counts["DETECTED", ""]
        delays = self.delays_s or [0.0]
        lines = [
            (
                f"capacity of a core {self.capacity_fps:.1f} frames/s, {self.cameras} cameras of "
                f"{FPS:.0f}/s for {self.seconds:.0f} s: {self.overload:.1f} x what was detected"
            ),
            (
                f"{self.frames} frames = {detected} detected + "
                f"{self.counts['SKIPPED', 'newer_frame']} skipped + "
                f"{sum(n for (kind, _), n in self.counts.items() if kind == 'FAILED')} failed; "
                f"before the log: {dict(self.given_up)}"
            ),
            (
                f"delay of what was detected: p50 {quantile(delays, 0.5):.2f} s, "
                f"p99 {quantile(delays, 0.99):.2f} s, last third p50 "
                f"{quantile(delays[-max(1, len(delays) // 3) :], 0.5):.2f} s"
            ),
            f"caught up {self.drained_s:.1f} s after the load; board: {sorted(self.reported)}",
        ]
        for name, samples in self.samples.items():
            lines.append(
                f"{name:15} {samples[0].rss_mib:6.0f} MiB at first, {samples[-1].rss_mib:6.0f} at "
                f"last, most {max(s.rss_mib for s in samples):6.0f}; "
                f"trend over the load {self.growth_mib(name):+.1f} MiB"
            )
        return "\n".join(lines)


def overload(pipeline: PlayedPipeline, clip: Path, minutes: float) -> Outcome:
    """Load a new pipeline for some minutes, let it catch up, and count.

    Args:
        pipeline: Pipeline with services and without input.
        clip: Clip that every camera shows.
        minutes: Duration of the load, minutes.
    """
    capacity = capacity_fps(clip)
    wanted = math.ceil(OVERLOAD * MARGIN * capacity / FPS)
    outcome = Outcome(capacity, max(2, wanted))
    prepare(cluster_of(pipeline.settings), pipeline.settings.database_url.get_secret_value())
    starts_us = pipeline.now_us() - HOUR_US
    scenario = make_scenario([probe_clip(str(clip))] * outcome.cameras, starts_us, 1280)
    with desk_of(pipeline.settings) as desk:
        register_ward(scenario, pipeline.folder / "ward", desk, starts_us - HOUR_US)
    pipeline.scenario = scenario
    pipeline.start(("--backend", "hog", "--mode", "live"))
    _start_watchdog(pipeline)
    pipeline.play("--mode", "live", "--fps", str(FPS), "--loop")
    eventually(lambda: pipeline.outcomes() > 0, 120, "the first outcome")
    began_s = time.monotonic()
    with httpx.Client(timeout=30) as client:
        while time.monotonic() - began_s < minutes * 60:
            time.sleep(SAMPLE_S)
            assert pipeline.supervisor.failure is None, pipeline.supervisor.failure
            _sample(pipeline, outcome)
            outcome.reported |= _overload_alerts(pipeline, client)
        outcome.seconds = time.monotonic() - began_s
        pipeline.supervisor.stop("ingest")
        ended_s = time.monotonic()
        eventually(lambda: _all_answered(pipeline), DRAIN_S, "an outcome of every frame")
        outcome.drained_s = time.monotonic() - ended_s
        with _patience():
            eventually(lambda: not _overload_alerts(pipeline, client), DRAIN_S, "the alert to end")
            outcome.cleared = True
    _count(pipeline, outcome)
    return outcome


@contextmanager
def _patience() -> Iterator[None]:
    """Ignore an alert that does not end: the report shows it with all the other figures."""
    try:
        yield
    except AssertionError:
        return


def _start_watchdog(pipeline: PlayedPipeline) -> None:
    row = process("watchdog")
    health = {
        name: f"http://127.0.0.1:{pipeline.supervisor.metrics_port(name)}/healthz"
        for name in WATCHED
        if name in WORKERS
    }
    settings = {"WARDSTREAM_WATCHDOG__HEALTH": json.dumps(health)}
    pipeline.supervisor.start(
        Worker(name=row.name, command=row.command, environment=settings), ready_deadline_s=90
    )


def _sample(pipeline: PlayedPipeline, outcome: Outcome) -> None:
    for name in (*WORKERS, "ingest", "watchdog"):
        sample = poll(pipeline.supervisor.pid(name))
        if sample is not None:
            outcome.samples[name].append(sample)


def _overload_alerts(pipeline: PlayedPipeline, client: httpx.Client) -> set[str]:
    alerts = client.get(f"{pipeline.board_url}api/v1/line").json()["alerts"]
    return {
        f"{alert['alert_id']}: {alert['what']}"
        for alert in alerts
        if alert["kind"] in ("overload", "lag")
    }


def _all_answered(pipeline: PlayedPipeline) -> bool:
    ends = pipeline.observer.poll(time.monotonic(), (), 0).ends
    return 0 < pipeline.observer.total(ends, FRAMES) <= pipeline.observer.total(ends, DETECTIONS)


def _count(pipeline: PlayedPipeline, outcome: Outcome) -> None:
    """Read every outcome; each frame must have exactly one."""
    codec = SchemaRegistry(pipeline.settings.registry_url).reader(DETECTIONS)
    seqs: dict[str, list[int]] = defaultdict(list)
    for message in read_topic(cluster_of(pipeline.settings), DETECTIONS):
        record: dict[str, Any] = codec.decode(message.value())
        seqs[record["camera_id"]].append(record["frame_seq"])
        outcome.counts[record["outcome"], record["reason"]] += 1
        if record["outcome"] == "DETECTED":
            outcome.delays_s.append(message.timestamp()[1] / 1e3 - record["received_us"] / 1e6)
    ends = pipeline.observer.poll(time.monotonic(), (), 0).ends
    records = pipeline.observer.total(ends, FRAMES)
    assert sum(map(len, seqs.values())) == records, "each record of the frames has one outcome"
    for camera_id, found in seqs.items():
        assert found == list(range(1, len(found) + 1)), f"{camera_id}: each once, in order"
    outcome.frames = records - outcome.counts["HEARTBEAT", ""]
    for ledger in pipeline.ledgers():
        outcome.sent += ledger["outcomes"]["sent"]
        outcome.given_up.update(
            {reason: n for reason, n in ledger["outcomes"].items() if n and reason != "sent"}
        )
