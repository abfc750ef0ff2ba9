"""The facts that an edit touches, so that it is judged by these and not by all that is registered.

The rules of `workers.registry.ward` look at a fact, at what it refers to, at what rests on it, and
at what it may not be alike. An index finds these; a test compares each verdict with that of all
facts.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from runtime.facts.log import Fact
from schemas.topics import (
    CAMERAS,
    CENSUS,
    FLOORS,
    REFERENCE_TOPICS,
    REQUIREMENTS,
    SHIFTS,
    STAFF,
    ZONES,
    Topic,
)
from workers.registry.editing.wanted import Put, Remove, Wanted
from workers.registry.registered import Key, Registered, identity_field
from workers.registry.ward import cameras_of_passage, folded

_MOST: Final = 200
"""An edit of more facts than this is judged with everything that is registered."""

_REFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    CAMERAS.name: ("floor_id",),
    FLOORS.name: (),
    ZONES.name: ("camera_id", "floor_id"),
    STAFF.name: (),
    SHIFTS.name: ("zone_id", "staff_id"),
    REQUIREMENTS.name: ("zone_id",),
    CENSUS.name: ("zone_id",),
}
"""Fields of a record that name another fact, by topic."""

_TARGETS: Final = {"camera_id": CAMERAS, "floor_id": FLOORS, "zone_id": ZONES, "staff_id": STAFF}
_TOPICS: Final = {topic.name: topic for topic in REFERENCE_TOPICS}
_WHOLE: Final = tuple(
    topic for topic in REFERENCE_TOPICS if topic is FLOORS or topic.name not in _REFERENCES
)
"""Topics of few facts, all of which belong to every neighbourhood."""

_ROLES: Final = (STAFF, SHIFTS, REQUIREMENTS)

Entry = tuple[str, str]
"""What facts have in common: a name of the index and a value, such as `zone_id` and `bay`."""


class Index:
    """What is registered, with an index by what facts have in common.

    Attributes:
        all: Everything that is registered.
    """

    def __init__(self) -> None:
        self.all = Registered()
        self._ids: dict[Entry, dict[Key, None]] = {}
        self._spellings: dict[str, dict[str, None]] = {}
        self._ranks: dict[Key, int] = {}

    def add(self, facts: Iterable[Fact]) -> None:
        """Take in facts, in the order of their edits."""
        for fact in facts:
            key = Key(fact.topic, fact.record[identity_field(fact.topic)])
            self._ranks.setdefault(key, len(self._ranks))
            old = self.all.newest.get((key.topic.name, key.identity))
            if old is not None:
                for entry in _entries(key, old):
                    self._ids.get(entry, {}).pop(key, None)
            self.all.add([fact])
            newest = self.all.newest[key.topic.name, key.identity]
            for entry in _entries(key, newest):
                self._ids.setdefault(entry, {})[key] = None
            if role := newest.get("role"):
                self._spellings.setdefault(folded(role), {})[role] = None

    def around(self, changes: Sequence[Wanted], at_us: int) -> Registered | None:
        """What an edit touches; None where it must be judged with everything.

        Args:
            changes: The edit.
            at_us: The time of its facts, UTC microseconds.
        """
        if len(changes) > _MOST or any(_topic(c).name not in _REFERENCES for c in changes):
            return None
        named = {_given(change)[0] for change in changes}
        wanted: dict[Key, None] = {}
        for change in changes:
            wanted.update(dict.fromkeys(self._touched(change, named, at_us)))
        for topic in _WHOLE:
            wanted.update(dict.fromkeys(self._of(("topic", topic.name))))
        found = Registered()
        for key in sorted(wanted.keys() & self._ranks.keys(), key=self._ranks.__getitem__):
            name = (key.topic.name, key.identity)
            found.newest[name] = self.all.newest[name]
            if name in self.all.homes:
                found.homes[name] = self.all.homes[name]
        return found

    def _touched(self, change: Wanted, named: Collection[Key], at_us: int) -> Iterator[Key]:
        key, given = _given(change)
        before = self.all.newest.get((key.topic.name, key.identity), {})
        yield key
        yield from self._of((f"{key.topic.name} alike", key.identity.lower()))
        if isinstance(change, Remove):
            yield from self._resting(key)
        for record in (given, before):
            yield from self._beside(key, record)
            yield from self._of_role(record.get("role"), named, at_us)

    def _beside(self, key: Key, record: Mapping[str, Any]) -> Iterator[Key]:
        """What a record refers to, and what the rules compare it with."""
        zone = self._record(ZONES, record.get("zone_id"))
        camera = self._record(CAMERAS, record.get("camera_id"))
        for names in (record, zone, camera):
            for field, topic in _TARGETS.items():
                if names.get(field):
                    yield Key(topic, names[field])
        if key.topic is SHIFTS:
            yield from self._beside_shift(key, record)
        if key.topic in (CAMERAS, ZONES, FLOORS):
            floors = {record.get("floor_id"), camera.get("floor_id"), key.identity}
            for floor in floors - {None, ""}:
                yield Key(CAMERAS, str(floor))  # its tracks may not be named as people of the floor
                yield from self._of((f"{CAMERAS.name} floor_id", str(floor)))
        if key.topic in (CAMERAS, FLOORS):
            for floor in {record.get("floor_id"), key.identity} - {None, ""}:
                yield from self._of((f"{ZONES.name} floor_id", str(floor)))
            yield from self._of((f"{ZONES.name} camera_id", key.identity))
        if key.topic is FLOORS:
            for passage in record.get("passages", ()):
                yield from (Key(CAMERAS, camera_id) for camera_id in cameras_of_passage(passage))
            for zone_key in list(self._of((f"{ZONES.name} floor_id", key.identity))):
                yield from self._resting(zone_key)
        if key.topic is STAFF:
            yield from self._resting(key)

    def _beside_shift(self, key: Key, record: Mapping[str, Any]) -> Iterator[Key]:
        """Shifts of the same person and of those whose time is taken over, and who takes it."""
        people = {record.get("staff_id"): None}
        other, seen = str(record.get("replaces") or ""), {key.identity}
        while other and other not in seen:
            seen.add(other)
            replaced = self._record(SHIFTS, other)
            people[replaced.get("staff_id")] = None
            yield Key(SHIFTS, other)
            other = str(replaced.get("replaces") or "")
        for staff_id in people:
            for one in list(self._of((f"{SHIFTS.name} staff_id", staff_id or ""))):
                yield one
                yield from self._of((f"{SHIFTS.name} replaces", one.identity))
        yield from self._replacing(key, {key})

    def _replacing(self, key: Key, seen: set[Key]) -> Iterator[Key]:
        """Shifts that take over time of a shift, and those that take over time of them."""
        for one in list(self._of((f"{SHIFTS.name} replaces", key.identity))):
            if one not in seen:
                seen.add(one)
                yield one
                yield from self._replacing(one, seen)

    def _resting(self, key: Key) -> Iterator[Key]:
        """What rests on a fact, and on that."""
        if key.topic is SHIFTS:
            yield from self._replacing(key, {key})
        field = identity_field(key.topic)
        for name, fields in _REFERENCES.items():
            if field in fields and key.topic is not FLOORS:
                for other in list(self._of((f"{name} {field}", key.identity))):
                    yield other
                    yield from self._resting(other)

    def _of_role(self, role: str | None, named: Collection[Key], at_us: int) -> Iterator[Key]:
        """One other fact of each kind that has a role; all where it is spelled in several ways."""
        spellings = [
            spelling
            for spelling in self._spellings.get(folded(role or ""), ())
            if any(self._has(topic, spelling) for topic in _ROLES)
        ]
        for spelling in spellings:
            for topic in _ROLES:
                holders = self._ids.get((f"{topic.name} role", spelling), {})
                others = (key for key in reversed(holders) if key not in named)
                if len(spellings) > 1:
                    yield from others
                elif topic is SHIFTS:  # one that has ended is of no role any more
                    yield from islice((key for key in others if self._lasts(key, at_us)), 1)
                    yield from islice(holders, 1)
                else:
                    yield from islice(others, 1)

    def _lasts(self, shift: Key, at_us: int) -> bool:
        return bool(self.all.newest[shift.topic.name, shift.identity]["ends_us"] > at_us)

    def _has(self, topic: Topic, role: str) -> bool:
        return bool(self._ids.get((f"{topic.name} role", role)))

    def _of(self, entry: Entry) -> Iterator[Key]:
        yield from self._ids.get(entry, ())

    def _record(self, topic: Topic, identity: str | None) -> Mapping[str, Any]:
        return self.all.newest.get((topic.name, identity or ""), {})


def _entries(key: Key, record: Mapping[str, Any]) -> Iterator[Entry]:
    """Where the index has a fact; one that is removed only among all of its topic."""
    name = key.topic.name
    if key.topic in _WHOLE:
        yield "topic", name
    if record["removed"]:
        return
    yield f"{name} alike", key.identity.lower()
    for field in (*_REFERENCES.get(name, ()), "role"):
        if record.get(field):
            yield f"{name} {field}", record[field]
    if record.get("replaces"):
        yield f"{name} replaces", record["replaces"]


def _given(change: Wanted) -> tuple[Key, Mapping[str, Any]]:
    """The fact that a change names, and its fields as far as they name others."""
    if isinstance(change, Put):
        row = change.row
        fields = {*_TARGETS, "role", "passages", "replaces"}
        given = {name: getattr(row, name) for name in fields if name in type(row).model_fields}
        return Key(row.topic, getattr(row, identity_field(row.topic))), given
    return change.key, {} if isinstance(change, Remove) else change.record


def _topic(change: Wanted) -> Topic:
    return change.row.topic if isinstance(change, Put) else change.key.topic
