"""Fuse the detections of a floor's cameras, without Kafka or pixels, and score the result."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from models.datasets.floor import Area, FloorTable, floor_table, read_floor
from models.datasets.motchallenge import BoxTable, read_detections
from models.datasets.scores import Scale, to_unit_scores
from models.evaluation.floor import FloorScores, evaluate_floor
from schemas.fusion_settings import FusedFloorSettings
from streams.domain.camera.pinhole import Pinhole
from streams.domain.facts.fused_cameras import FusedCameras
from workers.operations.scoring.floor_cameras import FloorCameras, Region, read_cameras

FIRST_FRAME_US: Final = 1_000_000
"""Event time of frame 1, microseconds."""

FPS: Final = (0.01, 1000.0)
"""Least and largest frames per second."""

MOST_FRAMES: Final = 10_000_000
"""A frame with a larger number is a mistake; 10 frames a second make so many in eleven days."""

JOINER: Final = "+"
"""Between the cameras of a row; no name has it, and no reader of CSV takes it for a comma."""

_OUTSIDE: Final = 0.05
"""A box that ends so far outside the picture, as a share of its size, is not of that picture."""

_MANY: Final = 0.02
"""Share of such boxes that is more than the errors of a detector."""

_SHORT: Final = 0.8
"""A camera whose last detection comes before this share of all frames may have stopped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FusingRun:
    """The result of fusing files.

    Attributes:
        warnings: What the files say against the way they were read, a sentence each.
        cameras: Names of the cameras that took part.
        left_out: Names of the cameras without detections.
        frames: Frames of each camera.
        fps: Rate, frames/s.
        detections: Detections of all cameras.
        people: Fused people.
        rows: Rows written.
        seconds: Time that the fusion took, seconds.
        us_per_camera_frame: The same for one frame of one camera, microseconds.
        scores: Scores against the ground truth; None without one.
    """

    warnings: list[str]
    cameras: list[str]
    left_out: list[str]
    frames: int
    fps: float
    detections: int
    people: int
    rows: int
    seconds: float
    us_per_camera_frame: float
    scores: FloorScores | None


@dataclass(frozen=True, slots=True)
class Fused:
    """Fused people over frames.

    Attributes:
        floor: Where they are.
        cameras: Names of the cameras that see each, in the order of `floor`.
        seconds: Time that the fusion took, seconds.
    """

    floor: FloorTable
    cameras: list[tuple[str, ...]]
    seconds: float


