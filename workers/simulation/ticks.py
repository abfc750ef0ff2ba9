"""The recorded ticks of the floors of one partition, put together from four topics."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, cast

from schemas.records.presence import Link
from schemas.topics import OCCUPANCY, PRESENCE, ZONE_EVENTS
from streams.domain.alerts import of_badges
from streams.domain.alerts.emitted import Emitted, seen_in
from workers.storage.item import Item

TOPICS: Final = (of_badges.TOPIC, ZONE_EVENTS, OCCUPANCY, PRESENCE)
"""Topics that rules look at."""

WAIT_US: Final = 10_000_000
"""A tick is complete once its floor has a record so much later, microseconds: records of one tick
are appended to their topics at about the same time."""


class FloorTick(NamedTuple):
    """A tick of a floor that has records.

    Attributes:
        floor_id: The floor.
        emitted: Its records.
    """

    floor_id: str
    emitted: Emitted


class Ticks:
    """Puts the records of a partition together to ticks.

    Attributes:
        counts: Records by what became of them: `records`, `repeats` (a seq that came again) and
            `late` (of a tick that was given already).
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._last: dict[tuple[str, str], int] = {}
        self._open: dict[str, dict[int, Emitted]] = {}
        self._given: dict[str, int] = {}

    def of(self, items: Iterable[Item]) -> Iterator[FloorTick]:
        """Ticks of records, in order of time for each floor.

        Args:
            items: Records of `TOPICS`, about in the order in which they were appended.
        """
        for item in items:
            self.counts["records"] += 1
            key = item.topic.name, item.key
            if item.seq <= self._last.get(key, 0):
                self.counts["repeats"] += 1
                continue
            self._last[key] = item.seq
            if item.topic is of_badges.TOPIC and not _is_watched(item):
                continue
            floor_id, as_of_us = item.record["floor_id"], item.record["as_of_us"]
            if as_of_us <= self._given.get(floor_id, 0):
                self.counts["late"] += 1
                continue
            ticks = self._open.setdefault(floor_id, {})
            ticks[as_of_us] = _with(ticks.get(as_of_us, Emitted(as_of_us)), item)
            yield from self._complete(floor_id, as_of_us - WAIT_US)
        for floor_id in sorted(self._open):
            yield from self._complete(floor_id, max(self._open[floor_id], default=0))

    def _complete(self, floor_id: str, through_us: int) -> Iterator[FloorTick]:
        ticks = self._open[floor_id]
        # Most records are newer than what waits, so nothing is sorted for them.
        if not ticks or next(iter(ticks)) > through_us:
            return
        for as_of_us in sorted(at_us for at_us in ticks if at_us <= through_us):
            self._given[floor_id] = as_of_us
            yield FloorTick(floor_id, ticks.pop(as_of_us))


def _is_watched(item: Item) -> bool:
    """Whether rules look at a link."""
    return of_badges.is_of_two_positions(cast("Link", item.record))


def _with(emitted: Emitted, item: Item) -> Emitted:
    record: Any = item.record
    if item.topic is of_badges.TOPIC:
        return emitted._replace(links=[*emitted.links, record])
    if item.topic is ZONE_EVENTS:
        return emitted._replace(events=[*emitted.events, record])
    if item.topic is OCCUPANCY:
        return emitted._replace(occupancies=[*emitted.occupancies, record])
    return emitted._replace(
        people=seen_in(record["people"]),
        cameras_missing=record["cameras_missing"],
    )
