"""The facts and decisions of every topic that the fold reads, at any event time."""

from bisect import bisect_left, bisect_right, insort
from typing import Final

from schemas.topics import (
    CAMERA_CLOCK,
    CAMERA_VIEWS,
    CAMERAS,
    CENSUS,
    FLOORS,
    FOLDED_TOPICS,
    REQUIREMENTS,
    ROLES,
    RULES,
    SHIFTS,
    STAFF,
    ZONES,
)
from streams.domain.facts.check import checked
from streams.domain.facts.snapshot import FOREVER_US, Snapshot, ZoneArea
from streams.domain.facts.suspicion import holds
from streams.domain.facts.versions import (
    Record,
    Timeline,
    VisibilityRule,
    visible_from,
)

_MAX_SNAPSHOTS: Final = 64

_ID_FIELDS: Final = {topic.name: topic.key.removesuffix("@version") for topic in FOLDED_TOPICS}


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
            rules=found[RULES.name],
            clocks=found[CAMERA_CLOCK.name],
            views=views,
        )

    def _check(self, topic_name: str, record: Record) -> None:
        identity = record[_ID_FIELDS[topic_name]]
        versions = self._timelines[topic_name].versions_of(identity).values()
        area = checked(topic_name, identity, record, versions)
        if area is not None:
            self._areas.setdefault((area.zone_id, record["version"]), area)