def fuse_files(
    cameras: Path,
    detections: Mapping[str, Path],
    out: Path,
    *,
    fps: float,
    ground_truth: Path | None = None,
    area: Area | None = None,
    scale: Scale | None = None,
    settings: FusedFloorSettings,
) -> FusingRun:
    """Fuse files of detections, write where people were, and score it.

    Args:
        cameras: The cameras, as `read_cameras` reads them.
        detections: `det.txt` of MOTChallenge, by name of its camera.
        out: File to write to: frame, id, x, y in metres, cameras.
        fps: Rate of every camera, frames/s; frame `n` of each is at `(n - 1) / fps` s.
        ground_truth: Frame, id, x, y in metres to score against; None scores nothing.
        area: The part of the floor that is annotated; results outside are not scored.
        scale: Scale of the scores; None recognises it in each file.
        settings: Settings of fusion.

    Raises:
        ValueError: A file cannot be used; the message names file and field.
        OSError: A file cannot be read or written.
    """
    if not (math.isfinite(fps) and FPS[0] <= fps <= FPS[1]):
        raise ValueError(f"--fps: {fps:g} is not from {FPS[0]:g} to {FPS[1]:g} frames per second")
    read: FloorCameras = read_cameras(cameras)
    for name in detections:
        if name not in read.cameras:
            known = ", ".join(read.cameras)
            raise ValueError(f"--detections {name}: {cameras} has no such camera, only {known}")
    if not detections:
        raise ValueError("--detections: there is none")
    _check_paths(out, cameras, detections, ground_truth)
    truth = None if ground_truth is None else read_floor(ground_truth)
    if truth is not None and len(truth) == 0:
        raise ValueError(f"{ground_truth}: it is empty, and there is nothing to score against")
    taken = {name: pinhole for name, pinhole in read.cameras.items() if name in detections}
    warnings: list[str] = []
    if read.fps is not None and not math.isclose(read.fps, fps, rel_tol=1e-3):
        warnings.append(f"{cameras} has {read.fps:g} frames per second, and --fps is {fps:g}")
    boxes = {
        name: _read_boxes(detections[name], name, pinhole, scale, warnings)
        for name, pinhole in taken.items()
    }
    frames = max(int(found.frames.max(initial=0)) for found in boxes.values())
    warnings += _stopped(boxes, frames)
    fused = fuse(taken, boxes, frames=frames, fps=fps, settings=settings, sees=read.sees)
    write_fused(out, fused)
    if truth is not None and not np.isin(truth.frames, np.arange(1, frames + 1)).any():
        warnings.append(f"{ground_truth} has none of the frames 1 to {frames}")
    return FusingRun(
        warnings=warnings,
        cameras=list(taken),
        left_out=[name for name in read.cameras if name not in detections],
        frames=frames,
        fps=fps,
        detections=sum(len(found) for found in boxes.values()),
        people=len(np.unique(fused.floor.ids)),
        rows=len(fused.floor),
        seconds=fused.seconds,
        us_per_camera_frame=1e6 * fused.seconds / max(1, frames * len(taken)),
        scores=None if truth is None else evaluate_floor(truth, fused.floor, area),
    )


def fuse(
    cameras: Mapping[str, Pinhole],
    detections: Mapping[str, BoxTable],
    *,
    frames: int,
    fps: float,
    settings: FusedFloorSettings,
    sees: Mapping[str, Region] | None = None,
) -> Fused:
    """Fuse the detections of cameras that start together and have one rate.

    Args:
        cameras: Cameras by name.
        detections: Their detections, with scores from 0 to 1; a frame without any shows nobody.
        frames: Number of frames, from 1.
        fps: Frames/s.
        settings: Settings of fusion.
        sees: What part of the floor each camera sees, by name; None where no wall limits any.
    """
    fused = FusedCameras(cameras, sees or {}, settings)
    fusion = fused.fusion
    state = fusion.start()
    fusion.step(state, FIRST_FRAME_US, [])  # compiles, which is no part of the time taken
    by_frame = {
        name: {
            frame: fused.frame(name, np.column_stack([rows.boxes, rows.scores]))[0]
            for frame, rows in detections[name].by_frame().items()
        }
        for name in cameras
    }
    nothing = {name: fused.frame(name, np.empty((0, 5)))[0] for name in cameras}
    rows: list[tuple[int, int, float, float]] = []
    seen_by: list[tuple[str, ...]] = []
    seen_us: dict[int, int] = {}
    leave_us = round(settings.leave_after_s * 1_000_000)
    taken_s = 0.0
    for frame in range(1, frames + 1):
        at_us = FIRST_FRAME_US + round((frame - 1) * 1_000_000 / fps)
        scan = [by_frame[name].get(frame, nothing[name]) for name in cameras]
        started_s = time.perf_counter()
        state, people = fusion.step(state, at_us, scan)
        taken_s += time.perf_counter() - started_s
        for person in people:
            if person.cameras:
                seen_us[person.number] = at_us
            if at_us - seen_us.setdefault(person.number, at_us) > leave_us:
                continue
            rows.append((frame, person.number, person.x_m, person.y_m))
            seen_by.append(person.cameras)
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    floor = floor_table(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:])
    return Fused(floor, seen_by, taken_s)


def write_fused(path: Path, fused: Fused) -> None:
    """Write frame, id, x, y (m) and the cameras that see the person, joined by `JOINER`."""
    floor = fused.floor
    with path.open("w", encoding="utf-8") as file:
        for frame, person, (x, y), cameras in zip(
            floor.frames.tolist(),
            floor.ids.tolist(),
            floor.points.tolist(),
            fused.cameras,
            strict=True,
        ):
            file.write(f"{frame},{person},{x:.3f},{y:.3f},{JOINER.join(cameras)}\n")


