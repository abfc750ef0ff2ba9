"""Versions of facts and decisions with two times, and which is visible when.

A version is visible at event time t when `valid_from_us <= t` and `recorded_at_us + 5 s <= t`;
the highest visible version of an id wins, and a version with `removed` removes the fact.
So a later edit never changes what an event saw: it takes effect 5 s after it was recorded, at the
earliest.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

VISIBLE_AFTER_US: Final = 5_000_000
"""A fact is visible to events this long after it was recorded, microseconds."""

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
            record = self.one_at(identity, at_us)
            if record is not None:
                found[identity] = record
        return found

    def one_at(self, identity: str, at_us: int) -> Any | None:
        """The version of one fact that is in force at an event time; None without one."""
        steps = self._in_force.get(identity, [])
        passed = bisect_right(steps, at_us, key=itemgetter(0))
        if not passed:
            return None
        newest = self._versions[identity][steps[passed - 1][1]]
        return None if newest["removed"] else newest

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
