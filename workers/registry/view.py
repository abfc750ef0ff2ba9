"""A view of the reference data in force now: names, polygons, sizes, shifts.

The board only shows it, so the versions are kept in plain dictionaries and none is refused: an odd
polygon must not take the numbers off the board.
"""

import sys
import threading
from collections.abc import Iterable
from typing import Any, Final, cast

from runtime.facts.log import Fact
from schemas.records.cameras import CameraClock, CameraView
from schemas.records.evidence import Badge, BadgeReader
from schemas.records.facts import Camera, Floor, Unit, Zone
from schemas.records.rules import Rule
from schemas.records.staffing import Shift, Staff
from schemas.topics import (
    BADGES,
    CAMERA_CLOCK,
    CAMERA_VIEWS,
    CAMERAS,
    FLOORS,
    READERS,
    REFERENCE_TOPICS,
    RULES,
    SHIFTS,
    STAFF,
    UNITS,
    ZONES,
    Topic,
)
from streams.domain.facts.suspicion import holds
from streams.domain.facts.versions import visible_from
from streams.domain.staffing.intervals import contains
from streams.domain.staffing.roster import EXCHANGEABLE, is_planned, taken_over
from workers.registry.unit_index import ROSTERED_FOR_US, UnitIndex

_CLOCKS: Final = 8
"""Decisions that are kept about each clock: they go on for as long as the camera runs."""


