"""How well people are followed, beside the open trackers.

    python -m tests.bench.tracking [--budget 24] [--seconds 15] [--kind tuned] ...

Runs every tracker on the MOTChallenge sequences in ../shared/data/mot, at their own rate and
thinned to 10 and 5 frames per second, as shipped and tuned with the same number of configurations,
and on the zones of the vtest clip. Results are kept outside the tree, so a second run adds only
what is new. Prints Markdown. `--official` scores the rows once more with TrackEval's own code, and
stops where a figure differs.
"""

import argparse
import os
import sys
import time
from itertools import product

from tests.bench.tracking import ours
from tests.bench.tracking.compare import Row, jobs_of, row_of
from tests.bench.tracking.official import COMBINED, official
from tests.bench.tracking.peers.environments import PEERS, NoPeers
from tests.bench.tracking.report import (
    differences_table,
    rate_name,
    scores_table,
    switches_table,
    users_table,
)
from tests.bench.tracking.runs import Cache, Job, run_all
from tests.bench.tracking.sequences import NoData, Sequence, at_rates, load, opening, thinned
from tests.bench.tracking.spaces import BUDGET
from tests.bench.tracking.tuning import fill
from tests.bench.tracking.users import UserScores, compare, visits, vtest


def report(line: str) -> None:
    """Progress, away from the tables."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def show(lines: list[str]) -> None:
    """One table."""
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()


def check(row: Row, jobs: list[Job]) -> None:
    """Score a row with TrackEval; it must be what the table says.

    Raises:
        AssertionError: It is not.
    """
    tracks = {job.key: found for job, found in run_all(jobs)}
    theirs = official([(job.sequence, tracks[job.key]) for job in jobs])[COMBINED]
    mine = row.pooled
    for name in ("hota", "deta", "assa", "idf1", "mota", "recall", "id_switches", "fragments"):
        assert abs(getattr(theirs, name) - getattr(mine, name)) < 1e-6, (row.name, name)


def user_rows(
    trackers: list[str],
    sequences: dict[int | None, list[Sequence]],
    cache: Cache,
    kinds: list[int | None],
) -> dict[str, UserScores]:
    """The zones of vtest for every tracker, shipped and tuned on the other scenes."""
    clip = vtest()
    rows = {}
    for rate in (10, 5):
        one = thinned(clip, rate)
        truth = visits(one, one.truth)
        jobs = {}
        for tracker, kind in product(trackers, kinds):
            of_scene = next(
                job.config
                for job in jobs_of(tracker, sequences[rate], cache, kind)
                if job.sequence.scene == one.scene
            )
            name = f"{tracker}, {'tuned' if kind else 'shipped'}, {rate_name(rate)}"
            jobs[name] = Job(tracker, of_scene, one)
        tracks = {job.key: found for job, found in run_all(list(jobs.values()))}
        for name, job in jobs.items():
            rows[name] = compare(truth, visits(one, tracks[job.key]))
    return rows


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=int, default=BUDGET, help="0 tunes nothing")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--kind", choices=("both", "shipped", "tuned"), default="both")
    parser.add_argument(
        "--seconds", type=float, help="only so much of the beginning of each sequence"
    )
    parser.add_argument("--official", action="store_true")
    options = parser.parse_args()
    peers = [name for name in options.peers.split(",") if name]
    trackers = [ours.NAME, *peers]
    scenes = load()
    if options.seconds is not None:
        scenes = [opening(scene, options.seconds) for scene in scenes]
    sequences = at_rates(scenes)
    cache = Cache()
    started = os.getloadavg()
    rows_at: dict[int | None, list[Row]] = {}
    kinds: list[int | None] = [None] if options.kind != "tuned" else []
    if options.budget and options.kind != "shipped":
        kinds.append(options.budget)
        fill(trackers, sequences, cache, options.budget, report)
    for rate, thin in sequences.items():
        rows_at[rate] = []
        for budget in kinds:
            for tracker in trackers:
                row = row_of(tracker, thin, cache, budget)
                rows_at[rate].append(row)
                report(f"{rate_name(rate)}: {row.name}")
                if options.official:
                    check(row, jobs_of(tracker, thin, cache, budget))
        show(scores_table(rate, rows_at[rate]))
    if peers:
        show(differences_table(rows_at))
    if peers and options.budget in kinds:
        show(switches_table(peers, sequences, cache, options.budget))
    if options.seconds is None:
        try:
            show(users_table(user_rows(trackers, sequences, cache, kinds)))
        except FileNotFoundError as error:
            report(f"the zones of vtest are left out: {error.filename} is not there")
    sys.stdout.write(f"load average {started[0]:.1f} at the start\n")


if __name__ == "__main__":
    try:
        main()
    except (NoData, NoPeers) as missing:
        sys.exit(str(missing))
