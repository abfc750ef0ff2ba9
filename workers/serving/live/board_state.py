"""Join live values and reference data into the answers of the API."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from runtime.clock import Clock
from schemas.topics import CAMERAS, ZONES
from streams.domain.camera.projection import why_not_fused
from workers.registry.view import RegistryView
from workers.serving.live import answers as views
from workers.serving.live.alert_records import FloorAlerts
from workers.serving.live.footprints import Footprints
from workers.serving.live.freshness import Freshness, judge, vouched_through
from workers.serving.live.messages import coverage
from workers.serving.live.recent_zones import RecentZones
from workers.serving.live.records import CameraTracks, Occupancy, Presence
from workers.serving.live.state import Live, LiveState
from workers.serving.live.trends import Trends
from workers.serving.live.unit_answers import Units
from workers.serving.live.unit_board import LiveZone, unit_board

if TYPE_CHECKING:
    from schemas.records.facts import Camera, Zone


class _LiveZones(NamedTuple):
    """What is known of zones now.

    Attributes:
        values: Newest value of each zone, by id.
        floors: Latest tick of each floor, by id.
        registered: Zones in force, by id.
        shown: Every zone in force, and every one with a value that was not removed.
    """

    values: dict[str, Live[Occupancy]]
    floors: dict[str, Live[Presence]]
    registered: "dict[str, Zone]"
    shown: set[str]


class BoardState:
    """Answers the requests of the board.

    Args:
        live: Current values.
        registry: Reference data: names, polygons, shifts.
        trends: Trends over the last half hour.
        recent: Values of zones in the last half minute.
        clock: Clock of the server.
        stale_after_s: Age from which a value is stale, seconds.
    """

    def __init__(
        self,
        live: LiveState,
        registry: RegistryView,
        trends: Trends,
        recent: RecentZones,
        clock: Clock,
        stale_after_s: float,
    ) -> None:
        self._live = live
        self._registry = registry
        self._trends = trends
        self._recent = recent
        self._clock = clock
        self._stale_after_s = stale_after_s
        self._footprints = Footprints()

    async def zones(self) -> views.Zones:
        """Every registered zone, and every zone with a value that was not removed.

        Raises:
            Retry: Redis is out of reach.
        """
        now_us = self._clock.now_us()
        found = await self._zones(now_us)
        zones = [
            self._zone(
                zone_id,
                found.registered.get(zone_id),
                found.values.get(zone_id),
                found.floors,
                now_us,
            )
            for zone_id in found.shown
        ]
        zones.sort(key=lambda zone: (zone.order, zone.name, zone.zone_id))
        return views.Zones(now_us=now_us, zones=zones)

    async def units(self, sees: Callable[[str], bool]) -> Units:
        """Every unit, department and site, as of one event time.

        Args:
            sees: Whether the caller sees a zone; what it does not see counts nowhere.

        Raises:
            Retry: Redis is out of reach.
        """
        now_us = self._clock.now_us()
        found = await self._zones(now_us)
        index = self._registry.unit_index(now_us)
        unit_ids = {
            zone_id: index.units_of("zone", zone_id) or frozenset() for zone_id in found.shown
        }
        zones = {}
        for zone_id in filter(sees, found.shown):
            zone, live = found.registered.get(zone_id), found.values.get(zone_id)
            newest = live.record if live else None
            floor_id = zone["floor_id"] if zone else newest.floor_id if newest else ""
            tick = found.floors[floor_id].record if floor_id in found.floors else None
            camera_id = zone["camera_id"] if zone else None
            zones[zone_id] = LiveZone(
                unit_ids[zone_id], newest, self._zone_freshness(newest, tick, camera_id, now_us)
            )
        hidden = [unit_ids[zone_id] for zone_id in found.shown - zones.keys()]
        return unit_board(now_us, zones, hidden, self._registry.units(now_us), self._recent)

    async def _zones(self, now_us: int) -> _LiveZones:
        # Floors first: a tick must not vouch for a value that was read before it came.
        floors = await self._live.all("floor", Presence)
        values = await self._live.all("zone", Occupancy)
        registered = self._registry.zones(now_us)
        unregistered = {
            zone_id for zone_id in values if not self._registry.removed(ZONES, zone_id, now_us)
        }
        return _LiveZones(values, floors, registered, set(registered) | unregistered)

    async def zone(self, zone_id: str) -> views.ZoneDetail | None:
        """One zone; None when there is no such zone.

        Raises:
            Retry: Redis is out of reach.
        """
        now_us = self._clock.now_us()
        live = await self._live.one("zone", zone_id, Occupancy)
        registered = self._registry.zones(now_us).get(zone_id)
        if registered is None and (live is None or self._registry.removed(ZONES, zone_id, now_us)):
            return None
        floor_id = registered["floor_id"] if registered else live.record.floor_id if live else ""
        floors = await self._live.some("floor", [floor_id], Presence)
        zone = self._zone(zone_id, registered, live, floors, now_us)
        return views.ZoneDetail(
            **zone.model_dump(),
            person_ids=live.record.person_ids if live else [],
            shifts=[
                views.ShiftView(
                    shift_id=shift["shift_id"],
                    staff_id=shift["staff_id"],
                    role=role,
                    starts_us=shift["starts_us"],
                    ends_us=shift["ends_us"],
                    kind=shift["kind"],
                    agency=shift["agency"],
                )
                for shift, role in self._registry.shifts(zone_id, now_us)
            ],
        )

    def _zone(
        self,
        zone_id: str,
        registered: "Zone | None",
        live: Live[Occupancy] | None,
        floors: Mapping[str, Live[Presence]],
        now_us: int,
    ) -> views.ZoneView:
        occupancy = live.record if live else None
        floor_id = registered["floor_id"] if registered else occupancy.floor_id if occupancy else ""
        floor = self._registry.floors(now_us).get(floor_id)
        camera_id = registered["camera_id"] if registered else None
        tick = floors[floor_id].record if floor_id in floors else None
        last = self._trends.last_change(zone_id)
        return views.ZoneView(
            zone_id=zone_id,
            name=(registered["name"] if registered else "") or zone_id,
            floor_id=floor_id,
            floor_name=(floor["name"] if floor else "") or floor_id,
            units=self._units_of(zone_id, now_us),
            camera_id=camera_id,
            order=registered["order"] if registered else 0,
            space=registered["space"] if registered else "UNKNOWN",
            polygon=[views.Point(**p) for p in registered["polygon"]] if registered else [],
            people=occupancy.people if occupancy else None,
            identified=occupancy.identified if occupancy else None,
            scheduled=occupancy.scheduled if occupancy else None,
            required=occupancy.required if occupancy else None,
            least_required=occupancy.least_required if occupancy else None,
            gap=_gap(occupancy),
            is_watched=occupancy.is_watched if occupancy else None,
            count=occupancy.count if occupancy else None,
            census=occupancy.census if occupancy else None,
            longest_since_us=occupancy.longest_since_us if occupancy else None,
            coverage=views.CoverageView(**coverage(occupancy)._asdict()),
            roles=occupancy.roles if occupancy else [],
            seq=occupancy.seq if occupancy else None,
            freshness=self._zone_freshness(occupancy, tick, camera_id, now_us),
            last_change=views.LastChangeView(**last._asdict()) if last else None,
        )

    def _units_of(self, zone_id: str, now_us: int) -> list[views.UnitOfZone]:
        held = self._registry.unit_index(now_us).units_of("zone", zone_id)
        if not held:
            return []
        units = self._registry.units(now_us)
        return [
            views.UnitOfZone(
                unit_id=unit_id,
                name=units[unit_id]["name"] or unit_id,
                department=units[unit_id]["department"],
                site=units[unit_id]["site"],
            )
            for unit_id in sorted(held)
            if unit_id in units
        ]

    def _zone_freshness(
        self, occupancy: Occupancy | None, tick: Presence | None, camera_id: str | None, now_us: int
    ) -> Freshness:
        if occupancy is None:
            return judge(now_us, self._stale_after_s, as_of_us=None)
        newest = tick if tick and tick.as_of_us >= occupancy.as_of_us else occupancy
        missing = newest.cameras_missing
        return judge(
            now_us,
            self._stale_after_s,
            as_of_us=occupancy.as_of_us,
            through_us=vouched_through(occupancy.as_of_us, tick.as_of_us if tick else None),
            camera_silent=camera_id in missing if camera_id else bool(missing),
        )

    async def cameras(self) -> views.Cameras:
        """Every registered camera, and every camera with tracks that was not removed.

        Raises:
            Retry: Redis is out of reach.
        """
        now_us = self._clock.now_us()
        live = await self._live.all("camera", CameraTracks)
        registered = self._registry.cameras(now_us)
        suspects = self._registry.suspects(now_us)
        cameras = []
        for camera_id in set(registered) | set(live):
            fact, value = registered.get(camera_id), live.get(camera_id)
            if fact is None and self._registry.removed(CAMERAS, camera_id, now_us):
                continue
            tracks = value.record if value else None
            suspect = suspects.get(camera_id)
            cameras.append(
                views.CameraView(
                    camera_id=camera_id,
                    name=(fact["name"] if fact else "") or camera_id,
                    floor_id=fact["floor_id"] if fact else tracks.floor_id if tracks else "",
                    width=(tracks.width if tracks else 0) or (fact["width"] if fact else 0),
                    height=(tracks.height if tracks else 0) or (fact["height"] if fact else 0),
                    privacy_masks=[
                        [views.Point(**point) for point in mask]
                        for mask in (fact["privacy_masks"] if fact else [])
                    ],
                    footprint=self._footprint(fact),
                    not_fused=why_not_fused(fact) if fact else "",
                    live=tracks,
                    freshness=judge(
                        now_us,
                        self._stale_after_s,
                        as_of_us=tracks.captured_us if tracks else None,
                    ),
                    suspect_since_us=suspect["since_us"] if suspect else None,
                    suspect_reason=suspect["reason"] if suspect else "",
                )
            )
        cameras.sort(key=lambda camera: (camera.name, camera.camera_id))
        return views.Cameras(now_us=now_us, cameras=cameras)

    def _footprint(self, camera: "Camera | None") -> views.CameraFootprint | None:
        found = None if camera is None else self._footprints.of(camera)
        if found is None:
            return None
        position = None
        if found.position is not None:
            x, y, z = (round(metres, 2) for metres in found.position)
            position = views.CameraPosition(x=x, y=y, z=z)
        sees = [[views.FloorPoint(x=x, y=y) for x, y in ring] for ring in found.sees]
        return views.CameraFootprint(position=position, sees=sees)

    async def presence(self, floor_id: str) -> views.FloorPresence | None:
        """Who is on a floor; None when there is no such floor.

        Raises:
            Retry: Redis is out of reach.
        """
        now_us = self._clock.now_us()
        fact = self._registry.floors(now_us).get(floor_id)
        live = await self._live.one("floor", floor_id, Presence)
        if fact is None and live is None:
            return None
        return views.FloorPresence(
            floor_id=floor_id,
            name=(fact["name"] if fact else "") or floor_id,
            time_zone=fact["time_zone"] if fact else "",
            presence=live.record if live else None,
            freshness=judge(
                now_us,
                self._stale_after_s,
                as_of_us=live.record.as_of_us if live else None,
                camera_silent=bool(live and live.record.cameras_missing),
            ),
        )

    async def alerts(self) -> views.OpenAlerts:
        """Alerts of every floor that has ever had one, as decided last.

        Raises:
            Retry: Redis is out of reach.
        """
        floors = await self._live.all("alerts", FloorAlerts)
        return views.OpenAlerts(
            now_us=self._clock.now_us(), floors=[live.record for live in floors.values()]
        )

    def trends(self) -> views.Trends:
        """Trend steps of every zone that was seen."""
        return views.Trends(
            now_us=self._clock.now_us(),
            zones={
                zone_id: [
                    views.TrendStep(at_us=at_us, people=people)
                    for at_us, people in self._trends.steps(zone_id)
                ]
                for zone_id in self._trends.zones()
            },
        )


def _gap(occupancy: Occupancy | None) -> views.GapView | None:
    if occupancy is None:
        return None
    return views.GapView(
        min=occupancy.gap_min,
        max=occupancy.gap_max,
        possible_since_us=occupancy.possible_since_us,
        sure_since_us=occupancy.sure_since_us,
    )
