"""Versioned facts and decisions with two times, and which version is visible when.

A version is visible at event time t when `valid_from_us <= t` and `recorded_at_us + 5 s <= t`;
the highest visible version of an id wins, and a version with `removed` removes the fact.
So a later edit never changes what an event saw: it takes effect 5 s after it was recorded, at the
earliest.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

from schemas.topics import (
    CAMERA_CLOCK,
    CAMERA_VIEWS,
    CAMERAS,
    CENSUS,
    FLOORS,
    FOLDED_TOPICS,
    REQUIREMENTS,
    ROLES,
    SHIFTS,
    STAFF,
    ZONES,
)
from streams.domain.facts.check import check_fact
from streams.domain.facts.snapshot import FOREVER_US, Snapshot, ZoneArea
from streams.domain.facts.suspicion import holds

VISIBLE_AFTER_US: Final = 5_000_000
"""A fact is visible to events this long after it was recorded, microseconds."""

_MAX_SNAPSHOTS: Final = 64

_ID_FIELDS: Final = {topic.name: topic.key.removesuffix("@version") for topic in FOLDED_TOPICS}

Record = Mapping[str, Any]


class InvalidFact(ValueError):
    """A version of a fact that no event could use; the version before it stays in force."""


class ConflictingFact(ValueError):
    """The same id and version was recorded twice with different content."""


VisibilityRule = Callable[[Record], int]
"""First event time at which a version is visible, microseconds."""


def visible_from(record: Record) -> int:
    """The pipeline's rule: a fact that is recorded later changes no record that was sent."""
    return int(max(record["valid_from_us"], record["recorded_at_us"] + VISIBLE_AFTER_US))


def visible_as_of(record: Record) -> int:
    """A rebuild's rule: a back-dated version is visible from its `valid_from_us`.

    Every other version keeps the pipeline's rule, so that a rebuild gives the pipeline's records
    unless a fact was back-dated. A fact that is recorded as it becomes valid is not back-dated.
    """
    if record["valid_from_us"] < record["recorded_at_us"]:
        return int(record["valid_from_us"])
    return visible_from(record)


class Timeline:
    """All versions of all facts of one topic.

    Args:
        id_field: Name of the field that holds a fact's id.
        rule: Gives the first event time at which a version is visible.
    """

    def __init__(self, id_field: str, rule: VisibilityRule = visible_from) -> None:
        self.id_field = id_field
        self._rule = rule
        self._versions: dict[str, dict[int, Record]] = {}
        self._in_force: dict[str, list[tuple[int, int]]] = {}

    def add(self, record: Record) -> bool:
        """Add one version; False when it is already there.

        Raises:
            ConflictingFact: The version was added before with other content.
        """
        identity: str = record[self.id_field]
        versions = self._versions.setdefault(identity, {})
        version: int = record["version"]
        known = versions.get(version)
        if known is not None:
            if known != record:
                raise ConflictingFact(f"{self.id_field} {identity!r} version {version} changed")
            return False
        versions[version] = record
        _put_in_force(self._in_force.setdefault(identity, []), self._rule(record), version)
        return True

    def at(self, at_us: int) -> dict[str, Any]:
        """The facts in force at an event time, by identity in sorted order."""
        found: dict[str, Any] = {}
        for identity in sorted(self._versions):
            steps = self._in_force[identity]
            passed = bisect_right(steps, at_us, key=itemgetter(0))
            if not passed:
                continue
            newest = self._versions[identity][steps[passed - 1][1]]
            if not newest["removed"]:
                found[identity] = newest
        return found

    def versions_of(self, identity: str) -> Mapping[int, Record]:
        """Every known version of one fact, by number."""
        return self._versions.get(identity, {})


def _put_in_force(steps: list[tuple[int, int]], visible_us: int, version: int) -> None:
    """Add a version to the steps of a fact: from when which version is in force, both rising.

    A version that is visible no earlier than a higher one is never in force.
    """
    index = bisect_right(steps, visible_us, key=itemgetter(0))
    if index and steps[index - 1][1] > version:
        return
    first = last = index
    while first and steps[first - 1][0] == visible_us:
        first -= 1
    while last < len(steps) and steps[last][1] < version:
        last += 1
    steps[first:last] = [(visible_us, version)]


