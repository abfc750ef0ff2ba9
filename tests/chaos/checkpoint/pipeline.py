"""A small pipeline to attack: topics, a seeded source, workers and their supervisor."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

import msgspec
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from runtime.errors import EXIT_REPLAY, EXIT_STOP
from tests.chaos.checkpoint.counting import DELETE
from tests.chaos.checkpoint.oracle import ends
from tests.chaos.checkpoint.worker import WorkerOptions, topics
from tests.support.clusters import LOGGED
from tests.support.paths import ROOT

PARTITIONS = 4
KEYS = 200
LOADED = "checkpoints.loaded"
FOLDED = re.compile(r"folded=(\d+)")


class Broker(Protocol):
    """The running Kafka, which an attack may take down."""

    @property
    def bootstrap(self) -> str: ...

    def kill(self) -> None: ...

    def restart(self) -> None: ...


def create_topics(bootstrap: str, run: str) -> None:
    """Create the input, output and checkpoint topics of a run.

    The checkpoint topic rolls and compacts quickly, so that claims meet compacted logs;
    `went_back` needs every head, so only the run's end is compacted away on request.
    """
    names = topics(run)
    admin = AdminClient({**LOGGED, "bootstrap.servers": bootstrap})
    made = admin.create_topics(
        [
            NewTopic(names.input, PARTITIONS, 1),
            NewTopic(f"{run}-output", PARTITIONS, 1),
            NewTopic(names.checkpoints, PARTITIONS, 1, config={"cleanup.policy": "compact"}),
        ]
    )
    for future in made.values():
        future.result(timeout=30)


class Source(threading.Thread):
    """Writes `rate` records a second from a seed until `end` is called."""

    def __init__(self, bootstrap: str, run: str, *, seed: int, rate: float) -> None:
        super().__init__(daemon=True)
        self._address = bootstrap
        self._topic = topics(run).input
        self._random = random.Random(seed)
        self._rate = rate
        self._end = threading.Event()
        self.sent = 0

    def run(self) -> None:
        """Produce until `end`; survives a broker that is away."""
        producer = Producer(
            {
                **LOGGED,
                "bootstrap.servers": self._address,
                "enable.idempotence": True,
                "linger.ms": 5,
            }
        )
        start_s = time.monotonic()
        while not self._end.wait(0.01):
            due = int((time.monotonic() - start_s) * self._rate)
            while self.sent < due:
                self._produce(producer)
            producer.poll(0)
        assert producer.flush(120) == 0, "the source could not write all of its records"

    def end(self) -> None:
        """Stop, and return when all records are acknowledged."""
        self._end.set()
        self.join(130)

    def _produce(self, producer: Producer) -> None:
        key = self._random.randrange(KEYS)
        kind = DELETE if self._random.random() < 0.005 else b"count"
        value = b"%s|%d|%d" % (kind, self.sent, self._random.randrange(1_000_000))
        producer.produce(self._topic, key=b"%d" % key, value=value, partition=key % PARTITIONS)
        self.sent += 1


class Worker:
    """One process of the stage."""

    def __init__(self, options: WorkerOptions, log: Path) -> None:
        self.name = options.boot_id
        self.log = log
        self.started_s = time.monotonic()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.chaos.checkpoint.worker",
                    msgspec.json.encode(options).decode(),
                ],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    @property
    def status(self) -> int | None:
        """Exit status; None while it runs."""
        return self._process.poll()

    @property
    def alive(self) -> bool:
        """Whether it runs or is stopped by a signal."""
        return self.status is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        if self.alive:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once."""
        self.send(signal.SIGKILL)
        self._process.wait(10)

    def terminate(self, deadline_s: float = 60.0) -> int:
        """Send SIGTERM; returns the exit status."""
        self.send(signal.SIGTERM)
        return self._process.wait(deadline_s)

    def text(self) -> str:
        """What it has logged."""
        return self.log.read_text(errors="replace")

    @property
    def loads(self) -> int:
        """How often it has loaded checkpoints."""
        return self.text().count(LOADED)

    @property
    def folds(self) -> bool:
        """Whether it has folded records since it last loaded checkpoints."""
        _, loaded, since = self.text().rpartition(LOADED)
        return bool(loaded) and len(set(FOLDED.findall(since))) > 1

    def fatal(self) -> str:
        """Why it ended itself, in one sentence; empty if it did not."""
        lines = [line for line in self.text().splitlines() if "stream.exit" in line]
        return lines[-1][-300:] if lines else ""


class Pipeline:
    """Workers of one run; a worker that asks for a replay is started again."""

    def __init__(self, bootstrap: str, run: str, folder: Path, **options: object) -> None:
        self.bootstrap = bootstrap
        self.run = run
        self.workers: list[Worker] = []
        self.self_exits: list[str] = []
        self.unexpected: list[str] = []
        self._folder = folder
        self._options = options
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        folder.mkdir(parents=True, exist_ok=True)
        create_topics(bootstrap, run)
        self._supervisor.start()

    @property
    def alive(self) -> list[Worker]:
        """Workers whose process exists."""
        return [worker for worker in self.workers if worker.alive]

    @property
    def text(self) -> str:
        """What all workers have logged."""
        return "".join(worker.text() for worker in self.workers)

    def start(self) -> Worker:
        """Start one more worker."""
        with self._lock:
            name = f"w{len(self.workers) + 1}"
            options = msgspec.convert(
                {
                    "bootstrap": self.bootstrap,
                    "run": self.run,
                    "boot_id": name,
                    **self._options,
                },
                WorkerOptions,
            )
            worker = Worker(options, self._folder / f"{name}.log")
            self.workers.append(worker)
            return worker

    def kill(self, worker: Worker) -> None:
        """Send SIGKILL, without a restart."""
        self._held.add(worker.name)
        worker.kill()

    def terminate(self, worker: Worker) -> None:
        """Send SIGTERM, without a restart; the exit must be clean, or that of a fenced worker.

        A signal that comes before Faust handles signals ends Python, which is a crash like any
        other.
        """
        self._held.add(worker.name)
        ready = "Worker ready" in worker.text()
        status = worker.terminate()
        if status == EXIT_REPLAY:
            self.self_exits.append(f"{worker.name}: after SIGTERM {worker.fatal()}")
        elif status != 0 and (ready or status != -signal.SIGTERM):
            self.unexpected.append(f"{worker.name}: status {status} after SIGTERM")

    def outputs(self) -> int:
        """Number of records in the output topic."""
        return sum(ends(self.bootstrap, f"{self.run}-output", PARTITIONS))

    def stop(self) -> None:
        """Terminate all workers."""
        self._end.set()
        self._supervisor.join()
        for worker in self.alive:
            self.terminate(worker)

    def kill_all(self) -> None:
        """Kill all workers, whatever state they are in."""
        self._end.set()
        self._supervisor.join()
        for worker in self.alive:
            worker.kill()

    def _supervise(self) -> None:
        while not self._end.wait(0.2):
            for worker in list(self.workers):
                if worker.alive or worker.name in self._held:
                    continue
                self._held.add(worker.name)
                entry = f"{worker.name}: status {worker.status} {worker.fatal()}"
                expected = worker.status in {EXIT_REPLAY, -signal.SIGKILL}
                (self.self_exits if expected else self.unexpected).append(entry)
                if worker.status != EXIT_STOP:
                    self.start()
