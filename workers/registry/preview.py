"""What an import changes, line by line for people and programs, and what is odd about it."""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, CENSUS, FLOORS, REQUIREMENTS, ROLES, SHIFTS, STAFF, ZONES
from streams.domain.camera.pinhole import Pinhole
from streams.domain.camera.projection import pinhole_of
from streams.domain.facts.location import location_of
from workers.registry.change import Change
from workers.registry.drawings import describe_drawing
from workers.registry.forms import iso
from workers.registry.registered import STAMPS, Key, Registered, identity_field, key_of
from workers.registry.shapes import frame_share, hidden_share, is_seen, mask_share, outline
from workers.registry.windows import text_of

_SIGNS: Final = {"added": "+", "changed": "~", "cancelled": "x", "removed": "-"}
_USUAL: Final = {
    *(("kind", "work"), ("status", "planned")),
    *(("basis", "fixed"), ("is_staff", "yes")),
}
"""Fields of something new that nobody needs to be told."""

_MUCH: Final = 0.5
_FAR_M: Final = 1.0
"""A location this far from where the projection puts the camera is noted, m."""

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK_FIELDS: Final = {"from_minute": "starts", "to_minute": "ends"}
_PERIOD: Final = {"from_us": "starts", "until_us": "ends"}
_LISTS: Final = {"roles", "shift_statuses", "pilot_unit_ids"}
_SYMBOLS: Final = {"kind", "status", "basis", "tier", "stage", "bound", "one_per"}
_HIDDEN_FIELDS: Final = {"partition", "space", "reason"}


class Effect(NamedTuple):
    """What happens to one fact.

    Attributes:
        action: added, changed, cancelled (a shift that no longer takes place) or removed.
        key: The fact.
        version: Number of its new version.
        details: Its fields, or those that change.
        cause: Why it changes although no row names it; empty for a row.
    """

    action: str
    key: Key
    version: int
    details: list[str]
    cause: str

    def __str__(self) -> str:
        """The line for people."""
        cause = f" ({self.cause})" if self.cause else ""
        details = f": {'; '.join(self.details)}" if self.details else ""
        return f"{_SIGNS[self.action]} {self.key}{cause}{details}"

    def as_json(self) -> dict[str, Any]:
        """The line for programs."""
        return {
            "change": self.action,
            "kind": identity_field(self.key.topic).removesuffix("_id"),
            "id": self.key.identity,
            "version": self.version,
            "details": self.details,
            "cause": self.cause,
        }


def effects_of(change: Change) -> list[Effect]:
    """One line for each new version."""
    return [_effect(fact, change) for fact in change.facts]


def _effect(fact: Fact, change: Change) -> Effect:
    key = key_of(fact)
    before = change.before.find(key)
    cause = change.causes.get(key, "")
    new = _shown(key, fact.record, change.after)
    if fact.record["removed"]:
        return Effect("removed", key, fact.record["version"], [], cause)
    if before is None:
        details = [
            f"{name} {value}" for _, name, value in new if value and (name, value) not in _USUAL
        ]
        return Effect("added", key, fact.record["version"], details, cause)
    old = {field: value for field, _, value in _shown(key, before, change.before)}
    details = [
        f"{name} {old.get(field) or 'nothing'} -> {value or 'nothing'}"
        for field, name, value in new
        if before.get(field) != fact.record[field]
    ]
    cancelled = fact.record.get("status") == "CANCELLED" != before.get("status")
    action = "cancelled" if cancelled else "changed"
    return Effect(action, key, fact.record["version"], details, cause)


def _shown(key: Key, record: Mapping[str, Any], ward: Registered) -> list[tuple[str, str, str]]:
    """Fields of a record: field, its name and its value for people."""
    return [
        (field, *_for_people(field, record, ward))
        for field in record
        if field not in {*STAMPS, *_HIDDEN_FIELDS, identity_field(key.topic)}
    ]


