"""Records that the loop of the TimescaleDB sink has written into a database, from their topics."""

import threading

from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]
from pydantic import SecretStr

from runtime.kafka.producer import ReliableProducer
from runtime.process.health import Health
from runtime.process.service import Service
from schemas.registry import SchemaRegistry
from schemas.topics import DEAD_LETTERS
from tests.support.builders.outputs import item
from tests.support.clusters import cluster_of, make_timescale_sink
from tests.support.services import Services, delete_topics, new_prefix
from tests.support.sink_topics import Log, await_leaders
from tests.support.tables import rows
from tests.support.waiting import eventually
from workers.local.pipeline import settings_of
from workers.sinks.loop import SinkLoop


def record_all(services: Services, url: str, log: Log) -> None:
    """Append records to topics of their own, and have the sink write them.

    Each topic has one partition: a test needs the order of a key, and a partition costs the broker.

    Args:
        services: Broker and registry.
        url: A migrated database that holds no records of other topics.
        log: The records, in their order.
    """
    records = list(log)
    prefix = new_prefix()
    found = settings_of({**services.environment, "WARDSTREAM_TOPIC_PREFIX": prefix})
    settings = found.model_copy(update={"database_url": SecretStr(url)})
    cluster = cluster_of(settings)
    registry, admin = SchemaRegistry(settings.registry_url), cluster.admin()
    topics = list(dict.fromkeys(topic for topic, _ in records))
    names = {topic: cluster.name(topic) for topic in (*topics, DEAD_LETTERS)}
    wanted = [NewTopic(name, 1, 1, config=topic.config) for topic, name in names.items()]
    for future in admin.create_topics(wanted).values():
        future.result()
    await_leaders(admin, names.values())
    for topic in topics:
        registry.register(topic)
    codecs = {topic: registry.writer(topic) for topic in topics}
    producer = ReliableProducer(cluster)
    for topic, one in records:
        key = item(topic, one).key
        producer.produce(names[topic], key=key, value=codecs[topic].encode(one), partition=0)
    producer.flush(60)

    service = Service(settings, Health("sink-timescale"))
    loop = SinkLoop(service, cluster, make_timescale_sink(settings), topics, max_records=1_000)
    thread = threading.Thread(target=loop.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: _written(url) == len(records) or not thread.is_alive())
    finally:
        service.stop.set()
        thread.join(60)
        delete_topics(services, prefix)
    assert _written(url) == len(records), "the sink did not write every record"


def _written(url: str) -> int:
    """Number of records, of whatever topic, below which everything is in the tables."""
    return int(rows(url, "SELECT coalesce(sum(next_offset), 0) FROM sink_offsets")[0][0])
