"""How far each partition is in the tables: noted beside the rows, in their transaction."""

from collections.abc import Iterable, Mapping

import psycopg

from runtime.kafka.topic_partition import Partition
from workers.sinks.resume import WentBack
from workers.sinks.timescale.queries import query
from workers.storage.item import Item
from workers.storage.timescale.rows import Row


class Offsets:
    """What the database says of each partition, and what it has said before.

    Args:
        prefix: Of the run; leads the names of its topics on the broker, and is not kept.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._known: dict[Partition, int] = {}

    def read(self, cursor: psycopg.Cursor[Row]) -> dict[Partition, int]:
        """Next offset of each partition, as noted."""
        return {(self._prefix + topic, p): offset for (topic, p), offset in _rows(cursor).items()}

    def check(self, cursor: psycopg.Cursor[Row]) -> None:
        """Make sure that the database still holds what it held.

        Raises:
            WentBack: It does not: an older copy has taken its place.
        """
        if not self._known:
            return
        noted = _rows(cursor)
        now = {place: noted.get(self._row(place), 0) for place in self._known}
        lower = {place: offset for place, offset in now.items() if offset < self._known[place]}
        if lower:
            raise WentBack(lower)

    def begin(self, cursor: psycopg.Cursor[Row], starts: Mapping[Partition, int]) -> None:
        """Note where partitions begin, whatever was noted."""
        if starts:
            cursor.execute(query("begin_offsets"), self._columns(starts))

    def move(self, cursor: psycopg.Cursor[Row], reached: Mapping[Partition, int]) -> None:
        """Note how far partitions are, in the transaction of their rows."""
        ahead = self.ahead(reached)
        if ahead:
            cursor.execute(query("move_offsets"), self._columns(ahead))

    def ahead(self, reached: Mapping[Partition, int]) -> dict[Partition, int]:
        """Of some offsets, those that are not noted yet."""
        return {place: offset for place, offset in reached.items() if self._is_ahead(place, offset)}

    def _is_ahead(self, place: Partition, offset: int) -> bool:
        known = self._known.get(place)
        return known is None or known < offset

    def moved(self, reached: Mapping[Partition, int]) -> None:
        """The transaction is committed."""
        self._known.update(self.ahead(reached))

    def know(self, places: Mapping[Partition, int]) -> None:
        """From now on the database must not say less of these."""
        self._known.update(places)

    def forget(self, places: Iterable[Partition]) -> None:
        """These are another consumer's, or are read again."""
        for place in places:
            self._known.pop(place, None)

    def _row(self, place: Partition) -> Partition:
        """As it is noted: under the topic's own name."""
        return place[0].removeprefix(self._prefix), place[1]

    def _columns(self, offsets: Mapping[Partition, int]) -> dict[str, list[str] | list[int]]:
        ordered = sorted(offsets)  # writers that meet take turns
        return {
            "topics": [self._row(place)[0] for place in ordered],
            "partitions": [partition for _, partition in ordered],
            "offsets": [offsets[place] for place in ordered],
        }


def _rows(cursor: psycopg.Cursor[Row]) -> dict[Partition, int]:
    cursor.execute("SELECT topic, partition, next_offset FROM sink_offsets")
    return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def reached(items: Iterable[Item]) -> dict[Partition, int]:
    """The offset behind the last record of each partition."""
    found: dict[Partition, int] = {}
    for item in items:
        place = (item.source, item.partition)
        found[place] = max(found.get(place, 0), item.offset + 1)
    return found
