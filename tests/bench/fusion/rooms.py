"""Recordings that fusion is measured on, and what may go wrong with their cameras."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.datasets.floor import Area, FloorTable, floor_table, read_floor
from models.datasets.motchallenge import BoxTable, read_detections, table
from streams.domain.camera.pinhole import Pinhole
from tests.bench.fusion.simulator import Scene
from tests.support.paths import ROOT
from workers.operations.scoring.floor_cameras import Region, read_cameras

CMC = ROOT.parent / "shared" / "data" / "cmc"
"""Two recordings of a room with four cameras, with true positions."""

ANNOTATED = Area(1.5, -np.inf, 6.5, np.inf)
"""The annotated part of the room, metres: results outside are not scored."""

PUBLISHED = "floor_published.txt"


class NoData(Exception):
    """What is missing, in one sentence."""


@dataclass(frozen=True, slots=True)
class Room:
    """A recording of one floor.

    Attributes:
        name: Its name.
        cameras: Cameras by name.
        detections: Detections by camera, with scores from 0 to 1.
        truth: The people.
        frames: Number of frames.
        fps: Frames/s.
        area: The annotated part of the floor; None: all of it.
        absent: Frames that a camera has not sent, by camera.
        sees: Corners of what each camera sees of the floor, m; None where no wall limits any.
    """

    name: str
    cameras: Mapping[str, Pinhole]
    detections: Mapping[str, BoxTable]
    truth: FloorTable
    frames: int
    fps: float
    area: Area | None = None
    absent: Mapping[str, frozenset[int]] | None = None
    sees: Mapping[str, Region] | None = None


def read_room(name: str) -> Room:
    """One of the recordings CMC1 and CMC2; none of their boxes has a score.

    Raises:
        NoData: It is not there.
    """
    folder = CMC / name
    if not folder.is_dir():
        raise NoData(f"{folder} is missing")
    cameras, fps, _ = read_cameras(folder / "cameras.json")
    detections = {name: read_detections(folder / f"{name}.det.txt") for name in cameras}
    frames = max(int(found.frames.max()) for found in detections.values())
    truth = read_floor(folder / "floor_gt.txt")
    return Room(name, cameras, detections, truth, frames, fps or 4.0, ANNOTATED)


def published(name: str) -> FloorTable:
    """What the paper's own filter made of a recording, offline."""
    return read_floor(CMC / name / PUBLISHED)


def room_of(scene: Scene, name: str, area: Area | None = None) -> Room:
    """A simulated floor as a recording."""
    cameras = {one.name: Pinhole(one.projection, one.width, one.height) for one in scene.cameras}
    detections = {}
    for number, camera in enumerate(cameras):
        shown = [frame[number] for frame in scene.shown]
        counts = [len(one.boxes) for one in shown]
        detections[camera] = table(
            np.repeat(np.arange(1, len(shown) + 1), counts),
            np.full(sum(counts), -1),
            np.vstack([one.boxes for one in shown]),
            np.concatenate([one.scores for one in shown]),
        )
    sees = {
        one.name: tuple((x, y) for x, y in scene.plan.corners(one.room)) for one in scene.cameras
    }
    return Room(
        name,
        cameras,
        detections,
        floor_table(*scene.truth()),
        len(scene.shown),
        scene.fps,
        area,
        sees=sees,
    )


def only(room: Room, cameras: Sequence[str]) -> Room:
    """The recording of some of its cameras."""
    return replace(
        room,
        cameras={name: room.cameras[name] for name in cameras},
        detections={name: room.detections[name] for name in cameras},
    )


def without(room: Room, camera: str) -> Room:
    """One camera less."""
    return only(room, [name for name in room.cameras if name != camera])


def moved(room: Room, camera: str, by_m: tuple[float, float]) -> Room:
    """One camera's calibration is off: it puts everything so many metres aside."""
    shift = np.eye(4)
    shift[:2, 3] = by_m
    old = room.cameras[camera]
    off = Pinhole(old.projection @ np.linalg.inv(shift), old.width, old.height)
    return replace(room, cameras={**room.cameras, camera: off})


def late(room: Room, camera: str, frames: int) -> Room:
    """One camera's clock is wrong: what it saw counts so many frames later."""
    rows = room.detections[camera]
    shifted = replace(rows, frames=rows.frames + frames).where(rows.frames + frames <= room.frames)
    return replace(room, detections={**room.detections, camera: shifted})


def thinned(room: Room, camera: str, every: int) -> Room:
    """One camera sends each `every`-th frame only."""
    left_out = frozenset(n for n in range(1, room.frames + 1) if (n - 1) % every)
    rows = room.detections[camera]
    kept = rows.where((rows.frames - 1) % every == 0)
    return replace(room, detections={**room.detections, camera: kept}, absent={camera: left_out})
