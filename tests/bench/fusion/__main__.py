"""How well cameras are fused on a floor, beside a plain fusion and the paper's filter.

    python -m tests.bench.fusion [--only cmc,faults,simulated] [--seeds 1,2] [--floors 200x500]

Scored on the floor with similarity 1 - distance / 1 m. `cmc` are the recordings in
../shared/data/cmc, all four cameras and each alone; `faults` is what one camera less, one that is
off, late or slow costs there; `simulated` are floors of the simulator. Prints Markdown.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from models.datasets.floor import Area, FloorTable, floor_table
from models.evaluation.floor import FloorScores, evaluate_floor
from streams.domain.fusion.fusion import CameraFrame, FloorFusion, FusionCamera
from tests.bench.fusion.baseline import Baseline
from tests.bench.fusion.rooms import (
    NoData,
    Room,
    late,
    moved,
    only,
    published,
    read_room,
    room_of,
    thinned,
    without,
)
from tests.bench.fusion.simulator import crowded_room, floor

PARTS = ("cmc", "faults", "simulated")
CMC_ROOMS = ("CMC1", "CMC2")
FLOORS = "4x20,20x100,50x250"
"""Cameras and people of the simulated floors."""

FAULTS: dict[str, Callable[[Room, str], Room]] = {
    "removed": without,
    "40 cm off along x": lambda room, camera: moved(room, camera, (0.4, 0.0)),
    "40 cm off along y": lambda room, camera: moved(room, camera, (0.0, 0.4)),
    "one frame late": lambda room, camera: late(room, camera, 1),
    "at 2 frames per second": lambda room, camera: thinned(room, camera, 2),
}
"""What may go wrong with one camera."""

COLUMNS = ("HOTA", "DetA", "AssA", "IDF1", "MOTA", "switches", "median error, m", "count MAE")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fusion made of a recording."""

    scores: FloorScores
    us_per_camera_frame: float


Step = Callable[[int, list[CameraFrame]], list[tuple[int, float, float]]]
"""From a time (us) and the frames of that time to people: number, x, y (m)."""

Maker = Callable[[list[FusionCamera]], Step]


def fused(cameras: list[FusionCamera]) -> Step:
    """The fusion."""
    fusion = FloorFusion(cameras)
    state = fusion.start()
    fusion.step(state, 0, [])  # compiles, which is no part of the time taken

    def step(time_us: int, frames: list[CameraFrame]) -> list[tuple[int, float, float]]:
        nonlocal state
        state, people = fusion.step(state, time_us, frames)
        return [(one.number, one.x_m, one.y_m) for one in people]

    return step


def plain(cameras: list[FusionCamera]) -> Step:
    """What fusion is compared with."""
    fusion = Baseline(cameras)
    return lambda time_us, frames: [(n, x, y) for n, x, y in fusion.step(time_us, frames)]


def run(room: Room, maker: Maker = fused) -> Outcome:
    """Fuse a recording, frame by frame, and score it."""
    sees = room.sees or {}
    cameras = [
        FusionCamera(name, one.projection, one.width, one.height, sees.get(name, ()))
        for name, one in room.cameras.items()
    ]
    absent = room.absent or {}
    by_frame = [room.detections[name].by_frame() for name in room.cameras]
    nothing = np.empty((0, 4))
    step, found, taken_s, sent = maker(cameras), [], 0.0, 0
    for frame in range(1, room.frames + 1):
        at_us = round(frame * 1_000_000 / room.fps)
        scan = []
        for number, name in enumerate(room.cameras):
            if frame in absent.get(name, ()):
                continue
            rows = by_frame[number].get(frame)
            scan.append(CameraFrame(number, nothing if rows is None else rows.boxes))
        started_s = time.process_time()
        people = step(at_us, scan)
        taken_s += time.process_time() - started_s
        sent += len(scan)
        found += [(frame, *person) for person in people]
    rows_found = np.array(found, dtype=np.float64).reshape(-1, 4)
    results = floor_table(
        rows_found[:, 0].astype(int), rows_found[:, 1].astype(int), rows_found[:, 2:]
    )
    return Outcome(evaluate_floor(room.truth, results, room.area), 1e6 * taken_s / max(1, sent))


def cells(scores: FloorScores) -> list[str]:
    shares = (scores.hota, scores.deta, scores.assa, scores.idf1, scores.mota)
    median = "" if scores.median_error_m is None else f"{scores.median_error_m:.3f}"
    return [
        *(f"{100 * share:.1f}" for share in shares),
        str(scores.id_switches),
        median,
        f"{scores.count_error:.2f}",
    ]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines) + "\n"


