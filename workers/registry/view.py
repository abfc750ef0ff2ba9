"""A view of the reference data in force now: names, polygons, sizes, shifts.

The board only shows it, so the versions are kept in plain dictionaries and none is refused: an odd
polygon must not take the numbers off the board.
"""

import threading
from collections.abc import Iterable
from typing import Any, cast

from runtime.facts.log import Fact
from schemas.records.facts import Camera, Floor, Zone
from schemas.records.staffing import Shift, Staff
from schemas.topics import CAMERAS, FLOORS, SHIFTS, STAFF, ZONES, Topic
from streams.domain.facts.timeline import visible_from


class RegistryView:
    """The latest visible version of every fact; written by one thread, read by others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions: dict[str, dict[str, dict[int, dict[str, Any]]]] = {}
        self.synced_us: int | None = None
        self.error = ""

    def add(self, facts: Iterable[Fact], synced_us: int) -> int:
        """Take in new facts; returns how many.

        Args:
            facts: New versions, in any order.
            synced_us: Wall clock when the read started, UTC microseconds.
        """
        count = 0
        with self._lock:
            for topic, record in facts:
                identity = record[topic.key.removesuffix("@version")]
                by_id = self._versions.setdefault(topic.name, {})
                by_id.setdefault(identity, {})[record["version"]] = record
                count += 1
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

    def floors(self, now_us: int) -> dict[str, Floor]:
        """Floors in force at `now_us`, by id."""
        return cast("dict[str, Floor]", self._at(FLOORS, now_us))

    def shifts(self, zone_id: str, now_us: int) -> list[tuple[Shift, str]]:
        """Shifts on duty in a zone at `now_us`, each with the role worked, by start."""
        staff = cast("dict[str, Staff]", self._at(STAFF, now_us))
        found = []
        for shift in cast("dict[str, Shift]", self._at(SHIFTS, now_us)).values():
            if shift["zone_id"] != zone_id or not shift["starts_us"] <= now_us < shift["ends_us"]:
                continue
            member = staff.get(shift["staff_id"])
            found.append((shift, shift["role"] or (member["role"] if member else "")))
        return sorted(found, key=lambda pair: (pair[0]["starts_us"], pair[0]["shift_id"]))

    def fingerprint(self, now_us: int) -> int:
        """A number that changes when what the board shows of the registry changes."""
        return hash(
            tuple(
                (topic.name, identity, record["version"])
                for topic in (ZONES, CAMERAS, FLOORS)
                for identity, record in self._at(topic, now_us).items()
            )
        )
