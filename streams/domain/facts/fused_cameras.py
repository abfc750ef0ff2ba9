"""The cameras of a floor that are fused, made of their registry versions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from schemas.fusion_settings import FusedFloorSettings
from streams.domain.camera.ideal import IdealCamera
from streams.domain.camera.pinhole import Pinhole
from streams.domain.camera.projection import pinhole_or_none
from streams.domain.fusion.fusion import CameraFrame, FloorFusion, FusionCamera
from streams.domain.fusion.settings import fusion_settings
from streams.domain.fusion.view import MOST_BOXES, MOST_CAMERAS
from streams.domain.tracking.types import Indices, Matrix

FEWEST_CAMERAS: Final = 2
"""A floor with fewer calibrated cameras is not fused: one camera counts nobody twice."""

FAINTEST: Final = 0.5
"""Boxes of a score below this share of `least_score` are left out; those above continue people who
are known."""

_WHOLE_MARGIN: Final = 0.02
"""A person is whole in a picture at this share of its size from the edges."""


class FusedCameras:
    """The calibrated cameras of one floor.

    Args:
        pinholes: Cameras by id.
        sees: Corners of the part of the floor that a camera sees, m, by its id; those only that
            walls limit.
        settings: Settings of fusion.

    Attributes:
        ids: Their ids, sorted.
        settings: Settings of fusion.
        fusion: Fuses them; camera `n` is `ids[n]`.
    """

    def __init__(
        self,
        pinholes: Mapping[str, Pinhole],
        sees: Mapping[str, tuple[tuple[float, float], ...]],
        settings: FusedFloorSettings,
    ) -> None:
        self.ids = sorted(pinholes)
        self.settings = settings
        self._slots = {camera_id: slot for slot, camera_id in enumerate(self.ids)}
        self._ideal = [IdealCamera.of(pinholes[camera_id]) for camera_id in self.ids]
        sizes = [[one.pinhole.width, one.pinhole.height] * 2 for one in self._ideal]
        self._sizes = np.array(sizes, np.float64)
        self.fusion = FloorFusion(
            [
                FusionCamera(camera_id, ideal.projection, *ideal.size, sees.get(camera_id, ()))
                for camera_id, ideal in zip(self.ids, self._ideal, strict=True)
            ],
            fusion_settings(settings),
        )

    def __contains__(self, camera_id: object) -> bool:
        return camera_id in self._slots

    def frame(self, camera_id: str, boxes: Matrix) -> tuple[CameraFrame, Matrix]:
        """What a camera found, as fusion takes it.

        Args:
            camera_id: One of the cameras.
            boxes: Shape `(N, 5)`: `(x_min, y_min, x_max, y_max)`, px of the captured frame, and
                score.

        Returns:
            The frame, and its boxes in pixels of the captured frame, `(M, 4)`: those that are
            likely enough to be people, cut by the picture.
        """
        [frame], cut, _ = self.frames({camera_id: boxes})
        return frame, cut

    def cut(self, camera_id: str, boxes: Matrix) -> Matrix:
        """Boxes of a camera as its picture cuts them, px, shape `(N, 4)`."""
        size: Matrix = self._sizes[self._slots[camera_id]]
        return np.minimum(np.maximum(boxes[:, :4], 0.0), size)

    def frames(
        self, boxes: Mapping[str, Matrix]
    ) -> tuple[list[CameraFrame], Matrix, Sequence[int]]:
        """`frame` for several cameras at once, as an array costs little more than a row of it.

        Args:
            boxes: Boxes by camera; at least one camera.

        Returns:
            The frames, the boxes of all one after the other, and where those of each camera start.
        """
        slots = [self._slots[camera_id] for camera_id in boxes]
        counts = [len(one) for one in boxes.values()]
        found = np.concatenate(list(boxes.values()))
        owners = np.arange(len(slots)).repeat(counts)
        likely = found[:, 4] >= FAINTEST * self.settings.least_score
        if not likely.all():
            found, owners = found[likely], owners[likely]
            counts = np.bincount(owners, minlength=len(slots)).tolist()
        if max(counts) > MOST_BOXES:
            found, owners = _likeliest(found, owners, len(slots))
        cut = np.minimum(np.maximum(found[:, :4], 0.0), self._sizes[slots][owners])
        flat = cut
        if any(self._ideal[slot].pinhole.lens is not None for slot in slots):
            flat = cut.copy()
            for at, slot in enumerate(slots):
                if self._ideal[slot].pinhole.lens is not None:
                    flat[owners == at] = self._ideal[slot].boxes(cut[owners == at])
        # Not a number, as where a lens has no inverse, is less than nothing.
        usable = (cut[:, 2:] > cut[:, :2]) & (flat[:, 2:] > flat[:, :2])
        if not usable.all():
            kept = usable[:, 0] & usable[:, 1]
            cut, flat, found, owners = cut[kept], flat[kept], found[kept], owners[kept]
        starts = owners.searchsorted(np.arange(len(slots) + 1)).tolist()
        frames = [
            CameraFrame(slot, flat[first:last], found[first:last, 4])
            for slot, first, last in zip(slots, starts, starts[1:], strict=False)
        ]
        return frames, cut, starts

    def shows_whole(self, x_m: float, y_m: float, height_m: float) -> bool:
        """Whether some camera's picture holds a person at this place from head to feet."""
        ends = np.array([[x_m, y_m, 0.0], [x_m, y_m, height_m]])
        for ideal in self._ideal:
            pinhole = ideal.pinhole
            size = np.array([pinhole.width, pinhole.height], np.float64)
            px = pinhole.to_px(ends)
            margin = _WHOLE_MARGIN * size
            # Not a number, as behind the camera, is in no picture.
            if bool(((px >= margin) & (px <= size - margin)).all()):
                return True
        return False


def _likeliest(found: Matrix, owners: Indices, cameras: int) -> tuple[Matrix, Indices]:
    """The boxes without those of a camera that are more than fusion can take."""
    chosen = []
    for at in range(cameras):
        rows = np.flatnonzero(owners == at)
        if len(rows) > MOST_BOXES:
            rows = rows[np.argsort(-found[rows, 4], kind="stable")[:MOST_BOXES]]
        chosen.append(rows)
    order = np.concatenate(chosen)
    return found[order], owners[order]


def fused_pinholes(cameras: Iterable[Mapping[str, Any]]) -> dict[str, Pinhole]:
    """The cameras of one floor that are fused, by id; empty where fewer than two are calibrated.

    Args:
        cameras: Registry versions of the floor's cameras. Of more than fusion can take, the first
            by id are fused.
    """
    pinholes: dict[str, Pinhole] = {}
    for camera in sorted(cameras, key=lambda one: str(one["camera_id"])):
        pinhole = pinhole_or_none(camera)
        if pinhole is not None and len(pinholes) < MOST_CAMERAS:
            pinholes[camera["camera_id"]] = pinhole
    return pinholes if len(pinholes) >= FEWEST_CAMERAS else {}


def fused_cameras(
    cameras: Sequence[Mapping[str, Any]], settings: FusedFloorSettings
) -> FusedCameras | None:
    """The cameras of one floor that are fused; None where there are none.

    Args:
        cameras: Registry versions of the floor's cameras.
        settings: Settings of fusion.
    """
    pinholes = fused_pinholes(cameras)
    if not pinholes:
        return None
    sees = {
        camera["camera_id"]: tuple((corner["x"], corner["y"]) for corner in camera["sees"])
        for camera in cameras
        if camera["camera_id"] in pinholes and camera["sees"]
    }
    return FusedCameras(pinholes, sees, settings)
