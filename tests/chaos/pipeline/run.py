"""One run: one input through one pipeline, with some faults, settled and judged."""

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
from tests.chaos.pipeline.clock_faults import settle as settle_clocks
from tests.chaos.pipeline.clocks import Clocks
from tests.chaos.pipeline.faults import Fault
from tests.chaos.pipeline.judge import Verdict, judge
from tests.chaos.pipeline.pipeline import AttackedPipeline, PipelineStopped, attacked_pipeline
from tests.chaos.pipeline.release import Release
from tests.support.large_ward import Camera

RECOVERY_DEADLINE_S = 300.0
JUDGE_DEADLINE_S = 60.0
LIVE_S = 3_600.0
"""Longest input that is dated by the wall clock, seconds."""

TAIL_S = 15.0
"""Event time after the last fault, seconds: long enough to renew every live value."""


@dataclass(frozen=True)
class Plan:
    """The plan of a run.

    Attributes:
        cameras: Cameras of the ward.
        seed: Seed of the faults.
        faults: Faults in order; an undisturbed run without any.
        input_seed: Seed of the input, the same for runs that are compared.
        seconds: Event time of the whole input, seconds.
        pace: Seconds of event time in one second.
        workers: Number of stream processors.
        program: Program of the stream processor instead of `wardstream`.
        before: Release that is installed before, and upgraded by a fault.
        live: Whether the input is dated by the wall clock, and lasts until the last fault is over.
    """

    cameras: list[Camera]
    seed: int
    faults: Sequence[Fault]
    input_seed: int = 1
    seconds: float = 120.0
    pace: float = 2.0
    workers: int = 3
    program: Sequence[str] = ()
    before: Release | None = None
    live: bool = False


@dataclass
class Injection:
    """One fault that was injected.

    Attributes:
        fault: Name of the fault.
        landed: Whether it met the phase that it waited for, before the end of the input.
        lasted_s: Duration of the fault, seconds.
        recovery_s: Time from its end until everything then in the log was stored, seconds.
    """

    fault: str
    landed: bool
    lasted_s: float
    recovery_s: float


@dataclass
class Outcome:
    """The result of a run.

    Attributes:
        seed: Seed of the faults.
        injections: Faults that were injected.
        sent: Number of records of the input.
        duration_s: Wall time, seconds.
        restarts: Number of restarts by the supervisor, by process.
        verdict: Outputs of the run, and what is wrong with them.
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
    """Settings of one run: the arena's services, and data of its own."""
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
    """Play the whole input, inject the faults, settle, and judge.

    Args:
        plan: Plan of the run.
        arena: Services, with proxies if a fault needs them.
        folder: Folder for logs.
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
            seconds=LIVE_S if plan.live else plan.seconds,
            seed=plan.input_seed,
            pace=plan.pace,
            stream_workers=plan.workers,
            program=plan.program,
            clocks=clocks,
            before=plan.before,
            live=plan.live,
        ) as pipeline,
    ):
        try:
            _attack(plan, pipeline, outcome)
            pipeline.settle(RECOVERY_DEADLINE_S)
            pipeline.ready(SERVE)
        except (PipelineStopped, LaunchError) as stopped:
            outcome.verdict.mismatches.append(f"the pipeline did not recover: {stopped}")
        else:
            pipeline.supervisor.stop_all()
            pipeline.restart(SERVE)
            pipeline.ready(SERVE)
            outcome.verdict = patient_judge(pipeline, before=plan.before, live=plan.live)
        outcome.sent = pipeline.feeder.sent
        outcome.restarts = {name: pipeline.supervisor.restarts(name) for name in pipeline.streams}
    outcome.duration_s = time.monotonic() - began_s
    return outcome


def patient_judge(
    pipeline: AttackedPipeline, *, before: Release | None = None, live: bool = False
) -> Verdict:
    """Judge a settled pipeline, once the services answer the judge too.

    The registry keeps broken connections to its own database for a while after a kill of that.
    """
    end_s = time.monotonic() + JUDGE_DEADLINE_S
    while True:
        try:
            return judge(
                pipeline.settings,
                pipeline.board_url,
                expected_dead_letters=pipeline.expected_dead_letters,
                seamed=before is not None,
                agreeing=before is not None and before.agrees,
                live=live,
            )
        except (Retry, RegistryUnavailable):
            if time.monotonic() > end_s:
                raise
            time.sleep(1.0)


def _attack(plan: Plan, pipeline: AttackedPipeline, outcome: Outcome) -> None:
    """Inject one fault in every part of the input, each time after recovery."""
    chance = Random(f"faults/{plan.seed}")
    if plan.live:
        pipeline.feeder.feed_until(LIVE_S)
    part_s = max(0.0, plan.seconds - TAIL_S) / max(1, len(plan.faults))
    for number, fault in enumerate(plan.faults):
        if not plan.live:
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
    if plan.live:
        settle_clocks(pipeline)
        pipeline.feeder.end_at(pipeline.feeder.at_s + TAIL_S)
