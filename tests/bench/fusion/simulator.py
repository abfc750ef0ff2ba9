"""Simulated floors: cameras, the boxes of a detector in each, and where everybody truly was.

    python -m tests.bench.fusion.simulator --seed 1 --people 15 --out DIR
    python -m tests.bench.fusion.simulator --seed 1 --cameras 40 --people 100 --fps 10 --out DIR

Without `--cameras` it is the crowded room: 7.7 x 3.4 m, a camera in each corner, 4 frames per
second, 65 seconds; people come in one by one, walk about, and leave. With `--cameras`, a floor of
rooms with walls and doors, four cameras to a room; some people sit and some walk in groups.

Written are `cameras.json` (3x4 matrices, floor metres to px, with the errors of a calibration),
`CAMERA.det.txt` (MOTChallenge) and `floor_gt.txt` (frame, id, x, y in metres). One seed gives the
same files each time. Nothing of the fusion is used, so that it cannot be right about itself.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench.fusion.pictures import Detector, Errors, Shown
from tests.bench.fusion.plans import Camera, Plan, floor_of, small_room
from tests.bench.fusion.walkers import Crowd, walk

Floats = np.ndarray

ROOM_FPS, ROOM_S = 4.0, 65.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A simulated recording; frames count from 0 here and from 1 in files.

    Attributes:
        fps: Frames per second of every camera; frame `n` is at `n / fps` s.
        plan: The floor and its cameras.
        shown: Boxes by frame and camera.
        counted: Who is on the part of the floor that counts, shape `(F, N)`.
        points: Where everybody is, metres, shape `(F, N, 2)`.
    """

    fps: float
    plan: Plan
    shown: list[list[Shown]]
    counted: Floats
    points: Floats

    @property
    def cameras(self) -> tuple[Camera, ...]:
        return self.plan.cameras

    def truth(self) -> tuple[Floats, Floats, Floats]:
        """Frames from 1, ids from 1, points (m): one row for each person in each frame."""
        frames, people = np.nonzero(self.counted)
        return frames + 1, people + 1, self.points[frames, people]


def simulate(
    plan: Plan,
    crowd: Crowd,
    errors: Errors,
    *,
    seconds: float,
    fps: float,
    random: np.random.Generator,
) -> Scene:
    """Let people walk and cameras watch."""
    frames = max(1, round(seconds * fps))
    walks = walk(plan, crowd, frames, fps, random)
    detectors = [
        Detector(plan, camera, errors, crowd.people, np.random.default_rng(random.integers(2**63)))
        for camera in plan.cameras
    ]
    shown = [
        [detector.detect(walks, frame, 1.0 / fps) for detector in detectors]
        for frame in range(frames)
    ]
    return Scene(fps, plan, shown, walks.counted, walks.points)


def crowded_room(
    seed: int, people: int, *, seconds: float = ROOM_S, fps: float = ROOM_FPS
) -> Scene:
    """A small room full of people, who come in one by one, walk about, and leave."""
    random = np.random.default_rng([seed, people])
    plan = small_room(random, 0.5)
    crowd = Crowd(
        people=people,
        seated=0.0,
        grouped=0.15,
        speed_m_s=1.0,
        pause=0.1,
        area=(0.29, 0.08, 0.82, 0.92),
        lobby=(0.5, 0.3, 2.0, 3.1),
        enter_s=1.2 * people,
    )
    return simulate(plan, crowd, Errors(), seconds=seconds, fps=fps, random=random)


def floor(
    seed: int,
    *,
    cameras: int,
    people: int,
    seconds: float = 30.0,
    fps: float = 5.0,
    pose_error_deg: float = 0.3,
) -> Scene:
    """A floor of rooms with four cameras in each."""
    random = np.random.default_rng([seed, cameras, people])
    plan = floor_of(cameras, random, pose_error_deg)
    return simulate(plan, Crowd(people=people), Errors(), seconds=seconds, fps=fps, random=random)


def write(scene: Scene, folder: Path, *, scores: bool) -> None:
    """Write a scene as files; without scores every box has 1, as in the cmc recordings."""
    folder.mkdir(parents=True, exist_ok=True)
    camera = scene.cameras[0]
    about = {
        "fps": scene.fps,
        "image_size": [camera.width, camera.height],
        "cameras": {
            one.name: {
                "projection": np.round(one.projection, 9).tolist(),
                "sees": scene.plan.corners(one.room),
            }
            for one in scene.cameras
        },
    }
    (folder / "cameras.json").write_text(json.dumps(about, indent=1) + "\n")
    for number, one in enumerate(scene.cameras):
        rows = "".join(_rows(scene, number, scores))
        (folder / f"{one.name}.det.txt").write_text(rows)
    frames, ids, points = scene.truth()
    (folder / "floor_gt.txt").write_text(
        "".join(
            f"{frame},{person},{x:.3f},{y:.3f}\n"
            for frame, person, (x, y) in zip(frames, ids, points, strict=True)
        )
    )


def _rows(scene: Scene, camera: int, scores: bool) -> Iterator[str]:
    for frame, shown in enumerate(scene.shown, start=1):
        there = shown[camera]
        for (left, top, right, bottom), score in zip(there.boxes, there.scores, strict=True):
            sure = f"{score:.3f}" if scores else "1"
            size = f"{right - left:.2f},{bottom - top:.2f}"
            yield f"{frame},-1,{left:.2f},{top:.2f},{size},{sure},-1,-1,-1\n"


def main() -> None:
    """Write a scene."""
    parser = argparse.ArgumentParser(description="Simulate a floor that cameras watch.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=15)
    parser.add_argument("--cameras", type=int, help="4 to 200; left out, the crowded room")
    parser.add_argument("--fps", type=float)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--scores", action="store_true", help="write the detector's scores")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    asked = {
        name: value
        for name, value in (("seconds", given.seconds), ("fps", given.fps))
        if value is not None
    }
    if given.cameras is None:
        scene = crowded_room(given.seed, given.people, **asked)
    else:
        scene = floor(given.seed, cameras=given.cameras, people=given.people, **asked)
    write(scene, given.out, scores=given.scores)


if __name__ == "__main__":
    main()
