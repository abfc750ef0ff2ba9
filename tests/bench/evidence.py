"""What reads of badges add to the fold: `python -m tests.bench.evidence [--floors 1x20x40x24]`.

Each floor is simulated and fused, `FLOORSxCAMERASxPEOPLExZONES`, and each frame is folded with
reads and without, one after the other. Of each frame the least of some turns counts, so that what
else the machine does counts little. A frame is decoded and folded, and what follows is encoded, as
in the stream processor, and so is the floor's state once a second; Kafka and Faust are no part of
it (`tests.bench.reads_in_processor` has them). Prints Markdown.
"""

import argparse
import random
import sys
import time
from typing import Any, Final, NamedTuple

import numpy as np

from runtime.checkpoints import Record
from schemas.records.evidence import BadgeRead
from streams.domain.facts.timeline import Facts
from streams.state.codec import encode_state
from tests.bench.fused_fold import facts_of, records_of
from tests.bench.fusion.simulator import Scene, floor
from tests.support.builders.domain import T0, S, staff, topic_of, zone
from tests.support.builders.folds import fold_of
from tests.support.builders.reads import badge_read

FLOORS, READS_PER_S = "2x4x8x4,1x20x8x4,1x20x8x24,1x20x40x4,1x20x40x24", 2.0
SECONDS, FPS = 24.0, 10.0
TURNS: Final = 3
WARM_S: Final = 12.0
"""Event time before what is measured: code is loaded, people are known, and badges were read."""

BADGES: Final = 20
"""So many people of a floor have badges at most."""

READERS_M: Final = 1.5
"""Readers are so far apart, m."""

CORNERS: Final = 4


class Costs(NamedTuple):
    """CPU time after warming, microseconds, without reads and with them.

    Attributes:
        frame: Of a camera frame.
        save: Of a state of the floor for a checkpoint.
        named: People of whom something is known at the end.
    """

    frame: tuple[float, float]
    save: tuple[float, float]
    named: int


def reads_of(scene: Scene, floor_id: str, per_s: float) -> list[BadgeRead]:
    """Reads of people who are at a reader, as many in each second on average."""
    chance = random.Random(floor_id)
    found = []
    for _ in range(round(SECONDS * per_s)):
        at_s = chance.uniform(0.0, SECONDS - 1.0 / scene.fps)
        people = scene.points[round(at_s * scene.fps)]
        person = chance.randrange(min(len(people), BADGES))
        x_m, y_m = (READERS_M * round(float(one) / READERS_M) for one in people[person])
        found.append(
            badge_read(
                T0 + round(at_s * S),
                f"badge-{person}",
                reader_id=f"reader-{x_m:g}-{y_m:g}",
                staff_ids=[f"staff-{person}"],
                floor_id=floor_id,
                x_m=x_m,
                y_m=y_m,
            )
        )
    return found


def add_bays(facts: Facts, scene: Scene, floor_id: str, count: int) -> None:
    """Add zones in the pictures of the cameras, one after another."""
    for number in range(count):
        camera = scene.cameras[number % len(scene.cameras)]
        left, right = 0.2 * camera.width, 0.8 * camera.width
        top, bottom = 0.5 * camera.height, 0.95 * camera.height
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        bay = zone(
            f"{floor_id}-bay-{number}",
            floor_id=floor_id,
            camera_id=f"{floor_id}-{camera.name}",
            polygon=[{"x": x, "y": y} for x, y in corners],
        )
        facts.add(topic_of(bay), bay)


def costs_of(facts: Facts, log: list[tuple[int, Record]], reads: list[BadgeRead]) -> Costs:
    """What one floor costs with reads and without."""
    frame: list[Any] = []
    save: list[Any] = []
    named = 0
    for turn in range(TURNS):
        folds = [fold_of(facts, one)[0] for one in ([], reads)]
        spent: list[list[int]] = [[], []]
        saved: list[list[int]] = [[], []]
        for number, (at_us, one) in enumerate(log):
            for which in (0, 1) if (number + turn) % 2 else (1, 0):
                started_ns = time.thread_time_ns()
                folds[which].advance(one)
                ended_ns = time.thread_time_ns()
                if at_us < T0 + WARM_S * S:
                    continue
                spent[which].append(ended_ns - started_ns)
                if number % (len(log) // round(SECONDS)) == 0:
                    [state] = folds[which]._pipeline.floors.values()
                    started_ns = time.thread_time_ns()
                    encode_state(state)
                    saved[which].append(time.thread_time_ns() - started_ns)
        frame = np.minimum(frame, spent).tolist() if frame else spent
        save = np.minimum(save, saved).tolist() if save else saved
        [state] = folds[1]._pipeline.floors.values()
        named = 0 if state.evidence is None else len(state.evidence.names)
    without, with_reads = (np.mean(frame, axis=1) / 1000.0).tolist()
    save_without, save_with = (np.mean(save, axis=1) / 1000.0).tolist()
    return Costs((without, with_reads), (save_without, save_with), named)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--floors", default=FLOORS, help="FLOORSxCAMERASxPEOPLExZONES, several by comma"
    )
    parser.add_argument(
        "--reads", type=float, default=READS_PER_S, help="reads per second of a floor"
    )
    given = parser.parse_args(arguments)
    print("## Reads of badges in the fold\n")
    print(
        f"{given.reads:g} reads per second of a floor; {BADGES} people of a floor have badges at "
        "most.\n"
    )
    print(
        "| floors | cameras each | people each | zones each | without, us a frame "
        "| with, us a frame | more, % | saving a floor, us more "
        "| of a core, ten such floors live, % | somebody known of at the end |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for size in given.floors.split(","):
        floors, cameras, people, zones = (int(part) for part in size.split("x"))
        rows: list[Any] = []
        for number in range(floors):
            floor_id = f"f{number}"
            scene = floor(number + 1, cameras=cameras, people=people, seconds=SECONDS, fps=FPS)
            facts = facts_of(scene, floor_id, calibrated=True)
            add_bays(facts, scene, floor_id, zones - CORNERS)
            for person in range(people):
                facts.add("staff.v1", staff(f"staff-{person}"))
            log = list(records_of(scene, floor_id))
            costs = costs_of(facts, log, reads_of(scene, floor_id, given.reads))
            rows.append((*costs.frame, costs.save[1] - costs.save[0], costs.named))
        plain_us, reads_us, save_us, named = np.mean(rows, axis=0).tolist()
        floor_us = (reads_us - plain_us) * cameras * FPS + save_us
        print(
            f"| {floors} | {cameras} | {people} | {zones} | {plain_us:.0f} "
            f"| {reads_us:.0f} | {100 * (reads_us / plain_us - 1):.1f} | {save_us:.0f} "
            f"| {100 * 10 * floor_us * 1e-6:.2f} | {named:.1f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