def _for_people(field: str, record: Mapping[str, Any], ward: Registered) -> tuple[str, str]:
    value = record[field]
    if field == "polygon" or field in _FOR_PEOPLE:
        return field, _geometry(field, record, ward) if value else ""
    if field in {"starts_us", "ends_us"}:
        at = datetime.fromtimestamp(value / 1e6, UTC).astimezone(ZoneInfo(record["time_zone"]))
        return field.removesuffix("_us"), f"{at:%Y-%m-%d %H:%M %Z}"
    if field in _PERIOD or field in _CLOCK_FIELDS:
        return _time_for_people(field, value)
    if field in {"per", "at_least"} and not record["per"]:
        return field, ""  # it is no ratio
    return field, _plain(field, value)


def _plain(field: str, value: Any) -> str:
    """A value that needs no other field."""
    if field in {"floor_ids", "zone_ids", "neighbour_ids", "staff_ids", "covers"} | _LISTS:
        return ", ".join(value)
    if field == "weekdays":
        return ",".join(_DAYS[day - 1] for day in value)
    if field == "schedule":
        return "; ".join(text_of(window) for window in value)
    if field in _SYMBOLS:
        return str(value).lower().replace("_", " ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _time_for_people(field: str, value: int | None) -> tuple[str, str]:
    """A time of day in minutes, or the end of a badge's time, which may be open."""
    if field in _PERIOD:
        return _PERIOD[field], "" if value is None else iso(value)
    minute = value or 0
    return _CLOCK_FIELDS[field], f"{minute // 60:02d}:{minute % 60:02d}"


def _geometry(field: str, record: Mapping[str, Any], ward: Registered) -> str:
    return _polygon(record, ward) if field == "polygon" else _FOR_PEOPLE[field](record)


def _pinhole(camera: Mapping[str, Any]) -> Pinhole | None:
    try:
        return pinhole_of(camera)
    except ValueError:
        return None  # an older release may have registered it


def _pose(camera: Mapping[str, Any]) -> str:
    found = _pinhole(camera)
    if found is None:
        return "given"
    return f"of a camera at {_at(*found.position())}"


def _at(x_m: float, y_m: float, z_m: float) -> str:
    x, y, height = (round(metres, 2) + 0.0 for metres in (x_m, y_m, z_m))
    return f"({x:.2f}, {y:.2f}), {height:.2f} m above the floor"


def _way(passage: Mapping[str, Any]) -> str:
    """A passage for people."""
    start, end = (
        f"{passage[f'{at}_camera_id'] or 'any camera'} "
        f"({passage[f'{at}_x_m']:.2f}, {passage[f'{at}_y_m']:.2f})"
        for at in ("from", "to")
    )
    name = f"{passage['name']}: " if passage["name"] else ""
    return f"{name}{start} to {end} in {passage['min_s']:g} to {passage['max_s']:g} s"


_FOR_PEOPLE: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "homography": lambda _: "given",
    "projection": _pose,
    "lens": lambda camera: (
        f"of {camera['lens']['fx']:.0f} px with {len(camera['lens']['distortion'])} terms"
    ),
    "privacy_masks": lambda camera: (
        f"{len(camera['privacy_masks'])} that hide {mask_share(camera):.1%} of the frame"
    ),
    "location": lambda camera: _at(*location_of(camera)),
    "sees": lambda camera: (
        f"of {len(camera['sees'])} points that covers {outline(camera['sees']).area:.1f} m2"
    ),
    "passages": lambda floor: "; ".join(_way(passage) for passage in floor["passages"]),
    "drawing": lambda floor: describe_drawing(floor["drawing"]),
}
"""A field of a camera or floor for people, where it is given."""


def _polygon(zone: Mapping[str, Any], ward: Registered) -> str:
    points = f"of {len(zone['polygon'])} points"
    camera = ward.find(Key(CAMERAS, zone["camera_id"] or ""))
    if camera is not None and camera["width"] and camera["height"]:
        return f"{points} that covers {frame_share(zone, camera):.1%} of the frame"
    return f"{points} that covers {outline(zone['polygon']).area:.1f} m2"


