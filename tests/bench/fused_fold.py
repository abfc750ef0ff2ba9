"""What fusion adds to the fold: `python -m tests.bench.fused_fold [--floors 3x4x8,2x20x40]`.

Each floor is simulated, `FLOORSxCAMERASxPEOPLE`, and folded twice in this process: with the
projections of its cameras, so that it is fused, and without, as the peer. A frame is decoded and
folded, and what follows is encoded, as in the stream processor; Kafka and Faust are no part of it.
Prints Markdown.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from runtime.checkpoints import Record
from streams.domain.facts.timeline import Facts
from tests.bench.fusion.simulator import Scene, floor
from tests.support.builders.domain import T0, S, camera, outcome, rectangle, topic_of, zone
from tests.support.builders.folds import fold_of, record

FLOORS = "3x4x8,1x20x40"
SECONDS, FPS = 12.0, 10.0
WARM_S = 4.0
"""Event time before what is measured: code is loaded, and people are known."""


def facts_of(scene: Scene, floor_id: str, *, calibrated: bool) -> Facts:
    facts = Facts()
    for one in scene.cameras:
        corners = [{"x": float(x), "y": float(y)} for x, y in scene.plan.corners(one.room)]
        record = camera(
            f"{floor_id}-{one.name}",
            floor_id,
            width=one.width,
            height=one.height,
            projection=one.projection.ravel().tolist() if calibrated else None,
            sees=corners if calibrated else [],
        )
        facts.add(topic_of(record), record)
    for number in range(4):
        half = rectangle(6.0 * number, 0.0, 6.0 * number + 5.0, 6.0)
        one_zone = zone(
            f"{floor_id}-{number}", floor_id=floor_id, camera_id="", space="FLOOR_M", polygon=half
        )
        facts.add(topic_of(one_zone), one_zone)
    return facts


def records_of(scene: Scene, floor_id: str) -> Iterator[tuple[int, Record]]:
    """Event time and record of each frame, as inference appends them."""
    for number, shown in enumerate(scene.shown):
        for slot, one in enumerate(scene.cameras):
            at_us = T0 + round(number / scene.fps * S) + 100 * slot
            boxes: list[Any] = [
                {
                    "x_min": x_min, "y_min": y_min, "x_max": x_max, "y_max": y_max,
                    "score": score, "raw_score": score, "label": "person",
                }
                for (x_min, y_min, x_max, y_max), score in zip(
                    shown[slot].boxes.tolist(), shown[slot].scores.tolist(), strict=True
                )
            ]  # fmt: skip
            event = outcome(at_us, boxes, camera_id=f"{floor_id}-{one.name}")
            event |= {"width": one.width, "height": one.height}
            yield at_us, record(event)


def cost_us(scene: Scene, floor_id: str, *, calibrated: bool) -> tuple[float, int]:
    """CPU time of a camera frame after warming, microseconds, and the people at the end."""
    fold, _ = fold_of(facts_of(scene, floor_id, calibrated=calibrated))
    spent = count = 0
    for at_us, one in list(records_of(scene, floor_id)):
        started_ns = time.process_time_ns()
        fold.advance(one)
        ended_ns = time.process_time_ns()
        if at_us >= T0 + WARM_S * S:
            spent, count = spent + ended_ns - started_ns, count + 1
    return spent / count / 1000.0, len(fold._pipeline.floors[floor_id].shown)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--floors", default=FLOORS, help="FLOORSxCAMERASxPEOPLE, several by comma")
    given = parser.parse_args(arguments).floors
    print("## Fusion in the fold\n")
    print(
        "| floors | cameras each | people each | fused, us a frame | not fused, us a frame | ratio "
        "| people at the end, fused | not fused |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for size in given.split(","):
        floors, cameras, people = (int(part) for part in size.split("x"))
        rows: list[Any] = []
        for number in range(floors):
            scene = floor(number + 1, cameras=cameras, people=people, seconds=SECONDS, fps=FPS)
            fused = cost_us(scene, f"f{number}", calibrated=True)
            single = cost_us(scene, f"f{number}", calibrated=False)
            rows.append((*fused, *single))
        fused_us, fused_people, single_us, single_people = np.mean(rows, axis=0).tolist()
        print(
            f"| {floors} | {cameras} | {people} | {fused_us:.0f} | {single_us:.0f} "
            f"| {fused_us / single_us:.1f} | {fused_people:.0f} | {single_people:.0f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
