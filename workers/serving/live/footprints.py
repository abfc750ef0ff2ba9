"""Where a calibrated camera is on the plan of its floor, and which part of the floor it sees."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

from streams.domain.camera.pinhole import Pinhole, pinhole_of_homography
from streams.domain.camera.projection import check_homography, pinhole_of

PERSON_M: Final = 1.7
LEAST_SHARE: Final = 1 / 12
"""A camera is drawn to see as far as a person of `PERSON_M` fills this share of its frame."""

NEAREST_REACH_M: Final = 4.0
FURTHEST_REACH_M: Final = 60.0
UNKNOWN_REACH_M: Final = 15.0
"""Reach of a camera whose height above the floor is not known, m."""

_EDGE: Final = 8
"""Points on each side of a frame whose places a lens moves."""

_LEAST_M2: Final = 0.05
_SMOOTH_M: Final = 0.02
_DIGITS: Final = 2

Array = NDArray[np.float64]
Ring = list[tuple[float, float]]
"""Corners of a polygon on the floor, m."""


class Footprint(NamedTuple):
    """A camera on the plan of its floor.

    Attributes:
        position: x, y and height above the floor, m; None where the calibration does not tell.
        sees: Parts of the floor that it sees; none where it sees no floor near by.
    """

    position: tuple[float, float, float] | None
    sees: list[Ring]


class Footprints:
    """Footprints of registered cameras, calculated once for each version."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, int], Footprint | None]] = {}

    def of(self, camera: Mapping[str, Any]) -> Footprint | None:
        """The footprint of a version of a camera; None where its calibration cannot be used."""
        camera_id, version = camera["camera_id"], (camera["version"], camera["recorded_at_us"])
        known = self._known.get(camera_id)
        if known is None or known[0] != version:
            self._known[camera_id] = known = (version, footprint(camera))
        return known[1]


def footprint(camera: Mapping[str, Any]) -> Footprint | None:
    """Calculate the footprint of a version of a camera; None where it has no usable calibration.

    The board only shows it, so a calibration that is wrong is left out, not refused.
    """
    try:
        pinhole, to_floor = _calibration(camera)
    except ValueError:
        return None
    if to_floor is None:
        return None
    width, height = camera["width"], camera["height"]
    edge = _frame_edge(width, height)
    if pinhole is not None:
        edge = pinhole.undistort(edge)
    edge = edge[np.isfinite(edge).all(axis=1)]
    foot = pinhole.position() if pinhole is not None else None
    lower = np.array([width / 2.0, float(height), 1.0])
    near = to_floor @ lower
    centre = foot[:2] if foot is not None else (near[0] / near[2], near[1] / near[2])
    reach = _reach_m(pinhole)
    seen: BaseGeometry = Point(*centre).buffer(reach, quad_segs=12)
    seen = _clipped(seen, to_floor, edge, sign=float(np.sign(near[2])))
    walls = camera.get("sees") or []
    if len(walls) > 2:
        room = Polygon([(corner["x"], corner["y"]) for corner in walls])
        seen = seen.intersection(room if room.is_valid else room.buffer(0))
    return Footprint(foot or _location(camera), list(_rings(seen)))


def _location(camera: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Where somebody wrote that it hangs, m."""
    location = camera.get("location")
    return None if location is None else (location["x_m"], location["y_m"], location["z_m"])


def _calibration(camera: Mapping[str, Any]) -> tuple[Pinhole | None, Array | None]:
    """The camera, where it is known, and the matrix from ideal pixels to the floor.

    Raises:
        ValueError: It cannot be used.
    """
    width, height = camera["width"], camera["height"]
    if not width or not height:
        return None, None
    pinhole = pinhole_of(camera)
    if pinhole is not None:
        return pinhole, np.array(pinhole.homography()).reshape(3, 3)
    homography = camera["homography"]
    if homography is None:
        return None, None
    check_homography(homography)
    matrix = np.array(homography, np.float64).reshape(3, 3)
    try:
        return pinhole_of_homography(
            homography,
            width,
            height,
            field_of_view_deg=camera.get("field_of_view_deg"),
            up_m=None if (location := _location(camera)) is None else location[2],
        ), matrix
    except ValueError:
        return None, matrix


def _reach_m(pinhole: Pinhole | None) -> float:
    if pinhole is None:
        return UNKNOWN_REACH_M
    # The second row of the projection, without its share of the depth, is as long as the focal
    # length in pixels.
    turn = pinhole.projection[:, :3]
    focal = float(np.linalg.norm(turn[1] - (turn[1] @ turn[2]) * turn[2]))
    reach = focal * PERSON_M / (LEAST_SHARE * pinhole.height)
    return min(max(reach, NEAREST_REACH_M), FURTHEST_REACH_M)


def _frame_edge(width: int, height: int) -> Array:
    """Points of the edge of a frame, `(N, 2)`, px."""
    along = np.linspace(0.0, 1.0, _EDGE + 1)
    nil, one = np.zeros_like(along), np.ones_like(along)
    sides = [(along, nil), (one, along), (along, one), (nil, along)]
    return np.vstack([np.column_stack([u * width, v * height]) for u, v in sides])


def _clipped(shape: BaseGeometry, to_floor: Array, edge: Array, *, sign: float) -> BaseGeometry:
    """The part of a convex shape on the floor that a frame shows.

    Each side of the frame is a line on the floor: what is beyond it is cut off, and so is what lies
    behind the horizon.

    Args:
        shape: On the floor, m.
        to_floor: Ideal pixels to the floor, `(3, 3)`.
        edge: The edge of the frame, ideal px, `(N, 2)`.
        sign: Sign of the depth before the camera.
    """
    to_px = np.linalg.inv(to_floor) * sign
    hull = MultiPoint([(float(u), float(v)) for u, v in edge]).convex_hull
    if not isinstance(hull, Polygon) or not isinstance(shape, Polygon):
        return Polygon()
    corners = np.array(hull.exterior.coords)
    u, v = corners[:-1].T
    du, dv = np.diff(corners, axis=0).T
    # Inside is where du * (v' - v) - dv * (u' - u) has the sign of the turn of the hull.
    turn = 1.0 if hull.exterior.is_ccw else -1.0
    sides = turn * np.column_stack([-dv, du, dv * u - du * v])
    lines = np.vstack([sides @ to_px, to_px[2]])
    ring = np.array(shape.exterior.coords)[:-1]
    for line in lines:
        ring = _cut(ring, line)
        if len(ring) < 3:
            return Polygon()
    return Polygon(ring)


def _cut(ring: Array, line: Array) -> Array:
    """The part of a convex polygon, `(N, 2)`, where `line @ (x, y, 1)` is not below zero."""
    height = ring @ line[:2] + line[2]
    kept = []
    for index, (here, there) in enumerate(zip(height, np.roll(height, -1), strict=True)):
        a, b = ring[index], ring[(index + 1) % len(ring)]
        if here >= 0.0:
            kept.append(a)
        if (here < 0.0) != (there < 0.0):
            kept.append(a + (b - a) * (here / (here - there)))
    return np.array(kept).reshape(-1, 2)


def _rings(shape: BaseGeometry) -> Iterable[Ring]:
    """The outer corners of a shape's parts, without those that do not matter."""
    for part in getattr(shape, "geoms", [shape]):
        if isinstance(part, Polygon) and part.area >= _LEAST_M2:
            smooth = part.simplify(_SMOOTH_M)
            corners = list(smooth.exterior.coords)[:-1]
            yield [(round(x, _DIGITS), round(y, _DIGITS)) for x, y in corners]
