"""What polygons of cameras and zones cover, and whether their unit can be meant."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from shapely import contains_xy
from shapely.geometry import Polygon, box
from shapely.ops import unary_union

LEAST_PX: Final = 25.0
"""A zone or mask that covers less of a frame is not meant, square pixels."""

LEAST_M2: Final = 0.05
"""A zone that covers less of a floor is not meant, m2."""

FURTHEST_M: Final = 500.0
"""A zone of a floor that is longer or wider is not in metres, m."""

LEAST_EDGE_M: Final = 0.05
MOST_EDGE_M: Final = 2000.0
"""A homography maps the lower edge of a frame onto a length between these, m."""

_WHOLE: Final = 0.999
_GRID: Final = 60
"""A frame is asked at this many columns and rows whether it sees a zone."""

Points = Sequence[Mapping[str, float]]


def outline(points: Points) -> Polygon:
    """A polygon of a record; older records may hold one that crosses itself, or has no area."""
    shape = Polygon([(point["x"], point["y"]) for point in points] if len(points) > 2 else [])
    return shape if shape.is_valid else shape.buffer(0)


def mask_share(camera: Mapping[str, Any]) -> float:
    """Share of a camera's frame that its masks hide, 0 to 1."""
    if not camera["privacy_masks"] or not camera["width"] or not camera["height"]:
        return 0.0
    hidden = unary_union([outline(mask) for mask in camera["privacy_masks"]])
    frame = box(0, 0, camera["width"], camera["height"])
    return float(hidden.intersection(frame).area / frame.area)


def hidden_share(zone: Mapping[str, Any], camera: Mapping[str, Any]) -> float:
    """Share of a zone that its camera's masks hide, 0 to 1."""
    if not camera["privacy_masks"]:
        return 0.0
    hidden = unary_union([outline(mask) for mask in camera["privacy_masks"]])
    shape = outline(zone["polygon"])
    return float(hidden.intersection(shape).area / shape.area) if shape.area else 0.0


def frame_share(zone: Mapping[str, Any], camera: Mapping[str, Any]) -> float:
    """Share of a camera's frame that a zone covers, 0 to 1."""
    return float(outline(zone["polygon"]).area / (camera["width"] * camera["height"]))


def mask_faults(camera: Mapping[str, Any]) -> list[str]:
    """What is wrong with a camera's masks; each sentence names the mask."""
    faults = []
    for number, mask in enumerate(camera["privacy_masks"], 1):
        faults += [
            f"privacy_masks: polygon {number}: {fault}" for fault in _in_frame(mask, camera, "hide")
        ]
    if not faults and mask_share(camera) >= _WHOLE:
        faults.append("privacy_masks: they hide the whole frame: nobody would be seen")
    return faults


def homography_faults(camera: Mapping[str, Any]) -> list[str]:
    """What is wrong with a camera's homography: it maps pixels to metres, not other units."""
    width, height = camera["width"], camera["height"]
    if not camera["homography"] or not width or not height:
        return []
    h = np.array(camera["homography"], np.float64).reshape(3, 3)
    x, y, w = h @ np.array([[0, width], [height, height], [1, 1]], np.float64)
    if not w.all() or np.sign(w[0]) != np.sign(w[1]):
        return []  # the horizon crosses the edge, so that it has no length
    edge_m = float(np.hypot(x[1] / w[1] - x[0] / w[0], y[1] / w[1] - y[0] / w[0]))
    if LEAST_EDGE_M <= edge_m <= MOST_EDGE_M:
        return []
    edges = f"{width} px, onto {edge_m:g} m"
    return [
        f"homography: it maps the lower edge of the frame, {edges}; it must map pixels to metres"
    ]


def zone_faults(zone: Mapping[str, Any], camera: Mapping[str, Any]) -> list[str]:
    """What is wrong with a zone in the frame of its camera."""
    return [f"polygon: {fault}" for fault in _in_frame(zone["polygon"], camera, "cover")]


def _in_frame(points: Points, camera: Mapping[str, Any], verb: str) -> list[str]:
    """What is wrong with a polygon in pixels."""
    width, height = camera["width"], camera["height"]
    if not width or not height:
        return []
    frame = f"{width}x{height} px frame of {camera['camera_id']}"
    if all(0 <= point["x"] <= 1 and 0 <= point["y"] <= 1 for point in points) and width > 1:
        pixels = [[round(p["x"] * width, 1), round(p["y"] * height, 1)] for p in points]
        return [f"its points are fractions from 0 to 1; write pixels of the {frame}: {pixels}"]
    outside = [p for p in points if not (0 <= p["x"] <= width and 0 <= p["y"] <= height)]
    if outside:
        return [f"point ({p['x']:g}, {p['y']:g}) lies outside the {frame}" for p in outside[:3]]
    area = outline(points).area
    if area < min(LEAST_PX, width * height):
        return [f"would {verb} {area:.1f} square pixels of the {frame}; {LEAST_PX:g} are the least"]
    return []


def floor_zone_faults(zone: Mapping[str, Any]) -> list[str]:
    """What is wrong with a zone in metres."""
    shape = outline(zone["polygon"])
    x_min, y_min, x_max, y_max = shape.bounds
    if max(x_max - x_min, y_max - y_min) > FURTHEST_M:
        size = f"{x_max - x_min:g} by {y_max - y_min:g} m"
        return [f"polygon: it is {size}; a zone with floor_id is in metres, {FURTHEST_M:g} at most"]
    if shape.area < LEAST_M2:
        return [f"polygon: it covers {shape.area:.3f} m2; {LEAST_M2:g} are the least"]
    return []


def is_seen(zone: Mapping[str, Any], camera: Mapping[str, Any]) -> bool:
    """Whether a calibrated camera sees some of a zone in metres."""
    h = np.array(camera["homography"], np.float64).reshape(3, 3)
    u, v = np.meshgrid(
        np.linspace(0, camera["width"], _GRID), np.linspace(0, camera["height"], _GRID)
    )
    x, y, w = h @ np.stack([u.ravel(), v.ravel(), np.ones(_GRID * _GRID)])
    near = np.sign(w) == np.sign(h[2] @ [camera["width"] / 2, camera["height"], 1.0])
    with np.errstate(all="ignore"):
        inside = contains_xy(outline(zone["polygon"]), x / w, y / w)
    return bool((inside & near).any())


def scaled(points: Points, x_scale: float, y_scale: float) -> list[dict[str, float]]:
    """A polygon for a frame of another size."""
    return [
        {"x": round(point["x"] * x_scale, 3), "y": round(point["y"] * y_scale, 3)}
        for point in points
    ]
