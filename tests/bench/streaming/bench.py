"""One ward with topics of its own over running services, and a worker that folds its log."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from deploy.local.launcher import Supervisor, Worker
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import TOPICS, TRACKS
from tests.bench.streaming.probe import Ends
from tests.support.clusters import cluster_of

DEADLINE_S: Final = 900.0


@dataclass
class Bench:
    """One ward with topics of its own over running services."""

    environment: dict[str, str]
    folder: Path
    settings: Settings
    supervisor: Supervisor
    ends: Ends

    def start(self, name: str = "stream", core: int = 0, **options: Any) -> float:
        """Start a worker on one core; returns the seconds until it is ready."""
        started_s = time.monotonic()
        self.supervisor.start(Worker(name=name, command=("stream",), **options))
        os.sched_setaffinity(self.supervisor.pid(name), {core})
        self.supervisor.wait_ready(name, 120)
        return time.monotonic() - started_s

    def wait_for_tracks(self, records: float) -> float:
        """Wait until so many tracks records are written; returns the seconds waited."""
        started_s = time.monotonic()
        while self.ends.records(TRACKS) < records:
            assert time.monotonic() - started_s < DEADLINE_S, self.supervisor.tail("stream")
            assert self.supervisor.failure is None, self.supervisor.failure
            time.sleep(0.02)
        return time.monotonic() - started_s


@contextmanager
def bench(environment: dict[str, str], folder: Path) -> Iterator[Bench]:
    """Topics and schemas of a run apart, gone after the block."""
    prefix = f"bench{uuid.uuid4().hex[:6]}."
    own = {**environment, "WARDSTREAM_TOPIC_PREFIX": prefix}
    settings = Settings(
        kafka_bootstrap=own["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=own["WARDSTREAM_REGISTRY_URL"],
        database_url=SecretStr(own["WARDSTREAM_DATABASE_URL"]),
        redis_url=SecretStr(own["WARDSTREAM_REDIS_URL"]),
        topic_prefix=prefix,
    )
    create_topics(cluster_of(settings))
    SchemaRegistry(settings.registry_url).register_all([t for t in TOPICS.values() if t.avro])
    try:
        with Supervisor(folder / prefix, own) as supervisor:
            yield Bench(own, folder, settings, supervisor, Ends(settings))
    finally:
        admin = cluster_of(settings).admin()
        for future in admin.delete_topics([prefix + name for name in TOPICS]).values():
            future.result()


def floor_rate(on: Bench, records: int) -> float:
    """Records per CPU-second of the least loop, over the records of a log."""
    run = subprocess.run(
        ["taskset", "-c", "0", sys.executable, "-m", "tests.bench.streaming.floor", str(records)],
        env={**os.environ, **on.environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    )
    found = json.loads(run.stdout)
    return float(found["records"] / found["cpu_s"])
