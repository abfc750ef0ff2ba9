"""What it costs readers when outputs travel in the transaction of their checkpoint (ADR 0008).

    python tests/bench/outputs_in_transaction.py [--seconds 15] [--rounds 3] [--rate 400]

Outputs of a steady stream over four partitions are timed from the moment at which they were made
to their arrival at a `read_committed` consumer on a real broker. *beside*: as the stage does it,
acknowledged one by one, with checkpoints of their own every 0.5 s. *inside*: by the partition's
transactional producer, visible when their checkpoint is committed; what is made while a commit is
under way waits for it. The modes take turns, so that they share whatever else the machine does.
"""

import argparse
import os
import struct
import tempfile
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from deploy.local.launcher import LocalServices
from runtime.checkpoints import OutputRecord
from runtime.checkpoints.claim import Claim
from runtime.checkpoints.outputs import HeldOutputs
from runtime.clock import SystemClock
from tests.support.clusters import LOGGED, cluster_at
from tests.support.waiting import eventually

PARTITIONS = 4
PADDING = b"x" * 292
MODES = {
    "beside, 500 ms": None,
    "inside, 100 ms": 0.1,
    "inside, 250 ms": 0.25,
    "inside, 500 ms": 0.5,
}
BESIDE_S = 0.5
CHECKPOINT = [(b"camera/sim", b"x" * 2_000), (b"floor/sim", b"x" * 2_000), (b"head", b"x" * 400)]


class Cost(NamedTuple):
    """What one mode took in one round."""

    latencies_ms: list[float]
    saves: int
    client_cpu: float
    broker_cpu: float


class Stage:
    """Emits outputs and saves, in one of the two ways."""

    def __init__(self, bootstrap: str, run: str, every_s: float | None) -> None:
        clock = SystemClock()
        self._inside = every_s is not None
        self._every_s = BESIDE_S if every_s is None else every_s
        self._output = f"{run}-output"
        self._outputs = HeldOutputs(cluster_at(bootstrap, clock=clock))
        self._claims = [
            Claim(
                cluster_at(bootstrap, clock=clock), f"{run}-checkpoints", p, f"{run}-{uuid.uuid4()}"
            )
            for p in range(PARTITIONS)
        ]
        self._pool = ThreadPoolExecutor(PARTITIONS)
        self._commits: list[Future[None]] = []
        self.saves = 0

    def run(self, seconds: float, rate: float) -> int:
        """Make outputs when they are due, and delayed ones at once after a commit.

        Returns:
            Number of outputs, all of which are acknowledged or committed.
        """
        began = time.perf_counter()
        made, saved = 0, 0.0
        pending: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
        while (now := time.perf_counter() - began) < seconds:
            while made < now * rate:
                due = began + made / rate
                value = struct.pack("d", due) + PADDING
                if self._inside:
                    pending[made % PARTITIONS].append((b"key", value))
                else:
                    self._outputs.emit(OutputRecord(self._output, b"key", value, made % PARTITIONS))
                    self._outputs.release()
                made += 1
            if now - saved >= self._every_s:
                saved = now
                self._save(pending)
                pending.clear()
            time.sleep(0.002)
        self._save(pending)
        self._await_commits()
        return made

    def _save(self, pending: dict[int, list[tuple[bytes, bytes]]]) -> None:
        """Outputs beside a checkpoint go on while it is committed; those inside wait for it."""
        self._await_commits()
        self._outputs.flush()
        self._commits = [
            self._pool.submit(self._commit, p, list(pending.get(p, ()))) for p in range(PARTITIONS)
        ]
        if self._inside:
            self._await_commits()
        self.saves += 1

    def _await_commits(self) -> None:
        for commit in self._commits:
            commit.result()

    def _commit(self, partition: int, outputs: list[tuple[bytes, bytes]]) -> None:
        claim = self._claims[partition]
        producer = claim._producer
        producer.begin_transaction()
        for key, value in outputs:
            producer.produce(self._output, key=key, value=value, partition=partition)
        for key, value in CHECKPOINT:
            producer.produce(claim._topic, key=key, value=value, partition=partition)
        producer.commit_transaction(30)

    def close(self) -> None:
        """Disconnect."""
        for claim in self._claims:
            claim.close()
        self._outputs.close()
        self._pool.shutdown()


