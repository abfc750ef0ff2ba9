"""Reads of badges that were appended after the tick that should have taken them in could be closed.

A fold of the log takes them in, and what ran while they came may not have: where the two differ,
this says by which reads that may be.
"""

from collections.abc import Sequence
from typing import NamedTuple

from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from runtime.kafka.topic_partition import source_partition
from schemas.codec import UndecodableValue
from schemas.topics import BADGE_READS, DETECTIONS
from streams.domain.evidence.queue import visible_us
from streams.domain.evidence.waiting import fault_of
from streams.domain.floor.tick import tick_end
from streams.processor.pipeline_fold import FUTURE_LIMIT_US


class LateRead(NamedTuple):
    """A read that came too late.

    Attributes:
        topic: Name of the topic on the broker.
        partition: Partition of the read.
        offset: Its offset.
        reader_id: Its reader.
        floor_id: Floor of the reader.
        late_ms: How long the outcome that could close its tick had been in the log, milliseconds.
    """

    topic: str
    partition: int
    offset: int
    reader_id: str
    floor_id: str
    late_ms: int


def late_reads(cluster: Cluster) -> list[LateRead]:
    """Find the reads that were too late, in the order of the log.

    Raises:
        Retry: Broker or registry are out of reach.
    """
    codec = cluster.registry.reader(BADGE_READS)
    due: dict[int, list[tuple[int, int, LateRead]]] = {}
    for message in read_topic(cluster, BADGE_READS):
        try:
            read = codec.decode(message.value())
        except UndecodableValue:
            continue
        if fault_of(read) is None:
            name, partition = source_partition(message)
            one = LateRead(
                name, partition, message.offset() or 0, read["reader_id"], read["floor_id"], 0
            )
            end_us = tick_end(visible_us(read))
            due.setdefault(partition, []).append((end_us, message.timestamp()[1], one))
    found: list[LateRead] = []
    for partition, reads in sorted(due.items()):
        reads.sort(key=lambda one: one[0])
        found += _late(cluster, partition, reads)
    return sorted(found, key=lambda one: (one.partition, one.offset))


def _late(
    cluster: Cluster, partition: int, reads: Sequence[tuple[int, int, LateRead]]
) -> list[LateRead]:
    """The late ones of a partition's reads, given with end of tick and append time, by tick."""
    codec = cluster.registry.reader(DETECTIONS)
    found: list[LateRead] = []
    unread = 0
    for message in read_topic(cluster, DETECTIONS, [partition]):
        if unread == len(reads):
            break
        try:
            captured_us = codec.decode(message.value())["captured_us"]
        except UndecodableValue:
            continue
        appended_ms = message.timestamp()[1]
        if captured_us > appended_ms * 1_000 + FUTURE_LIMIT_US:
            continue  # a dead letter
        while unread < len(reads) and reads[unread][0] <= captured_us:
            _, read_ms, one = reads[unread]
            if read_ms > appended_ms:
                found.append(one._replace(late_ms=read_ms - appended_ms))
            unread += 1
    return found


def report(reads: Sequence[LateRead]) -> str:
    """What late reads may have to do with a difference; empty without any."""
    if not reads:
        return ""
    first = reads[0]
    return (
        "\n  reads of badges that were appended after their ticks could be closed, which a fold of "
        f"the log takes in and the line may not have: {len(reads)}; the first is "
        f"{first.topic} partition {first.partition} offset {first.offset}, by reader "
        f"{first.reader_id} on floor {first.floor_id}, {first.late_ms / 1e3:.1f} s too late"
    )
