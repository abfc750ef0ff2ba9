"""What a wrong clock of one camera costs a fused floor, with its clock followed and not.

    python -m tests.bench.clocks [--seeds 1,2,3] [--people 6] [--seconds 120]

Four cameras watch a simulated room, each with a delay of its own that is never the same; one of
them has a fault. The whole fold runs over their detections. Scored where people were at the time
that the record names, from the 45th second on. Prints Markdown.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.floor import floor_table
from models.evaluation.floor import FloorScores, evaluate_floor
from runtime.process.sections import ClocksSettings
from schemas.topics import CAMERA_CLOCK, CAMERAS, FLOORS, PRESENCE
from streams.domain.facts.timeline import Facts
from streams.domain.pipeline import PartitionPipeline
from tests.bench.fusion.simulator import Scene, crowded_room
from tests.support.builders.domain import camera, outcome
from tests.support.camera_clocks import AHEAD_US, START_US, S
from workers.clocks.estimator import ClockEstimator, Rules

FPS = 5.0
FROM_S = 45.0
JUMP_S = 60.0
DELAY_US = 20_000
JITTER_US = 30_000
"""Least delay of every camera, and the mean of what the network adds."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with one camera.

    Attributes:
        clock: Error of its clock, us, by seconds.
        delay_us: What its pictures take longer.
        synchronised_s: `clocks.synchronised_within_s`.
    """

    clock: Callable[[float], float] = lambda _: 0.0
    delay_us: int = 0
    synchronised_s: float = 0.0


FAULTS: dict[str, Fault] = {
    "none": Fault(),
    "clock 300 ms fast": Fault(clock=lambda _: 300_000),
    "clock 300 ms slow": Fault(clock=lambda _: -300_000),
    "clock fast by 50 ppm": Fault(clock=lambda s: 50.0 * s),
    "clock jumps 2 s ahead": Fault(clock=lambda s: 2e6 * (s >= JUMP_S)),
    "clock jumps 2 s back": Fault(clock=lambda s: -2e6 * (s >= JUMP_S)),
    "clock jumps 1 h (DST)": Fault(clock=lambda s: 3.6e9 * (s >= JUMP_S)),
    "pictures 300 ms late": Fault(delay_us=300_000),
    "pictures 300 ms late, clocks taken for right": Fault(delay_us=300_000, synchronised_s=1.0),
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of a run.

    Attributes:
        scores: From `FROM_S` on.
        worst_m: 95th percentile of the distance between a person and where they were, m.
        settled_s: From the start, or from the jump, until the camera's own clock is in force; None
            where it never is.
    """

    scores: FloorScores
    worst_m: float
    settled_s: float | None


def arrivals(scene: Scene, fault: Fault, seed: int) -> list[tuple[int, int, int, int]]:
    """Arrival (us), camera, frame, and what the camera's clock said (us), by arrival."""
    found = []
    for number in range(len(scene.cameras)):
        chance, last_us = random.Random(seed * 100 + number), 0
        for frame in range(len(scene.shown)):
            at_s = frame / scene.fps
            taken_us = START_US + round(at_s * S)
            late_us = DELAY_US + round(chance.expovariate(1) * JITTER_US)
            clock_us = 0.0
            if number == 0:
                late_us += fault.delay_us
                clock_us = fault.clock(at_s)
            last_us = max(last_us + 1_000, taken_us + late_us)
            found.append((last_us, number, frame, taken_us + round(clock_us)))
    return sorted(found)


def registered(scene: Scene) -> Facts:
    """The facts of a scene."""
    facts = Facts()
    stamp = {"version": 1, "valid_from_us": 0, "recorded_at_us": 0, "removed": False}
    facts.add(
        FLOORS.name,
        stamp
        | {"floor_id": "floor", "partition": 0, "name": "", "time_zone": "UTC", "passages": []},
    )
    for one in scene.cameras:
        record = camera(one.name, width=one.width, height=one.height)
        record |= {"projection": one.projection.ravel().tolist(), "mount": "FIXED"}
        facts.add(CAMERAS.name, record)
    return facts


