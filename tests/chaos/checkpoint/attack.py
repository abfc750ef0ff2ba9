"""A seeded sequence of faults against a running pipeline, and its outcome.

A fault counts only if it landed mid-stream: the source was still writing, and outputs had come
since the last fault. After the last one the pipeline must catch up, and the oracle judges.
"""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from confluent_kafka import KafkaException

from runtime.checkpoints import ReplayNeeded
from runtime.checkpoints.codec import HEAD_KEY, decode_head
from runtime.checkpoints.log import LogReader
from tests.chaos.checkpoint.oracle import Verdict, ends, judge
from tests.chaos.checkpoint.pipeline import (
    PARTITIONS,
    Broker,
    Pipeline,
    Source,
    Worker,
)
from tests.chaos.checkpoint.worker import topics
from tests.support.clusters import cluster_at
from tests.support.mutations import unused
from tests.support.waiting import NotInTime, eventually

SESSION_S = 4.0
MAX_WORKERS = 3
OUTPUTS_BETWEEN_FAULTS = 20
FAULTS = {
    "kill": 5,
    "terminate": 4,
    "join": 4,
    "leave": 3,
    "zombie": 2,
    "zombie_twice": 1,
    "kill_all": 1,
    "kill_young": 2,
}
"""Faults, and how often each comes relative to the others."""


def fault_plan(seed: int, count: int) -> list[str]:
    """A seeded sequence of faults."""
    return random.Random(seed).choices(list(FAULTS), list(FAULTS.values()), k=count)


class Outcome(msgspec.Struct, kw_only=True):
    """The result of an attack.

    Attributes:
        scenario: Name of the attack.
        seed: Seed of the faults and of the source.
        landed: Number of faults that met a stream in progress, by kind.
        missed: Number of faults that did not.
        sent: Number of records that the source wrote.
        duration_s: Wall time, seconds.
        caught_up: Whether all partitions' checkpoints reached the end of the log in time.
        catch_up_s: Time from the last record until then, seconds.
        longest_silence_s: Longest wait for outputs after a fault, seconds.
        fenced: Number of processes that ended because a newer owner had the claim.
        gaps: Number of processes that ended because records were skipped on delivery.
        tracebacks: Number of processes that ended with an unforeseen error.
        self_exits: Reasons of all processes that asked for a replay.
        unexpected: Processes that ended in a way that they must not.
        unused: Replacements of a deliberate fault that no process called.
        verdict: Verdict of the oracle.
    """

    scenario: str
    seed: int
    landed: dict[str, int]
    missed: int
    sent: int
    duration_s: float
    caught_up: bool
    catch_up_s: float
    longest_silence_s: float
    fenced: int
    gaps: int
    tracebacks: int
    self_exits: list[str]
    unexpected: list[str]
    unused: list[str]
    verdict: Verdict

    @property
    def faults(self) -> dict[str, object]:
        """Everything that is wrong; empty when the system held."""
        found: dict[str, object] = dict(self.verdict.faults)
        if not self.caught_up:
            found["caught_up"] = False
        if self.unexpected:
            found["unexpected"] = self.unexpected
        if self.gaps:
            found["gaps"] = self.gaps
        if self.tracebacks:
            found["tracebacks"] = self.tracebacks
        return found


