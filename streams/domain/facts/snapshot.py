"""The facts in force over an interval of event time, indexed for the fold."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias

import numpy as np

from schemas.fusion_settings import FusedFloorSettings
from schemas.records.cameras import CameraClock, CameraView
from schemas.records.facts import Camera, Floor
from schemas.records.rules import Rule
from schemas.records.staffing import CensusCount, Requirement, Role, Shift, Staff
from streams.domain.alerts.floor_rules import FloorRules
from streams.domain.camera.optics import optics_of
from streams.domain.camera.people import NOWHERE
from streams.domain.camera.picture import UNKNOWN, Picture, picture_of
from streams.domain.facts.fused_cameras import FusedCameras, fused_cameras, fused_pinholes
from streams.domain.identity.passage import Passage, passages_of
from streams.domain.staffing.census import census_at
from streams.domain.staffing.coverage import Plan
from streams.domain.staffing.requirement import required_at
from streams.domain.staffing.roles import roles_of
from streams.domain.staffing.rosters import Rosters
from streams.domain.staffing.shift import FOREVER_US, scheduled_at
from streams.domain.staffing.status import Tolerance
from streams.domain.tracking.types import Vector
from streams.domain.zones.area import ZoneArea, counts, zone_area
from streams.domain.zones.badges import zones_around
from streams.domain.zones.standing import AreaTable, table_of
from streams.domain.zones.watched import Watchers, is_watched, watchers_of

__all__ = ["FOREVER_US", "Snapshot", "ZoneArea", "zone_area"]

_MOST_WATCHED: Final = 1024
_MOST_READERS: Final = 4096

_Needs: TypeAlias = tuple[tuple[tuple[str, int, int], ...], ...]

Watched: TypeAlias = tuple[str, Sequence[str], bool]
"""A zone, its cameras that do not report, sorted, and whether the others see it."""

CameraVersions: TypeAlias = tuple[tuple[str, int], ...]
"""Cameras by id, each with its version."""


class Snapshot:
    """The facts in force in `[from_us, until_us)`.

    Args:
        from_us: First event time at which the snapshot holds, microseconds.
        until_us: Event time at which the next version becomes visible, microseconds.
        cameras: Cameras by id.
        floors: Floors by id.
        zones: Zone areas by zone id.
        staff: Staff by id.
        shifts: Shifts by id.
        requirements: Requirements by id.
        roles: Roles by role.
        census: Counts of the people to care for, by id.
        rules: Rules of alerts, by id.
        clocks: What was decided about clocks, by camera.
        views: What was decided about views and still holds, by camera.
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
        roles: Mapping[str, Role],
        census: Mapping[str, CensusCount],
        rules: Mapping[str, Rule],
        clocks: Mapping[str, CameraClock],
        views: Mapping[str, CameraView],
    ) -> None:
        self.from_us = from_us
        self.until_us = until_us
        self.cameras = cameras
        self.floors = floors
        self.zones = zones
        self.staff = staff
        self._rules = rules
        self._clocks = clocks
        self._views = views
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
        self._rosters: dict[Tolerance, Rosters] = {}
        self._census_of: dict[str, list[CensusCount]] = {}
        for census_id in sorted(census):
            self._census_of.setdefault(census[census_id]["zone_id"], []).append(census[census_id])
        self.roles = roles_of(roles)
        self._plans: dict[tuple[str, int], Plan] = {}
        self._homographies: dict[str, Vector] = {}
        self._pictures: dict[str, Picture] = {}
        self._optics: dict[str, bytes] = {}
        self._versions_of: dict[str, CameraVersions] = {}
        self._areas_seen_by: dict[str, AreaTable] = {}
        self._fused_ids: dict[str, frozenset[str]] = {}
        self._fused: dict[tuple[str, FusedFloorSettings], FusedCameras | None] = {}
        self._areas_of_one: dict[tuple[str, str], AreaTable] = {}
        self._floor_rules: dict[str, FloorRules] = {}
        self._passages: dict[str, tuple[Passage, ...]] = {}
        self._zones_around: dict[tuple[str, float, float], tuple[str, ...]] = {}
        self._watchers: dict[str, Watchers] = {}
        self._floor_plans: dict[tuple[str, _Needs], Plan] = {}
        self._watched: dict[tuple[str, tuple[str, ...]], bool] = {}
        self._watches: dict[tuple[str, tuple[str, ...]], list[Watched]] = {}

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

    def clock(self, camera_id: str) -> CameraClock | None:
        """What was decided about a camera's clock; None where nothing was."""
        return self._clocks.get(camera_id)

    def is_suspect(self, camera_id: str) -> bool:
        """Whether a camera's view is under suspicion, so that its positions may be wrong."""
        view = self._views.get(camera_id)
        return view is not None and view["state"] == "SUSPECT"

    def homography(self, camera_id: str) -> Vector:
        """A camera's homography from pixels to metres: nine numbers, or `NOWHERE`."""
        found = self._homographies.get(camera_id)
        if found is None:
            given = self.cameras[camera_id]["homography"]
            found = NOWHERE if given is None else np.array(given, dtype=np.float64)
            self._homographies[camera_id] = found
        return found

    def picture(self, camera_id: str) -> Picture:
        """What a camera shows."""
        found = self._pictures.get(camera_id)
        if found is None:
            found = self._pictures[camera_id] = picture_of(self.cameras[camera_id])
        return found

    def optics(self, camera_id: str) -> bytes:
        """What decides whether a camera's tracks go on; see `optics_of`."""
        found = self._optics.get(camera_id)
        if found is None:
            found = self._optics[camera_id] = optics_of(self.cameras[camera_id])
        return found

    def camera_versions(self, floor_id: str) -> CameraVersions:
        """The cameras of a floor with their versions, sorted."""
        found = self._versions_of.get(floor_id)
        if found is None:
            cameras = self.cameras_of(floor_id)
            found = tuple((name, self.cameras[name]["version"]) for name in cameras)
            self._versions_of[floor_id] = found
        return found

    def areas_seen_by(self, camera_id: str, floor_id: str) -> AreaTable:
        """The zones of a floor that count a camera's people, sorted by id."""
        found = self._areas_seen_by.get(camera_id)
        if found is None:
            areas = [area for area in self.zones_of(floor_id) if counts(area, camera_id)]
            found = table_of(areas, self.picture(camera_id))
            self._areas_seen_by[camera_id] = found
        return found

    def fused(self, floor_id: str, settings: FusedFloorSettings) -> FusedCameras | None:
        """The cameras of a floor that are fused; None where fewer than two are calibrated."""
        key = floor_id, settings
        if key not in self._fused:
            cameras = [self.cameras[camera_id] for camera_id in self.cameras_of(floor_id)]
            self._fused[key] = fused_cameras(cameras, settings)
        return self._fused[key]

    def is_fused(self, camera_id: str) -> bool:
        """Whether a camera is one of its floor's fused cameras."""
        floor_id = self.cameras[camera_id]["floor_id"]
        found = self._fused_ids.get(floor_id)
        if found is None:
            cameras = [self.cameras[name] for name in self.cameras_of(floor_id)]
            found = self._fused_ids[floor_id] = frozenset(fused_pinholes(cameras))
        return camera_id in found

    def passages(self, floor_id: str) -> tuple[Passage, ...]:
        """Ways between places of a floor that no camera sees."""
        found = self._passages.get(floor_id)
        if found is None:
            floor = self.floors.get(floor_id)
            found = self._passages[floor_id] = () if floor is None else passages_of(floor)
        return found

    def alert_rules(self, floor_id: str) -> FloorRules:
        """The rules of alerts that concern a floor."""
        found = self._floor_rules.get(floor_id)
        if found is None:
            floor = self.floors.get(floor_id)
            found = self._floor_rules[floor_id] = FloorRules(
                floor_id,
                self._rules,
                {area.zone_id: area.camera_id for area in self.zones_of(floor_id)},
                "UTC" if floor is None else floor["time_zone"],
                frozenset(filter(self.is_suspect, self.cameras_of(floor_id))),
                self.roles.not_staff,
            )
        return found

    def areas_of_one(self, floor_id: str, camera_id: str = "") -> AreaTable:
        """The zones of a floor that count the people of this one camera, or of every camera.

        Args:
            floor_id: The floor.
            camera_id: The camera; empty for zones that count the people of every camera.
        """
        key = (floor_id, camera_id)
        found = self._areas_of_one.get(key)
        if found is None:
            areas = [
                area for area in self.zones_of(floor_id) if area.camera_id == (camera_id or None)
            ]
            found = table_of(areas, self.picture(camera_id) if camera_id else UNKNOWN)
            self._areas_of_one[key] = found
        return found

    def zones_around(self, floor_id: str, x_m: float, y_m: float) -> tuple[str, ...]:
        """The zones of a floor in metres in which a reader is, by id in their order.

        Args:
            floor_id: The floor.
            x_m: Position of the reader, metres of the floor.
            y_m: Position of the reader, metres of the floor.
        """
        key = floor_id, x_m, y_m
        found = self._zones_around.get(key)
        if found is None:
            if len(self._zones_around) >= _MOST_READERS:
                self._zones_around.clear()
            found = self._zones_around[key] = zones_around(self.zones_of(floor_id), x_m, y_m)
        return found

    def rosters(self, tolerance: Tolerance) -> Rosters:
        """What the shifts say of people who are identified.

        Args:
            tolerance: What is near a shift.
        """
        found = self._rosters.get(tolerance)
        if found is None:
            shifts = [
                one for zone_id in sorted(self._shifts_of) for one in self._shifts_of[zone_id]
            ]
            found = self._rosters[tolerance] = Rosters(shifts, tolerance)
        return found

    def is_watched(self, area: ZoneArea, missing: Sequence[str]) -> bool:
        """Whether the cameras of a floor see a zone of it, but for those that do not report.

        A camera whose view is under suspicion does not see what it did.
        """
        key = area.zone_id, tuple(missing)
        found = self._watched.get(key)
        if found is None:
            if len(self._watched) >= _MOST_WATCHED:
                self._watched.clear()
            cameras = self.cameras_of(area.floor_id)
            watchers = self._watchers.get(area.zone_id)
            if watchers is None:
                watchers = self._watchers[area.zone_id] = watchers_of(
                    area, {camera_id: self.cameras[camera_id] for camera_id in cameras}
                )
            away = {*missing, *filter(self.is_suspect, cameras)}
            found = self._watched[key] = is_watched(watchers, away)
        return found

    def watches(self, floor_id: str, missing: Sequence[str]) -> list[Watched]:
        """Who watches each zone of a floor, sorted by zone id.

        Args:
            floor_id: The floor.
            missing: Cameras that do not report, sorted.
        """
        key = floor_id, tuple(missing)
        found = self._watches.get(key)
        if found is None:
            if len(self._watches) >= _MOST_WATCHED:
                self._watches.clear()
            found = self._watches[key] = [
                self._watch(area, missing) for area in self.zones_of(floor_id)
            ]
        return found

    def _watch(self, area: ZoneArea, missing: Sequence[str]) -> Watched:
        if area.camera_id is not None:
            # In a zone of one camera, only that camera can be missing.
            on_floor = area.camera_id in self.cameras_of(area.floor_id)
            missing = [] if on_floor and area.camera_id not in missing else [area.camera_id]
        return area.zone_id, list(missing), self.is_watched(area, missing)

    def census_of(self, zone_id: str) -> list[CensusCount]:
        """Counts of the people to care for in a zone, sorted by id."""
        return self._census_of.get(zone_id, [])

    def plan_of_floor(self, floor_id: str, at_us: int, needs: _Needs) -> Plan:
        """The plan of all zones of a floor together, at an event time in this snapshot.

        Args:
            floor_id: The floor.
            at_us: Event time, microseconds.
            needs: The roles that each of them requires, with the least and the most.
        """
        key = floor_id, needs
        plan = self._floor_plans.get(key)
        if plan is None or not plan.from_us <= at_us < plan.until_us:
            if len(self._floor_plans) >= _MOST_WATCHED:
                self._floor_plans.clear()
            zone_ids = [area.zone_id for area in self.zones_of(floor_id)]
            shifts = [shift for zone_id in zone_ids for shift in self.shifts_of(zone_id)]
            scheduled = scheduled_at(shifts, self.staff, at_us)
            least: dict[str, int] = {}
            most: dict[str, int] = {}
            for role, low, high in chain.from_iterable(needs):
                least[role] = least.get(role, 0) + low
                most[role] = most.get(role, 0) + high
            plan = self._floor_plans[key] = Plan(
                from_us=at_us,
                until_us=min(self.until_us, scheduled.until_us),
                scheduled=scheduled.by_role,
                scheduled_total=scheduled.total,
                required=most,
                least_required=least,
                covers=self.roles.covers,
                priority=self.roles.priority,
            )
        return plan

    def plan(self, zone_id: str, at_us: int, census_max_age_us: int) -> Plan:
        """The staffing plan of a zone at an event time in this snapshot.

        It never outlasts the snapshot.

        Args:
            zone_id: The zone.
            at_us: Event time, microseconds.
            census_max_age_us: A census that is older is said to be, microseconds.
        """
        key = (zone_id, census_max_age_us)
        plan = self._plans.get(key)
        if plan is None or not plan.from_us <= at_us < plan.until_us:
            scheduled = scheduled_at(self.shifts_of(zone_id), self.staff, at_us)
            required = required_at(self.requirements_of(zone_id), at_us)
            counted = census_at(self.census_of(zone_id), at_us, census_max_age_us)
            plan = Plan(
                from_us=at_us,
                until_us=min(
                    self.until_us, scheduled.until_us, required.until_us, counted.until_us
                ),
                scheduled=scheduled.by_role,
                scheduled_total=scheduled.total,
                required=required.by_role,
                covers=self.roles.covers,
                priority=self.roles.priority,
                ratios=required.ratios,
                census=counted.census,
                not_staff=self.roles.not_staff,
            )
            self._plans[key] = plan
        return plan
