"""The area of a zone: one version of the zone, checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streams.domain.zones.geometry import Polygon, polygon_of


@dataclass(frozen=True, slots=True)
class ZoneArea:
    """A zone as the fold uses it.

    Attributes:
        zone_id: Identity.
        floor_id: Floor of the zone.
        camera_id: The one camera whose people it counts; None for every camera of the floor.
        in_metres: True when the polygon is on the floor (m), False when in the image (px).
        polygon: Vertices.
        bounds: `(x_min, y_min, x_max, y_max)` of the polygon.
        enter_after_us: Standing inside for this long begins a stay, microseconds.
        leave_after_us: Being outside or unseen for this long ends it, microseconds.
        dwell_limit_us: A longer stay is reported, microseconds; None for no limit.
    """

    zone_id: str
    floor_id: str
    camera_id: str | None
    in_metres: bool
    polygon: Polygon
    bounds: tuple[float, float, float, float]
    enter_after_us: int
    leave_after_us: int
    dwell_limit_us: int | None


def zone_area(zone: Mapping[str, Any]) -> ZoneArea:
    """Check one version of a zone and bring it into the form that the fold uses.

    Raises:
        ValueError: An unusable polygon, space or duration, or an image zone without a camera.
    """
    polygon = polygon_of(zone["polygon"])
    if zone["space"] not in ("IMAGE_PX", "FLOOR_M"):
        raise ValueError(f"space is {zone['space']}, neither IMAGE_PX nor FLOOR_M")
    if zone["space"] == "IMAGE_PX" and not zone["camera_id"]:
        raise ValueError("a zone in the image names its camera")
    for name in ("enter_after_ms", "leave_after_ms"):
        if zone[name] < 0:
            raise ValueError(f"{name} is {zone[name]}, below 0")
    limit_s = zone["dwell_limit_s"]
    if limit_s is not None and not (math.isfinite(limit_s) and limit_s > 0.0):
        raise ValueError(f"dwell_limit_s is {limit_s}, not above 0")
    xs, ys = [vertex[0] for vertex in polygon], [vertex[1] for vertex in polygon]
    return ZoneArea(
        zone_id=zone["zone_id"],
        floor_id=zone["floor_id"],
        camera_id=zone["camera_id"] or None,
        in_metres=zone["space"] == "FLOOR_M",
        polygon=polygon,
        bounds=(min(xs), min(ys), max(xs), max(ys)),
        enter_after_us=zone["enter_after_ms"] * 1000,
        leave_after_us=zone["leave_after_ms"] * 1000,
        dwell_limit_us=None if limit_s is None else round(limit_s * 1_000_000),
    )


def counts(area: ZoneArea, camera_id: str) -> bool:
    """Tell whether a zone counts a camera's people."""
    return area.camera_id is None or area.camera_id == camera_id