@contextmanager
def cpu_hog(count: int = 1) -> Iterator[None]:
    """Run processes that use all the processor time they can get."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


class Attack:
    """Faults against one pipeline."""

    def __init__(
        self,
        pipeline: Pipeline,
        source: Source,
        broker: Broker,
        *,
        seed: int,
        flow_deadline_s: float,
    ) -> None:
        self.landed: Counter[str] = Counter()
        self.missed = 0
        self.longest_silence_s = 0.0
        self._pipeline = pipeline
        self._source = source
        self._kafka = broker
        self._flow_deadline_s = flow_deadline_s
        self._random = random.Random(seed)

    def injection(self, fault: str) -> None:
        """Wait until outputs flow, then inject a fault."""
        flowing = self._await_outputs(self._flow_deadline_s)
        time.sleep(self._random.uniform(0.0, 1.5))
        if flowing and self._source.is_alive():
            self.landed[fault] += 1
        else:
            self.missed += 1
        try:
            getattr(self, f"_{fault}")()
        except NotInTime:
            self.landed[fault] -= flowing
            self.missed += 1

    def _await_outputs(self, deadline_s: float) -> bool:
        began_s, before = time.monotonic(), self._pipeline.outputs()
        while time.monotonic() - began_s < deadline_s:
            if self._pipeline.outputs() >= before + OUTPUTS_BETWEEN_FAULTS:
                self.longest_silence_s = max(self.longest_silence_s, time.monotonic() - began_s)
                return True
            time.sleep(0.1)
        self.longest_silence_s = max(self.longest_silence_s, deadline_s)
        return False

    def _victim(self) -> Worker:
        return self._random.choice(self._pipeline.alive or [self._pipeline.start()])

    def _kill(self) -> None:
        self._pipeline.kill(self._victim())
        self._pipeline.start()

    def _terminate(self) -> None:
        self._pipeline.terminate(self._victim())
        self._pipeline.start()

    def _join(self) -> None:
        if len(self._pipeline.alive) >= MAX_WORKERS:
            self._pipeline.terminate(self._victim())
        self._pipeline.start()

    def _leave(self) -> None:
        if len(self._pipeline.alive) < 2:
            self._pipeline.start()
        else:
            self._pipeline.terminate(self._victim())

    def _zombie(self) -> None:
        """Stop a worker until others have its partitions, then wake it."""
        self._stop_and_wake()

    def _zombie_twice(self) -> None:
        """Kill the successors just after the zombie wakes."""
        zombie = self._stop_and_wake()
        time.sleep(self._random.uniform(0.1, 0.8))
        for other in self._pipeline.alive:
            if other is not zombie:
                self._pipeline.kill(other)
        self._pipeline.start()

    def _stop_and_wake(self) -> Worker:
        if len(self._pipeline.alive) < 2:
            self._pipeline.start()
        self._await("two workers that fold", lambda: len(self._folding()) >= 2)
        zombie = self._random.choice(self._folding() or [self._victim()])
        loads = self._loads(zombie)
        zombie.send(signal.SIGSTOP)
        try:
            self._await("a successor", lambda: self._loads(zombie) > loads)
            time.sleep(self._random.uniform(0.5, 3.0))
        finally:
            zombie.send(signal.SIGCONT)
        return zombie

    def _await(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for the pipeline, but not after an unexpected end."""
        eventually(lambda: condition() or bool(self._pipeline.unexpected), 120, what)

    def _folding(self) -> list[Worker]:
        return [worker for worker in self._pipeline.alive if worker.folds]

    def _loads(self, zombie: Worker) -> int:
        return sum(w.loads for w in self._pipeline.alive if w is not zombie)

    def _kill_all(self) -> None:
        for worker in self._pipeline.alive:
            self._pipeline.kill(worker)
        self._pipeline.start()

    def _kill_young(self) -> None:
        """Kill the replacement while it claims, loads or seeks."""
        self._pipeline.kill(self._victim())
        young = self._pipeline.start()
        time.sleep(self._random.uniform(1.0, 4.0))
        self._pipeline.kill(young)
        self._pipeline.start()

    def _own_crash(self) -> None:
        """Wait until a worker that is broken on purpose kills itself."""
        self._await("the crash", lambda: bool(self._pipeline.self_exits))

    def _broker(self) -> None:
        """Kill Kafka for some seconds."""
        self._kafka.kill()
        time.sleep(self._random.uniform(3.0, 6.0))
        self._kafka.restart()


def caught_up(pipeline: Pipeline) -> bool:
    """Whether every partition's newest checkpoint is at the end of the log."""
    reader = LogReader(cluster_at(pipeline.bootstrap))
    names = topics(pipeline.run)
    for partition, end in enumerate(ends(pipeline.bootstrap, names.input, PARTITIONS)):
        newest = reader.newest_values(names.checkpoints, partition, lambda found: HEAD_KEY in found)
        head = newest.get(HEAD_KEY)
        if end and (head is None or decode_head(head).next_offset < end):
            return False
    return True


def attack(
    broker: Broker,
    folder: Path,
    *,
    scenario: str,
    seed: int,
    faults: Sequence[str],
    rate: float = 200.0,
    hogs: int = 0,
    deadline_s: float = 180.0,
    flow_deadline_s: float = 120.0,
    **options: object,
) -> Outcome:
    """Run the faults in order, let the pipeline catch up, and judge."""
    began_s = time.monotonic()
    run = f"{scenario}-{seed}-{time.time_ns() // 1_000_000}"
    pipeline = Pipeline(broker.bootstrap, run, folder / run, session_s=SESSION_S, **options)
    source = Source(broker.bootstrap, run, seed=seed, rate=rate)
    injections = Attack(pipeline, source, broker, seed=seed, flow_deadline_s=flow_deadline_s)
    try:
        with cpu_hog(hogs):
            source.start()
            pipeline.start()
            for fault in faults:
                if pipeline.unexpected or injections.missed:
                    break  # the pipeline has ended; more faults would only hide why
                injections.injection(fault)
            source.end()
            ended_s = time.monotonic()
            high_water = not pipeline.unexpected and _await_end(pipeline, deadline_s)
            catch_up_s = time.monotonic() - ended_s
        pipeline.stop()
        verdict = judge(broker.bootstrap, run, PARTITIONS)
    finally:
        pipeline.kill_all()
    reasons = pipeline.self_exits
    return Outcome(
        scenario=scenario,
        seed=seed,
        landed=dict(injections.landed),
        missed=injections.missed,
        sent=source.sent,
        duration_s=round(time.monotonic() - began_s, 1),
        caught_up=high_water,
        catch_up_s=round(catch_up_s, 1),
        longest_silence_s=round(injections.longest_silence_s, 1),
        fenced=sum("refused" in reason for reason in reasons),
        gaps=sum("was delivered" in reason for reason in reasons),
        tracebacks=sum("Traceback" in reason for reason in reasons),
        self_exits=reasons,
        unexpected=pipeline.unexpected,
        unused=sorted(unused(pipeline.text)) if options.get("mutation") else [],
        verdict=verdict,
    )


def _await_end(pipeline: Pipeline, deadline_s: float) -> bool:
    try:
        eventually(lambda: caught_up(pipeline), deadline_s, "the pipeline's end")
    except (NotInTime, ReplayNeeded, KafkaException):
        return False
    return True
