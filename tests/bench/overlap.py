"""How soon cameras that are calibrated wrongly are found out, and how often wrongly so.

    python -m tests.bench.overlap [--only simulated,cmc,ufes4cam] [--seeds 5,6,7]

The tracks that the fold makes of each camera go through the overlap check of the guard. `simulated`
are rooms of the simulator, `cmc` and `ufes4cam` the recordings in ../shared/data; of ufes4cam the
people are detected in the pictures. Each camera of a room is at fault once. Prints Markdown.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from statistics import median
from typing import Final, NamedTuple

import cv2
import numpy as np

from models.datasets.motchallenge import BoxTable, table
from models.detectors.factory import make_detector
from streams.domain.camera.pinhole import Pinhole
from tests.bench.fusion.__main__ import table as markdown
from tests.bench.fusion.rooms import CMC, NoData, Room, late, read_room, room_of
from tests.bench.fusion.simulator import crowded_room
from tests.support.builders.domain import T0
from tests.support.overlapping_views import aside, recorded, registered
from workers.guard.neighbours import Neighbours
from workers.guard.overlap import OverlapLimits
from workers.operations.calibration.poses import read_pose

PARTS = ("simulated", "cmc", "ufes4cam")
VIDEO = CMC.parent / "video" / "ufes4cam"
VIDEO_FPS = 5.0
EDGES: Final = ("x_min", "y_min", "x_max", "y_max")
LATE_S = 1.0
SECONDS = 65.0
PEOPLE = 4


class Blamed(NamedTuple):
    """What the check says of a recording.

    Attributes:
        after_s: Seconds until a camera was first blamed, by camera; others never were.
        at_end: Cameras blamed at the end.
        apart_m: Distance of each pair of cameras at the end.
    """

    after_s: dict[str, float]
    at_end: set[str]
    apart_m: list[float]


def check(cameras: Mapping[str, Pinhole], detections: Mapping[str, BoxTable], fps: float) -> Blamed:
    """Let the check follow the tracks of a recording."""
    neighbours = Neighbours(OverlapLimits())
    neighbours.register({name: registered(name, one) for name, one in cameras.items()})
    after_s: dict[str, float] = {}
    for tracks in recorded(cameras, detections, fps):
        neighbours.take(tracks)
        for one in neighbours.found():
            if one.disagrees:
                after_s.setdefault(one.camera_id, (tracks["captured_us"] - T0) / 1e6)
    found = neighbours.found()
    return Blamed(
        after_s,
        {one.camera_id for one in found if one.disagrees},
        [one.apart.distance_m for one in found if one.camera_id < one.with_camera_id],
    )


def at_fault(room: Room, camera: str, x_m: float, y_m: float) -> Room:
    """The room with one camera whose calibration is off."""
    off = aside(room.cameras[camera], x_m, y_m)
    return replace(room, cameras={**room.cameras, camera: off})


FAULTS: dict[str, Callable[[Room, str], Room]] = {
    "1 m off along x": lambda room, camera: at_fault(room, camera, 1.0, 0.0),
    "1 m off along y": lambda room, camera: at_fault(room, camera, 0.0, 1.0),
    "40 cm off along x": lambda room, camera: at_fault(room, camera, 0.4, 0.0),
    "40 cm off along y": lambda room, camera: at_fault(room, camera, 0.0, 0.4),
    "clock 1 s late": lambda room, camera: late(room, camera, round(LATE_S * room.fps)),
}
"""What may be wrong with one camera; a clock that is late is no wrong calibration."""

COLUMNS = ("room", "fault", "cases", "found", "after, s", "others blamed")


def on_rooms(rooms: Mapping[str, Room]) -> Iterator[str]:
    """A table of rooms with each camera at fault once."""
    rows = []
    for name, room in rooms.items():
        right = check(room.cameras, room.detections, room.fps)
        rows.append([name, "none", "1", "", "", str(len(right.after_s))])
        for fault, change in FAULTS.items():
            after, others = [], 0
            for camera in room.cameras:
                wrong = change(room, camera)
                outcome = check(wrong.cameras, wrong.detections, wrong.fps)
                if camera in outcome.after_s:
                    after.append(outcome.after_s[camera])
                others += bool(outcome.after_s.keys() - {camera})
            delay = f"{median(after):.0f} ({max(after):.0f})" if after else ""
            cases = len(room.cameras)
            rows.append([name, fault, str(cases), str(len(after)), delay, str(others)])
    yield (
        "`found` is in how many cases the camera at fault was blamed, with the median delay and "
        "the longest; `others blamed` in how many cases another camera was, at any time.\n"
    )
    yield markdown(COLUMNS, rows)


def simulated(seeds: list[int]) -> dict[str, Room]:
    """Rooms of the simulator, whose calibrations have their usual errors."""
    return {
        f"simulated, seed {seed}": room_of(crowded_room(seed, PEOPLE, seconds=SECONDS), "room")
        for seed in seeds
    }


def on_ufes4cam() -> Iterator[str]:
    """What the check says of the right and of the wrong calibrations of ufes4cam.

    Raises:
        NoData: The recording is not there.
    """
    if not VIDEO.is_dir():
        raise NoData(f"{VIDEO} is missing")
    detections = {f"cam{number}": _detected(number) for number in range(4)}
    rows = []
    for which in ("init_commit", "head"):
        cameras = {
            name: read_pose(VIDEO / f"calib_{name}_{which}.json", None) for name in detections
        }
        outcome = check(cameras, detections, VIDEO_FPS)
        blamed = [f"{camera} after {after:.0f} s" for camera, after in outcome.after_s.items()]
        apart = ", ".join(f"{metres:.2f}" for metres in outcome.apart_m)
        rows.append([which, ", ".join(blamed) or "nobody", apart])
    yield markdown(("calibrations", "blamed", "pairs apart, m"), rows)


def _detected(number: int) -> BoxTable:
    """People in the pictures of a camera, at `VIDEO_FPS`."""
    detector = make_detector(threads=1, score_threshold=0.5)
    video = cv2.VideoCapture(str(VIDEO / f"cam{number}.mp4"))
    every = max(1, round(video.get(cv2.CAP_PROP_FPS) / VIDEO_FPS))
    frames, boxes, scores, taken = [], [], [], 0
    while video.grab():
        if taken % every == 0:
            _, picture = video.retrieve()
            [found] = detector.detect([np.asarray(picture, np.uint8)])
            for one in found:
                frames.append(taken // every + 1)
                boxes.append([one[edge] for edge in EDGES])
                scores.append(one["score"])
        taken += 1
    return table(
        np.array(frames, np.int64),
        np.full(len(frames), -1),
        np.array(boxes, np.float64).reshape(-1, 4),
        np.array(scores, np.float64),
    )


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="How soon wrong calibrations are found out.")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--seeds", default="5,6,7", help="seeds of the simulated rooms")
    given = parser.parse_args()
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "simulated": lambda: on_rooms(simulated([int(seed) for seed in given.seeds.split(",")])),
        "cmc": lambda: on_rooms({name: read_room(name) for name in ("CMC1", "CMC2")}),
        "ufes4cam": on_ufes4cam,
    }
    for part in given.only.split(","):
        try:
            for text in parts[part]():
                print(text, flush=True)
        except NoData as missing:
            print(f"{part}: {missing}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
