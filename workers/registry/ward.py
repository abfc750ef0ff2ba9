"""Whether the reference data of a ward agree with each other, as a whole.

An import asks this of the ward as it would be afterwards. What is wrong there and was not before is
the import's doing, whichever fact it shows at: so each rule is written once, for a fact and for
everything that rests on it.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from schemas.records.staffing import Shift
from schemas.topics import (
    BADGES,
    CAMERAS,
    CENSUS,
    FLOORS,
    READERS,
    REFERENCE_TOPICS,
    REQUIREMENTS,
    ROLES,
    RULES,
    SHIFTS,
    STAFF,
    UNITS,
    ZONES,
    Topic,
)
from streams.domain.staffing.intervals import difference, intersection
from streams.domain.staffing.roster import EXCHANGEABLE, is_planned, taken_over
from workers.registry.registered import Key, Registered, identity_field
from workers.registry.shapes import floor_zone_faults, homography_faults, mask_faults, zone_faults

Facts = Mapping[str, Mapping[str, Any]]

_AT_ONCE: Final = 8
"""Of shifts of one person at once, this many are compared with the next one."""

Contradiction = tuple[str, ...]
"""What is wrong, whatever the words: topic, id and field, and the value that does not fit."""


class Fault(NamedTuple):
    """Something in a ward that contradicts something else.

    Attributes:
        key: The fact at which it shows.
        message: What is wrong; it starts with the field. It is for people: other facts may change
            its words.
        contradictions: What is wrong; it was wrong before if all of these were.
        unknown: The topic and id of a fact that is not registered; None when none is missing.
    """

    key: Key
    message: str
    contradictions: tuple[Contradiction, ...] = ()
    unknown: Key | None = None


def resting_on(ward: Registered, at_us: int) -> dict[Key, list[Key]]:
    """Facts that mean nothing without another one, by that one.

    Args:
        ward: Where to look.
        at_us: Now, UTC microseconds; shifts that have ended and a census that was counted rest on
            nothing.
    """
    found: dict[Key, list[Key]] = {}
    for zone_id, zone in ward.current(ZONES).items():
        if zone["camera_id"] is not None:
            found.setdefault(Key(CAMERAS, zone["camera_id"]), []).append(Key(ZONES, zone_id))
    for requirement_id, requirement in ward.current(REQUIREMENTS).items():
        needs = Key(ZONES, requirement["zone_id"])
        found.setdefault(needs, []).append(Key(REQUIREMENTS, requirement_id))
    for reader_id, reader in ward.current(READERS).items():
        if reader["zone_id"]:
            found.setdefault(Key(ZONES, reader["zone_id"]), []).append(Key(READERS, reader_id))
    for census_id, count in ward.current(CENSUS).items():
        if count["starts_us"] > at_us:
            found.setdefault(Key(ZONES, count["zone_id"]), []).append(Key(CENSUS, census_id))
    for shift_id, shift in ward.current(SHIFTS).items():
        if shift["ends_us"] > at_us:
            for topic, field in ((ZONES, "zone_id"), (STAFF, "staff_id"), (SHIFTS, "replaces")):
                if shift[field]:
                    found.setdefault(Key(topic, shift[field]), []).append(Key(SHIFTS, shift_id))
    return found


def faults_of(ward: Registered, at_us: int, changed: Collection[Key] = ()) -> list[Fault]:
    """Everything that does not fit together.

    Args:
        ward: All facts.
        at_us: Now, UTC microseconds; shifts that ended before, and counts of a census, are history.
        changed: Facts that are judged even so.
    """
    facts: dict[str, Facts] = {topic.name: ward.current(topic) for topic in REFERENCE_TOPICS}
    shifts = facts[SHIFTS.name]
    judged = {(key.topic.name, key.identity) for key in changed}
    facts[SHIFTS.name] = to_come = {
        shift_id: shift
        for shift_id, shift in shifts.items()
        if shift["ends_us"] > at_us or (SHIFTS.name, shift_id) in judged
    }
    counts = {
        census_id: count
        for census_id, count in facts[CENSUS.name].items()
        if count["starts_us"] > at_us or (CENSUS.name, census_id) in judged
    }
    cameras, zones = facts[CAMERAS.name], facts[ZONES.name]
    found = [
        *_cameras(cameras),
        *_passages(facts[FLOORS.name], cameras),
        *_zones(zones, cameras, facts[FLOORS.name]),
        *_unknown(REQUIREMENTS, facts[REQUIREMENTS.name], ZONES, zones),
        *_unknown(CENSUS, counts, ZONES, zones),
        *_unknown(SHIFTS, to_come, ZONES, zones),
        *_unknown(SHIFTS, to_come, STAFF, facts[STAFF.name]),
        *_taken_over(to_come, shifts),
        *_overlaps(shifts),
        *_units(facts),
        *_readers(facts[READERS.name], facts[FLOORS.name], zones),
        *_badges(facts[BADGES.name], facts[STAFF.name]),
        *_not_staff(facts),
        *_rules(facts),
    ]
    for topic in REFERENCE_TOPICS:
        found += _alike_ids(topic, facts[topic.name])
    found += _alike_roles(facts)
    return found


def _fault(topic: Topic, identity: str, message: str, value: object = "") -> Fault:
    """A fault of one field, which its message starts with."""
    field = message.partition(":")[0].partition(" ")[0]
    return Fault(Key(topic, identity), message, ((topic.name, identity, field, str(value)),))


def _cameras(cameras: Facts) -> Iterator[Fault]:
    by_floor: dict[str, list[str]] = {}
    for camera_id, record in sorted(cameras.items()):
        by_floor.setdefault(record["floor_id"], []).append(camera_id)
    for camera_id, record in cameras.items():
        for message in mask_faults(record):
            yield _fault(CAMERAS, camera_id, message, record["privacy_masks"])
        for message in homography_faults(record):
            yield _fault(CAMERAS, camera_id, message, record["homography"])
        fused = by_floor.get(camera_id, [])
        if len(fused) > 1:
            yield _fault(
                CAMERAS,
                camera_id,
                f"camera_id: floor {camera_id} has two or more cameras ({', '.join(fused)}): its "
                "people and the tracks of this camera would have the same ids; give this camera "
                "another id",
            )
        others = [other for other in by_floor[record["floor_id"]] if other != camera_id]
        if record["homography"] is None and others:
            yield _fault(
                CAMERAS,
                camera_id,
                f"floor_id {record['floor_id']}: a camera without homography needs a floor of its "
                f"own, but this one also has {', '.join(others)}",
                record["floor_id"],
            )


def _passages(floors: Facts, cameras: Facts) -> Iterator[Fault]:
    """Passages name cameras of their floor."""
    for floor_id, floor in floors.items():
        for number, passage in enumerate(floor["passages"], 1):
            for camera_id in cameras_of_passage(passage):
                start = f"passages: passage {number} names camera {camera_id}, which is"
                camera = cameras.get(camera_id)
                if camera is None:
                    fault = _fault(FLOORS, floor_id, f"{start} not registered", camera_id)
                    yield fault._replace(unknown=Key(CAMERAS, camera_id))
                elif camera["floor_id"] != floor_id:
                    message = f"{start} on floor {camera['floor_id']}"
                    yield _fault(FLOORS, floor_id, message, camera_id)


def cameras_of_passage(passage: Mapping[str, Any]) -> list[str]:
    """The cameras that a passage names, none or one or two."""
    return [passage[name] for name in ("from_camera_id", "to_camera_id") if passage[name]]


def _zones(zones: Facts, cameras: Facts, floors: Facts) -> Iterator[Fault]:
    for zone_id, zone in zones.items():
        key, camera_id, floor_id = Key(ZONES, zone_id), zone["camera_id"], zone["floor_id"]
        found: list[str] = []
        if camera_id is None:
            if floor_id not in floors:
                yield _not_registered(key, "floor_id", Key(FLOORS, floor_id))
            found = floor_zone_faults(zone)
        elif camera_id not in cameras:
            yield _not_registered(key, "camera_id", Key(CAMERAS, camera_id))
        else:
            found = zone_faults(zone, cameras[camera_id])
        for message in found:
            yield _fault(ZONES, zone_id, message, zone["polygon"])


def _not_registered(key: Key, field: str, unknown: Key) -> Fault:
    message = f"{field} {unknown.identity} is not registered"
    return _fault(*key, message, unknown.identity)._replace(unknown=unknown)


def _unknown(topic: Topic, facts: Facts, of: Topic, known: Collection[str]) -> list[Fault]:
    field = identity_field(of)
    return [
        _not_registered(Key(topic, identity), field, Key(of, record[field]))
        for identity, record in facts.items()
        if record[field] and record[field] not in known
    ]


def _units(facts: Mapping[str, Facts]) -> Iterator[Fault]:
    """A place is in one unit, so that nobody has to guess who may see it."""
    units = facts[UNITS.name]
    for field, topic in (("floor_ids", FLOORS), ("zone_ids", ZONES), ("neighbour_ids", UNITS)):
        lists: dict[str, list[str]] = {}
        for unit_id, unit in sorted(units.items()):
            for identity in unit[field]:
                lists.setdefault(identity, []).append(unit_id)
                if identity not in facts[topic.name]:
                    yield _not_registered(Key(UNITS, unit_id), field, Key(topic, identity))
        for identity, unit_ids in lists.items() if topic is not UNITS else ():
            for unit_id in unit_ids if len(unit_ids) > 1 else ():
                others = ", ".join(other for other in unit_ids if other != unit_id)
                message = f"{field} {identity} is in unit {others} too; list it in one unit"
                yield _fault(UNITS, unit_id, message, identity)
    for unit_id, unit in units.items():
        if unit_id in unit["neighbour_ids"]:
            yield _fault(UNITS, unit_id, "neighbour_ids: a unit is not its own neighbour")


def _readers(readers: Facts, floors: Facts, zones: Facts) -> Iterator[Fault]:
    """A reader is on a floor, and covers a zone of that floor."""
    for reader_id, reader in readers.items():
        key, floor_id, zone_id = Key(READERS, reader_id), reader["floor_id"], reader["zone_id"]
        if floor_id not in floors:
            yield _not_registered(key, "floor_id", Key(FLOORS, floor_id))
        if zone_id and zone_id not in zones:
            yield _not_registered(key, "zone_id", Key(ZONES, zone_id))
        elif zone_id and zones[zone_id]["floor_id"] != floor_id:
            message = f"zone_id: zone {zone_id} is on floor {zones[zone_id]['floor_id']}"
            yield _fault(READERS, reader_id, message, zone_id)


def _badges(badges: Facts, staff: Facts) -> Iterator[Fault]:
    """A badge is of registered staff."""
    for badge_id, badge in badges.items():
        for staff_id in badge["staff_ids"]:
            if staff_id not in staff:
                yield _not_registered(Key(BADGES, badge_id), "staff_ids", Key(STAFF, staff_id))


def _not_staff(facts: Mapping[str, Facts]) -> Iterator[Fault]:
    """Whose role is no staff's is neither staff nor wanted as staff, and stands in for nobody."""
    roles = facts[ROLES.name]
    others = {role for role, record in roles.items() if not record["is_staff"]}
    if not others:
        return
    for topic in (STAFF, SHIFTS, REQUIREMENTS):
        for identity, record in facts[topic.name].items():
            if record["role"] in others:
                message = f"role {record['role']}: is no staff's, as that role says"
                yield _fault(topic, identity, message, record["role"])
    for role, record in roles.items():
        for other in record["covers"]:
            if other in others:
                yield _fault(ROLES, role, f"covers {other}: is no staff's", other)


