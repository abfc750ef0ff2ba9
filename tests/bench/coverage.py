"""What open gaps and counts add to the fold: `python -m tests.bench.coverage [--floors 2x4x8]`.

Each floor is simulated and fused, `FLOORSxCAMERASxPEOPLE`. Each of its zones has requirements of
three roles and shifts, and it is folded with and without what occupancy says beside the minima, in
turns. A frame is decoded and folded, and what follows is encoded, as in the stream processor; Kafka
and Faust are no part of it. Prints Markdown.
"""

import argparse
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from runtime.checkpoints import Record
from streams.domain.facts.timeline import Facts
from streams.domain.settings import PipelineSettings
from tests.bench.fused_fold import facts_of, records_of
from tests.bench.fusion.simulator import floor
from tests.support.builders.domain import T0, S, requirement, shift, staff, topic_of
from tests.support.builders.folds import fold_of

FLOORS = "2x4x8"
SECONDS, FPS = 20.0, 10.0
WARM_S = 6.0
"""Event time before what is measured: code is loaded, and people are known."""


def with_plans(facts: Facts, floor_id: str) -> Facts:
    """Let every zone of a floor require and schedule three roles."""
    for number in range(4):
        zone_id = f"{floor_id}-{number}"
        for role in ("nurse", "doctor", "assistant"):
            name = f"{zone_id}-{role}"
            for record in (
                staff(name, role),
                requirement(name, zone_id=zone_id, role=role, count=2),
                shift(name, zone_id=zone_id, staff_id=name, role=role),
            ):
                facts.add(topic_of(record), record)
    return facts


def cost_us(facts: Facts, log: list[tuple[int, Record]], *, follows_gaps: bool) -> float:
    """CPU time of a camera frame after warming, microseconds."""
    fold, _ = fold_of(facts)
    settings = PipelineSettings()
    changed = replace(settings.floor, follows_gaps=follows_gaps)
    fold._pipeline.settings = replace(settings, floor=changed)
    spent = count = 0
    for at_us, one in log:
        started_ns = time.process_time_ns()
        fold.advance(one)
        ended_ns = time.process_time_ns()
        if at_us >= T0 + WARM_S * S:
            spent, count = spent + ended_ns - started_ns, count + 1
    return spent / count / 1000.0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--floors", default=FLOORS, help="FLOORSxCAMERASxPEOPLE, several by comma")
    given = parser.parse_args(arguments)
    print("## Gaps and counts in the fold\n")
    print(
        "| floors | cameras each | people each | without, us a frame | with, us a frame | more, % |"
    )
    print("|---|---|---|---|---|---|")
    for size in given.floors.split(","):
        floors, cameras, people = (int(part) for part in size.split("x"))
        rows: list[Any] = []
        for number in range(floors):
            floor_id = f"f{number}"
            scene = floor(number + 1, cameras=cameras, people=people, seconds=SECONDS, fps=FPS)
            facts = with_plans(facts_of(scene, floor_id, calibrated=True), floor_id)
            log = list(records_of(scene, floor_id))
            costs: dict[bool, list[float]] = {False: [], True: []}
            for _ in range(3):
                for follows_gaps in (False, True):
                    costs[follows_gaps].append(cost_us(facts, log, follows_gaps=follows_gaps))
            rows.append((min(costs[False]), min(costs[True])))
        without_us, with_us = np.mean(rows, axis=0).tolist()
        print(
            f"| {floors} | {cameras} | {people} | {without_us:.0f} | {with_us:.0f} "
            f"| {100 * (with_us / without_us - 1):.1f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
