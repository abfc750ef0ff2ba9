"""One run: one input through one line, struck by some faults, settled and judged."""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psycopg
from psycopg import sql

from deploy.local.errors import LaunchError
from deploy.local.launcher import LocalServices
from runtime.errors import Retry
from schemas.registry import RegistryUnavailable
from tests.chaos.pipeline.addresses import SERVE
from tests.chaos.pipeline.arena import Arena
from tests.chaos.pipeline.clocks import Clocks
from tests.chaos.pipeline.faults import Fault
from tests.chaos.pipeline.judge import Verdict, judge
from tests.chaos.pipeline.pipeline import AttackedPipeline, PipelineStopped, attacked_pipeline
from tests.chaos.pipeline.ward import Camera

RECOVERY_DEADLINE_S = 300.0
JUDGE_DEADLINE_S = 60.0
TAIL_S = 15.0
"""Event time behind the last fault: long enough that every live value is renewed."""


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Attributes:
        cameras: The ward.
        seed: Of the faults.
        faults: In their order; none is an undisturbed run.
        input_seed: Of the input, the same for runs that are to be compared.
        seconds: Event time of the whole input.
        pace: Seconds of event time in one second.
        workers: Stream processors.
        program: What runs instead of `wardstream` as stream processor.
        seamed: Whether that is another release, whose records differ from those of this one.
    """

    cameras: list[Camera]
    seed: int
    faults: Sequence[Fault]
    input_seed: int = 1
    seconds: float = 120.0
    pace: float = 2.0
    workers: int = 3
    program: Sequence[str] = ()
    seamed: bool = False


@dataclass
class Injection:
    """One fault that was injected.

    Attributes:
        fault: Its name.
        landed: Whether it met the phase that it waited for, with input still to come.
        lasted_s: From its begin until all was given back.
        recovery_s: From then until everything in the log at that moment was in the stores.
    """

    fault: str
    landed: bool
    lasted_s: float
    recovery_s: float


@dataclass
class Outcome:
    """What a run did and found.

    Attributes:
        seed: Of the faults.
        injections: What was injected.
        sent: Records of the input.
        duration_s: Wall time.
        restarts: How often processes were started again by their supervisor, by name.
        verdict: What was written and what is wrong with it.
    """

    seed: int
    injections: list[Injection] = field(default_factory=list)
    sent: int = 0
    duration_s: float = 0.0
    restarts: dict[str, int] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def held(self) -> bool:
        """Whether nothing was lost, doubled or changed."""
        return not self.verdict.mismatches


@contextmanager
def run_environment(services: LocalServices) -> Iterator[dict[str, str]]:
    """Settings of one run: the arena's services, and nobody else's data."""
    server = services.environment["WARDSTREAM_DATABASE_URL"]
    name = f"chaos_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = f"{server.rpartition('/')[0]}/{name}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    yield {
        **services.environment,
        "WARDSTREAM_TOPIC_PREFIX": f"{name}.",
        "WARDSTREAM_DATABASE_URL": url,
    }
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def run(plan: Plan, arena: Arena, folder: Path) -> Outcome:
    """Play the whole input, strike, settle, judge.

    Args:
        plan: What to do.
        arena: The services, proxied if a fault needs it.
        folder: For logs.
    """
    began_s = time.monotonic()
    outcome = Outcome(plan.seed)
    clocked = any(fault.clocked for fault in plan.faults)
    clocks = Clocks(folder / "clocks") if clocked else None
    with (
        run_environment(arena.services) as environment,
        attacked_pipeline(
            arena,
            environment,
            folder,
            plan.cameras,
            seconds=plan.seconds,
            seed=plan.input_seed,
            pace=plan.pace,
            stream_workers=plan.workers,
            program=plan.program,
            clocks=clocks,
        ) as pipeline,
    ):
        try:
            _attack(plan, pipeline, outcome)
            pipeline.settle(RECOVERY_DEADLINE_S)
            pipeline.ready(SERVE)
        except (PipelineStopped, LaunchError) as stopped:
            outcome.verdict.mismatches.append(f"the line did not recover: {stopped}")
        else:
            pipeline.supervisor.stop_all()
            pipeline.restart(SERVE)
            pipeline.ready(SERVE)
            outcome.verdict = patient_judge(pipeline, seamed=plan.seamed)
        outcome.sent = pipeline.feeder.sent
        outcome.restarts = {name: pipeline.supervisor.restarts(name) for name in pipeline.streams}
    outcome.duration_s = time.monotonic() - began_s
    return outcome


def patient_judge(pipeline: AttackedPipeline, *, seamed: bool = False) -> Verdict:
    """Judge a settled line, once the services answer the judge too.

    The registry keeps broken connections to its own database for a while after that was killed.
    """
    end_s = time.monotonic() + JUDGE_DEADLINE_S
    while True:
        try:
            return judge(
                pipeline.settings,
                pipeline.board_url,
                expected_dead_letters=pipeline.expected_dead_letters,
                seamed=seamed,
            )
        except (Retry, RegistryUnavailable):
            if time.monotonic() > end_s:
                raise
            time.sleep(1.0)


def _attack(plan: Plan, pipeline: AttackedPipeline, outcome: Outcome) -> None:
    """Strike once in every part of the input, each time in a line that has recovered."""
    chance = Random(f"faults/{plan.seed}")
    part_s = max(0.0, plan.seconds - TAIL_S) / max(1, len(plan.faults))
    for number, fault in enumerate(plan.faults):
        pipeline.feeder.feed_until((number + 1) * part_s)
        pipeline.await_records(RECOVERY_DEADLINE_S)
        began_s = time.monotonic()
        came = fault.deed(pipeline, chance)
        ended_s = time.monotonic()
        mark = pipeline.mark(RECOVERY_DEADLINE_S)
        recovery_s = pipeline.catch_up(mark, RECOVERY_DEADLINE_S) + mark.at_s - ended_s
        outcome.injections.append(
            Injection(fault.name, came, round(ended_s - began_s, 2), round(recovery_s, 2))
        )
