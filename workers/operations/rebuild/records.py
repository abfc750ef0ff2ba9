"""Compare rebuilt records with those of the pipeline, by key and seq, and byte for byte."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_between, spans
from runtime.kafka.topic_partition import key_of
from schemas.codec import Codec
from schemas.topics import DERIVED_TOPICS
from workers.operations.rebuild.bounds import Bound
from workers.operations.rebuild.plan import AHEAD_MS, PartitionPlan
from workers.storage.item import DIGEST_BYTES, Item, conflict, read_item

SHOWN = 5
"""Differences of a topic that are reported one by one."""


class Newest(msgspec.Struct, frozen=True):
    """A key whose newest rebuilt record says something else than the pipeline's.

    Attributes:
        topic: Topic name without the prefix.
        key: Key of the topic.
        seq: Seq of the pipeline's record.
        record: The rebuilt record, with the seq of the pipeline's.
    """

    topic: str
    key: str
    seq: int
    record: dict[str, Any]


class TopicDifference(msgspec.Struct):
    """How one topic differs.

    Attributes:
        topic: Topic name without the prefix.
        records: Rebuilt records.
        changed: Seqs with other bytes.
        added: Seqs that only the rebuild has.
        removed: Seqs that only the pipeline has.
        expired: Seqs that the topic no longer holds, so they cannot be compared.
        first: Key, seq and kind of the first few differences.
    """

    topic: str
    records: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0
    expired: int = 0
    first: list[tuple[str, int, str]] = []

    @property
    def any(self) -> bool:
        """Whether any record differs."""
        return bool(self.changed or self.added or self.removed)

    def count(self, key: str, seq: int, what: str) -> None:
        """Count a difference."""
        setattr(self, what, getattr(self, what) + 1)
        if len(self.first) < SHOWN:
            self.first.append((key, seq, what))


class Made:
    """Rebuilt records of one key: their digests, one after another, and the newest.

    Args:
        after: The seq before its first.
    """

    def __init__(self, after: int) -> None:
        self.after = after
        self.digests = bytearray()
        self.newest: Item | None = None

    @property
    def last(self) -> int:
        """The newest seq."""
        return self.after + len(self.digests) // DIGEST_BYTES

    def take(self, item: Item) -> None:
        """Add the next record; one that came before must be the same."""
        if item.seq <= self.last:
            if self.digest(item.seq) != item.digest:
                raise conflict(item)
            return
        self.digests += item.digest
        self.newest = item

    def digest(self, seq: int) -> bytes | None:
        """Digest of a seq; None when it was not rebuilt."""
        first = (seq - self.after - 1) * DIGEST_BYTES
        if first < 0 or seq > self.last:
            return None
        return bytes(self.digests[first : first + DIGEST_BYTES])


def compare_topics(
    cluster: Cluster,
    run: Cluster,
    plans: Sequence[PartitionPlan],
    bounds: Mapping[int, Sequence[Bound]],
) -> tuple[list[TopicDifference], list[Newest]]:
    """Compare the topics; returns how each differs, and the keys whose newest record does.

    Args:
        cluster: Cluster of the pipeline.
        run: The same, under the prefix of the rebuild.
        plans: What was folded.
        bounds: Bounds of each partition.

    Raises:
        Retry: Broker or registry are out of reach.
        Stop: A seq came twice with other bytes.
    """
    registry = cluster.registry
    partitions = [plan.partition for plan in plans]
    since_ms = max(0, min(plan.appended_ms for plan in plans) - AHEAD_MS)
    differences: list[TopicDifference] = []
    newest: list[Newest] = []
    for topic in DERIVED_TOPICS:
        codec = registry.reader(topic)
        difference = TopicDifference(topic.name)
        rebuilt = spans(run, topic, partitions)
        held = spans(cluster, topic, partitions, since_ms=since_ms)
        for partition in partitions:
            seqs = {b.key: b.seqs[topic.name] for b in bounds[partition] if topic.name in b.seqs}
            made: dict[str, Made] = {}
            for item in _items(run, codec, partition, rebuilt):
                if item.key in seqs:
                    made.setdefault(item.key, Made(item.seq - 1)).take(item)
            difference.records += sum(one.last - one.after for one in made.values())
            newest += compare_records(
                _items(cluster, codec, partition, held), made, seqs, difference
            )
        differences.append(difference)
    return differences, newest


def compare_records(
    live: Iterator[Item],
    made: dict[str, Made],
    seqs: dict[str, tuple[int, int]],
    difference: TopicDifference,
) -> list[Newest]:
    """Compare one topic of one partition.

    Args:
        live: What the pipeline wrote, in the order of its log; repeats are passed over.
        made: What was rebuilt, by key.
        seqs: By key, the pipeline's seqs that the rebuild covers: after the first, up to the
            second.
        difference: Receives what differs.

    Returns:
        Keys whose newest record differs.
    """
    seen: dict[str, Item] = {}
    for item in live:
        after, through = seqs.get(item.key, (0, 0))
        before = seen.get(item.key)
        if not after < item.seq <= through or (before is not None and item.seq <= before.seq):
            continue
        expected = after if before is None else before.seq
        rebuilt = made.get(item.key)
        if before is None and rebuilt is not None:
            # What the topic has expired cannot be compared.
            gone = min(item.seq - 1, rebuilt.last) - max(expected, rebuilt.after)
            difference.expired += max(0, gone)
        seen[item.key] = item
        digest = None if rebuilt is None else rebuilt.digest(item.seq)
        if digest is None:
            difference.count(item.key, item.seq, "removed")
        elif digest != item.digest:
            difference.count(item.key, item.seq, "changed")
    newest: list[Newest] = []
    for key, rebuilt in sorted(made.items()):
        last = seen.get(key)
        _, through = seqs[key]
        first = max(rebuilt.after, through) if last is None else last.seq
        if last is None:
            difference.expired += max(0, min(rebuilt.last, through) - rebuilt.after)
        for seq in range(first + 1, rebuilt.last + 1):
            difference.count(key, seq, "added")
        if last is not None and rebuilt.newest is not None:
            record = {**rebuilt.newest.record, "seq": last.seq}
            if record != last.record:
                newest.append(Newest(last.topic.name, key, last.seq, record))
    return newest


def _items(
    cluster: Cluster, codec: Codec, partition: int, held: Mapping[int, tuple[int, int]]
) -> Iterator[Item]:
    """Records of a partition within a span of offsets, decoded."""
    first, end = held.get(partition, (0, 0))
    for message in read_between(cluster, codec.topic, partition, first, end):
        position = (partition, message.offset() or 0)
        yield read_item(codec, message.topic() or "", *position, key_of(message), message.value())
