"""Figures that must stay flat while a pipeline runs for long: memory, open files, latency."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from os import sysconf
from pathlib import Path
from statistics import median

from deploy.local.supervisor import Supervisor
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import TRACKS
from tests.chaos.pipeline.quantiles import quantile
from tests.support.clusters import cluster_of

SAMPLE_S = 5.0
WARM_S = 60.0
"""First seconds of a process that are not measured: it loads code and compiles."""

WINDOW_S = 60.0
LEAST_UPTIME_S = WARM_S + 2 * WINDOW_S
RSS_GROWTH, RSS_SLACK_MIB = 1.2, 24.0
FILES_SLACK = 12
P99_GROWTH, P99_SLACK_S = 2.0, 0.5
LEAST_LATENCIES = 200
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Sample:
    """A process at one moment.

    Attributes:
        at_s: Time of the sample, monotonic seconds.
        rss_mib: Resident memory, MiB.
        files: Number of open file descriptors.
    """

    at_s: float
    rss_mib: float
    files: int


def poll(pid: int) -> Sample | None:
    """Measure a process; None when it has ended."""
    folder = Path(f"/proc/{pid}")
    try:
        pages = int((folder / "statm").read_text().split()[1])
        files = sum(1 for _ in (folder / "fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Sample(time.monotonic(), pages * sysconf("SC_PAGE_SIZE") / _MIB, files)


@dataclass
class Gauges:
    """Samples of each life of a process, and latencies with the time of their measurement.

    Attributes:
        lives: Samples by name and process id.
        latencies: `(at_s, latency_s)`, from the append of a frame's outcome to that of its tracks.
    """

    lives: dict[tuple[str, int], list[Sample]] = field(default_factory=lambda: defaultdict(list))
    latencies: list[tuple[float, float]] = field(default_factory=list)

    def faults(self, calm: list[tuple[float, float]]) -> list[str]:
        """Everything that has grown, in words.

        Args:
            calm: Spans of monotonic time without faults, in which latencies count.
        """
        found = []
        for (name, pid), samples in sorted(self.lives.items()):
            created_s, died_s = samples[0].at_s, samples[-1].at_s
            if died_s - created_s < LEAST_UPTIME_S:
                continue
            early = [s for s in samples if WARM_S <= s.at_s - created_s <= WARM_S + WINDOW_S]
            late = [s for s in samples if died_s - s.at_s <= WINDOW_S]
            was, now = (median(s.rss_mib for s in part) for part in (early, late))
            if now > was * RSS_GROWTH + RSS_SLACK_MIB:
                found.append(f"{name} ({pid}) grew from {was:.0f} to {now:.0f} MiB")
            was, now = (median(s.files for s in part) for part in (early, late))
            if now > was + FILES_SLACK:
                found.append(f"{name} ({pid}) went from {was:.0f} to {now:.0f} open files")
        first, last = self.p99(calm)
        if last > first * P99_GROWTH + P99_SLACK_S:
            found.append(f"p99 went from {first:.2f} to {last:.2f} s")
        return found

    def p99(self, calm: list[tuple[float, float]]) -> tuple[float, float]:
        """p99 of the latency in the first and the last third of the calm time, seconds."""
        quiet = [
            latency_s
            for at_s, latency_s in self.latencies
            if any(start <= at_s <= end for start, end in calm)
        ]
        third = len(quiet) // 3
        if third < LEAST_LATENCIES:
            return 0.0, 0.0
        return quantile(quiet[:third], 0.99), quantile(quiet[-third:], 0.99)


class Watch:
    """Fills gauges in the background.

    Args:
        supervisor: Supervisor of the watched processes.
        names: Names of the watched processes.
        settings: Addresses of the broker and the registry.
        appended_s: Time at which each outcome was sent, monotonic seconds, by camera and event
            time; emptied as they are used.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        names: list[str],
        settings: Settings,
        appended_s: dict[tuple[str, int], float],
    ) -> None:
        self.gauges = Gauges()
        self._supervisor = supervisor
        self._names = names
        self._appended_s = appended_s
        self._codec = SchemaRegistry(settings.registry_url).reader(TRACKS)
        self._consumer = cluster_of(settings).consumer(
            f"{settings.topic_prefix}chaos-gauges",
            **{"isolation.level": "read_committed", "log_level": 0},
        )
        self._consumer.subscribe([cluster_of(settings).name(TRACKS)])
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=work, name="gauges", daemon=True)
            for work in (self._sample, self._follow)
        ]
        for thread in self._threads:
            thread.start()

    def _sample(self) -> None:
        while not self._closed.wait(SAMPLE_S):
            for name in self._names:
                pid = self._supervisor.pid(name)
                sample = poll(pid)
                if sample is not None:
                    self.gauges.lives[name, pid].append(sample)

    def _follow(self) -> None:
        while not self._closed.is_set():
            for message in self._consumer.consume(200, 0.05):
                now_s = time.monotonic()
                if message.error() is not None:
                    continue
                record = self._codec.decode(message.value())
                sent_s = self._appended_s.pop((record["camera_id"], record["captured_us"]), None)
                if sent_s is not None:
                    self.gauges.latencies.append((now_s, now_s - sent_s))
        self._consumer.close()

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        for thread in self._threads:
            thread.join(15.0)
