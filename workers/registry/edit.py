"""Turn imported rows into new versions of facts, judged with everything that they touch.

Pure: takes the registered facts and the time as arguments, and returns the facts to append. An
unchanged row makes no new version.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOOR_PARTITIONS, FLOORS, ZONES
from workers.registry.change import (
    Change,
    OnResize,
    Options,
    Stamp,
    reasoned,
    stamped,
    without_reason,
)
from workers.registry.consequences import (
    contradictions_of,
    dates_of,
    removed_by,
    removed_by_name,
    resized_by,
    unusable_in,
)
from workers.registry.files import FieldFault, refuse
from workers.registry.hints import meant
from workers.registry.registered import STAMPS, Key, Registered, identity_field
from workers.registry.row import Row
from workers.registry.rows import ROWS, CameraRow, FloorRow
from workers.registry.ward import Fault

_KEPT: Final = {
    CAMERAS.name: (
        *("privacy_masks", "homography", "projection", "lens"),
        *("location", "field_of_view_deg", "sees"),
    ),
    FLOORS.name: ("passages", "drawing"),
}
"""Fields that a row does not take away by leaving them out, by topic."""

_MANY: Final = {"privacy_masks": "masks", "passages": "passages"}

__all__ = ["Change", "OnResize", "Options", "Registered", "Stamp", "change_of", "edits"]


def edits(
    rows: Sequence[Row], registered: Registered, stamp: Stamp, *, replace: bool = False
) -> list[Fact]:
    """Facts to append so that the reference data matches rows of one kind; see `change_of`."""
    return change_of([rows], registered, stamp, Options(replace=replace)).facts


def change_of(
    groups: Iterable[Sequence[Row]],
    registered: Registered,
    stamp: Stamp,
    options: Options,
    *,
    removals: Sequence[Key] = (),
    restored: Mapping[Key, Mapping[str, Any]] | None = None,
) -> Change:
    """What it takes so that the reference data matches the rows.

    Args:
        groups: Rows, those of one kind together; later ones may refer to earlier ones.
        registered: What is registered now.
        stamp: Times and author of the new versions.
        options: What the import may do.
        removals: Facts to remove.
        restored: Records of earlier versions that come back, with their stamps or without.

    Raises:
        ImportRefused: Rows contradict each other or what is registered, or something would be
            left that contradicts them; the message names row and field.
    """
    change = Change(registered, registered.copy())
    faults: list[Fault] = []
    for rows in groups:
        if rows:
            faults += _take(rows, change, stamp)
            faults += removed_by(rows, change, stamp, options)
    for key, record in (restored or {}).items():
        change.given[key] = None
        content = {name: value for name, value in record.items() if name not in STAMPS}
        _put(Key(*key), reasoned(content, ""), change, stamp)
    faults += removed_by_name(removals, change, stamp, options)
    faults += resized_by(change, stamp, options)
    faults += unusable_in(change)
    faults += dates_of(change, stamp, options)
    new, change.left = contradictions_of(change, stamp, alone=not faults)
    if options.leaves_contradictions:
        new, change.left = [], [*change.left, *new]
    found = [*faults, *new]
    refuse(_messages(found, change), [_for_programs(fault) for fault in found])
    return change


def _for_programs(fault: Fault) -> FieldFault:
    """A fault by field; its message starts with the field where it has one."""
    kind = identity_field(fault.key.topic).removesuffix("_id")
    first, _, rest = fault.message.partition(" ")
    field = first.rstrip(":,")
    if field not in ROWS[kind].model_fields:
        return FieldFault(kind, fault.key.identity, "", fault.message)
    reason = rest if first.endswith(":") else fault.message
    return FieldFault(kind, fault.key.identity, field, reason)


def _messages(faults: Sequence[Fault], change: Change) -> list[str]:
    near = meant((fault.unknown for fault in faults if fault.unknown), change.after)
    return [_message(fault, change, near.get(fault.unknown or fault.key)) for fault in faults]


def _message(fault: Fault, change: Change, near: str | None) -> str:
    row = change.given.get(fault.key)
    start = f"{row.where}: " if row is not None and row.where else ""
    hint = f"; did you mean {near}?" if near else ""
    return f"{start}{identity_field(fault.key.topic)} {fault.key.identity}: {fault.message}{hint}"


def _take(rows: Sequence[Row], change: Change, stamp: Stamp) -> list[Fault]:
    """Take in the rows of one kind; returns what is wrong with them."""
    topic = rows[0].topic
    faults = []
    after = change.after
    partitions = _partitions(after)
    zones, floors, cameras = after.current(ZONES), after.current(FLOORS), after.current(CAMERAS)
    for row in rows:
        key = Key(topic, getattr(row, identity_field(topic)))
        if key in change.given:
            again = f", again in {row.where}" if row.where else ""
            faults.append(Fault(key, f"given twice{again}"))
            continue
        change.given[key] = row
        if isinstance(row, CameraRow):
            faults += _floor_of(row, change, stamp, partitions)
        faults += _left_out(row, key, change)
        zone = zones.get(getattr(row, "zone_id", ""), {})
        floor_id = key.identity if isinstance(row, FloorRow) else zone.get("floor_id", "")
        try:
            fields = row.fields(floors.get(floor_id, {}).get("time_zone"))
        except ValueError as error:
            faults.append(Fault(key, str(error)))
            continue
        if topic is FLOORS:
            fields["partition"] = _partition(key.identity, partitions)
        elif topic is ZONES and fields["camera_id"] is not None:
            fields["floor_id"] = cameras.get(fields["camera_id"], {}).get("floor_id", "")
        _put(key, fields, change, stamp)
    return faults


def _put(key: Key, fields: Mapping[str, Any], change: Change, stamp: Stamp) -> None:
    """Make a new version with these fields, unless the newest one has them.

    It keeps the reason of its row, or else that of the whole edit.
    """
    known = change.after.newest.get((key.topic.name, key.identity))
    if known is not None and not known["removed"]:
        content = {name: value for name, value in known.items() if name not in STAMPS}
        if without_reason(content) == without_reason(fields):
            return
    new = reasoned(fields, fields.get("reason") or stamp.reason)
    change.append([Fact(key.topic, {**new, **stamped(known, stamp)})])


def _floor_of(
    row: CameraRow, change: Change, stamp: Stamp, partitions: dict[str, int]
) -> list[Fault]:
    """Make the floor of a camera, with a partition for life, if there is none."""
    floor_id = row.floor_id or row.camera_id
    known = change.after.find(Key(FLOORS, floor_id))
    if known is not None:
        if row.time_zone not in (None, known["time_zone"]):
            message = (
                f"time_zone {row.time_zone}: its floor {floor_id} is in {known['time_zone']}; "
                "leave time_zone out, or change that of the floor with `floor import`"
            )
            return [Fault(Key(CAMERAS, row.camera_id), message)]
        return []
    home = change.after.homes.get((CAMERAS.name, row.camera_id), floor_id)
    if floor_id in partitions or home != floor_id:
        return []
    record = {
        "floor_id": floor_id,
        "partition": _partition(floor_id, partitions),
        "name": row.name if row.floor_id is None else floor_id,
        "time_zone": row.time_zone or "UTC",
        "passages": [],
        "drawing": None,
    }
    change.append([Fact(FLOORS, {**record, **stamped(None, stamp)})])
    change.causes[Key(FLOORS, floor_id)] = f"floor of camera {row.camera_id}"
    return []


def _left_out(row: Row, key: Key, change: Change) -> list[Fault]:
    """What a row leaves out goes only when it says so: leaving it out may be an oversight."""
    known = change.after.find(key)
    if known is None:
        return []
    left_out = [
        name
        for name in _KEPT.get(key.topic.name, ())
        if known[name] and name not in row.model_fields_set
    ]
    if isinstance(row, CameraRow):
        if row.projection is not None and "homography" in left_out:
            left_out.remove("homography")  # it follows from that
        if known["mount"] == "MOVING" and "mount" not in row.model_fields_set:
            moves = "mount: left out, but the camera is registered as moving"
            return [Fault(key, f"{moves}; repeat it, or write fixed"), *_kept(key, left_out, known)]
    return _kept(key, left_out, known)


def _kept(key: Key, left_out: Sequence[str], known: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for name in left_out:
        count, it = "one is", "it"
        if name in _MANY:
            count, it = f"{len(known[name])} {_MANY[name]} are", "them"
        message = f"{name}: left out, but {count} registered"
        faults.append(Fault(key, f"{message}; repeat {it}, or write [] to remove {it}"))
    return faults


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
