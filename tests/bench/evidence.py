"""What reads of badges add to the fold: `python -m tests.bench.evidence [--floors 10x4x8]`.

Each floor is simulated and fused, `FLOORSxCAMERASxPEOPLE`, and folded with and without its share of
the reads, in turns. A frame is decoded and folded, and what follows is encoded, as in the stream
processor; Kafka and Faust are no part of it. Prints Markdown.
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

FLOORS, READS_PER_S = "10x4x8", 20.0
SECONDS, FPS = 30.0, 10.0
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


def cost_us(
    facts: Facts, log: list[tuple[int, Record]], reads: list[BadgeRead]
) -> tuple[float, int]:
    """CPU time of a camera frame after warming, microseconds, and the people named at the end."""
    fold, _ = fold_of(facts, reads)
    spent = count = 0
    for at_us, one in log:
        started_ns = time.process_time_ns()
        fold.advance(one)
        ended_ns = time.process_time_ns()
        if at_us >= T0 + WARM_S * S:
            spent, count = spent + ended_ns - started_ns, count + 1
    [state] = fold._pipeline.floors.values()
    named = 0 if state.evidence is None else len(state.evidence.names)
    return spent / count / 1000.0, named


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--floors", default=FLOORS, help="FLOORSxCAMERASxPEOPLE, several by comma")
    parser.add_argument("--reads", type=float, default=READS_PER_S, help="reads per second in all")
    given = parser.parse_args(arguments)
    print("## Reads of badges in the fold\n")
    print(
        "| floors | cameras each | people each | reads/s in all | without, us a frame "
        "| with, us a frame | more, % | named at the end |"
    )
    print("|---|---|---|---|---|---|---|---|")
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
            reads = reads_of(scene, floor_id, given.reads / floors)
            without = [cost_us(facts, log, [])[0]]
            with_reads, named = cost_us(facts, log, reads)
            without.append(cost_us(facts, log, [])[0])
            rows.append((min(without), min(with_reads, cost_us(facts, log, reads)[0]), named))
        plain_us, reads_us, named = np.mean(rows, axis=0).tolist()
        print(
            f"| {floors} | {cameras} | {people} | {given.reads:g} | {plain_us:.0f} "
            f"| {reads_us:.0f} | {100 * (reads_us / plain_us - 1):.1f} | {named:.1f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