def notes_of(change: Change) -> list[str]:
    """What is odd and was taken, in sentences."""
    notes = _left(change)
    zones, cameras = change.after.current(ZONES), change.after.current(CAMERAS)
    for fact in change.facts:
        if fact.topic is CAMERAS and not fact.record["removed"]:
            notes += _of_location(fact.record)
        if fact.topic is CAMERAS or (fact.topic is ZONES and not fact.record["removed"]):
            notes += _of_geometry(fact, zones, cameras)
        elif fact.record["removed"]:
            continue
        elif fact.topic is FLOORS:
            notes += _of_floor(fact.record, change)
        elif fact.topic is STAFF:
            notes += _of_role(fact.record, change)
        elif fact.topic is SHIFTS:
            notes += [*_of_two_passes(fact), *_of_break(fact.record, change)]
        elif fact.topic is CENSUS:
            notes += _of_two_passes(fact)
    notes += [*_other_time_zones(change), *_roles_of_nobody(change), *_circles(change)]
    return list(dict.fromkeys(notes))


def _left(change: Change) -> list[str]:
    """What did not fit together before and still does not, all facts of one message together."""
    facts: dict[str, list[str]] = {}
    for fault in change.left:
        facts.setdefault(fault.message, []).append(str(fault.key))
    return [f"{_some(keys)}: {message} (as before)" for message, keys in facts.items()]