def parse_detections(given: Sequence[str]) -> dict[str, Path]:
    """Take `CAM=DET.txt` apart.

    Raises:
        ValueError: It has no such form, or names a camera twice.
    """
    found: dict[str, Path] = {}
    for one in given:
        name, sign, path = one.partition("=")
        if not (name and sign and path):
            raise ValueError(f"--detections {one}: it is CAMERA=FILE")
        if name in found:
            raise ValueError(f"--detections {name}: the camera is given twice")
        found[name] = Path(path)
    return found


def parse_area(given: str) -> Area:
    """Take `X_MIN,Y_MIN,X_MAX,Y_MAX` apart, metres.

    Raises:
        ValueError: It has no such form, or is empty.
    """
    try:
        x_min, y_min, x_max, y_max = (float(part) for part in given.split(","))
    except ValueError:
        raise ValueError(f"--area {given}: it is X_MIN,Y_MIN,X_MAX,Y_MAX in metres") from None
    try:
        return Area(x_min, y_min, x_max, y_max)
    except ValueError as error:
        raise ValueError(f"--area {given}: {error}") from error


def _check_paths(
    out: Path, cameras: Path, detections: Mapping[str, Path], ground_truth: Path | None
) -> None:
    """Refuse files that were mixed up.

    Raises:
        ValueError: Names the option.
    """
    given: dict[Path, str] = {}
    for name, path in detections.items():
        other = given.setdefault(path.resolve(), name)
        if other != name:
            raise ValueError(f"--detections {name}: {path} is given to {other} already")
    read = [cameras, *detections.values(), *([ground_truth] if ground_truth else [])]
    if out.resolve() in {path.resolve() for path in read}:
        raise ValueError(f"--out {out}: it is a file to read")
    if not out.resolve().parent.is_dir():
        raise ValueError(f"--out {out}: there is no folder {out.parent}")


def _read_boxes(
    path: Path, name: str, pinhole: Pinhole, scale: Scale | None, warnings: list[str]
) -> BoxTable:
    """The detections of a camera, cut by its picture, with scores from 0 to 1."""
    read = read_detections(path)
    last = int(read.frames.max(initial=0))
    if last > MOST_FRAMES:
        raise ValueError(f"{path}, field frame: {last} is above {MOST_FRAMES}")
    try:
        unit = to_unit_scores(read.scores, scale)
    except ValueError as error:
        raise ValueError(f"{path}, field confidence: {error}") from error
    if unit.doubt:
        warnings.append(f"{path}: {unit.doubt}; give the scale with --scores")
    size = np.array([pinhole.width, pinhole.height] * 2, dtype=np.float64)
    off = (read.boxes < -_OUTSIDE * size) | (read.boxes > (1.0 + _OUTSIDE) * size)
    count = int(off.any(axis=1).sum())
    if count > _MANY * len(read):
        picture = f"{pinhole.width} x {pinhole.height} px"
        warnings.append(
            f"{path}: {count} of {len(read)} boxes end outside the picture of {name}, {picture}: "
            "check image_size"
        )
    cut = np.clip(read.boxes, 0.0, size)
    inside = np.asarray(((cut[:, 2:] - cut[:, :2]) > 0.0).all(axis=1))
    if not len(read):
        warnings.append(f"{path}: no detection: {name} is taken to have seen nobody")
    return replace(read, boxes=cut, scores=unit.scores).where(inside)


def _stopped(boxes: Mapping[str, BoxTable], frames: int) -> list[str]:
    """Cameras whose detections end long before those of others."""
    found = []
    for name, rows in boxes.items():
        last = int(rows.frames.max(initial=0))
        if 0 < last < _SHORT * frames:
            found.append(
                f"{name}: its last detection is in frame {last} of {frames}, and it is taken to "
                "have seen nobody after"
            )
    return found
