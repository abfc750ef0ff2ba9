"""Where in the log the newest record of a key at a moment is."""

from datetime import datetime
from typing import Final, NamedTuple

from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import Expired, read_between, spans
from schemas.codec import Codec, UndecodableValue
from schemas.topics import Topic
from workers.storage.timescale.rows import to_us

_BEFORE_MS: Final = 60_000
"""How far the broker's clock may be ahead of a camera's, ms: so much earlier is looked for it."""

_MOST: Final = 100_000
"""Records among which one is looked for."""


class LogPosition(NamedTuple):
    """A record in the log.

    Attributes:
        partition: Its partition.
        offset: Its offset.
        at_us: Its event time, UTC microseconds.
        appended_ms: When the broker took it, UTC milliseconds.
    """

    partition: int
    offset: int
    at_us: int
    appended_ms: int


class Search(NamedTuple):
    """What a search for a record found.

    Attributes:
        found: The record; None when it is not among those that were read.
        oldest_ms: When the broker took the oldest record that the partition still holds, UTC
            milliseconds; None when it holds none, or the record was found.
        is_whole: False when there were more records than are read for one question.
    """

    found: LogPosition | None
    oldest_ms: int | None
    is_whole: bool


def find(cluster: Cluster, topic: Topic, partition: int, key: str, at: datetime) -> Search:
    """Find the newest record of a key whose event time is not after a moment.

    The log is searched from a minute before the moment, by the broker's clock, up to the first
    record of the key that is of after it. A record that came late lies behind the moment, so the
    search goes on up to a bound.

    Args:
        cluster: Where the topics are.
        topic: Topic of the record; it has an event time.
        partition: Partition of the key.
        key: The key.
        at: The moment, with a time zone.

    Raises:
        Retry: The broker or the registry is out of reach.
    """
    codec = cluster.registry.reader(topic)
    at_us = to_us(at)
    since_ms = max(0, at_us // 1_000 - _BEFORE_MS)
    start, end = spans(cluster, topic, [partition], since_ms=since_ms).get(partition, (0, 0))
    if start >= end:
        return Search(None, _oldest(cluster, topic, partition), is_whole=True)
    found: LogPosition | None = None
    last = min(end, start + _MOST)
    is_whole = last == end
    try:
        for message in read_between(cluster, topic, partition, start, last):
            if message.key() != key.encode():
                continue
            event_us = _event_time(codec, topic, message.value())
            if event_us is None:
                continue
            if event_us > at_us:
                is_whole = True
                break
            position = LogPosition(
                partition, message.offset() or 0, event_us, message.timestamp()[1]
            )
            found = position if found is None or event_us >= found.at_us else found
    except Expired:
        return Search(None, _oldest(cluster, topic, partition), is_whole=True)
    oldest_ms = None if found is not None else _oldest(cluster, topic, partition)
    return Search(found, oldest_ms, is_whole)


def _oldest(cluster: Cluster, topic: Topic, partition: int) -> int | None:
    held = spans(cluster, topic, [partition]).get(partition)
    if held is None:
        return None
    try:
        first = next(read_between(cluster, topic, partition, *held), None)
    except Expired:
        return None
    return None if first is None else first.timestamp()[1]


def _event_time(codec: Codec, topic: Topic, value: bytes | None) -> int | None:
    try:
        return int(codec.decode(value)[topic.event_time])
    except UndecodableValue:
        return None