def on_cmc() -> Iterator[str]:
    for name in CMC_ROOMS:
        room = read_room(name)
        yield f"### {name}, four cameras and each alone\n"
        filed: FloorTable = published(name)
        whole, simple = run(room), run(room, plain)
        rows = [
            ["fused", *cells(whole.scores), f"{whole.us_per_camera_frame:.0f}"],
            [
                "the paper's filter, offline",
                *cells(evaluate_floor(room.truth, filed, room.area)),
                "",
            ],
            [
                "foot points, clusters, Kalman",
                *cells(simple.scores),
                f"{simple.us_per_camera_frame:.0f}",
            ],
        ]
        for camera in room.cameras:
            alone = run(only(room, [camera]))
            rows.append(
                [f"{camera} alone", *cells(alone.scores), f"{alone.us_per_camera_frame:.0f}"]
            )
        yield table(["result", *COLUMNS, "us a camera frame"], rows)


def on_faults() -> Iterator[str]:
    for name in CMC_ROOMS:
        room = read_room(name)
        yield f"### {name}, one camera at fault\n"
        yield (
            "Each of the four cameras is at fault once: the mean, and the worst in brackets. A "
            "clock off by one frame is off by 250 ms.\n"
        )
        whole = run(room).scores
        rows = [["none", *_spread([whole])]]
        for fault, change in FAULTS.items():
            scores = [run(change(room, camera)).scores for camera in room.cameras]
            rows.append([fault, *_spread(scores)])
        yield table(["fault", "HOTA", "IDF1", "switches", "median error, m", "count MAE"], rows)


def _spread(scores: Sequence[FloorScores]) -> list[str]:
    def cell(values: Sequence[float], form: str, worst: Callable[[Sequence[float]], float]) -> str:
        mean = format(fmean(values), form)
        return mean if len(values) == 1 else f"{mean} ({format(worst(values), form)})"

    return [
        cell([100 * one.hota for one in scores], ".1f", min),
        cell([100 * one.idf1 for one in scores], ".1f", min),
        cell([float(one.id_switches) for one in scores], ".0f", max),
        cell([one.median_error_m or 0.0 for one in scores], ".3f", max),
        cell([one.count_error for one in scores], ".2f", max),
    ]


def on_simulated(seeds: Sequence[int], floors: Sequence[tuple[int, int]]) -> Iterator[str]:
    yield "### Simulated floors\n"
    yield (
        "A crowded room of 7.7 x 3.4 m at 4 frames per second for 65 s, and floors of rooms with "
        "four cameras each at 5 frames per second for 20 s. Errors of the detector are fitted to "
        f"cmc. Mean of the seeds {', '.join(map(str, seeds))}.\n"
    )
    rows: list[list[str]] = []
    for people in (10, 15):
        area = Area(1.5, -np.inf, 7.0, np.inf)
        rooms = [room_of(crowded_room(seed, people), "", area) for seed in seeds]
        rows += _compared(f"crowded room, 4 cameras, {people} people", rooms)
    for cameras, people in floors:
        rooms = [
            room_of(floor(seed, cameras=cameras, people=people, seconds=20.0), "") for seed in seeds
        ]
        rows += _compared(f"{cameras} cameras, {people} people", rooms)
    yield table(
        [
            "floor",
            "fusion",
            "HOTA",
            "IDF1",
            "switches",
            "median error, m",
            "count MAE",
            "us a camera frame",
        ],
        rows,
    )


def _compared(name: str, rooms: Sequence[Room]) -> Iterator[list[str]]:
    for kind, maker in (("fused", fused), ("foot points, clusters, Kalman", plain)):
        outcomes = [run(room, maker) for room in rooms]
        scores = [one.scores for one in outcomes]
        yield [
            name,
            kind,
            f"{100 * fmean(one.hota for one in scores):.1f}",
            f"{100 * fmean(one.idf1 for one in scores):.1f}",
            f"{fmean(one.id_switches for one in scores):.0f}",
            f"{fmean(one.median_error_m or 0.0 for one in scores):.3f}",
            f"{fmean(one.count_error for one in scores):.2f}",
            f"{fmean(one.us_per_camera_frame for one in outcomes):.0f}",
        ]


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure the fusion of cameras on a floor.")
    parser.add_argument("--only", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--seeds", default="1", help="seeds of the simulated floors")
    parser.add_argument("--floors", default=FLOORS, help="cameras x people of simulated floors")
    given = parser.parse_args()
    parts = given.only.split(",")
    if not set(parts) <= set(PARTS):
        parser.error(f"--only: of {', '.join(PARTS)}")
    seeds = [int(seed) for seed in given.seeds.split(",")]
    floors = [
        (int(cameras), int(people))
        for cameras, people in (one.split("x") for one in given.floors.split(","))
    ]
    makers: dict[str, Callable[[], Iterator[str]]] = {
        "cmc": on_cmc,
        "faults": on_faults,
        "simulated": lambda: on_simulated(seeds, floors),
    }
    for part in PARTS:
        if part not in parts:
            continue
        try:
            for text in makers[part]():
                print(text, flush=True)
        except NoData as error:
            print(f"{part}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
