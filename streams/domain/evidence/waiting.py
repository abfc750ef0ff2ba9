"""Reads of badges that were read ahead of the ticks that take them in.

How far the log of reads was read is no property of the log, so nothing of this is saved: a floor is
given, at each tick, exactly the reads that fall due since the tick before. Which these are follows
from the reads and from the floor's ticks alone, however far was read ahead and whatever was read
again after a restart.
"""

import math
from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final, Protocol

from schemas.records.evidence import BadgeRead
from streams.domain.evidence.queue import visible_us
from streams.domain.evidence.settings import MICROSECONDS

KEPT_US: Final = 3600 * MICROSECONDS
"""A tick takes in no read that was visible longer than this before the newest event of its
partition, microseconds: so reads of floors without cameras can be dropped."""

AHEAD_US: Final = 60 * MICROSECONDS
"""The clock of a reader may be ahead of the clock by which its reads are recorded by this much,
microseconds."""

NEVER_US: Final = 2**62
"""Later than any event, microseconds."""

_FARTHEST_M: Final = 1e6
_LONGEST_RANGE_M: Final = 1e3
_LATEST_US: Final = 2**53


class Reads(Protocol):
    """Reads of one partition."""

    def ensure(self, newest_us: int) -> None:
        """Complete the reads for ticks up to the partition's newest event, microseconds.

        Those that no tick takes in any more are dropped.
        """
        ...

    def next_us(self, floor_id: str, after_us: int) -> int:
        """When the next read of a floor is visible that is not visible at `after_us` yet."""
        ...

    def take(self, floor_id: str, after_us: int, end_us: int) -> list[BadgeRead]:
        """Take the reads of a floor that became visible after one tick and up to another."""
        ...


class NoReads:
    """No reads at all."""

    def ensure(self, newest_us: int) -> None:
        """None are missing."""

    def next_us(self, floor_id: str, after_us: int) -> int:  # noqa: ARG002
        """Never."""
        return NEVER_US

    def take(self, floor_id: str, after_us: int, end_us: int) -> list[BadgeRead]:  # noqa: ARG002
        """None."""
        return []


NO_READS: Final = NoReads()

_Entry = tuple[int, int, BadgeRead]


class WaitingReads:
    """Reads of one partition by floor, in the order in which they become visible.

    Reads that are visible before the last tick are those that were read again after a restart, or
    that were appended too late for the tick that should have taken them in; both are dropped.

    Attributes:
        unused: Number of reads, by floor, that no tick took in within `KEPT_US`; for metrics.
    """

    def __init__(self) -> None:
        self.unused: Counter[str] = Counter()
        self._by_floor: dict[str, list[_Entry]] = {}
        self._oldest_us = NEVER_US

    def __len__(self) -> int:
        return sum(map(len, self._by_floor.values()))

    def add(self, offset: int, record: BadgeRead) -> None:
        """Add a read of which `fault_of` finds no fault.

        Args:
            offset: Where it is in the log; each is added once.
            record: The read.
        """
        due_us = visible_us(record)
        heappush(self._by_floor.setdefault(record["floor_id"], []), (due_us, offset, record))
        self._oldest_us = min(self._oldest_us, due_us)

    def ensure(self, newest_us: int) -> None:
        """Drop the reads that were visible too long before the newest event of the partition.

        Args:
            newest_us: Event time of that event, microseconds.
        """
        before_us = newest_us - KEPT_US
        if self._oldest_us >= before_us:
            return
        for floor_id in list(self._by_floor):
            heap = self._by_floor[floor_id]
            while heap and heap[0][0] < before_us:
                heappop(heap)
                self.unused[floor_id] += 1
            if not heap:
                del self._by_floor[floor_id]
        self._oldest_us = min((heap[0][0] for heap in self._by_floor.values()), default=NEVER_US)

    def next_us(self, floor_id: str, after_us: int) -> int:
        """When the next read of a floor is visible, microseconds; `NEVER_US` without one.

        Args:
            floor_id: The floor.
            after_us: Event time up to which its ticks have taken in reads, microseconds.
        """
        heap = self._by_floor.get(floor_id)
        if not heap:
            return NEVER_US
        while heap and heap[0][0] <= after_us:
            heappop(heap)
        return heap[0][0] if heap else NEVER_US

    def take(self, floor_id: str, after_us: int, end_us: int) -> list[BadgeRead]:
        """Take the reads of a floor that fall due in a tick, in the order of their visibility.

        Args:
            floor_id: The floor.
            after_us: Event time up to which its ticks have taken in reads, microseconds.
            end_us: End of the tick, microseconds.
        """
        found: list[BadgeRead] = []
        heap = self._by_floor.get(floor_id)
        while heap and heap[0][0] <= end_us:
            due_us, _, record = heappop(heap)
            if due_us > after_us:
                found.append(record)
        return found

    def first_offset(self) -> int | None:
        """Offset of the first read in the log that no tick has taken in; None without one."""
        return min(
            (offset for heap in self._by_floor.values() for _, offset, _ in heap), default=None
        )


def fault_of(record: BadgeRead) -> str | None:
    """What makes a read unusable, in words; None for a good one."""
    if not (record["reader_id"] and record["badge_id"] and record["floor_id"]):
        return "reader_id, badge_id or floor_id is empty"
    at_us, recorded_at_us = record["at_us"], record["recorded_at_us"]
    if not (0 <= at_us < _LATEST_US and 0 <= recorded_at_us < _LATEST_US):
        return "at_us or recorded_at_us is no time"
    if at_us > recorded_at_us + AHEAD_US:
        ahead_s = (at_us - recorded_at_us) / MICROSECONDS
        return f"was read {ahead_s:.1f} s after it was recorded"
    return None if record["zone_id"] else _fault_of_position(record)


def _fault_of_position(record: BadgeRead) -> str | None:
    x_m, y_m, range_m = record["x_m"], record["y_m"], record["range_m"]
    if x_m is None or y_m is None:
        return "has neither a position nor a zone"
    if not _within((x_m, y_m), _FARTHEST_M):
        return "has no position that can be used"
    if range_m is not None and not (range_m > 0.0 and _within((range_m,), _LONGEST_RANGE_M)):
        return "has no range that can be used"
    return None


def _within(values: Sequence[float], limit: float) -> bool:
    return all(math.isfinite(value) and abs(value) <= limit for value in values)
