"""Fusion as a pure step: the state before, the frames of a tick, the state and the people after."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from streams.domain.fusion.settings import FusionSettings, parameters_of
from streams.domain.fusion.state import FusionState
from streams.domain.fusion.step import Report, take_in
from streams.domain.fusion.view import (
    FROM_ABOVE,
    FROM_THE_SIDE,
    MOST_BOXES,
    MOST_CAMERAS,
    Cameras,
    Scan,
)
from streams.domain.tracking.types import Flags, Matrix, Vector

DEFAULT: Final = FusionSettings()

_STEEP: Final = 0.9
"""A camera looks down on people where its axis is within 26 degrees of the vertical (cosine)."""

_NOBODY: Final = np.zeros((0, 4))
_NONE: Final = np.zeros(0, np.bool_)


@dataclass(frozen=True, slots=True)
class FusionCamera:
    """A camera whose place is known.

    Attributes:
        camera_id: Its id.
        projection: Shape `(3, 4)`: floor metres `[X, Y, Z, 1]`, Z up, to homogeneous pixels.
        width: Picture, px.
        height: Picture, px.
        sees: Corners of the part of the floor that it can see, m, where walls limit the view; none
            where nothing does.
    """

    camera_id: str
    projection: Matrix
    width: int
    height: int
    sees: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CameraFrame:
    """What a detector found in one frame.

    Attributes:
        camera: Index of the camera.
        boxes: Shape `(N, 4)`: `(x_min, y_min, x_max, y_max)`, px, free of lens distortion.
        scores: Their scores, 0 to 1, shape `(N,)`; None where none is faint.
    """

    camera: int
    boxes: Matrix
    scores: Vector | None = None


@dataclass(frozen=True, slots=True)
class FusedPerson:
    """A person on the floor.

    Attributes:
        number: Number of the person on the floor, from 1, in order of the first report.
        x_m: Position, m.
        y_m: Position, m.
        position_sd_m: Standard deviation, root mean square over both axes, m.
        height_m: Height, m.
        cameras: Ids of the cameras with a detection of the person in this tick, in order.
        boxes: Row of that detection among the boxes of each of these cameras' frames, as given.
        first_us: Event time of the first detections of the person, microseconds; a person is
            reported from the same tick on, or later.
    """

    number: int
    x_m: float
    y_m: float
    position_sd_m: float
    height_m: float
    cameras: tuple[str, ...]
    boxes: tuple[int, ...]
    first_us: int


class FloorFusion:
    """Fuses the cameras of one floor.

    The order in which cameras or frames are given has no effect: they are taken by camera id.

    Args:
        cameras: The floor's cameras.
        settings: Settings of fusion.

    Raises:
        ValueError: A camera id comes twice, a projection is no matrix of finite numbers, a region
            has fewer than three corners, or there are more than `MOST_CAMERAS`; names the camera.
    """

    def __init__(self, cameras: Sequence[FusionCamera], settings: FusionSettings = DEFAULT) -> None:
        if len(cameras) > MOST_CAMERAS:
            raise ValueError(f"{len(cameras)} cameras: a floor has at most {MOST_CAMERAS}")
        for camera in cameras:
            if camera.projection.shape != (3, 4) or not np.isfinite(camera.projection).all():
                raise ValueError(f"projection of {camera.camera_id}: give 3 x 4 finite numbers")
            if len(camera.sees) in {1, 2} or not np.isfinite(np.array(camera.sees)).all():
                raise ValueError(
                    f"sees of {camera.camera_id}: give three corners or more, finite numbers"
                )
        order = sorted(range(len(cameras)), key=lambda at: cameras[at].camera_id)
        self._cameras = [cameras[at] for at in order]
        self._slots = {at: slot for slot, at in enumerate(order)}
        ids = [camera.camera_id for camera in self._cameras]
        for camera_id, other in pairwise(ids):
            if camera_id == other:
                raise ValueError(f"camera {camera_id} is there twice")
        self._parameters = parameters_of(settings)
        self._least_score = settings.least_score
        self._ids = ids
        self._views = _as_arrays(self._cameras)

    def start(self) -> FusionState:
        """The state before the first tick."""
        return FusionState.empty(len(self._cameras))

    def step(
        self, state: FusionState, time_us: int, frames: Sequence[CameraFrame]
    ) -> tuple[FusionState, list[FusedPerson]]:
        """Take in the frames of one tick.

        Cameras without a frame say nothing; a frame without boxes says that nobody was found.

        Args:
            state: State before; not changed.
            time_us: Event time of the tick, microseconds; rises from tick to tick.
            frames: At most one for each camera.

        Returns:
            The state after, and the people on the floor in order of their numbers.

        Raises:
            ValueError: Time does not rise, two frames are of one camera, a camera is unknown, or
                boxes are no finite numbers with `x_min < x_max` and `y_min < y_max`.
        """
        if state.time_us is not None and time_us <= state.time_us:
            raise ValueError(f"time {time_us} is not after {state.time_us}, the tick before")
        scan = self._scan(frames)
        elapsed_us = 0 if state.time_us is None else time_us - state.time_us
        kept, report = take_in(
            self._views, scan, state.kept, elapsed_us / 1e6, time_us, self._parameters
        )
        return FusionState(kept, time_us), self._people(scan, report)

    def _scan(self, frames: Sequence[CameraFrame]) -> Scan:
        by_slot = sorted([(self._slot_of(frame.camera), frame) for frame in frames], key=_first)
        slots = [slot for slot, _ in by_slot]
        for slot, following in pairwise(slots):
            if slot == following:
                raise ValueError(f"two frames of camera {self._ids[slot]} in one tick")
        starts = [0]
        for slot, frame in by_slot:
            boxes = frame.boxes
            if boxes.ndim != 2 or boxes.shape[1] != 4:
                raise ValueError(f"boxes of camera {self._ids[slot]}: give four numbers for each")
            if len(boxes) > MOST_BOXES:
                raise ValueError(
                    f"{len(boxes)} boxes of camera {self._ids[slot]}: at most {MOST_BOXES}"
                )
            if frame.scores is not None and frame.scores.shape != (len(boxes),):
                raise ValueError(f"scores of camera {self._ids[slot]}: give one for each box")
            starts.append(starts[-1] + len(boxes))
        together = np.concatenate(
            [frame.boxes for _, frame in by_slot] or [_NOBODY], dtype=np.float64
        )
        if not (np.isfinite(together).all() and (together[:, 2:] > together[:, :2]).all()):
            for slot, frame in by_slot:
                _check_boxes(frame.boxes, self._ids[slot])
        faint = np.concatenate([self._faint(frame) for _, frame in by_slot] or [_NONE])
        return Scan(np.array(slots, np.int64), np.array(starts, np.int64), together, faint)

    def _faint(self, frame: CameraFrame) -> Flags:
        if frame.scores is None:
            return np.zeros(len(frame.boxes), np.bool_)
        return np.asarray(frame.scores < self._least_score)

    def _slot_of(self, camera: int) -> int:
        if camera not in self._slots:
            raise ValueError(f"camera {camera} is not one of the {len(self._cameras)} of the floor")
        return self._slots[camera]

    def _people(self, scan: Scan, report: Report) -> list[FusedPerson]:
        ids = [self._ids[slot] for slot in scan.slots.tolist()]
        camera_ids = [ids[frame] for frame in report.frames.tolist()]
        boxes = report.boxes.tolist()
        people, first = [], 0
        for (_, number, first_us), (x, y, sd, height), count in zip(
            report.facts.tolist(), report.values.tolist(), report.counts.tolist(), strict=True
        ):
            last = first + count
            seen_by, taken = tuple(camera_ids[first:last]), tuple(boxes[first:last])
            people.append(FusedPerson(number, x, y, sd, height, seen_by, taken, first_us))
            first = last
        return people


def _first(pair: tuple[int, CameraFrame]) -> int:
    return pair[0]


def _as_arrays(cameras: Sequence[FusionCamera]) -> Cameras:
    """The cameras as compiled code reads them."""
    most = max((len(camera.sees) for camera in cameras), default=0)
    regions, bounds = np.zeros((len(cameras), most, 2)), np.zeros((len(cameras), 4))
    for at, camera in enumerate(cameras):
        if camera.sees:
            regions[at, : len(camera.sees)] = camera.sees
            bounds[at, :2] = np.min(camera.sees, axis=0)
            bounds[at, 2:] = np.max(camera.sees, axis=0)
    return Cameras(
        np.array([camera.projection for camera in cameras], np.float64).reshape(-1, 3, 4),
        np.array([(c.width, c.height) for c in cameras], np.float64).reshape(-1, 2),
        regions,
        np.array([len(camera.sees) for camera in cameras], np.int64),
        bounds,
        np.array([_kind_of(camera.projection) for camera in cameras], np.int64),
    )


def _kind_of(projection: Matrix) -> int:
    ahead = [float(number) for number in projection[2, :3]]
    length = math.sqrt(sum(number * number for number in ahead))
    return FROM_ABOVE if -ahead[2] > _STEEP * length else FROM_THE_SIDE


def _check_boxes(boxes: Matrix, camera_id: str) -> None:
    if not np.isfinite(boxes).all():
        raise ValueError(f"boxes of camera {camera_id}: a number is not finite")
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise ValueError(f"boxes of camera {camera_id}: one has no width or no height")