class RegistryView:
    """The latest visible version of every fact; written by one thread, read by others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions: dict[str, dict[str, dict[int, dict[str, Any]]]] = {}
        self._revision = 0
        self._index: UnitIndex | None = None
        self._index_holds = range(0)
        self.synced_us: int | None = None
        self.error = ""

    def add(self, facts: Iterable[Fact], synced_us: int) -> int:
        """Take in new facts; returns how many.

        Args:
            facts: New versions, in any order.
            synced_us: Wall clock when the read started, UTC microseconds.
        """
        count, is_reference = 0, False
        with self._lock:
            for topic, record in facts:
                identity = record[topic.key.removesuffix("@version")]
                by_id = self._versions.setdefault(topic.name, {})
                versions = by_id.setdefault(identity, {})
                versions[record["version"]] = record
                count += 1
                if topic is CAMERA_CLOCK and len(versions) > _CLOCKS:
                    del versions[min(versions)]
                is_reference |= topic is not CAMERA_CLOCK
            if is_reference:
                self._revision += 1
                self._index = None
            self.synced_us = synced_us
            self.error = ""
        return count

    def failed(self, error: str) -> None:
        """Note that the reference data cannot be read; what is known stays."""
        self.error = error

    def _at(self, topic: Topic, now_us: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        with self._lock:
            for identity, versions in sorted(self._versions.get(topic.name, {}).items()):
                visible = [
                    version
                    for version, record in versions.items()
                    if visible_from(record) <= now_us
                ]
                if visible and not versions[max(visible)]["removed"]:
                    found[identity] = versions[max(visible)]
        return found

    def unit_index(self, now_us: int) -> UnitIndex:
        """The units of everything registered at `now_us`; built anew when that changes."""
        with self._lock:
            if self._index is not None and now_us in self._index_holds:
                return self._index
            revision, edges = self._revision, self._edges()
        index = UnitIndex(
            {topic.name: self._at(topic, now_us) for topic in REFERENCE_TOPICS}, now_us
        )
        with self._lock:
            if revision == self._revision:
                since = max((edge for edge in edges if edge <= now_us), default=0)
                until = min((edge for edge in edges if edge > now_us), default=sys.maxsize)
                self._index, self._index_holds = index, range(since, until)
        return index

    def _edges(self) -> list[int]:
        """Times at which some thing may change its units, UTC microseconds."""
        versions = [
            record
            for topic in REFERENCE_TOPICS
            for by_version in self._versions.get(topic.name, {}).values()
            for record in by_version.values()
        ]
        return [visible_from(record) for record in versions] + [
            record["ends_us"] + ROSTERED_FOR_US for record in versions if "ends_us" in record
        ]

    def removed(self, topic: Topic, identity: str, now_us: int) -> bool:
        """Whether a fact was registered and then removed."""
        known = identity in self._versions.get(topic.name, {})
        return known and identity not in self._at(topic, now_us)

    def zones(self, now_us: int) -> dict[str, Zone]:
        """Zones in force at `now_us`, by id."""
        return cast("dict[str, Zone]", self._at(ZONES, now_us))

    def cameras(self, now_us: int) -> dict[str, Camera]:
        """Cameras in force at `now_us`, by id."""
        return cast("dict[str, Camera]", self._at(CAMERAS, now_us))

    def versions(self, topic: Topic, identity: str) -> dict[int, dict[str, Any]]:
        """Every known version of a fact or decision, visible or not, by its number."""
        with self._lock:
            return dict(self._versions.get(topic.name, {}).get(identity, {}))

    def suspects(self, now_us: int) -> dict[str, CameraView]:
        """Why the views of cameras in force at `now_us` are suspect, by camera."""
        cameras = self._at(CAMERAS, now_us)
        return {
            camera_id: cast(CameraView, view)
            for camera_id, view in self._at(CAMERA_VIEWS, now_us).items()
            if view["state"] == "SUSPECT"
            and camera_id in cameras
            and holds(view, cameras[camera_id], self.versions(CAMERAS, camera_id))
        }

    def clocks(self, now_us: int) -> dict[str, CameraClock]:
        """What was decided about clocks by `now_us`, by camera; empty where it is not read."""
        return cast("dict[str, CameraClock]", self._at(CAMERA_CLOCK, now_us))

    def floors(self, now_us: int) -> dict[str, Floor]:
        """Floors in force at `now_us`, by id."""
        return cast("dict[str, Floor]", self._at(FLOORS, now_us))

    def readers(self, now_us: int) -> dict[str, BadgeReader]:
        """Readers of badges in force at `now_us`, by id."""
        return cast("dict[str, BadgeReader]", self._at(READERS, now_us))

    def badges(self, now_us: int) -> dict[str, Badge]:
        """Badges in force at `now_us`, by pseudonym."""
        return cast("dict[str, Badge]", self._at(BADGES, now_us))

    def rules(self, now_us: int) -> dict[str, Rule]:
        """Rules of alerts in force at `now_us`, by id."""
        return cast("dict[str, Rule]", self._at(RULES, now_us))

    def units(self, now_us: int) -> dict[str, Unit]:
        """Units in force at `now_us`, by id."""
        return cast("dict[str, Unit]", self._at(UNITS, now_us))

    def unit_names(self, now_us: int) -> dict[str, str]:
        """Name of each unit in force at `now_us`, by its id."""
        return {unit_id: record["name"] for unit_id, record in self._at(UNITS, now_us).items()}

    def shifts(self, zone_id: str, now_us: int) -> list[tuple[Shift, str]]:
        """Work and calls in a zone at `now_us`, each with the role worked, by start."""
        staff = cast("dict[str, Staff]", self._at(STAFF, now_us))
        shifts = cast("dict[str, Shift]", self._at(SHIFTS, now_us))
        lost = taken_over(shifts.values())
        found = []
        for shift in shifts.values():
            if shift["zone_id"] != zone_id or not shift["starts_us"] <= now_us < shift["ends_us"]:
                continue
            if shift["kind"] not in EXCHANGEABLE or not is_planned(shift):
                continue
            if contains(lost.get(shift["shift_id"], ()), now_us):
                continue
            member = staff.get(shift["staff_id"])
            found.append((shift, shift["role"] or (member["role"] if member else "")))
        return sorted(found, key=lambda pair: (pair[0]["starts_us"], pair[0]["shift_id"]))

    def fingerprint(self, now_us: int) -> int:
        """A number that changes when what the board shows of the registry changes."""
        return hash(
            tuple(
                (topic.name, identity, record["version"])
                for topic in (ZONES, CAMERAS, FLOORS, UNITS, CAMERA_VIEWS)
                for identity, record in self._at(topic, now_us).items()
            )
        )