def _rules(facts: Mapping[str, Facts]) -> Iterator[Fault]:
    """A rule names zones, floors and units that are registered."""
    fields = (("zone_ids", ZONES), ("floor_ids", FLOORS), ("pilot_unit_ids", UNITS))
    for rule_id, rule in facts[RULES.name].items():
        for field, topic in fields:
            for identity in rule[field]:
                if identity not in facts[topic.name]:
                    yield _not_registered(Key(RULES, rule_id), field, Key(topic, identity))


def _taken_over(shifts: Facts, all_shifts: Facts) -> Iterator[Fault]:
    """A shift takes over time that another one has, in its place; nobody gives it back to it."""
    for shift_id, shift in shifts.items():
        other_id = shift["replaces"]
        if not other_id or not is_planned(cast(Shift, shift)):
            continue
        other = all_shifts.get(other_id)
        if other is None:
            yield _not_registered(Key(SHIFTS, shift_id), "replaces", Key(SHIFTS, other_id))
        elif other["zone_id"] != shift["zone_id"]:
            message = f"zone_id: shift {other_id}, which it replaces, is in {other['zone_id']}"
            yield _fault(SHIFTS, shift_id, message, other_id)
        elif not intersection(
            [(shift["starts_us"], shift["ends_us"])], [(other["starts_us"], other["ends_us"])]
        ):
            message = f"replaces: shift {other_id} has no time in common with this one"
            yield _fault(SHIFTS, shift_id, message, other_id)
        elif shift_id in _chain(other_id, all_shifts):
            message = f"replaces: shift {other_id} itself replaces this one"
            yield _fault(SHIFTS, shift_id, message, other_id)