def run(scene: Scene, fault: Fault, seed: int, *, on: bool) -> Found:
    """Fold a scene."""
    facts, pipeline = registered(scene), PartitionPipeline()
    rules = Rules.of(ClocksSettings(synchronised_within_s=fault.synchronised_s))
    estimators = [ClockEstimator(rules) for _ in scene.cameras]
    records, settled_us = [], 0
    for arrival_us, number, frame, source_us in arrivals(scene, fault, seed):
        one, shown = scene.cameras[number], scene.shown[frame][number]
        if on:
            estimators[number].observe(arrival_us, source_us)
            decision = estimators[number].decide(arrival_us)
            if decision is not None:
                known = estimators[number].in_force
                record: Any = {
                    "camera_id": one.name,
                    "version": 1 if known is None else known["version"] + 1,
                    "valid_from_us": arrival_us + AHEAD_US,
                    "recorded_at_us": arrival_us,
                    "removed": False,
                    "recorded_by": "clocks",
                    **decision._asdict(),
                }
                facts.add(CAMERA_CLOCK.name, record)
                estimators[number].note(record)
                fresh = known is None or known["state"] != "SETTLED"
                if number == 0 and record["state"] == "SETTLED" and fresh:
                    settled_us = record["valid_from_us"]
        found: Any = outcome(arrival_us, camera_id=one.name)
        found |= {"width": one.width, "height": one.height, "source_clock_us": source_us}
        found["detections"] = [
            {
                **dict(zip(("x_min", "y_min", "x_max", "y_max"), map(float, box), strict=True)),
                "score": float(score),
                "label": "person",
                "raw_score": float(score),
            }
            for box, score in zip(shown.boxes, shown.scores, strict=True)
        ]
        outputs = pipeline.advance(found, facts)
        records += [output.record for output in outputs if output.topic is PRESENCE]
    jumps = abs(fault.clock(JUMP_S) - fault.clock(JUMP_S - 0.1)) > S
    from_us = START_US + round(JUMP_S * S) * jumps
    settled_s = (settled_us - from_us) / S if settled_us > from_us else None
    return scored(scene, records, settled_s)


def scored(scene: Scene, records: list[Any], settled_s: float | None) -> Found:
    """Compare what was said of a time with where people were then."""
    truth: list[tuple[int, int, float, float]] = []
    results: list[tuple[int, int, float, float]] = []
    distances: list[float] = []
    for frame, record in enumerate(records, start=1):
        placed = [one for one in record["people"] if one["x_m"] is not None]
        times = [one["last_observed_us"] for one in placed if one["observed"]]
        at_us = sum(times) // len(times) if times else record["as_of_us"]
        at_s = (at_us - START_US) / S
        there = at(scene, at_s) if at_s >= FROM_S else None
        if there is None:
            continue
        truth += [(frame, 1 + int(n), float(x), float(y)) for n, x, y in there]
        for one in placed:
            number = int(one["person_id"].rpartition(":")[2])
            results.append((frame, number, one["x_m"], one["y_m"]))
            if len(there):
                apart = there[:, 1:] - (one["x_m"], one["y_m"])
                distances.append(float(np.hypot(*apart.T).min()))
    scores = evaluate_floor(_table(truth), _table(results))
    return Found(scores=scores, worst_m=float(np.percentile(distances, 95)), settled_s=settled_s)


def at(scene: Scene, at_s: float) -> NDArray[np.float64] | None:
    """Rows of person, x, y at a time, between two frames; None after the last."""
    index = at_s * scene.fps
    frame = int(index)
    if frame + 1 >= len(scene.points):
        return None
    share = index - frame
    points = (1 - share) * scene.points[frame] + share * scene.points[frame + 1]
    here = np.flatnonzero(scene.counted[frame])
    return np.column_stack([here, points[here]])


def _table(rows: list[tuple[int, int, float, float]]) -> Any:
    found = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return floor_table(found[:, 0].astype(int), found[:, 1].astype(int), found[:, 2:])


def row(name: str, followed: str, found: Sequence[Found]) -> str:
    """One row of the table: the mean of the seeds."""
    scores = [one.scores for one in found]
    settled = [one.settled_s for one in found if one.settled_s is not None]
    cells = [
        name,
        followed,
        f"{100 * fmean(one.hota for one in scores):.1f}",
        f"{100 * fmean(one.idf1 for one in scores):.1f}",
        f"{fmean(one.id_switches for one in scores):.1f}",
        f"{fmean(one.median_error_m or 0.0 for one in scores):.3f}",
        f"{fmean(one.worst_m for one in found):.3f}",
        f"{fmean(settled):.0f}" if settled else "",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure what following clocks is worth.")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=120.0)
    given = parser.parse_args()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    scenes = {
        seed: crowded_room(seed, given.people, seconds=given.seconds, fps=FPS) for seed in seeds
    }

    def runs(fault: Fault, *, on: bool) -> list[Found]:
        return [run(scene, fault, seed, on=on) for seed, scene in scenes.items()]

    print("### One camera of four at fault, simulated\n")
    print(f"{given.people} people, {given.seconds:g} s, mean of the seeds {given.seeds}.\n")
    columns = ("HOTA", "IDF1", "switches", "median error, m", "p95, m", "settled, s")
    print(f"| fault | clocks | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 2) + "|")
    off: dict[int, list[Found]] = {}
    for name, fault in FAULTS.items():
        # Without decisions nothing goes by the camera's clock, so its error makes no difference.
        if fault.delay_us not in off:
            off[fault.delay_us] = runs(fault, on=False)
        print(row(name, "off", off[fault.delay_us]))
        print(row(name, "followed", runs(fault, on=True)), flush=True)
    print()


if __name__ == "__main__":
    main()
