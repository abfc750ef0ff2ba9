"""What of the registry a principal reaches: the units of its rights against those of each fact.

Pure. Judged against the registry itself, not against the board's view of it: a zone that was made
a second ago is in its unit already.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from runtime.facts.log import Fact
from workers.access.principal import EVERYWHERE, Principal, Units
from workers.access.reach import reaches_all, reaches_part
from workers.access.rights import Right
from workers.registry.registered import TOPIC_OF, Key, Registered, kind_of
from workers.registry.unit_index import UnitIndex

_IN_PART: Final = frozenset({"floor", "staff", "role", "rule"})
"""Kinds that are read with a right in one of their units: a floor has a name and a time zone, a
member of staff a pseudonym and a role, and a role is everybody's, as a rule of alerts may
be. What a camera of two units shows is for those of both."""

REFERS: Final[Mapping[str, Mapping[str, str]]] = {
    "zone": {"camera_id": "camera", "floor_id": "floor"},
    "shift": {"zone_id": "zone", "staff_id": "staff", "replaces": "shift"},
    "requirement": {"zone_id": "zone"},
    "census": {"zone_id": "zone"},
    "camera": {"floor_id": "floor"},
    "reader": {"floor_id": "floor", "zone_id": "zone"},
    "badge": {"staff_ids": "staff"},
    "rule": {"zone_ids": "zone", "floor_ids": "floor", "pilot_unit_ids": "unit"},
}
"""Fields of each kind that hold the id of another fact, or ids, and that fact's kind."""


def references(fact: Fact) -> Iterable[tuple[str, str, str]]:
    """Field, kind and id of each fact that a fact refers to."""
    kind = kind_of(fact.topic)
    on_a_camera = kind == "zone" and fact.record["camera_id"] is not None
    for field, other_kind in REFERS.get(kind, {}).items():
        if field == "floor_id" and on_a_camera:
            continue  # its floor is that of its camera
        named = fact.record.get(field) or ()
        for identity in (named,) if isinstance(named, str) else named:
            yield field, other_kind, identity


class Reach:
    """What a principal reaches of what is registered at one moment.

    Args:
        principal: Who asks.
        ward: What is registered; may be empty for somebody who reads all of it.
        now_us: The moment, UTC microseconds.
    """

    def __init__(self, principal: Principal, ward: Registered, now_us: int) -> None:
        self.principal = principal
        self.ward = ward
        self._now_us = now_us
        self._reads = principal.units(Right.REGISTRY)

    @property
    def reads_all(self) -> bool:
        """Whether nothing is hidden."""
        return EVERYWHERE in self._reads

    @cached_property
    def _units_now(self) -> UnitIndex:
        return self._index({})

    def _index(self, more: Mapping[str, Mapping[str, Any]]) -> UnitIndex:
        facts: dict[str, dict[str, Any]] = {}
        for (name, identity), record in self.ward.newest.items():
            if not record["removed"]:
                facts.setdefault(name, {})[identity] = record
        for name, records in more.items():
            facts.setdefault(name, {}).update(records)
        return UnitIndex(facts, self._now_us)

    def units_of(self, key: Key) -> frozenset[str] | None:
        """Units of a fact; empty where no unit has it, None where nobody ever registered it.

        A removed fact is in the units in which it would be again.
        """
        known = self.ward.newest.get((key.topic.name, key.identity))
        if known is None:
            return None
        index = self._units_now
        if known["removed"]:
            index = self._index({key.topic.name: {key.identity: known}})
        return index.units_of(kind_of(key.topic), key.identity) or frozenset()

    def reads(self, key: Key) -> bool:
        """Whether a registered fact may be read."""
        if self.reads_all:
            return True
        units = self.units_of(key)
        part = kind_of(key.topic) in _IN_PART
        return units is not None and (reaches_part if part else reaches_all)(self._reads, units)

    def reads_unit(self, unit: str) -> bool:
        """Whether what is in a unit may be asked for: of a shared floor, only by one's own."""
        return reaches_part(self._reads, {unit})

    def reads_version(self, key: Key, record: dict[str, Any]) -> bool:
        """Whether a version of a fact that may be read refers to nothing out of reach."""
        return self.reads_all or not self.unreached(self._reads, Fact(key.topic, record))

    def edits(self, held: Units, key: Key) -> bool:
        """Whether a right that is held in some units reaches the whole of a registered fact."""
        return EVERYWHERE in held or reaches_all(held, self.units_of(key) or ())

    def unreached(self, held: Units, fact: Fact) -> list[tuple[str, str]]:
        """Field and id of each fact that a fact refers to and of which no part is reached.

        What no unit has may be referred to: a new member of staff is in no unit before the first
        shift. What is not registered is for the checks of an edit.
        """
        return [
            (field, other)
            for field, kind, other in references(fact)
            for units in (self._units_of(kind, other),)
            if units and not reaches_part(held, units)
        ]

    def _units_of(self, kind: str, identity: str) -> frozenset[str] | None:
        return self.units_of(Key(TOPIC_OF[kind], identity))

    def known(self) -> Registered:
        """What is registered as the principal knows it: nothing that is wholly in other units.

        An edit that is judged against this is told of other units what it is told of nothing.
        """
        if self.reads_all:
            return self.ward
        newest = {
            (name, identity): record
            for (name, identity), record in self.ward.newest.items()
            if not record["removed"] and self._known(name, identity)
        }
        homes = {key: home for key, home in self.ward.homes.items() if key in newest}
        return Registered(newest, homes)

    def _known(self, topic_name: str, identity: str) -> bool:
        units = self._units_now.units_of(_KIND_OF[topic_name], identity)
        return not units or reaches_part(self._reads, units)


_KIND_OF: Final = {topic.name: kind for kind, topic in TOPIC_OF.items()}
"""Kind of the facts of a topic, by its name."""