def _chain(shift_id: str, shifts: Facts) -> list[str]:
    """A shift, the one that it replaces, and so on."""
    chain: list[str] = []
    while shift_id in shifts and shift_id not in chain:
        chain.append(shift_id)
        shift_id = shifts[shift_id]["replaces"]
    return chain


def _overlaps(shifts: Facts) -> Iterator[Fault]:
    """A person cannot work two shifts at once, nor have two breaks; one may be on call at work."""
    known = [cast(Shift, shift) for shift in shifts.values()]
    lost = taken_over(known)
    by_staff: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for shift in known:
        if not shift["staff_id"] or not is_planned(shift):
            continue
        span = (shift["starts_us"], shift["ends_us"])
        cut = lost.get(shift["shift_id"], ()) if shift["kind"] in EXCHANGEABLE else ()
        for starts_us, ends_us in difference([span], cut) if cut else (span,):
            key = (shift["staff_id"], shift["kind"])
            by_staff.setdefault(key, []).append((starts_us, ends_us, shift["shift_id"]))
    for (staff_id, _), spans in by_staff.items():
        lasting: list[tuple[int, str]] = []
        for starts_us, ends_us, shift_id in sorted(spans):
            lasting = [other for other in lasting if other[0] > starts_us]
            for _, other in lasting:
                yield Fault(
                    Key(SHIFTS, shift_id),
                    f"starts: overlaps shift {other} of staff_id {staff_id}",
                    (("overlap", *sorted((shift_id, other))),),
                )
            lasting = sorted([*lasting, (ends_us, shift_id)])[-_AT_ONCE:]