class Reader(threading.Thread):
    """Notes how old each output is when it arrives."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        super().__init__(daemon=True)
        self.latencies_ms: list[float] = []
        self.ended = threading.Event()
        self._consumer = Consumer(
            {
                **LOGGED,
                "bootstrap.servers": bootstrap,
                "group.id": topic,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
            }
        )
        self._consumer.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])

    def run(self) -> None:
        """Read until told to end."""
        while not self.ended.is_set():
            for message in self._consumer.consume(200, 0.05):
                if message.error() is None:
                    made = struct.unpack("d", (message.value() or b"")[:8])[0]
                    self.latencies_ms.append((time.perf_counter() - made) * 1_000)
        self._consumer.close()


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    bootstrap: str, broker: int, every_s: float | None, seconds: float, rate: float
) -> Cost:
    """One mode on fresh topics."""
    run = f"bench-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({**LOGGED, "bootstrap.servers": bootstrap})
    names = [f"{run}-output", f"{run}-checkpoints"]
    for future in admin.create_topics([NewTopic(n, PARTITIONS, 1) for n in names]).values():
        future.result(30)
    stage, reader = Stage(bootstrap, run, every_s), Reader(bootstrap, f"{run}-output")
    reader.start()
    warm = stage.run(2.0, rate)  # connections, leaders, page cache
    eventually(lambda: len(reader.latencies_ms) == warm, 60, "the first outputs")
    reader.latencies_ms.clear()
    stage.saves, before, client = 0, cpu_s(broker), time.process_time()
    made = stage.run(seconds, rate)
    eventually(lambda: len(reader.latencies_ms) == made, 60, "the outputs")
    cost = Cost(
        list(reader.latencies_ms),
        stage.saves,
        time.process_time() - client,
        cpu_s(broker) - before,
    )
    reader.ended.set()
    reader.join()
    stage.close()
    for future in admin.delete_topics(names).values():
        future.result(30)
    return cost


@contextmanager
def kafka() -> Iterator[tuple[str, int]]:
    """A broker of this measurement alone: its address and process id."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalServices(Path(folder), components=("kafka",)) as services,
    ):
        yield services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"], services.pid("kafka")


def main() -> None:
    """Measure all modes in turns and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=400.0)
    options = parser.parse_args()
    costs: dict[str, list[Cost]] = {mode: [] for mode in MODES}
    with kafka() as (bootstrap, broker):
        for _ in range(options.rounds):
            for mode, every_s in MODES.items():
                costs[mode].append(
                    measure(bootstrap, broker, every_s, options.seconds, options.rate)
                )
    print(f"load {os.getloadavg()[1]:.1f}, {options.rounds} x {options.seconds:.0f} s a mode")
    print("| outputs | p50 ms | p95 ms | p99 ms | saves/s | client CPU | broker CPU |")
    print("|---|---|---|---|---|---|---|")
    for mode, found in costs.items():
        late = np.concatenate([cost.latencies_ms for cost in found])
        p50, p95, p99 = np.percentile(late, [50, 95, 99])
        total = options.seconds * len(found)
        saves, client, broker_s = (
            sum(getattr(cost, name) for cost in found) / total
            for name in ("saves", "client_cpu", "broker_cpu")
        )
        print(
            f"| {mode} | {p50:.0f} | {p95:.0f} | {p99:.0f} | {saves:.1f} "
            f"| {client:.1%} | {broker_s:.1%} |"
        )


if __name__ == "__main__":
    main()
