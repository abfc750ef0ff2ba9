"""The units of every registered thing, from the facts in force at one moment. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast

from schemas.records.evidence import Badge, BadgeReader
from schemas.records.facts import Camera, Floor, Unit, Zone
from schemas.records.staffing import CensusCount, Requirement, Shift, Staff
from schemas.topics import (
    BADGES,
    CAMERAS,
    CENSUS,
    FLOORS,
    READERS,
    REQUIREMENTS,
    ROLES,
    RULES,
    SHIFTS,
    STAFF,
    UNITS,
    ZONES,
)

ROSTERED_FOR_US: Final = 7 * 24 * 3_600_000_000
"""A member of staff belongs to a shift's unit until this long after its end, microseconds."""

_NOWHERE: Final[frozenset[str]] = frozenset()


class UnitIndex:
    """Units of zones, cameras, floors, staff, shifts and requirements.

    A zone is in the unit that lists it, else in the unit that lists its floor. A camera is in the
    units of everything that it may show: its zones, the zones drawn on its floor, and the floor.
    A reader of badges is in those of its zone, or of its floor; a badge in those of its staff.
    A role is in every unit. A rule of alerts is in those of its zones and floors, and in every unit
    where it names none.

    Args:
        facts: Facts in force by topic name and id.
        now_us: The moment, UTC microseconds.
    """

    def __init__(self, facts: Mapping[str, Mapping[str, Any]], now_us: int) -> None:
        self._now_us = now_us
        self._units = cast("Mapping[str, Unit]", facts.get(UNITS.name, {}))
        self._zones = cast("Mapping[str, Zone]", facts.get(ZONES.name, {}))
        self._floors = cast("Mapping[str, Floor]", facts.get(FLOORS.name, {}))
        self._cameras = cast("Mapping[str, Camera]", facts.get(CAMERAS.name, {}))
        self._staff = cast("Mapping[str, Staff]", facts.get(STAFF.name, {}))
        self._shifts = cast("Mapping[str, Shift]", facts.get(SHIFTS.name, {}))
        self._requirements = cast("Mapping[str, Requirement]", facts.get(REQUIREMENTS.name, {}))
        self._readers = cast("Mapping[str, BadgeReader]", facts.get(READERS.name, {}))
        self._census = cast("Mapping[str, CensusCount]", facts.get(CENSUS.name, {}))
        self._roles = facts.get(ROLES.name, {})
        self._rules = facts.get(RULES.name, {})
        self._badges = cast("Mapping[str, Badge]", facts.get(BADGES.name, {}))
        self._lists_zone = _by_member(
            (unit_id, unit["zone_ids"]) for unit_id, unit in self._units.items()
        )
        self._lists_floor = _by_member(
            (unit_id, unit["floor_ids"]) for unit_id, unit in self._units.items()
        )
        self._of_staff = self._staffed()
        self._on_floor: Mapping[str, frozenset[str]] = _by_member(
            (unit_id, [zone["floor_id"]])
            for zone_id, zone in self._zones.items()
            for unit_id in self._zone(zone_id) or ()
        )
        self._shown_by = self._shown()

    def units_of(self, kind: str, identity: str) -> frozenset[str] | None:
        """Units of a thing; empty where no unit has it, None where nobody registered it.

        Args:
            kind: `zone`, `camera`, `floor`, `unit`, `staff`, `shift`, `requirement`,
                `reader`, `badge`, `role`, `census` or `rule`.
            identity: Its id.

        Raises:
            KeyError: There is no such kind.
        """
        kinds: dict[str, Callable[[str], frozenset[str] | None]] = {
            "zone": self._zone,
            "camera": self._shown_by.get,
            "floor": self._floor,
            "unit": self._unit,
            "staff": self._member,
            "shift": self._shift,
            "requirement": self._requirement,
            "reader": self._reader,
            "badge": self._badge,
            "role": self._role,
            "census": self._count,
            "rule": self._rule,
        }
        return kinds[kind](identity)

    def _zone(self, zone_id: str) -> frozenset[str] | None:
        listed, zone = self._lists_zone.get(zone_id), self._zones.get(zone_id)
        if listed is not None or zone is None:
            return listed
        return self._lists_floor.get(zone["floor_id"], _NOWHERE)

    def _floor(self, floor_id: str) -> frozenset[str] | None:
        listed = self._lists_floor.get(floor_id)
        if listed is None and floor_id not in self._floors:
            return None
        return (listed or _NOWHERE) | self._on_floor.get(floor_id, _NOWHERE)

    def _unit(self, unit_id: str) -> frozenset[str] | None:
        return frozenset({unit_id}) if unit_id in self._units else None

    def _member(self, staff_id: str) -> frozenset[str] | None:
        if staff_id not in self._staff:
            return None
        return self._of_staff.get(staff_id, _NOWHERE)

    def _shift(self, shift_id: str) -> frozenset[str] | None:
        shift = self._shifts.get(shift_id)
        return None if shift is None else self._zone(shift["zone_id"]) or _NOWHERE

    def _requirement(self, requirement_id: str) -> frozenset[str] | None:
        found = self._requirements.get(requirement_id)
        return None if found is None else self._zone(found["zone_id"]) or _NOWHERE

    def _count(self, census_id: str) -> frozenset[str] | None:
        found = self._census.get(census_id)
        return None if found is None else self._zone(found["zone_id"]) or _NOWHERE

    def _role(self, role: str) -> frozenset[str] | None:
        return frozenset(self._units) if role in self._roles else None

    def _rule(self, rule_id: str) -> frozenset[str] | None:
        found = self._rules.get(rule_id)
        if found is None:
            return None
        if not found["zone_ids"] and not found["floor_ids"]:
            return frozenset(self._units)
        zones = (self._zone(zone_id) or _NOWHERE for zone_id in found["zone_ids"])
        floors = (self._floor(floor_id) or _NOWHERE for floor_id in found["floor_ids"])
        return _NOWHERE.union(*zones, *floors)

    def _reader(self, reader_id: str) -> frozenset[str] | None:
        found = self._readers.get(reader_id)
        if found is None:
            return None
        covered = self._zone(found["zone_id"]) if found["zone_id"] else None
        return covered or self._floor(found["floor_id"]) or _NOWHERE

    def _badge(self, badge_id: str) -> frozenset[str] | None:
        found = self._badges.get(badge_id)
        if found is None:
            return None
        return _NOWHERE.union(*(self._of_staff.get(one, _NOWHERE) for one in found["staff_ids"]))

    def _shown(self) -> dict[str, frozenset[str]]:
        drawn_on: dict[tuple[str, str], set[str]] = defaultdict(set)
        for zone_id, zone in self._zones.items():
            camera_id = zone["camera_id"]
            drawn = ("floor", zone["floor_id"]) if camera_id is None else ("camera", camera_id)
            drawn_on[drawn] |= self._zone(zone_id) or _NOWHERE
        return {
            camera_id: frozenset(
                drawn_on[("camera", camera_id)]
                | drawn_on[("floor", camera["floor_id"])]
                | self._lists_floor.get(camera["floor_id"], _NOWHERE)
            )
            for camera_id, camera in self._cameras.items()
        }

    def _staffed(self) -> Mapping[str, frozenset[str]]:
        return _by_member(
            (unit_id, [shift["staff_id"]])
            for shift in self._shifts.values()
            if shift["staff_id"] and self._now_us < shift["ends_us"] + ROSTERED_FOR_US
            for unit_id in self._zone(shift["zone_id"]) or ()
        )


def _by_member(units: Iterable[tuple[str, Iterable[str]]]) -> dict[str, frozenset[str]]:
    """Turn units with their members into members with their units."""
    found: dict[str, set[str]] = defaultdict(set)
    for unit_id, members in units:
        for member in members:
            found[member].add(unit_id)
    return {member: frozenset(unit_ids) for member, unit_ids in found.items()}
