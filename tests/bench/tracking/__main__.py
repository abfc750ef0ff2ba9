"""How well people are followed, beside the open trackers.

    python -m tests.bench.tracking [--seeds 20] [--budget 24] [--kinds shipped,tuned] ...

Runs every tracker on the sequences in ../shared/data, those before fixed cameras first, at their
own rate and thinned to 10 and 5 frames per second: as shipped, with ages in seconds, and tuned
with the same number of configurations; and on the zones of the vtest clip. Results are kept outside
the tree, so a second run adds only what is new. Prints Markdown. `--official` scores the rows once
more with TrackEval's own code, and stops where a figure differs.
"""

import argparse
import os
import sys
import time
from itertools import product
from typing import get_args

from tests.bench.tracking import ours
from tests.bench.tracking.compare import Row, jobs_of, row_of
from tests.bench.tracking.fast_scores import Truth, count, pool
from tests.bench.tracking.official import COMBINED, official
from tests.bench.tracking.peers.environments import PEERS, NoPeers
from tests.bench.tracking.report import (
    differences_table,
    rate_name,
    scenes_table,
    scores_table,
    switches_table,
    users_table,
)
from tests.bench.tracking.runs import Cache, Job, run_all
from tests.bench.tracking.scenes import NoData, load
from tests.bench.tracking.sequences import (
    MOUNTS,
    Mount,
    Sequence,
    at_rates,
    of_mount,
    opening,
)
from tests.bench.tracking.spaces import BUDGET, KINDS, Kind
from tests.bench.tracking.tuning import fill
from tests.bench.tracking.users import UserScores, average, compare, visits

AtRates = dict[int | None, list[Sequence]]

QUICK_SEEDS = 2

VTEST = "vtest/yolox"
"""The clip with the boxes of the pipeline's own detector."""


def report(line: str) -> None:
    """Progress, away from the tables."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def show(lines: list[str]) -> None:
    """One table."""
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()


def check(row: Row, jobs: list[Job]) -> None:
    """Score a row's pictures with TrackEval; they must be what the table is made of.

    Raises:
        AssertionError: They are not.
    """
    jobs = [job for job in jobs if job.sequence.plan is None and job.sequence.seed <= 1]
    tracks = {job.key: found for job, found in run_all(jobs)}
    theirs = official([(job.sequence, job.sequence.scored(tracks[job.key])) for job in jobs])
    assert COMBINED in theirs
    for job in jobs:
        mine = pool([count(Truth.of(job.sequence.truth), job.sequence.scored(tracks[job.key]))])
        for name in ("hota", "deta", "assa", "idf1", "mota", "recall", "id_switches", "fragments"):
            other = getattr(theirs[job.sequence.name], name)
            assert abs(other - getattr(mine, name)) < 1e-6, (row.name, job.sequence.name, name)


def user_rows(
    trackers: list[str], sequences: AtRates, cache: Cache, kinds: list[Kind], budget: int
) -> tuple[dict[str, UserScores], dict[str, UserScores]]:
    """The zones of every tracker, of each kind; tuned on the other scenes.

    Returns:
        On vtest, with the pipeline's own detector; and the mean over all fixed scenes that are
        scored in the picture, on one draw where detections are made up.
    """
    on_vtest: dict[str, UserScores] = {}
    over_scenes: dict[str, UserScores] = {}
    for rate in (rate for rate in sequences if rate is not None):
        shown = [one for one in sequences[rate] if one.plan is None and one.seed <= 1]
        truths = {one.name: visits(one, one.truth) for one in shown}
        for kind, tracker in product(kinds, trackers):
            if kind == "in seconds" and tracker == ours.NAME:
                continue
            jobs = jobs_of(tracker, sequences[rate], cache, kind, budget)
            jobs = [job for job in jobs if job.sequence.plan is None and job.sequence.seed <= 1]
            of_scene: dict[str, list[UserScores]] = {}
            name = f"{tracker}, {kind}, {rate_name(rate)}"
            for job, found in run_all(jobs, seen_only=True):
                one = job.sequence
                scores = compare(truths[one.name], visits(one, found))
                of_scene.setdefault(one.scene, []).append(scores)
                if one.name == VTEST:
                    on_vtest[name] = scores
            over_scenes[name] = average([average(many) for many in of_scene.values()])
            report(f"zones: {name}")
    return on_vtest, over_scenes


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=QUICK_SEEDS, help="draws a scene; 20 in full")
    parser.add_argument("--budget", type=int, default=BUDGET, help="configurations of each tracker")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--mounts", default=",".join(MOUNTS))
    parser.add_argument("--rates", default="own,10,5", help="frames per second, or own")
    parser.add_argument("--seconds", type=float, help="only the opening of each sequence")
    parser.add_argument("--official", action="store_true")
    options = parser.parse_args()
    peers = [name for name in options.peers.split(",") if name]
    kinds: list[Kind] = [kind for kind in get_args(Kind) if kind in options.kinds.split(",")]
    rates = [None if rate == "own" else int(rate) for rate in options.rates.split(",")]
    trackers = [ours.NAME, *peers]
    scenes = load(seeds=options.seeds)
    if options.seconds is not None:
        scenes = [opening(scene, options.seconds) for scene in scenes]
    cache = Cache()
    started = os.getloadavg()
    rows_at: dict[tuple[Mount, int | None], list[Row]] = {}
    for mount in (mount for mount in MOUNTS if mount in options.mounts.split(",")):
        at = {
            rate: thin for rate, thin in at_rates(of_mount(scenes, mount)).items() if rate in rates
        }
        if "tuned" in kinds:
            fill(trackers, at, cache, options.budget, report)
        for rate, thin in at.items():
            show([f"### {mount.capitalize()} cameras, {rate_name(rate)}"])
            rows = rows_at[mount, rate] = []
            for kind, tracker in product(kinds, trackers):
                if kind == "in seconds" and tracker == ours.NAME:
                    continue
                rows.append(row_of(tracker, thin, cache, kind, options.budget))
                report(f"{mount}, {rate_name(rate)}: {rows[-1].name}")
                if options.official:
                    check(rows[-1], jobs_of(tracker, thin, cache, kind, options.budget))
            show(scores_table(mount, rate, rows))
            if peers and "shipped" in kinds:
                show(scenes_table(mount, rate, rows))
        if peers and "tuned" in kinds:
            show([f"### Identity switches at the same recall, {mount} cameras"])
            show(switches_table(peers, at, cache, options.budget))
        if mount == "fixed" and options.seconds is None:
            show(["### Zones before fixed cameras"])
            on_vtest, over_scenes = user_rows(trackers, at, cache, kinds, options.budget)
            show(users_table("vtest", on_vtest))
            show(users_table("mean over fixed scenes", over_scenes))
    if peers:
        show(["### Lead over the best peer"])
        show(differences_table(rows_at))
    sys.stdout.write(f"Load average {started[0]:.1f} at the start.\n")


if __name__ == "__main__":
    try:
        main()
    except (NoData, NoPeers) as missing:
        sys.exit(str(missing))
