"""Turn imported rows into new versions of facts, checked against what is registered now.

Pure: takes the registered facts and the time as arguments, and returns the facts to append. An
unchanged row makes no new version.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOOR_PARTITIONS, FLOORS, SHIFTS, STAFF, ZONES, Topic
from workers.registry.files import ImportRefused
from workers.registry.rows import CameraRow, Row, ZoneRow

_STAMPS = ("version", "valid_from_us", "recorded_at_us", "removed", "recorded_by")


@dataclass(slots=True)
class Registered:
    """The newest version of every fact, removed ones included."""

    newest: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    homes: dict[tuple[str, str], str] = field(default_factory=dict)
    """Floor of each camera and zone, by topic and identity: that of its first version."""

    def add(self, facts: Iterable[Fact]) -> None:
        """Take in facts, in the order of their topic."""
        for topic, record in facts:
            key = (topic.name, record[identity_field(topic)])
            if topic in (CAMERAS, ZONES) and not record["removed"]:
                self.homes.setdefault(key, record["floor_id"])
            known = self.newest.get(key)
            if known is None or record["version"] >= known["version"]:
                self.newest[key] = record

    def current(self, topic: Topic) -> dict[str, dict[str, Any]]:
        """Facts of a topic that are not removed, by identity."""
        return {
            identity: record
            for (name, identity), record in self.newest.items()
            if name == topic.name and not record["removed"]
        }


@dataclass(frozen=True, slots=True)
class Stamp:
    """When, and by whom, facts are recorded; times in UTC microseconds."""

    valid_from_us: int
    recorded_at_us: int
    recorded_by: str


def identity_field(topic: Topic) -> str:
    """Name of the field that identifies a fact."""
    return topic.key.removesuffix("@version")


def edits(
    rows: Sequence[Row], registered: Registered, stamp: Stamp, *, replace: bool = False
) -> list[Fact]:
    """Facts to append so that the reference data matches the rows.

    Args:
        rows: Rows of one kind.
        registered: What is registered now.
        stamp: Times and author of the new versions.
        replace: Also remove facts that no row names.

    Raises:
        ImportRefused: Rows contradict each other or what is registered; the message names row
            and field.
    """
    if not rows:
        return []
    topic = rows[0].topic
    wanted = {}
    faults = []
    for row in rows:
        identity = getattr(row, identity_field(topic))
        if identity in wanted:
            faults.append(f"{identity_field(topic)} {identity}: given twice")
        wanted[identity] = row.fields()
    facts: list[Fact] = []
    if topic is FLOORS:
        partitions = _partitions(registered)
        for floor_id, fields in wanted.items():
            fields["partition"] = _partition(floor_id, partitions)
        if replace:
            faults += [
                f"floor_id {floor_id}: a floor keeps its partition for life and is not removed; "
                "name it in the file"
                for floor_id in sorted(registered.current(FLOORS).keys() - wanted.keys())
            ]
    elif topic is CAMERAS:
        cameras = [row for row in rows if isinstance(row, CameraRow)]
        facts += _floors(cameras, registered, stamp)
        faults += _camera_faults(wanted, registered)
        faults += _moves(topic, ((row.camera_id, row.fields()) for row in cameras), registered)
    elif topic is ZONES:
        faults += _zone_faults(
            [row for row in rows if isinstance(row, ZoneRow)], wanted, registered
        )
        faults += _moves(topic, wanted.items(), registered)
    elif "zone_id" in type(rows[0]).model_fields:
        faults += _unknown(wanted, "zone_id", registered.current(ZONES))
    if topic is SHIFTS:
        faults += _unknown(wanted, "staff_id", registered.current(STAFF))
        faults += _overlaps({**registered.current(SHIFTS), **wanted})
    if faults:
        raise ImportRefused("\n".join(sorted(set(faults))))
    facts += _versions(topic, wanted, registered, stamp)
    if replace:
        gone = registered.current(topic).keys() - wanted.keys()
        facts += [
            Fact(topic, {**record, **_stamped(record, stamp), "removed": True})
            for identity, record in sorted(registered.current(topic).items())
            if identity in gone
        ]
    return facts


def _stamped(known: Mapping[str, Any] | None, stamp: Stamp) -> dict[str, Any]:
    return {
        "version": 1 if known is None else known["version"] + 1,
        "valid_from_us": stamp.valid_from_us,
        "recorded_at_us": stamp.recorded_at_us,
        "recorded_by": stamp.recorded_by,
        "removed": False,
    }


def _versions(
    topic: Topic, wanted: Mapping[str, dict[str, Any]], registered: Registered, stamp: Stamp
) -> list[Fact]:
    facts = []
    for identity, fields in wanted.items():
        known = registered.newest.get((topic.name, identity))
        if known is not None and not known["removed"]:
            content = {name: value for name, value in known.items() if name not in _STAMPS}
            if content == fields:
                continue
        facts.append(Fact(topic, {**fields, **_stamped(known, stamp)}))
    return facts


def _floors(rows: Sequence[CameraRow], registered: Registered, stamp: Stamp) -> list[Fact]:
    """New floors of imported cameras, each with a partition for life."""
    floors = _partitions(registered)
    facts = []
    for row in rows:
        floor_id = row.floor_id or row.camera_id
        if floor_id in floors:
            continue
        record = {
            "floor_id": floor_id,
            "partition": _partition(floor_id, floors),
            "name": row.name if row.floor_id is None else floor_id,
            "time_zone": row.time_zone,
        }
        facts.append(Fact(FLOORS, {**record, **_stamped(None, stamp)}))
    return facts


def _partitions(registered: Registered) -> dict[str, int]:
    """Partition of every floor that was ever registered, by id."""
    return {
        identity: record["partition"]
        for (name, identity), record in registered.newest.items()
        if name == FLOORS.name
    }


def _partition(floor_id: str, partitions: dict[str, int]) -> int:
    """Partition of a floor; a new floor is added to the partition with the fewest floors."""
    if floor_id not in partitions:
        load = [0] * FLOOR_PARTITIONS
        for partition in partitions.values():
            load[partition] += 1
        partitions[floor_id] = load.index(min(load))
    return partitions[floor_id]


def _camera_faults(wanted: Mapping[str, dict[str, Any]], registered: Registered) -> list[str]:
    cameras = {**registered.current(CAMERAS), **wanted}
    by_floor: dict[str, list[str]] = {}
    for camera_id, record in sorted(cameras.items()):
        by_floor.setdefault(record["floor_id"], []).append(camera_id)
    return [
        f"camera_id {camera_id}: floor_id {record['floor_id']}: a camera without homography "
        f"needs a floor of its own, but this one also has {', '.join(others)}"
        for camera_id, record in cameras.items()
        if record["homography"] is None
        and (others := [c for c in by_floor[record["floor_id"]] if c != camera_id])
    ]


def _moves(
    topic: Topic, given: Iterable[tuple[str, Mapping[str, Any]]], registered: Registered
) -> list[str]:
    """Refuse moves: on another floor's partition the `seq` of the camera or zone would restart."""
    kind = identity_field(topic).removesuffix("_id")
    homes = dict(registered.homes)
    faults = []
    for identity, fields in given:
        floor_id = fields["floor_id"]
        home = homes.setdefault((topic.name, identity), floor_id)
        if floor_id not in ("", home):  # "" where its camera is not registered
            faults.append(
                f"{kind}_id {identity}: floor_id {floor_id}: a {kind} stays on its floor, {home}; "
                f"register it under a new id"
            )
    return faults


