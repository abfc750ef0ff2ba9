"""The facts in force over a stretch of event time, indexed as the fold asks for them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.records import Camera, Floor, Requirement, Shift, Staff
from streams.domain.coverage import Plan
from streams.domain.geometry import Polygon, polygon_of
from streams.domain.requirement import required_at
from streams.domain.shift import FOREVER_US, scheduled_at

__all__ = ["FOREVER_US", "Snapshot", "ZoneArea", "zone_area"]


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


class Snapshot:
    """The facts in force in `[from_us, until_us)`.

    Args:
        from_us: Event time from which it holds, microseconds.
        until_us: Event time at which the next version becomes visible, microseconds.
        cameras: By camera id.
        floors: By floor id.
        zones: By zone id.
        staff: By staff id.
        shifts: By shift id.
        requirements: By requirement id.
    """

    def __init__(
        self,
        *,
        from_us: int,
        until_us: int,
        cameras: Mapping[str, Camera],
        floors: Mapping[str, Floor],
        zones: Mapping[str, ZoneArea],
        staff: Mapping[str, Staff],
        shifts: Mapping[str, Shift],
        requirements: Mapping[str, Requirement],
    ) -> None:
        self.from_us = from_us
        self.until_us = until_us
        self.cameras = cameras
        self.floors = floors
        self.zones = zones
        self.staff = staff
        self._cameras_of: dict[str, list[str]] = {}
        for camera_id in sorted(cameras):
            floor_id = cameras[camera_id]["floor_id"]
            self._cameras_of.setdefault(floor_id, []).append(camera_id)
        self._zones_of: dict[str, list[ZoneArea]] = {}
        for zone_id in sorted(zones):
            self._zones_of.setdefault(zones[zone_id].floor_id, []).append(zones[zone_id])
        self._shifts_of: dict[str, list[Shift]] = {}
        for shift_id in sorted(shifts):
            self._shifts_of.setdefault(shifts[shift_id]["zone_id"], []).append(shifts[shift_id])
        self._requirements_of: dict[str, list[Requirement]] = {}
        for requirement_id in sorted(requirements):
            requirement = requirements[requirement_id]
            self._requirements_of.setdefault(requirement["zone_id"], []).append(requirement)
        self._plans: dict[str, Plan] = {}

    def cameras_of(self, floor_id: str) -> list[str]:
        """Cameras of a floor, sorted."""
        return self._cameras_of.get(floor_id, [])

    def zones_of(self, floor_id: str) -> list[ZoneArea]:
        """Zones of a floor, sorted by id."""
        return self._zones_of.get(floor_id, [])

    def shifts_of(self, zone_id: str) -> list[Shift]:
        """Shifts of a zone, sorted by id."""
        return self._shifts_of.get(zone_id, [])

    def requirements_of(self, zone_id: str) -> list[Requirement]:
        """Requirements of a zone, sorted by id."""
        return self._requirements_of.get(zone_id, [])

    def plan(self, zone_id: str, at_us: int) -> Plan:
        """What a zone should have at an event time in this snapshot.

        The plan's stretch never reaches beyond the snapshot's.
        """
        plan = self._plans.get(zone_id)
        if plan is None or not plan.from_us <= at_us < plan.until_us:
            scheduled = scheduled_at(self.shifts_of(zone_id), self.staff, at_us)
            required = required_at(self.requirements_of(zone_id), at_us)
            plan = Plan(
                from_us=at_us,
                until_us=min(self.until_us, scheduled.until_us, required.until_us),
                scheduled=scheduled.by_role,
                scheduled_total=scheduled.total,
                required=required.by_role,
            )
            self._plans[zone_id] = plan
        return plan
