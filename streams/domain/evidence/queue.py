"""Reads on their way into a floor's evidence: each is taken in at one tick, which the log decides.

A read belongs to the first tick whose end is at or after both its time and the time at which it is
visible, 5 s after it was recorded. So live, after a crash and in replay it is the same tick. What
comes so late that nobody's position is remembered any more changes nothing that is derived forward;
it is handed back, to become a link.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Final, NamedTuple

from schemas.records.evidence import BadgeRead
from streams.domain.evidence.readers import Badge, Holder, Read, Reader
from streams.domain.evidence.settings import MICROSECONDS, EvidenceSettings

VISIBLE_AFTER_US: Final = 5 * MICROSECONDS
"""A read is visible to ticks that end this long after it was recorded, microseconds."""


@dataclass(slots=True)
class ReadQueue:
    """Reads of a floor that no tick has taken in, as plain data.

    Attributes:
        waiting: Records, in order of time, reader and badge.
        taken: Times, readers and badges of reads that were taken in a moment ago.
        holders: By badge, the time of the newest record and the staff whose badge it is.
    """

    waiting: list[BadgeRead] = field(default_factory=list)
    taken: list[list[Any]] = field(default_factory=list)
    holders: dict[str, list[Any]] = field(default_factory=dict)


class Due(NamedTuple):
    """Reads for one tick.

    Attributes:
        reads: Reads to take in, in order.
        readers: Their readers, by id.
        late: Records that came too late to be taken in, in order.
    """

    reads: list[Read]
    readers: dict[str, Reader]
    late: list[BadgeRead]


def offer(queue: ReadQueue, *records: BadgeRead) -> None:
    """Put reads into the queue."""
    queue.waiting = in_order((*queue.waiting, *records))


def in_order(records: Iterable[BadgeRead]) -> list[BadgeRead]:
    """Reads in order of time, reader and badge; copies of one as they were recorded."""
    found = sorted(records, key=_key)
    if any(_key(one) == _key(other) for one, other in pairwise(found)):
        found.sort(key=lambda one: (_key(one), _order(one)))
    return found


def due(queue: ReadQueue, end_us: int, settings: EvidenceSettings) -> Due:
    """Take the reads out of the queue that are visible at the end of a tick.

    Of one that comes twice, the first that was recorded counts, as long as it is remembered.

    Args:
        queue: The floor's queue, changed in place.
        end_us: End of the tick, microseconds; rises.
        settings: How long positions are remembered.
    """
    oldest_us = end_us - settings.trail_us
    waiting: list[BadgeRead] = []
    found = Due([], {}, [])
    newest: dict[str, tuple[int, int]] = {}
    times = {one["at_us"] for one in queue.waiting}
    known_keys = {tuple(key) for key in queue.taken if key[0] in times}
    for record in queue.waiting:
        if visible_us(record) > end_us:
            waiting.append(record)
            continue
        key = _key(record)
        if tuple(key) in known_keys:
            continue
        known_keys.add(tuple(key))
        if record["at_us"] < oldest_us:
            found.late.append(record)
            continue
        found.reads.append(Read(record["at_us"], record["reader_id"], record["badge_id"]))
        queue.taken.append(key)
        stamp = (record["recorded_at_us"], record["at_us"])
        if stamp >= newest.get(record["reader_id"], (0, 0)):
            newest[record["reader_id"]] = stamp
            found.readers[record["reader_id"]] = _reader(record)
        known = queue.holders.get(record["badge_id"])
        if known is None or known[0] <= record["recorded_at_us"]:
            queue.holders[record["badge_id"]] = [
                record["recorded_at_us"],
                sorted(record["staff_ids"]),
            ]
    queue.waiting = waiting
    queue.taken = [one for one in queue.taken if one[0] >= oldest_us]
    return found


def visible_us(record: BadgeRead) -> int:
    """First event time of a tick's end that may take in a read, microseconds."""
    return max(record["at_us"], record["recorded_at_us"] + VISIBLE_AFTER_US)


def badges_of(queue: ReadQueue, roles: Mapping[str, str]) -> dict[str, Badge]:
    """The badges that were read, with their holders' present roles.

    Args:
        queue: The floor's queue.
        roles: Role of each member of staff in force.
    """
    return {
        badge_id: Badge(
            badge_id,
            tuple(Holder(one, roles.get(one, "")) for one in queue.holders[badge_id][1]),
        )
        for badge_id in sorted(queue.holders)
    }


def forget_holders(queue: ReadQueue, badges: Mapping[str, Any]) -> None:
    """Forget whose badges are of which nothing is remembered any more.

    Args:
        queue: The floor's queue, changed in place.
        badges: Badges in the floor's evidence.
    """
    if not queue.holders.keys() <= badges.keys():
        queue.holders = {name: one for name, one in queue.holders.items() if name in badges}


def plain(queue: ReadQueue) -> dict[str, Any]:
    """The queue as dictionaries, lists, texts and numbers."""
    return asdict(queue)


def of_plain(found: Mapping[str, Any]) -> ReadQueue:
    """The queue that `plain` gave."""
    return ReadQueue(**found)


def _key(record: BadgeRead) -> list[Any]:
    return [record["at_us"], record["reader_id"], record["badge_id"]]


def _order(record: BadgeRead) -> tuple[int, str]:
    """Which of two records of one read counts; by their content where nothing else decides."""
    return record["recorded_at_us"], repr(sorted(record.items()))


def _reader(record: BadgeRead) -> Reader:
    if record["zone_id"] or record["x_m"] is None or record["y_m"] is None:
        return Reader(record["reader_id"], zone_id=record["zone_id"])
    range_m = record["range_m"]
    reader = Reader(record["reader_id"], record["x_m"], record["y_m"])
    return reader if range_m is None else reader._replace(range_m=range_m)
