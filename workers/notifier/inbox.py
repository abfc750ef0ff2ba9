"""Read the topics of the notifier from where its memory ends."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic, spans
from schemas.codec import Codec, UndecodableValue
from schemas.topics import ALERT_ACTIONS, ALERTS, FLOORS, UNITS, ZONE_ALERTS, ZONES, Topic
from workers.notifier.store import Position

log = structlog.get_logger(__name__)

TOPICS: Final = (ZONE_ALERTS, ALERT_ACTIONS, ALERTS)
"""What the notifier reads."""

FACTS: Final = (FLOORS, ZONES, UNITS)
"""What it reads of what is registered: names, and what is in which unit."""

GROUP: Final = "notifier"
"""Group that it reads under; its positions are in the database."""

_FIRST_S: Final[Mapping[Topic, int]] = {
    ZONE_ALERTS: 86_400,
    ALERT_ACTIONS: 7 * 86_400,
    ALERTS: 3_600,
}
"""How far back a notifier reads that has never read, s."""

_MOST: Final = 500


class Incoming(NamedTuple):
    """A record.

    Attributes:
        topic: Its topic.
        partition: Its partition.
        record: Its value; None for one that cannot be read.
        next_offset: Offset after it.
    """

    topic: Topic
    partition: int
    record: Any
    next_offset: int


class Inbox:
    """Reads all partitions of the topics, from the positions on.

    Args:
        cluster: Where the topics are.
        positions: First record of each partition that is not taken in.

    Raises:
        Retry: The broker is out of reach.
    """

    def __init__(self, cluster: Cluster, positions: Mapping[Position, int]) -> None:
        self._topics = {cluster.name(topic): topic for topic in TOPICS}
        self._codecs: dict[Topic, Codec] = {
            topic: cluster.registry.reader(topic) for topic in TOPICS
        }
        starts = [
            TopicPartition(cluster.name(topic), partition, offset)
            for topic in TOPICS
            for partition, offset in _starts(cluster, topic, positions).items()
        ]
        self._consumer: Consumer = cluster.consumer(cluster.group(GROUP))
        try:
            self._consumer.assign(starts)
        except KafkaException as error:
            raise Retry(str(error.args[0])) from error

    def read(self, within_s: float) -> Iterator[Incoming]:
        """The next records; waits so long for the first.

        Raises:
            Retry: The broker is out of reach.
        """
        try:
            messages = self._consumer.consume(_MOST, within_s)
        except KafkaException as error:
            raise Retry(str(error.args[0])) from error
        for message in messages:
            fault = message.error()
            if fault is not None:
                raise Retry(str(fault))
            topic = self._topics[message.topic() or ""]
            partition, offset = message.partition() or 0, message.offset() or 0
            try:
                record = self._codecs[topic].decode(message.value())
            except UndecodableValue as error:
                log.error(
                    "notifier.unreadable", topic=topic.name, partition=partition, offset=offset,
                    error=str(error),
                )  # fmt: skip
                record = None
            yield Incoming(topic, partition, record, offset + 1)

    def close(self) -> None:
        """Leave the brokers."""
        self._consumer.close()


def actions_before(cluster: Cluster) -> Iterator[Incoming]:
    """What was done before, for a notifier that remembers nothing of it, in the topic's order.

    Raises:
        Retry: The broker is out of reach.
    """
    codec = cluster.registry.reader(ALERT_ACTIONS)
    since_ms = cluster.clock.now_us() // 1_000 - _FIRST_S[ALERT_ACTIONS] * 1_000
    for message in read_topic(cluster, ALERT_ACTIONS, since_ms=since_ms):
        record = None
        with suppress(UndecodableValue):
            record = codec.decode(message.value())
        offset = message.offset() or 0
        yield Incoming(ALERT_ACTIONS, message.partition() or 0, record, offset + 1)


def _starts(cluster: Cluster, topic: Topic, positions: Mapping[Position, int]) -> dict[int, int]:
    """Where each partition of a topic is read from."""
    known = {
        partition: positions[topic.name, partition]
        for partition in range(topic.partitions)
        if (topic.name, partition) in positions
    }
    held = spans(cluster, topic)
    for partition, position in list(known.items()):
        if position > held.get(partition, (0, 0))[1] > 0:
            del known[partition]  # of another topic of that name, which was lost
    new = [partition for partition in range(topic.partitions) if partition not in known]
    if not new:
        return known
    since_ms = cluster.clock.now_us() // 1_000 - _FIRST_S[topic] * 1_000
    recent = spans(cluster, topic, new, since_ms=since_ms)
    for partition in new:
        end = held[partition][1] if partition in held else 0
        known[partition] = recent[partition][0] if partition in recent else end
    return known