def _of_floor(floor: Mapping[str, Any], change: Change) -> Iterator[str]:
    floor_id, zone = floor["floor_id"], floor["time_zone"]
    before = change.before.find(Key(FLOORS, floor_id))
    if before is None and zone == "UTC":
        yield (
            f"floor {floor_id} is in the time zone UTC; shifts and requirements that name none "
            "take it"
        )
    if before is None or before["time_zone"] == zone:
        return
    zones = change.after.current(ZONES)
    keeping = [
        str(Key(topic, identity))
        for topic in (REQUIREMENTS, SHIFTS)
        for identity, record in change.after.current(topic).items()
        if record["time_zone"] != zone
        and zones.get(record["zone_id"], {}).get("floor_id") == floor_id
    ]
    if keeping:
        yield (
            f"floor {floor_id} is now in {zone}, but {_some(keeping)} keep the time zone in which "
            "they were imported; import them again if it was wrong"
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _of_geometry(fact: Fact, zones: Mapping[str, Any], cameras: Mapping[str, Any]) -> Iterator[str]:
    """Zones that count nobody, after a camera or a zone changed."""
    touched = (
        [fact.record]
        if fact.topic is ZONES
        else [zone for zone in zones.values() if zone["floor_id"] == fact.record["floor_id"]]
    )
    for zone in touched:
        zone_id = zone["zone_id"]
        if zone["camera_id"] is not None:
            camera = cameras.get(zone["camera_id"])
            share = 0.0 if camera is None else hidden_share(zone, camera)
            if share >= _MUCH:
                yield f"zone {zone_id}: masks hide {share:.0%} of it; nobody is seen there"
            continue
        calibrated = [
            camera
            for camera in cameras.values()
            if camera["floor_id"] == zone["floor_id"] and camera["homography"]
        ]
        if not any(is_seen(zone, camera) for camera in calibrated):
            yield f"zone {zone_id}: no calibrated camera of floor {zone['floor_id']} sees it"


def _of_location(camera: Mapping[str, Any]) -> Iterator[str]:
    """A camera that hangs elsewhere than its projection puts it."""
    pinhole = None if camera["location"] is None else _pinhole(camera)
    if pinhole is None:
        return
    apart_m = math.dist(location_of(camera), pinhole.position())
    if apart_m > _FAR_M:
        yield (
            f"camera {camera['camera_id']}: its projection puts it {apart_m:.1f} m from its "
            "location: one of them is wrong"
        )


def _of_role(member: Mapping[str, Any], change: Change) -> Iterator[str]:
    staff_id = member["staff_id"]
    before = change.before.find(Key(STAFF, staff_id))
    if before is None or before["role"] == member["role"]:
        return
    following = [
        str(Key(SHIFTS, shift_id))
        for shift_id, shift in change.after.current(SHIFTS).items()
        if shift["staff_id"] == staff_id and not shift["role"]
    ]
    if following:
        yield f"staff {staff_id}: {_some(following)} follow the role to {member['role']}"


def _of_two_passes(fact: Fact) -> Iterator[str]:
    """A start or end in the hour that the clock passes twice in autumn."""
    zone = ZoneInfo(fact.record["time_zone"])
    for name in ("starts", "ends"):
        if f"{name}_us" not in fact.record:
            continue
        at = datetime.fromtimestamp(fact.record[f"{name}_us"] / 1e6, UTC).astimezone(zone)
        if at.fold == 0 and at.utcoffset() != at.replace(fold=1).utcoffset():
            yield (
                f"{key_of(fact)}: {name} {at:%Y-%m-%d %H:%M} comes twice; it is the "
                f"first, {at:%Z}: write an offset if the second is meant"
            )


def _of_break(shift: Mapping[str, Any], change: Change) -> Iterator[str]:
    """A break that is in no work of its person."""
    if shift["kind"] != "BREAK" or shift["status"] == "CANCELLED":
        return
    around = [
        other
        for other in change.after.current(SHIFTS).values()
        if (other["staff_id"], other["zone_id"]) == (shift["staff_id"], shift["zone_id"])
        and (other["kind"], other["status"]) == ("WORK", "PLANNED")
        and other["starts_us"] < shift["ends_us"]
        and other["ends_us"] > shift["starts_us"]
    ]
    if not around:
        yield (
            f"shift {shift['shift_id']}: {shift['staff_id']} has no work in {shift['zone_id']} "
            "at the time of this break"
        )


def _other_time_zones(change: Change) -> Iterator[str]:
    zones, floors = change.after.current(ZONES), change.after.current(FLOORS)
    several = ((SHIFTS, "shifts"), (REQUIREMENTS, "requirements"), (CENSUS, "counts of a census"))
    for topic, word in several:
        other: dict[tuple[str, str], int] = {}
        for fact in change.facts:
            if fact.topic is not topic or fact.record["removed"]:
                continue
            floor_id = zones.get(fact.record["zone_id"], {}).get("floor_id", "")
            floor_zone = floors.get(floor_id, {}).get("time_zone", fact.record["time_zone"])
            if floor_zone != fact.record["time_zone"]:
                pair = (fact.record["time_zone"], floor_zone)
                other[pair] = other.get(pair, 0) + 1
        for (zone, floor_zone), count in other.items():
            yield f"{count} {word} in the time zone {zone}; their floor is in {floor_zone}"


def _roles_of_nobody(change: Change) -> Iterator[str]:
    known = {
        record["role"]
        for topic in (STAFF, SHIFTS)
        for record in change.after.current(topic).values()
    }
    wanted = {
        fact.record["role"]
        for fact in change.facts
        if fact.topic is REQUIREMENTS and not fact.record["removed"] and fact.record["count"]
    }
    for role in sorted(wanted - known):
        yield f"role {role} is required, but no member of staff and no shift has it"
    named = {
        other: fact.record["role"]
        for fact in change.facts
        if fact.topic is ROLES and not fact.record["removed"]
        for other in fact.record["covers"]
    }
    required = {record["role"] for record in change.after.current(REQUIREMENTS).values()}
    roles = change.after.current(ROLES)
    for other in sorted(named.keys() - known - required - roles.keys()):
        yield f"role {named[other]} covers {other}, which nobody has and no zone requires"


def _circles(change: Change) -> Iterator[str]:
    """Roles that stand in for each other, where a change names one of them."""
    covers = {role: record["covers"] for role, record in change.after.current(ROLES).items()}
    for fact in change.facts:
        role = fact.record["role"] if fact.topic is ROLES else ""
        for other in covers.get(role, ()):
            if role in covers.get(other, ()):
                first, second = sorted((role, other))
                yield f"roles {first} and {second} cover each other"
