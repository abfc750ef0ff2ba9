"""Fusion as a pure step: the state before, the frames of a tick, the state and the people after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from streams.domain.fusion.ellipsoid import HEIGHT, RADIUS, X, Y, box_of
from streams.domain.fusion.hypotheses import NO_BOX, copy_of
from streams.domain.fusion.scan import take_in
from streams.domain.fusion.settings import FusionSettings, parameters_of
from streams.domain.fusion.state import FusionState
from streams.domain.fusion.view import MOST_BOXES, MOST_CAMERAS, Scan, share_in_view
from streams.domain.tracking.types import Indices, Matrix

DEFAULT: Final = FusionSettings()

_REPORTED: Final = 0.5
_WHOLE: Final = 0.97
_IN_VIEW: Final = 0.1
_NOBODY: Final = np.zeros((0, 4))


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
    """

    camera: int
    boxes: Matrix


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
        self._settings = settings
        self._parameters = parameters_of(settings)
        self._every_view, _ = self._scan([CameraFrame(at, _NOBODY) for at in self._slots])

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
        scan, given = self._scan(frames)
        elapsed_us = 0 if state.time_us is None else time_us - state.time_us
        people, hypotheses = take_in(
            scan,
            *copy_of(state.people, state.hypotheses),
            elapsed_us / 1e6,
            time_us,
            (state.scans + 1) * MOST_CAMERAS * MOST_BOXES,
            self._parameters,
        )
        after = replace(
            state, people=people, hypotheses=hypotheses, time_us=time_us, scans=state.scans + 1
        )
        return self._reported(after, given)

    def _scan(self, frames: Sequence[CameraFrame]) -> tuple[Scan, dict[int, Indices]]:
        """The frames in order of cameras, and where each of a camera's boxes was given."""
        in_order = sorted(frames, key=lambda frame: self._slot_of(frame.camera))
        slots = [self._slots[frame.camera] for frame in in_order]
        for slot, following in pairwise(slots):
            if slot == following:
                camera_id = self._cameras[slot].camera_id
                raise ValueError(f"two frames of camera {camera_id} in one tick")
        most = max((len(frame.boxes) for frame in in_order), default=0)
        boxes = np.zeros((len(slots), max(most, 1), 4))
        counts = np.zeros(len(slots), np.int64)
        given = {}
        for at, frame in enumerate(in_order):
            _check_boxes(frame.boxes, self._cameras[slots[at]].camera_id)
            counts[at] = len(frame.boxes)
            if len(frame.boxes):
                # By place, so that the order in which a detector lists boxes has no effect.
                given[slots[at]] = np.lexsort(frame.boxes.T)
                boxes[at, : counts[at]] = frame.boxes[given[slots[at]]]
        cameras = [self._cameras[slot] for slot in slots]
        scan = Scan(
            np.array(slots, np.int64),
            np.array([camera.projection for camera in cameras], np.float64).reshape(-1, 3, 4),
            np.array([(c.width, c.height) for c in cameras], np.float64).reshape(-1, 2),
            boxes,
            counts,
            *_regions_of(cameras),
        )
        return scan, given

    def _slot_of(self, camera: int) -> int:
        if camera not in self._slots:
            raise ValueError(f"camera {camera} is not one of the {len(self._cameras)} of the floor")
        return self._slots[camera]

    def _reported(
        self, state: FusionState, given: Mapping[int, Indices]
    ) -> tuple[FusionState, list[FusedPerson]]:
        people, hypotheses = state.people, state.hypotheses
        believed = {int(label) for label in people.labels}
        numbers = {label: n for label, n in state.numbers.items() if label in believed}
        following = state.next_number
        found = []
        rows = [
            int(row)
            for row in hypotheses.rows[0, : hypotheses.counts[0]]
            if people.existence[row] > _REPORTED
        ]
        # Born in one scan: by place, so that numbers do not depend on the order of cameras.
        for row in sorted(rows, key=lambda row: (people.first_us[row], *people.means[row, :2])):
            label = int(people.labels[row])
            if label not in numbers:
                if not self._is_due(state, row):
                    continue
                numbers[label] = following
                following += 1
            x, y = people.means[row, X], people.means[row, Y]
            taken = {
                slot: int(given[slot][box])
                for slot, box in enumerate(people.boxes[row])
                if box != NO_BOX
            }
            variance = people.covariances[row, X, X] + people.covariances[row, Y, Y]
            found.append(
                FusedPerson(
                    numbers[label],
                    float(x),
                    float(y),
                    float(np.sqrt(variance / 2.0)),
                    float(people.means[row, HEIGHT]),
                    tuple(self._cameras[slot].camera_id for slot in taken),
                    tuple(taken.values()),
                    int(people.first_us[row]),
                )
            )
        after = replace(state, numbers=numbers, next_number=following)
        return after, sorted(found, key=lambda person: person.number)

    def _is_due(self, state: FusionState, row: int) -> bool:
        """Whether a person is seen whole by enough cameras, or has waited long enough."""
        assert state.time_us is not None
        waited_us = state.time_us - int(state.people.first_us[row])
        if waited_us >= self._settings.whole_wait_s * 1e6:
            return True
        mean, box = state.people.means[row], np.empty(4)
        whole = in_view = 0
        for slot, camera in enumerate(self._cameras):
            depth = box_of(camera.projection, mean[X], mean[Y], mean[HEIGHT], mean[RADIUS], box)
            share = share_in_view(self._every_view, slot, mean[X], mean[Y], box, depth)
            in_view += share > _IN_VIEW
            whole += share > _WHOLE
        return whole >= min(self._settings.whole_views, in_view)


def _regions_of(cameras: Sequence[FusionCamera]) -> tuple[Matrix, Indices]:
    """The regions that cameras see, and the number of corners of each."""
    most = max((len(camera.sees) for camera in cameras), default=0)
    regions = np.zeros((len(cameras), most, 2))
    for at, camera in enumerate(cameras):
        if camera.sees:
            regions[at, : len(camera.sees)] = camera.sees
    return regions, np.array([len(camera.sees) for camera in cameras], np.int64)


def _check_boxes(boxes: Matrix, camera_id: str) -> None:
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"boxes of camera {camera_id}: give four numbers for each")
    if len(boxes) > MOST_BOXES:
        raise ValueError(f"{len(boxes)} boxes of camera {camera_id}: at most {MOST_BOXES}")
    if not np.isfinite(boxes).all():
        raise ValueError(f"boxes of camera {camera_id}: a number is not finite")
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise ValueError(f"boxes of camera {camera_id}: one has no width or no height")
