"""A ward of fused floors for load: simulated people, each seen by the cameras of their room."""

import random
from collections.abc import Iterator, Sequence
from functools import cached_property

from runtime.process.settings import Settings
from schemas.records.evidence import BadgeRead
from schemas.records.frames import Detection, DetectionOutcome
from tests.bench.fusion.pictures import Shown
from tests.bench.fusion.simulator import Scene, floor
from tests.bench.streaming.ward import BAY, FRAME_US, captured_us, floor_of, outcome, register
from tests.support.builders.reads import badge_read
from workers.registry.rows import CameraRow, ZoneRow

SCENES = 2
"""Recordings; the floors show one or the other, each from a frame of its own on."""

SECONDS = 20.0
"""Length of a recording, which is played forth and back, so that nobody jumps."""

READERS_M = 1.5
"""Readers of badges are so far apart, m."""

CORNERS = 4
"""Zones in metres of a floor."""


class FusedFloors:
    """Floors of simulated rooms with four calibrated cameras in each.

    Every camera has one zone in its image, every floor four zones in metres. Each zone needs two
    nurses and has one on shift.

    Args:
        floors: How many.
        cameras: On each floor.
        people: On each floor.
        sets: So many times as many floors are there; each set shows the same.
        bays: Whether cameras have zones.
    """

    def __init__(
        self, floors: int, cameras: int, people: int, *, sets: int = 1, bays: bool = True
    ) -> None:
        fps = 1e6 / FRAME_US
        self.cameras_per_floor = cameras
        self.floors = floors
        self.camera_ids = [f"cam-{number:03d}" for number in range(sets * floors * cameras)]
        self._bays = bays
        self._scenes = [
            floor(seed, cameras=cameras, people=people, seconds=SECONDS, fps=fps)
            for seed in range(1, SCENES + 1)
        ]

    def register(self, settings: Settings, at_us: int) -> dict[str, int]:
        """Register all; see `Ward`."""
        cameras, zones = [], []
        for number in range(len(self.camera_ids)):
            scene, slot = self._scene(number), number % self.cameras_per_floor
            cameras.append(_camera(self, scene, number, slot))
            if self._bays:
                zones.append(_bay(cameras[-1]))
            if slot == 0:
                zones += _corners(scene, floor_of(self, number))
        badges = [_holder(name) for name in self.camera_ids]
        return register(settings, cameras, zones, at_us, badges)

    def log(self, frames: int, start_us: int) -> Iterator[tuple[int, DetectionOutcome]]:
        """Outcomes of all cameras; see `Ward`."""
        return self.log_of(range(len(self.camera_ids)), range(frames), start_us)

    def log_of(
        self, cameras: Sequence[int], frames: Sequence[int], start_us: int
    ) -> Iterator[tuple[int, DetectionOutcome]]:
        """Outcomes of some cameras, of some frames in their order; see `Ward`."""
        for frame in frames:
            for number in cameras:
                alike = self.alike(number)
                on_floor, slot = divmod(alike, self.cameras_per_floor)
                shown = self._boxes[on_floor % SCENES]
                camera = self._scene(number).cameras[slot]
                size = (camera.width, camera.height)
                at_us = captured_us(alike, frame, start_us)
                boxes = shown[_there_and_back(frame + 17 * on_floor, len(shown))][slot]
                yield number, outcome(self.camera_ids[number], frame, at_us, boxes, size)

    def alike(self, number: int) -> int:
        """Number of the camera of the first set that shows what a camera shows."""
        return number % (self.floors * self.cameras_per_floor)

    def reads(self, frames: int, start_us: int, per_s: float, first: int = 0) -> list[BadgeRead]:
        """Reads of badges over a log, in order of time: each of somebody who is at a reader.

        Readers are `READERS_M` apart. As many people of a floor have badges as it has cameras.

        Args:
            frames: Frames of each camera.
            start_us: Event time of frame 0, UTC microseconds.
            per_s: Reads per second, of all floors of the first set together.
            first: Number of the first frame.
        """
        chance = random.Random(5 + first)
        found = []
        for number in range(round(per_s * frames * FRAME_US / 1e6)):
            floor_at, frame = number % self.floors, first + chance.randrange(frames)
            first_camera = floor_at * self.cameras_per_floor
            points = self._scene(first_camera).points
            person = chance.randrange(min(points.shape[1], self.cameras_per_floor))
            x_m, y_m = points[_there_and_back(frame + 17 * floor_at, len(points)), person].tolist()
            reader = (round(x_m / READERS_M), round(y_m / READERS_M))
            found.append(
                badge_read(
                    captured_us(first_camera, frame, start_us),
                    f"badge-{floor_at}-{person}",
                    reader_id=f"reader-{floor_at}-{reader[0]}-{reader[1]}",
                    staff_ids=[_holder(self.camera_ids[first_camera + person])],
                    floor_id=floor_of(self, first_camera),
                    x_m=reader[0] * READERS_M,
                    y_m=reader[1] * READERS_M,
                )
            )
        return sorted(found, key=lambda one: one["at_us"])

    @cached_property
    def _boxes(self) -> list[list[list[list[Detection]]]]:
        """What each camera of a recording detects, by recording, frame and camera."""
        return [
            [[_detections(one) for one in shown] for shown in each.shown] for each in self._scenes
        ]

    def _scene(self, number: int) -> Scene:
        return self._scenes[self.alike(number) // self.cameras_per_floor % SCENES]


def _holder(camera_id: str) -> str:
    """Staff whose badge belongs to a camera; its zone has them on shift."""
    return f"nurse-{camera_id}-bay"


def _bay(camera: CameraRow) -> ZoneRow:
    """A zone in the picture of a camera."""
    width, height = camera.width, camera.height
    left, right, low = width * 0.2, width * 0.8, height * 0.95
    return ZoneRow(
        zone_id=f"{camera.camera_id}-bay",
        camera_id=camera.camera_id,
        polygon=[(left, height * 0.5), (right, height * 0.5), (right, low), (left, low)],
        **BAY,
    )


def _there_and_back(at: int, count: int) -> int:
    """Frame of a recording of `count` frames, played forth and back.

    >>> [_there_and_back(at, 3) for at in range(6)]
    [0, 1, 2, 1, 0, 1]
    """
    at %= 2 * (count - 1)
    return min(at, 2 * (count - 1) - at)


def _camera(ward: FusedFloors, scene: Scene, number: int, slot: int) -> CameraRow:
    camera = scene.cameras[slot]
    return CameraRow(
        camera_id=ward.camera_ids[number],
        floor_id=floor_of(ward, number),
        width=camera.width,
        height=camera.height,
        projection=camera.projection.ravel().tolist(),
        sees=[(x, y) for x, y in scene.plan.corners(camera.room)],
    )


def _corners(scene: Scene, floor_id: str) -> list[ZoneRow]:
    """A zone in each quarter of the floor, with gaps between them."""
    wide, deep = (side / 2.0 for side in scene.plan.size_m)
    return [
        ZoneRow(
            zone_id=f"{floor_id}-quarter-{part}",
            floor_id=floor_id,
            polygon=[
                (wide * (part % 2 + x), deep * (part // 2 + y))
                for x, y in ((0.0, 0.0), (0.9, 0.0), (0.9, 0.9), (0.0, 0.9))
            ],
        )
        for part in range(CORNERS)
    ]


def _detections(shown: Shown) -> list[Detection]:
    return [
        {
            "x_min": x_min,
            "y_min": y_min,
            "x_max": x_max,
            "y_max": y_max,
            "score": score,
            "label": "person",
            "raw_score": score,
        }
        for (x_min, y_min, x_max, y_max), score in zip(
            shown.boxes.tolist(), shown.scores.tolist(), strict=True
        )
    ]
