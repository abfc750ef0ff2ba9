"""Position of each partition in the tables, noted beside the rows in their transaction."""

from collections.abc import Iterable, Mapping

import psycopg

from runtime.kafka.topic_partition import Partition
from workers.sinks.resume import WentBack
from workers.storage.item import Item
from workers.storage.timescale.queries import query
from workers.storage.timescale.rows import Row


class Offsets:
    """Positions as the database has them now, and as it had them before.

    Args:
        prefix: Prefix of the run; it leads the names of topics on the broker, and is not stored.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._known: dict[Partition, int] = {}

    def read(self, cursor: psycopg.Cursor[Row]) -> dict[Partition, int]:
        """Noted position of each partition: the next offset."""
        return {(self._prefix + topic, p): offset for (topic, p), offset in _rows(cursor).items()}

    def check(self, cursor: psycopg.Cursor[Row]) -> None:
        """Make sure that the database still holds what it held.

        Raises:
            WentBack: It does not: an older copy has replaced it.
        """
        if not self._known:
            return
        noted = _rows(cursor)
        now = {partition: noted.get(self._row(partition), 0) for partition in self._known}
        lower = {
            partition: offset
            for partition, offset in now.items()
            if offset < self._known[partition]
        }
        if lower:
            raise WentBack(lower)

    def start(self, cursor: psycopg.Cursor[Row], starts: Mapping[Partition, int]) -> None:
        """Note where partitions start, whatever was noted before."""
        if starts:
            cursor.execute(query("start_offsets"), self._columns(starts))

    def move(self, cursor: psycopg.Cursor[Row], positions: Mapping[Partition, int]) -> None:
        """Note positions in the transaction of the rows."""
        ahead = self.ahead(positions)
        if ahead:
            cursor.execute(query("move_offsets"), self._columns(ahead))

    def ahead(self, positions: Mapping[Partition, int]) -> dict[Partition, int]:
        """Those of some positions that are not noted yet."""
        return {
            partition: offset
            for partition, offset in positions.items()
            if self._is_ahead(partition, offset)
        }

    def _is_ahead(self, partition: Partition, offset: int) -> bool:
        known = self._known.get(partition)
        return known is None or known < offset

    def moved(self, positions: Mapping[Partition, int]) -> None:
        """Note that the transaction is committed."""
        self._known.update(self.ahead(positions))

    def know(self, partitions: Mapping[Partition, int]) -> None:
        """Note positions that the database must not fall below from now on."""
        self._known.update(partitions)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Forget partitions that are revoked, or read again."""
        for partition in partitions:
            self._known.pop(partition, None)

    def _row(self, partition: Partition) -> Partition:
        """The partition as it is noted: under the topic's name without the prefix."""
        return partition[0].removeprefix(self._prefix), partition[1]

    def _columns(self, offsets: Mapping[Partition, int]) -> dict[str, list[str] | list[int]]:
        ordered = sorted(offsets)  # writers that meet take turns
        return {
            "topics": [self._row(partition)[0] for partition in ordered],
            "partitions": [partition for _, partition in ordered],
            "offsets": [offsets[partition] for partition in ordered],
        }


def _rows(cursor: psycopg.Cursor[Row]) -> dict[Partition, int]:
    cursor.execute("SELECT topic, partition, next_offset FROM sink_offsets")
    return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def positions_of(items: Iterable[Item]) -> dict[Partition, int]:
    """The offset after the last record of each partition."""
    found: dict[Partition, int] = {}
    for item in items:
        partition = (item.source, item.partition)
        found[partition] = max(found.get(partition, 0), item.offset + 1)
    return found