def _zone_faults(
    rows: Sequence[ZoneRow], wanted: dict[str, dict[str, Any]], registered: Registered
) -> list[str]:
    cameras = registered.current(CAMERAS)
    floors = registered.current(FLOORS)
    faults = []
    for row in rows:
        if row.camera_id is None:
            if row.floor_id not in floors:
                faults.append(f"zone_id {row.zone_id}: floor_id {row.floor_id} is not registered")
            continue
        camera = cameras.get(row.camera_id)
        if camera is None:
            faults.append(f"zone_id {row.zone_id}: camera_id {row.camera_id} is not registered")
            continue
        wanted[row.zone_id]["floor_id"] = camera["floor_id"]
        faults += [
            f"zone_id {row.zone_id}: polygon: point ({x:g}, {y:g}) lies outside the "
            f"{camera['width']}x{camera['height']} px frame of {row.camera_id}"
            for x, y in row.polygon
            if not (0 <= x <= camera["width"] and 0 <= y <= camera["height"])
        ]
    return faults


def _unknown(
    wanted: Mapping[str, dict[str, Any]], name: str, known: Mapping[str, Any]
) -> list[str]:
    return [
        f"{identity}: {name} {fields[name]} is not registered"
        for identity, fields in wanted.items()
        if fields[name] not in known
    ]


def _overlaps(shifts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Find overlapping shifts: a person cannot work two shifts at once."""
    faults = []
    by_staff: dict[str, list[tuple[int, int, str]]] = {}
    for shift_id, shift in shifts.items():
        span = (shift["starts_us"], shift["ends_us"], shift_id)
        by_staff.setdefault(shift["staff_id"], []).append(span)
    for staff_id, spans in by_staff.items():
        for before, after in pairwise(sorted(spans)):
            if after[0] < before[1]:
                faults.append(
                    f"shift_id {after[2]}: starts: overlaps shift {before[2]} "
                    f"of staff_id {staff_id}"
                )
    return faults