class Facts:
    """The facts and decisions of every topic that the fold reads.

    `at` is a pure function of the records added so far, in whatever order times are asked for.
    The order of the records decides only which floor a camera or a zone stays on.

    Args:
        rule: Gives the first event time at which a version is visible; the pipeline's rule, except
            in a rebuild.
    """

    def __init__(self, rule: VisibilityRule = visible_from) -> None:
        self._rule = rule
        self._timelines = {name: Timeline(field, rule) for name, field in _ID_FIELDS.items()}
        self._changes_us: list[int] = []
        self._snapshots: dict[int, Snapshot] = {}
        self._areas: dict[tuple[str, int], ZoneArea] = {}
        self._last: Snapshot | None = None

    def add(self, topic_name: str, record: Record) -> None:
        """Add one version of a fact.

        Args:
            topic_name: Topic of facts or decisions that the record came from.
            record: Decoded record; it is kept, so the caller must not change it.

        Raises:
            KeyError: The fold reads no such topic.
            InvalidFact: A polygon, homography, time zone, time or correction in it cannot be used.
            ConflictingFact: The version was added before with other content.
        """
        timeline = self._timelines[topic_name]
        self._check(topic_name, record)
        if not timeline.add(record):
            return
        effective_us = self._rule(record)
        index = bisect_left(self._changes_us, effective_us)
        if self._changes_us[index : index + 1] != [effective_us]:
            insort(self._changes_us, effective_us)
        # Snapshots that end before the new version is visible stay; the others are built again.
        self._snapshots = {
            start_us: snapshot
            for start_us, snapshot in self._snapshots.items()
            if snapshot.until_us <= effective_us
        }
        self._last = None

    def at(self, at_us: int) -> Snapshot:
        """The facts in force at an event time, the same object until the next change."""
        last = self._last
        if last is not None and last.from_us <= at_us < last.until_us:
            return last
        index = bisect_right(self._changes_us, at_us)
        from_us = self._changes_us[index - 1] if index else -FOREVER_US
        snapshot = self._snapshots.get(from_us)
        if snapshot is None:
            later = self._changes_us[index : index + 1]
            snapshot = self._build(from_us, later[0] if later else FOREVER_US)
            if len(self._snapshots) >= _MAX_SNAPSHOTS:
                self._snapshots.pop(min(self._snapshots))
            self._snapshots[from_us] = snapshot
        self._last = snapshot
        return snapshot

    def _build(self, from_us: int, until_us: int) -> Snapshot:
        found = {name: timeline.at(from_us) for name, timeline in self._timelines.items()}
        zones, cameras = found[ZONES.name], found[CAMERAS.name]
        versions_of = self._timelines[CAMERAS.name].versions_of
        views = {
            camera_id: view
            for camera_id, view in found[CAMERA_VIEWS.name].items()
            if holds(view, cameras.get(camera_id), versions_of(camera_id))
        }
        return Snapshot(
            from_us=from_us,
            until_us=until_us,
            cameras=cameras,
            floors=found[FLOORS.name],
            zones={name: self._areas[name, zone["version"]] for name, zone in zones.items()},
            staff=found[STAFF.name],
            shifts=found[SHIFTS.name],
            requirements=found[REQUIREMENTS.name],
            roles=found[ROLES.name],
            census=found[CENSUS.name],
            clocks=found[CAMERA_CLOCK.name],
            views=views,
        )

    def _check(self, topic_name: str, record: Record) -> None:
        identity = record[_ID_FIELDS[topic_name]]
        versions = self._timelines[topic_name].versions_of(identity).values()
        floors = [known["floor_id"] for known in versions if _has_floor(known)]
        try:
            area = check_fact(topic_name, record, floors)
        except (ValueError, OverflowError) as error:
            raise InvalidFact(
                f"{topic_name} {identity!r} version {record['version']}: {error}"
            ) from error
        if area is not None:
            self._areas.setdefault((area.zone_id, record["version"]), area)


def _has_floor(record: Record) -> bool:
    return not record["removed"] and "floor_id" in record
