"""The code for subscribers on the page of guarantees, run against the real broker."""

import re
from collections.abc import Callable
from typing import Any

from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import OCCUPANCY, ZONE_EVENTS
from tests.support.builders.outputs import ward
from tests.support.clusters import cluster_at, cluster_of
from tests.support.paths import ROOT
from tests.support.sink_topics import await_leaders

PAGE = ROOT / "docs" / "guarantees.md"


def subscriber() -> Callable[[str, int], bool]:
    """`is_new` from the page."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code, scope)
    found: Callable[[str, int], bool] = scope["is_new"]
    return found


def test_the_subscriber_of_the_page_has_every_record_once_and_in_order(
    kafka: str, registry_url: str, run_prefix: str
) -> None:
    """A stage that is killed repeatedly sends the records after its checkpoint again."""
    settings = Settings(kafka_bootstrap=kafka, registry_url=registry_url, topic_prefix=run_prefix)
    registry = SchemaRegistry(registry_url)
    producer = ReliableProducer(cluster_of(settings))
    admin = cluster_at(kafka).admin()
    for topic in (ZONE_EVENTS, OCCUPANCY):
        name = cluster_of(settings).name(topic)
        admin.create_topics([NewTopic(name, 4, 1)], operation_timeout=30)[name].result()
        await_leaders(admin, [name])
        registry.register(topic)
        codec = registry.writer(topic)
        records = [record for kind, record in ward(seconds=90, seed=2) if kind is topic]
        assert len(records) > 10
        for start in range(0, len(records), 7):
            for record in records[max(0, start - 5) : start + 7]:
                key = record["zone_id"]
                partition = int(key[-1])
                producer.produce(name, key=key, value=codec.encode(record), partition=partition)
        producer.flush(30)

        is_new = subscriber()
        got: dict[str, list[Any]] = {}
        repeated = 0
        for message in read_topic(cluster_of(settings), topic, range(4)):
            record = codec.decode(message.value())
            if is_new(record["zone_id"], record["seq"]):
                got.setdefault(record["zone_id"], []).append(record)
            else:
                repeated += 1

        wanted: dict[str, list[Any]] = {}
        for record in records:
            wanted.setdefault(record["zone_id"], []).append(record)
        assert got == wanted
        assert repeated > 5


def test_the_same_code_takes_versions_of_facts_and_outcomes_of_frames() -> None:
    versions, outcomes = subscriber(), subscriber()

    assert [versions("s1", version) for version in (1, 2, 2, 1, 3)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert [outcomes("cam-1", us) for us in (100, 200, 200, 150, 300)] == [
        True,
        True,
        False,
        False,
        True,
    ]