def _alike_ids(topic: Topic, facts: Facts) -> Iterator[Fault]:
    """Two ids that differ by case alone are one thing, written in two ways."""
    if len({identity.lower() for identity in facts}) == len(facts):
        return
    groups: dict[str, list[str]] = {}
    for identity in facts:
        groups.setdefault(identity.lower(), []).append(identity)
    for group in groups.values():
        for identity in group if len(group) > 1 else ():
            others = ", ".join(sorted(set(group) - {identity}))
            message = f"differs from {others} by upper and lower case alone"
            yield _fault(topic, identity, message)


def _alike_roles(facts: Mapping[str, Facts]) -> Iterator[Fault]:
    """Two roles that differ by case or punctuation alone would never cover each other."""
    named = [
        (topic, identity, role)
        for topic in (STAFF, SHIFTS, REQUIREMENTS, ROLES)
        for identity, record in facts[topic.name].items()
        for role in (record["role"], *record.get("covers", ()))
    ]
    alike: dict[str, list[str]] = {}
    for role in sorted({role for _, _, role in named if role}):
        alike.setdefault(folded(role), []).append(role)
    mixed = {role: roles for roles in alike.values() if len(roles) > 1 for role in roles}
    for topic, identity, role in named if mixed else ():
        if role in mixed:
            others = ", ".join(other for other in mixed[role] if other != role)
            message = (
                f"role {role}: differs from the role {others} by case or punctuation alone; "
                "write one of them everywhere"
            )
            fault = _fault(topic, identity, message, folded(role))
            # A third spelling is new, even where two others were mixed before.
            yield fault._replace(contradictions=(*fault.contradictions, ("role", role)))


def folded(role: str) -> str:
    """A role without what two spellings of it may differ in: case and punctuation."""
    return "".join(char for char in role.casefold() if char.isalnum())
