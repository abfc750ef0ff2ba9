"""Badges that were read on two floors within a time in which nobody gets from one to the other.

Each floor folds its own reads, so only who reads those of all floors finds it. What is found
depends on the reads alone, and neither on their order nor on how often each comes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from schemas.records.evidence import BadgeRead

HELD_US: Final = 15 * 60_000_000
"""A badge counts for this long after the second of two such reads was recorded, microseconds; as
long as one in two positions of a floor."""

LATE_US: Final = 60 * 60_000_000
"""A read that was recorded later than this after its time calls nobody, microseconds."""

LONGEST_S: Final = 600
"""Reads of two floors that are further apart than this are never compared, s."""

BACK_US: Final = HELD_US + LATE_US + LONGEST_S * 1_000_000
"""Reads recorded within this long before a moment decide what counts at it, microseconds."""


FORGET_EVERY_US: Final = 60_000_000
"""Pause between two times that old reads are left out, microseconds."""


class Sighting(NamedTuple):
    """A read of a badge.

    Attributes:
        at_us: Event time, by the reader's clock, microseconds.
        floor_id: Floor of the reader.
        reader_id: The reader.
        recorded_us: When it was recorded, UTC microseconds.
    """

    at_us: int
    floor_id: str
    reader_id: str
    recorded_us: int


class Crossing(NamedTuple):
    """Two reads of one badge on two floors that nobody can have walked between.

    Attributes:
        badge_id: Pseudonym of the badge; it stays in this process.
        first: The earlier read.
        second: The later one.
    """

    badge_id: str
    first: Sighting
    second: Sighting

    @property
    def floor_ids(self) -> tuple[str, str]:
        """The two floors, sorted."""
        one, other = sorted((self.first.floor_id, self.second.floor_id))
        return one, other

    @property
    def since_us(self) -> int:
        """Event time from which it is so: that of the second read, microseconds."""
        return self.second.at_us

    @property
    def until_us(self) -> int:
        """It counts until then, exclusive, UTC microseconds."""
        return max(self.first.recorded_us, self.second.recorded_us) + HELD_US


class BadgeReads:
    """Reads of badges of all floors, for as long as they decide what counts.

    Args:
        within_us: Nobody gets from one floor to another one in less, microseconds.
        between_floors: Readers in lifts and stairwells: they read people of several floors.
    """

    def __init__(self, within_us: int, between_floors: Iterable[str] = ()) -> None:
        self._within_us = within_us
        self._between_floors = frozenset(between_floors)
        self._by_badge: dict[str, list[Sighting]] = {}
        self._found: dict[str, list[Crossing]] = {}
        self._changed: set[str] = set()
        self._forgot_us = 0

    def take(self, read: BadgeRead) -> None:
        """Take in a read; one that comes twice counts once.

        One that is ahead of its own recording is left out, as in the fold: its reader's clock is
        wrong. So is one that was recorded too late to call anybody.
        """
        late_us = read["recorded_at_us"] - read["at_us"]
        if not 0 <= late_us <= LATE_US or read["reader_id"] in self._between_floors:
            return
        sighting = Sighting(
            read["at_us"], read["floor_id"], read["reader_id"], read["recorded_at_us"]
        )
        known = self._by_badge.setdefault(read["badge_id"], [])
        index = bisect_left(known, sighting)
        if index == len(known) or known[index] != sighting:
            known.insert(index, sighting)
            self._changed.add(read["badge_id"])

    def forget(self, now_us: int) -> None:
        """Leave out what decides nothing any more; at most once a minute, since it takes a while.

        Args:
            now_us: Wall clock, UTC microseconds.
        """
        if now_us - self._forgot_us < FORGET_EVERY_US:
            return
        self._forgot_us = now_us
        for badge_id, known in list(self._by_badge.items()):
            kept = [one for one in known if one.recorded_us + BACK_US > now_us]
            if len(kept) == len(known):
                continue
            self._changed.add(badge_id)
            if kept:
                self._by_badge[badge_id] = kept
            else:
                del self._by_badge[badge_id]

    def crossings(self, now_us: int) -> list[Crossing]:
        """What counts at a moment, by badge and time.

        Args:
            now_us: Wall clock, UTC microseconds.
        """
        for badge_id in self._changed:
            self._found.pop(badge_id, None)
            if found := list(self._of(badge_id)):
                self._found[badge_id] = found
        self._changed.clear()
        return [
            crossing
            for badge_id in sorted(self._found)
            for crossing in self._found[badge_id]
            if now_us < crossing.until_us
        ]

    def _of(self, badge_id: str) -> Iterator[Crossing]:
        known = self._by_badge.get(badge_id, [])
        if len({one.floor_id for one in known}) < 2:
            return
        for index, second in enumerate(known):
            newest: dict[str, Sighting] = {}
            for first in known[index - 1 :: -1] if index else ():
                if second.at_us - first.at_us >= self._within_us:
                    break
                is_other = first.floor_id != second.floor_id
                # One reader that is on two floors was moved, or registered anew.
                if is_other and first.reader_id != second.reader_id:
                    newest.setdefault(first.floor_id, first)
            for first in newest.values():
                yield Crossing(badge_id, first, second)


def by_floors(crossings: Iterable[Crossing]) -> Mapping[tuple[str, str], list[Crossing]]:
    """What was found, by the two floors."""
    found: dict[tuple[str, str], list[Crossing]] = {}
    for one in crossings:
        found.setdefault(one.floor_ids, []).append(one)
    return {floors: found[floors] for floors in sorted(found)}
