"""Put zones together to units, departments and sites, all as of one event time. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.records.facts import Unit
from streams.domain.staffing.surplus import UnitLocation, nearest_surplus
from streams.domain.staffing.totals import RoleFigures, Total, ZoneFigures, total_of
from workers.serving.live.freshness import Freshness
from workers.serving.live.recent_zones import RecentZones
from workers.serving.live.records import Occupancy
from workers.serving.live.unit_answers import (
    DepartmentView,
    MissingView,
    NearestView,
    RoleTotalView,
    SiteView,
    Units,
    UnitView,
)


class LiveZone(NamedTuple):
    """A zone that the caller sees.

    Attributes:
        unit_ids: Its units.
        newest: Its newest value; None without one.
        freshness: Whether that may be trusted.
    """

    unit_ids: frozenset[str]
    newest: Occupancy | None
    freshness: Freshness


def unit_board(
    now_us: int,
    zones: Mapping[str, LiveZone],
    hidden: Iterable[frozenset[str]],
    units: Mapping[str, Unit],
    recent: RecentZones,
) -> Units:
    """Figures of all units.

    They are as of the latest event time until which every zone that is not stale is known.

    Args:
        now_us: Clock of the server, UTC microseconds.
        zones: Zones that the caller sees, by id.
        hidden: Units of each zone that the caller does not see.
        units: Units in force, by id.
        recent: Values of the zones before their newest one.
    """
    hidden_units = frozenset().union(*hidden)
    as_of_us = min(
        (
            zone.freshness.through_us
            for zone in zones.values()
            if not zone.freshness.stale and zone.freshness.through_us is not None
        ),
        default=None,
    )
    figures = {} if as_of_us is None else _figures(zones, recent, as_of_us)
    zones_of: defaultdict[str, set[str]] = defaultdict(set)
    for zone_id, zone in zones.items():
        for unit_id in zone.unit_ids:
            zones_of[unit_id].add(zone_id)
    totals = {
        unit_id: total_of(zones_of[unit_id], figures) for unit_id in units if zones_of[unit_id]
    }
    locations = {
        unit_id: UnitLocation(unit["site"], unit["department"], tuple(unit["neighbour_ids"]))
        for unit_id, unit in units.items()
    }
    views = [_unit(unit_id, units, locations, totals) for unit_id in totals]

    def groups(*names: str) -> dict[tuple[str, ...], list[str]]:
        """Units by these fields, where the last one is not empty and every zone is shown."""
        found: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for unit_id, unit in sorted(units.items()):
            found[tuple(str(unit[name]) for name in names)].append(unit_id)  # type: ignore[literal-required]
        return {
            name: unit_ids
            for name, unit_ids in sorted(found.items())
            if name[-1] and not hidden_units.intersection(unit_ids)
        }

    def together(unit_ids: Iterable[str]) -> Total:
        return total_of((zone_id for one in unit_ids for zone_id in zones_of[one]), figures)

    return Units(
        now_us=now_us,
        as_of_us=as_of_us,
        units=sorted(views, key=lambda unit: (unit.name, unit.unit_id)),
        departments=[
            DepartmentView(
                site=site, department=department, unit_ids=found, **_shown(together(found))
            )
            for (site, department), found in groups("site", "department").items()
        ],
        sites=[
            SiteView(site=site, unit_ids=found, **_shown(together(found)))
            for (site,), found in groups("site").items()
        ],
        zone_ids_without_unit=sorted(
            zone_id for zone_id, zone in zones.items() if not zone.unit_ids & units.keys()
        ),
    )


def _figures(
    zones: Mapping[str, LiveZone], recent: RecentZones, as_of_us: int
) -> dict[str, ZoneFigures]:
    found = {}
    for zone_id, zone in zones.items():
        if zone.newest is None or zone.freshness.stale:
            continue
        value = recent.at(zone.newest, as_of_us)
        if value is not None:
            found[zone_id] = ZoneFigures(
                person_ids=frozenset(value.person_ids),
                scheduled=value.scheduled,
                required=value.required,
                gap_min=value.gap_min,
                gap_max=value.gap_max,
                roles={
                    one.role: RoleFigures(
                        one.present_min,
                        one.present_max,
                        one.scheduled,
                        one.required,
                        one.gap_min,
                        one.gap_max,
                    )
                    for one in value.roles
                },
            )
    return found


def _unit(
    unit_id: str,
    units: Mapping[str, Unit],
    locations: Mapping[str, UnitLocation],
    totals: Mapping[str, Total],
) -> UnitView:
    unit, total = units[unit_id], totals[unit_id]
    missing = [role for role, found in total.roles.items() if found.figures.gap_max]
    return UnitView(
        unit_id=unit_id,
        name=unit["name"] or unit_id,
        site=unit["site"],
        department=unit["department"],
        nearest=[
            NearestView(name=units[one.unit_id]["name"] or one.unit_id, **one._asdict())
            for one in nearest_surplus(unit_id, missing, locations, totals)
        ],
        **_shown(total),
    )


def _shown(total: Total) -> dict[str, object]:
    return {
        "zone_ids": list(total.zone_ids),
        "stale_zone_ids": list(total.stale_zone_ids),
        "people": total.people,
        "scheduled": total.scheduled,
        "required": total.required,
        "gap": MissingView(min=total.gap_min, max=total.gap_max),
        "roles": [
            RoleTotalView(
                role=role,
                present_min=found.figures.present_min,
                present_max=found.figures.present_max,
                scheduled=found.figures.scheduled,
                required=found.figures.required,
                gap=MissingView(min=found.figures.gap_min, max=found.figures.gap_max),
                spare=found.spare,
            )
            for role, found in total.roles.items()
        ],
    }
