"""One partition of a derived topic, read once: by key and seq, and what comes twice compared."""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

from runtime.errors import DeadLetter
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from runtime.kafka.topic_partition import key_of
from schemas.codec import Codec
from schemas.topics import Topic
from workers.operations.verification.result import Check, at
from workers.storage.item import Item, read_item

LogPosition = tuple[str, int, int]
"""Topic (as on the broker), partition and offset."""


class PartitionLog(NamedTuple):
    """What one partition holds.

    Attributes:
        topic: Which topic.
        by_key: Records of each key in order of seq, each seq once, where it came first.
        appended_ms: When the record at an offset was appended, UTC milliseconds.
    """

    topic: Topic
    by_key: dict[str, list[Item]]
    appended_ms: dict[int, int]

    def newest(self, committed: int, dead_lettered: AbstractSet[LogPosition]) -> dict[str, Item]:
        """By key, the record with the highest seq that a process has committed and not given up.

        Args:
            committed: Offset that the process has committed.
            dead_lettered: Records that the process gave up.
        """
        found: dict[str, Item] = {}
        for key, items in self.by_key.items():
            for item in reversed(items):
                if item.offset < committed and position_of(item) not in dead_lettered:
                    found[key] = item
                    break
        return found


def position_of(item: Item) -> LogPosition:
    """Where a record lies."""
    return item.source, item.partition, item.offset


def read_partition(
    cluster: Cluster,
    codec: Codec,
    partition: int,
    *,
    since_ms: int,
    committed: int,
    dead_lettered: AbstractSet[LogPosition],
    check: Check,
    sparse: bool = False,
) -> PartitionLog:
    """Read a partition and compare what comes twice.

    Args:
        cluster: Where the topics are.
        codec: Codec of the topic.
        partition: Partition to read.
        since_ms: Append time to read from, UTC milliseconds.
        committed: Offset up to which the sinks have taken the records, or given them up.
        dead_lettered: Records that were given up.
        check: Receives what is not a record, missing seqs, and conflicts.
        sparse: Whether the topic may hold gaps, as a compacted one does.

    Raises:
        Retry: The broker is out of reach.
        RegistryUnavailable: The registry is.
    """
    seqs: dict[str, dict[int, Item]] = {}
    appended_ms: dict[int, int] = {}
    topic = codec.topic
    for message in read_topic(cluster, topic, [partition], since_ms=since_ms):
        name, offset = message.topic() or "", message.offset() or 0
        try:
            item = read_item(codec, name, partition, offset, key_of(message), message.value())
        except DeadLetter as error:
            if offset < committed and (name, partition, offset) not in dead_lettered:
                check.fault(at(name, partition, offset), f"neither a record nor a letter: {error}")
            check.add("given up")
            continue
        check.add("records")
        known = seqs.setdefault(item.key, {}).setdefault(item.seq, item)
        if known is not item:
            check.add("repeats")
            if known.digest != item.digest:
                what = f"key {item.key} seq {item.seq} has other bytes than at offset"
                check.fault(at(name, partition, offset), f"{what} {known.offset}")
        else:
            appended_ms[offset] = message.timestamp()[1]
    by_key = {key: [some[seq] for seq in sorted(some)] for key, some in sorted(seqs.items())}
    if not sparse:
        for items in by_key.values():
            _check_gaps(items, check)
    return PartitionLog(topic, by_key, appended_ms)


def _check_gaps(items: list[Item], check: Check) -> None:
    last: Item | None = None
    for item in items:
        if last is not None and item.seq != last.seq + 1:
            where = at(item.source, item.partition, item.offset)
            check.fault(where, f"key {item.key}: seq {item.seq} follows {last.seq}")
        last = item
