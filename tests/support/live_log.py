"""Topics of what the board shows live, and the loop of the Redis sink that reads them.

One set of them serves all tests of a worker: topics, a consumer and its group cost seconds. Each
test has a store of its own, with keys of its own; the loop writes into the store of whoever
appended what came.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.kafka.producer import ReliableProducer
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import DEAD_LETTERS, LIVE_TOPICS, Topic
from tests.support.clusters import cluster_of
from tests.support.services import Services, delete_topics, new_prefix
from tests.support.sink_topics import await_leaders
from workers.local.pipeline import settings_of
from workers.sinks.loop import SinkLoop
from workers.sinks.process import REDIS_BATCH, REDIS_COMMIT_S
from workers.sinks.redis.sink import RedisSink
from workers.storage.item import Item

WRITTEN_S: Final = 60.0
"""Longest wait until the sink has written a record, s."""

_PARTITION: Final = 0
"""The one to which tests append: they need an order of all records."""


class LiveLog:
    """Appends records of live topics, which the loop of the sink writes into Redis.

    Args:
        settings: Settings with a broker, a registry, and a prefix that no other run has.
    """

    def __init__(self, settings: Settings) -> None:
        cluster = cluster_of(settings)
        registry = SchemaRegistry(settings.registry_url)
        topics = (*LIVE_TOPICS, DEAD_LETTERS)
        self._names = {topic: cluster.name(topic) for topic in topics}
        admin = cluster.admin()
        wanted = [
            NewTopic(name, one.partitions, 1, config=one.config)
            for one, name in self._names.items()
        ]
        for future in admin.create_topics(wanted).values():
            future.result()
        await_leaders(admin, self._names.values())
        for topic in LIVE_TOPICS:
            registry.register(topic)
        self._codecs = {topic: registry.writer(topic) for topic in LIVE_TOPICS}
        self._producer = ReliableProducer(cluster)
        self._store = _StoreOfAppender()
        self._lock = threading.Lock()
        self._service = Service(settings, Health("sink-redis"))
        loop = SinkLoop(
            self._service,
            cluster,
            self._store,
            LIVE_TOPICS,
            max_records=REDIS_BATCH,
            commit_s=REDIS_COMMIT_S,
        )
        self._thread = threading.Thread(target=loop.run, daemon=True)
        self._thread.start()

    def append(self, sink: RedisSink, topic: Topic, key: str, record: Mapping[str, Any]) -> None:
        """Append one record; returns when the loop has written it into the store of a sink.

        Raises:
            AssertionError: It was not written: the loop ended, or the store stayed away.
        """
        value = self._codecs[topic].encode(record)
        with self._lock:
            written = self._store.expect(sink, (topic.name, key, record["seq"]))
            self._producer.produce(self._names[topic], key=key, value=value, partition=_PARTITION)
            self._producer.flush(WRITTEN_S)
            assert written.wait(WRITTEN_S), (
                f"{topic.name} {key!r}: not written within {WRITTEN_S:.0f} s; "
                f"the loop of the sink {'runs' if self._thread.is_alive() else 'has ended'}"
            )

    def close(self) -> None:
        """End the loop."""
        self._service.stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the sink did not end"


class _StoreOfAppender:
    """The sink of whoever appended the newest record, which the loop sees as one sink."""

    name = RedisSink.name

    def __init__(self) -> None:
        self._sink: RedisSink | None = None
        self._awaited: tuple[str, str, int] | None = None
        self._written = threading.Event()

    def expect(self, sink: RedisSink, awaited: tuple[str, str, int]) -> threading.Event:
        """The next record belongs to a sink; returns what is set once that has written it."""
        self._sink, self._awaited, self._written = sink, awaited, threading.Event()
        return self._written

    def prepare(self) -> None:
        """Ask whether the store is there."""
        if self._sink is not None:
            self._sink.prepare()

    def write(self, items: Sequence[Item]) -> None:
        """Have the sink write."""
        assert self._sink is not None
        self._sink.write(items)
        if self._awaited in [(item.topic.name, item.key, item.seq) for item in items]:
            self._written.set()

    def housekeep(self) -> None:
        """Nothing expires within a test."""

    def close(self) -> None:
        """Each sink is closed by its owner."""


@contextmanager
def live_log_of(services: Services) -> Iterator[LiveLog]:
    """Topics of their own, and the loop that reads them meanwhile."""
    prefix = new_prefix()
    log = LiveLog(settings_of({**services.environment, "WARDSTREAM_TOPIC_PREFIX": prefix}))
    try:
        yield log
    finally:
        log.close()
        delete_topics(services, prefix)
