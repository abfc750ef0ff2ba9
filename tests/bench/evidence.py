"""What reads of badges add to the fold: `python -m tests.bench.evidence [--floors 1x20x40]`.

Each floor is simulated and fused, `FLOORSxCAMERASxPEOPLE`, and each frame is folded with reads and
without, one after the other. Of each frame the least of some turns counts, so that what else the
machine does counts little. A frame is decoded and folded, and what follows is encoded, as in the
stream processor; Kafka and Faust are no part of it. Prints Markdown.
"""

import argparse
import random
import sys
import time
from typing import Any

import numpy as np

from runtime.checkpoints import Record
from schemas.records.evidence import BadgeRead
from streams.domain.facts.timeline import Facts
from tests.bench.fused_fold import facts_of, records_of
from tests.bench.fusion.simulator import Scene, floor
from tests.support.builders.domain import T0, S, staff
from tests.support.builders.folds import fold_of
from tests.support.builders.reads import badge_read

FLOORS, READS_PER_S = "2x4x8,1x20x40", 2.0
SECONDS, FPS = 24.0, 10.0
TURNS = 3
WARM_S = 12.0
"""Event time before what is measured: code is loaded, people are known, and badges were read."""


def reads_of(scene: Scene, floor_id: str, per_s: float) -> list[BadgeRead]:
    """Reads by six readers, each of somebody who is near it."""
    chance = random.Random(floor_id)
    found = []
    positions = [scene.points[0, number % scene.points.shape[1]] for number in range(6)]
    for _ in range(round(SECONDS * per_s)):
        at_s, number = chance.uniform(0.0, SECONDS - 6.0), chance.randrange(6)
        people = scene.points[round(at_s * scene.fps)]
        apart = np.hypot(*(people - positions[number]).T)
        person = int(np.argmin(apart))
        found.append(
            badge_read(
                T0 + round(at_s * S),
                f"badge-{person}",
                reader_id=f"r{number}",
                staff_ids=[f"staff-{person}"],
                floor_id=floor_id,
                x_m=float(people[person][0]),
                y_m=float(people[person][1]),
            )
        )
    return found


def costs_us(
    facts: Facts, log: list[tuple[int, Record]], reads: list[BadgeRead]
) -> tuple[float, float, int]:
    """CPU time of a camera frame after warming, microseconds.

    Returns:
        Without reads, with them, and the people named at the end.
    """
    least: list[Any] = []
    named = 0
    for turn in range(TURNS):
        folds = [fold_of(facts, one)[0] for one in ([], reads)]
        spent: list[list[int]] = [[], []]
        for number, (at_us, one) in enumerate(log):
            for which in (0, 1) if (number + turn) % 2 else (1, 0):
                started_ns = time.thread_time_ns()
                folds[which].advance(one)
                ended_ns = time.thread_time_ns()
                if at_us >= T0 + WARM_S * S:
                    spent[which].append(ended_ns - started_ns)
        least = np.minimum(least, spent).tolist() if least else spent
        [state] = folds[1]._pipeline.floors.values()
        named = 0 if state.evidence is None else len(state.evidence.names)
    without, with_reads = (np.mean(least, axis=1) / 1000.0).tolist()
    return without, with_reads, named


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--floors", default=FLOORS, help="FLOORSxCAMERASxPEOPLE, several by comma")
    parser.add_argument(
        "--reads", type=float, default=READS_PER_S, help="reads per second of a floor"
    )
    given = parser.parse_args(arguments)
    print("## Reads of badges in the fold\n")
    print(
        "| floors | cameras each | people each | reads/s of a floor | without, us a frame "
        "| with, us a frame | more, % | of a core, ten such floors live, % | named at the end |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for size in given.floors.split(","):
        floors, cameras, people = (int(part) for part in size.split("x"))
        rows: list[Any] = []
        for number in range(floors):
            floor_id = f"f{number}"
            scene = floor(number + 1, cameras=cameras, people=people, seconds=SECONDS, fps=FPS)
            facts = facts_of(scene, floor_id, calibrated=True)
            for person in range(people):
                facts.add("staff.v1", staff(f"staff-{person}"))
            log = list(records_of(scene, floor_id))
            reads = reads_of(scene, floor_id, given.reads)
            rows.append(costs_us(facts, log, reads))
        plain_us, reads_us, named = np.mean(rows, axis=0).tolist()
        live = 100 * (reads_us - plain_us) * 1e-6 * cameras * FPS * 10
        print(
            f"| {floors} | {cameras} | {people} | {given.reads:g} | {plain_us:.0f} "
            f"| {reads_us:.0f} | {100 * (reads_us / plain_us - 1):.1f} | {live:.2f} | {named:.1f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
