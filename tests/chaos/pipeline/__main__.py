"""Attack the whole pipeline.

python -m tests.chaos.pipeline --faults NAME[,NAME] --seeds N --minutes M
"""

import argparse
import fnmatch
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import mkdtemp

from deploy.local.launcher import LocalServices
from tests.chaos.pipeline.arena import Arena
from tests.chaos.pipeline.faults import FAULTS, Fault
from tests.chaos.pipeline.pixels import PIXEL_FAULTS, play
from tests.chaos.pipeline.release import release_before
from tests.chaos.pipeline.report import Report
from tests.chaos.pipeline.run import Plan, run
from tests.support.large_ward import Camera, cameras_of
from tests.support.paths import ROOT
from tests.support.ward_recording import recordings

DATA = ROOT.parent / "shared" / "data"
FAULTS_A_RUN = 8
PIXEL_FAULTS_A_RUN = 3


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.pipeline", description=__doc__)
    parser.add_argument(
        "--faults", default="all", help="names or patterns, split at commas; `list` prints them"
    )
    parser.add_argument("--seeds", type=int, default=1, help="how often each fault strikes")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2.0, help="event time of one run")
    parser.add_argument("--pace", type=float, default=2.0, help="times faster than real time")
    parser.add_argument("--workers", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--floors", type=int, default=8)
    parser.add_argument(
        "--all-fused", action="store_true", help="fuse the people of every floor, not every second"
    )
    parser.add_argument(
        "--live", action="store_true", help="date the input by the wall clock in every run"
    )
    parser.add_argument("--mutation", default="", help="a name of tests.support.mutant")
    parser.add_argument(
        "--before",
        default="",
        help="git revision of the release that is upgraded; the newest with other checkpoints",
    )
    parser.add_argument("--together", type=int, default=FAULTS_A_RUN, help="faults in one run")
    parser.add_argument("--report", type=Path, help="append JSON lines to this file")
    parser.add_argument("--folder", type=Path, help="for data and logs; a temporary one if not")
    return parser.parse_args(given)


def chosen(names: str) -> tuple[list[Fault], list[str]]:
    """Faults by name: those of the whole pipeline, and names of those of a playing clip.

    Args:
        names: Names or patterns such as `stream-*`, split at commas; `all` for all.

    Raises:
        SystemExit: There is no such fault.
    """
    known = [*FAULTS, *PIXEL_FAULTS]
    found: list[str] = []
    for name in names.split(","):
        matching = known if name == "all" else fnmatch.filter(known, name)
        if not matching:
            raise SystemExit(f"no fault is called {name!r}; there are {', '.join(known)}")
        found += [fault for fault in matching if fault not in found]
    return (
        [FAULTS[name] for name in found if name in FAULTS],
        [name for name in found if name in PIXEL_FAULTS],
    )


def rounds(faults: Sequence[Fault], seed: int, together: int) -> list[list[Fault]]:
    """Every fault once, in a seeded order, some in each run."""
    order = Random(f"order/{seed}").sample(list(faults), len(faults))
    # Faults that need proxies or clocks come in runs of their own: both slow a run. So do those
    # whose input is dated by the wall clock.
    # A pipeline is upgraded once.
    return [
        group[start : start + together]
        for needs in sorted({_needs(fault) for fault in order})
        for group in [[fault for fault in order if _needs(fault) == needs]]
        for start in range(0, len(group), together)
    ]


def _needs(fault: Fault) -> tuple[bool, bool, bool, str]:
    return fault.proxied, fault.clocked, fault.live, fault.name if fault.aged else ""


def _attack_pixels(
    names: list[str], options: argparse.Namespace, folder: Path, report: Report
) -> None:
    """Attack ingest and inference while a clip plays, some faults at a time."""
    with LocalServices(folder / "pixels" / "services", fresh=True) as services:
        report.forget()
        report.calm(play(services, folder / "pixels" / "calm", [], 0))
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            order = Random(f"order/{seed}").sample(names, len(names))
            for start in range(0, len(order), PIXEL_FAULTS_A_RUN):
                group = order[start : start + PIXEL_FAULTS_A_RUN]
                where = folder / "pixels" / f"seed-{seed}-{start}"
                report.add(play(services, where, group, seed))


def main(given: Sequence[str] | None = None) -> int:
    """Run and print the report; returns 0 when nothing was lost, doubled or changed."""
    options = arguments(given)
    if options.faults == "list":
        print("\n".join([*FAULTS, *PIXEL_FAULTS]))
        return 0
    faults, pixels = chosen(options.faults)
    folder = options.folder or Path(mkdtemp(prefix="wardstream-chaos-"))
    cameras: list[Camera] = cameras_of(
        options.floors,
        3,
        recordings(DATA if DATA.is_dir() else None),
        all_fused=options.all_fused,
    )
    program: tuple[str, ...] = ()
    if options.mutation:
        program = (sys.executable, "-m", "tests.support.mutant", options.mutation, str(folder))
    report = Report(options.report)
    for proxied in (False, True):
        some = [fault for fault in faults if fault.proxied == proxied]
        if not some:
            continue
        with Arena(folder / f"arena-{proxied}", proxied=proxied) as arena:
            common = {
                "cameras": cameras,
                "seconds": options.minutes * 60,
                "pace": options.pace,
                "workers": options.workers,
            }
            # An undisturbed run is no measure for decisions of another run, or for two releases.
            if not all(options.live or fault.live or fault.aged for fault in some):
                report.calm(run(Plan(seed=0, faults=(), **common), arena, folder / "calm"))
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                for number, group in enumerate(rounds(some, seed, options.together)):
                    live = options.live or group[0].live
                    plan = Plan(seed=seed, faults=group, program=program, live=live, **common)
                    if group[0].aged:
                        before = release_before(options.before)
                        print(f"from {before.revision}, state {before.state_version}", flush=True)
                        plan = replace(plan, before=before)
                    report.add(run(plan, arena, folder / f"seed-{seed}-{number}-{proxied}"))
    if pixels:
        _attack_pixels(pixels, options, folder, report)
    report.print()
    return 0 if report.held else 1


if __name__ == "__main__":
    sys.exit(main())
