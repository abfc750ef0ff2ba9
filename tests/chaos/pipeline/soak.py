"""A long run with random faults: `python -m tests.chaos.pipeline.soak --minutes 60`.

Nothing may be lost, doubled or changed. Memory, open files and the latency of frames must stay flat
in every process that lives long enough to be measured.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from deploy.local.errors import LaunchError
from tests.chaos.pipeline.__main__ import DATA, chosen
from tests.chaos.pipeline.addresses import COMMANDS, SERVE, STREAMS
from tests.chaos.pipeline.arena import Arena
from tests.chaos.pipeline.clocks import Clocks
from tests.chaos.pipeline.gauges import Watch
from tests.chaos.pipeline.pipeline import AttackedPipeline, PipelineStopped, attacked_pipeline
from tests.chaos.pipeline.report import Report
from tests.chaos.pipeline.run import (
    RECOVERY_DEADLINE_S,
    TAIL_S,
    Injection,
    Outcome,
    patient_judge,
    run_environment,
)
from tests.support.large_ward import cameras_of
from tests.support.ward_recording import recordings

SETTLED_S = 5.0
"""Time after a recovery from which latencies count again, seconds."""


def soak(
    pipeline: AttackedPipeline, faults: str, *, minutes: float, every_s: float, seed: int
) -> Outcome:
    """Inject random faults for some minutes, then settle and judge.

    Args:
        pipeline: Pipeline that is ready and has no input yet.
        faults: Names of faults to draw from, as on the command line.
        minutes: Duration, minutes.
        every_s: Mean time between a recovery and the next fault, seconds.
        seed: Seed of the faults.
    """
    chance = Random(f"soak/{seed}")
    kinds = [fault for fault in chosen(faults)[0] if not fault.live]
    outcome = Outcome(seed)
    began_s = time.monotonic()
    names = [name for name in COMMANDS if name not in STREAMS or name in pipeline.streams]
    watch = Watch(pipeline.supervisor, names, pipeline.settings, pipeline.feeder.appended_s)
    calm: list[tuple[float, float]] = []
    try:
        pipeline.feeder.feed_until(1e9)
        while time.monotonic() - began_s < minutes * 60:
            from_s = time.monotonic() + SETTLED_S
            pause_s = chance.uniform(0.5, 1.5) * every_s
            pipeline.idle(from_s + pause_s)
            calm.append((from_s, time.monotonic()))
            fault = chance.choice(kinds)
            injected_s = time.monotonic()
            came = fault.deed(pipeline, chance)
            ended_s = time.monotonic()
            mark = pipeline.mark(RECOVERY_DEADLINE_S)
            recovery_s = pipeline.catch_up(mark, RECOVERY_DEADLINE_S) + mark.at_s - ended_s
            injection = Injection(
                fault.name, came, round(ended_s - injected_s, 2), round(recovery_s, 2)
            )
            outcome.injections.append(injection)
            print(f"{(ended_s - began_s) / 60:6.1f} min  {injection}", flush=True)
        pipeline.feeder.end_at(pipeline.feeder.at_s + TAIL_S)
        pipeline.settle(RECOVERY_DEADLINE_S)
    except (PipelineStopped, LaunchError) as stopped:
        outcome.verdict.mismatches.append(f"the pipeline did not recover: {stopped}")
        return outcome
    finally:
        watch.close()
        outcome.sent = pipeline.feeder.sent
        outcome.duration_s = time.monotonic() - began_s
    pipeline.supervisor.stop_all()
    pipeline.restart(SERVE)
    pipeline.ready(SERVE)
    outcome.verdict = patient_judge(pipeline)
    outcome.verdict.mismatches += watch.gauges.faults(calm)
    first, last = watch.gauges.p99(calm)
    print(f"p99 from outcome to tracks: {first:.3f} s in the first third, {last:.3f} s in the last")
    for (name, pid), samples in sorted(watch.gauges.lives.items()):
        print(
            f"{name:15} {pid:7} lived {samples[-1].at_s - samples[0].at_s:6.0f} s, "
            f"{samples[0].rss_mib:5.0f} to {samples[-1].rss_mib:5.0f} MiB, "
            f"{samples[0].files:3} to {samples[-1].files:3} files"
        )
    return outcome


def main(given: Sequence[str] | None = None) -> int:
    """Soak and print the report; returns 0 when the pipeline held and stayed flat."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.pipeline.soak", description=__doc__
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="of wall time")
    parser.add_argument("--every", type=float, default=60.0, help="mean calm between strikes, s")
    parser.add_argument("--pace", type=float, default=1.0, help="times faster than real time")
    parser.add_argument("--floors", type=int, default=8)
    parser.add_argument("--workers", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", default="all")
    parser.add_argument("--report", type=Path, help="append JSON lines to this file")
    parser.add_argument("--folder", type=Path, help="for data and logs; a temporary one if not")
    options = parser.parse_args(given)
    folder: Path = options.folder or Path(mkdtemp(prefix="wardstream-soak-"))
    cameras = cameras_of(options.floors, 3, recordings(DATA if DATA.is_dir() else None))
    report = Report(options.report)
    with (
        Arena(folder / "arena", proxied=True) as arena,
        run_environment(arena.services) as environment,
        attacked_pipeline(
            arena,
            environment,
            folder / "line",
            cameras,
            seconds=options.minutes * 60 * options.pace * 4 + 3600,
            seed=options.seed,
            pace=options.pace,
            stream_workers=options.workers,
            clocks=Clocks(folder / "clocks"),
        ) as pipeline,
    ):
        report.add(
            soak(
                pipeline,
                options.faults,
                minutes=options.minutes,
                every_s=options.every,
                seed=options.seed,
            )
        )
    report.print()
    return 0 if report.held else 1


if __name__ == "__main__":
    sys.exit(main())
