"""`wardstream audit anchor --daily` as a process whose clock a test sets: its time is in a file."""

import sys
import time
from pathlib import Path

from runtime.kafka.cluster import Cluster
from runtime.process.service import Service, run_service
from runtime.process.settings import Settings
from runtime.storage.objects import ObjectStore
from workers.audit.anchoring import run_anchoring


class FileClock:
    """A clock that shows the time in a file, UTC seconds; its pauses are real."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now_us(self) -> int:
        return round(float(self._path.read_text()) * 1e6)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def main(time_file: str, url: str) -> int:
    """Run the process until SIGTERM; returns its exit code."""

    def body(service: Service) -> None:
        service.clock = FileClock(Path(time_file))
        cluster = Cluster.of(service.settings, service.clock)
        every_s = service.settings.audit.anchor_every_s
        run_anchoring(service, cluster, ObjectStore(url), "wardstream-anchor", every_s=every_s)

    return run_service("anchor", body, Settings())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
