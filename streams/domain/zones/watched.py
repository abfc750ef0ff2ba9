"""Which cameras see which parts of a zone: who is out of every view is missing from every count.

A zone on the floor is looked at in a grid of points. A point is seen by a camera whose picture
shows it, outside of its privacy masks, and on this side of the walls where these are registered.
A zone in a picture is seen by its camera, whatever a mask hides of it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np

from streams.domain.camera.projection import pinhole_or_none
from streams.domain.tracking.types import Flags, Matrix
from streams.domain.zones.area import ZoneArea

POINTS: Final = 8
"""Points of the grid along the shorter side of a zone's bounds, and up to twice as many along the
longer one."""

ENOUGH: Final = 0.9
"""A zone is watched if cameras that report see this share of it: people who draw a zone seldom know
to the metre where a picture ends."""

Watchers = Sequence[frozenset[str]]
"""For each point of a zone, the cameras that see it."""


def is_watched(watchers: Watchers, missing: Collection[str]) -> bool:
    """Whether cameras that report see a zone.

    Args:
        watchers: For each point of it, the cameras that see it.
        missing: Cameras that do not report, or whose views are not what they were.
    """
    seen = sum(not cameras <= frozenset(missing) for cameras in watchers)
    return seen >= ENOUGH * len(watchers) and seen > 0


def watchers_of(area: ZoneArea, cameras: Mapping[str, Mapping[str, Any]]) -> Watchers:
    """Find which cameras see which points of a zone.

    Args:
        area: The zone.
        cameras: Registry versions of its floor's cameras, by id.
    """
    if not area.in_metres:
        return [frozenset({area.camera_id or ""} & cameras.keys())]
    points = _points(area)
    found: list[set[str]] = [set() for _ in range(len(points))]
    for camera_id, camera in cameras.items():
        if area.camera_id not in (None, camera_id):
            continue
        for point in np.flatnonzero(_shown(camera, points)).tolist():
            found[point].add(camera_id)
    return [frozenset(one) for one in found]


def _points(area: ZoneArea) -> Matrix:
    """Points of a grid that are in a zone, m, shape `(P, 2)`; one at least."""
    x_min, y_min, x_max, y_max = area.bounds
    width, height = x_max - x_min, y_max - y_min
    step = max(min(width, height), max(width, height) / 2.0) / POINTS
    columns, rows = (max(1, round(side / step)) for side in (width, height))
    xs = x_min + (np.arange(columns) + 0.5) * (width / columns)
    ys = y_min + (np.arange(rows) + 0.5) * (height / rows)
    points = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
    corners = np.array(area.polygon, np.float64)
    inside = points[_are_inside(corners, points)]
    return inside if len(inside) else corners


def _shown(camera: Mapping[str, Any], points: Matrix) -> Flags:
    """Whether a camera shows each of some points of the floor."""
    pixels = _pixels(camera, points)
    if pixels is None:
        return np.zeros(len(points), np.bool_)
    size = np.array([camera["width"], camera["height"]], np.float64)
    # Not a number, as behind the camera, is in no picture.
    within = (pixels > 0.0) & (pixels < size)
    shown: Flags = within[:, 0] & within[:, 1]
    for mask in camera["privacy_masks"]:
        shown &= ~_are_inside(_corners(mask), pixels)
    if camera["sees"]:
        shown &= _are_inside(_corners(camera["sees"]), points)
    return shown


def _corners(polygon: Sequence[Mapping[str, float]]) -> Matrix:
    return np.array([[one["x"], one["y"]] for one in polygon], np.float64)


def _are_inside(corners: Matrix, points: Matrix) -> Flags:
    """Whether points are in a polygon; which side an edge itself is on does not matter here."""
    x, y = points[:, 0], points[:, 1]
    inside = np.zeros(len(points), np.bool_)
    for (ax, ay), (bx, by) in zip(np.roll(corners, 1, axis=0), corners, strict=True):
        if ay != by:
            crossing = ax + (y - ay) * ((bx - ax) / (by - ay))
            inside ^= ((ay > y) != (by > y)) & (x < crossing)
    return inside


def _pixels(camera: Mapping[str, Any], points: Matrix) -> Matrix | None:
    """Where a camera shows points of the floor, px, not a number behind it; None where unknown."""
    pinhole = pinhole_or_none(camera)
    if pinhole is not None:
        floor = np.column_stack([points, np.zeros(len(points))])
        return np.asarray(pinhole.to_px(floor), np.float64)
    if camera["homography"] is None:
        return None
    a, b, c, d, e, f, g, h, i = camera["homography"]
    # The adjugate maps back; the sign of its third component tells both sides of the horizon apart.
    u = (e * i - f * h, c * h - b * i, b * f - c * e)
    v = (f * g - d * i, a * i - c * g, c * d - a * f)
    w = (d * h - e * g, b * g - a * h, a * e - b * d)
    x, y = points[:, 0], points[:, 1]
    depth = w[0] * x + w[1] * y + w[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.column_stack(
            [(u[0] * x + u[1] * y + u[2]) / depth, (v[0] * x + v[1] * y + v[2]) / depth]
        )
        # A pixel that is shown maps to this side of the camera as its picture's lower middle does.
        below = g * (camera["width"] / 2.0) + h * camera["height"] + i
        behind = (g * found[:, 0] + h * found[:, 1] + i) * below <= 0.0
    found[behind] = np.nan
    return found
