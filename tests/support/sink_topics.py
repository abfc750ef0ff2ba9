"""Topics of one test, filled as the stream processor would, for sinks that run as processes."""

import zlib
from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from runtime.kafka.producer import ReliableProducer
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import (
    ALERT_ACTIONS,
    AUDIT,
    DEAD_LETTERS,
    FEEDBACK,
    LINKS,
    OCCUPANCY,
    PRESENCE,
    TRACKS,
    VERSIONED_TOPICS,
    ZONE_ALERTS,
    ZONE_EVENTS,
    Topic,
)
from tests.support.builders.outputs import item
from tests.support.clusters import cluster_of
from tests.support.tables import rows
from tests.support.waiting import eventually
from workers.storage.item import Item

DERIVED = (TRACKS, PRESENCE, LINKS, ZONE_EVENTS, OCCUPANCY, ZONE_ALERTS)
TOPICS = (*VERSIONED_TOPICS, *DERIVED, AUDIT, FEEDBACK, ALERT_ACTIONS)

Log = Iterable[tuple[Topic, dict[str, Any]]]


class SinkTopics:
    """The topics that the sinks read.

    Args:
        settings: Settings of one test.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._admin = cluster_of(settings).admin()
        self._names = {topic: cluster_of(settings).name(topic) for topic in (*TOPICS, DEAD_LETTERS)}
        wanted = [
            NewTopic(name, topic.partitions, 1, config=topic.config)
            for topic, name in self._names.items()
        ]
        for future in self._admin.create_topics(wanted).values():
            future.result()
        await_leaders(self._admin, self._names.values())
        registry = SchemaRegistry(settings.registry_url)
        for topic in TOPICS:
            registry.register(topic)
        self._codecs = {topic: registry.writer(topic) for topic in TOPICS}
        self._producer = ReliableProducer(cluster_of(settings))

    def send(self, log: Log) -> None:
        """Append records, each key to its partition, and wait until the broker has them."""
        for topic, record in log:
            made = item(topic, record)
            self.send_raw(topic, made.key, self._codecs[topic].encode(record))
        self._producer.flush(60)

    def send_raw(self, topic: Topic, key: str, value: bytes | None) -> None:
        """Append one value as it is; `send` waits for it."""
        partition = zlib.crc32(key.encode()) % topic.partitions
        self._producer.produce(self._names[topic], key=key, value=value, partition=partition)

    def close(self) -> None:
        """Delete the topics: partitions cost the broker memory."""
        for future in self._admin.delete_topics(list(self._names.values())).values():
            try:
                future.result()
            except KafkaException:
                return  # a test that killed the broker leaves nothing to clean


def await_leaders(admin: AdminClient, names: Iterable[str]) -> None:
    """Wait until every partition of new topics can be read; creation returns before that."""
    wanted = set(names)

    def led() -> bool:
        known = admin.list_topics(timeout=30).topics
        return all(
            name in known
            and known[name].partitions
            and all(partition.leader >= 0 for partition in known[name].partitions.values())
            for name in wanted
        )

    eventually(led, what="every partition has a leader")


def last_seqs(items: Iterable[Item]) -> dict[tuple[str, str], int]:
    """Last seq of each topic and key."""
    seqs: dict[tuple[str, str], int] = {}
    for entry in items:
        key = (entry.topic.name, entry.key)
        seqs[key] = max(seqs.get(key, 0), entry.seq)
    return seqs


def progress(dsn: str) -> dict[tuple[str, str], int]:
    """Last seq in the database of each topic and key."""
    found = rows(dsn, "SELECT topic, key, seq FROM sink_progress")
    return {(topic, key): seq for topic, key, seq in found}


def records_written(dsn: str) -> int:
    """Number of records that are applied in the database."""
    return int(rows(dsn, "SELECT coalesce(sum(records), 0) FROM sink_progress")[0][0])
