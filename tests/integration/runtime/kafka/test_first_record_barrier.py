"""Every acknowledged record is in the log, in order, even on topics that were just created."""

from collections import defaultdict

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from runtime.process.settings import Settings
from schemas.topics import TRACKS
from tests.support.clusters import cluster_at, cluster_of
from tests.support.sink_topics import await_leaders

PARTITIONS = 16
ROUNDS = 30
KEYS = [f"camera-{number}" for number in range(PARTITIONS)]


@pytest.mark.parametrize("named", [True, False], ids=["partition named", "by the hash of the key"])
def test_records_of_new_partitions_are_all_there_and_in_order(
    kafka: str, registry_url: str, run_prefix: str, named: bool
) -> None:
    settings = Settings(kafka_bootstrap=kafka, registry_url=registry_url, topic_prefix=run_prefix)
    admin = cluster_at(kafka).admin()
    name = cluster_of(settings).name(TRACKS)
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result()
    producer = ReliableProducer(cluster_of(settings))

    # At once: the partitions may not have leaders yet.
    for number in range(ROUNDS):
        for index, key in enumerate(KEYS):
            where = index if named else -1
            producer.produce(name, key=key, value=b"%d" % number, partition=where)
    producer.flush(120)

    assert len(producer) == 0
    await_leaders(admin, [name])
    found: dict[str, list[bytes]] = defaultdict(list)
    for message in read_topic(cluster_of(settings), TRACKS, range(PARTITIONS)):
        found[(message.key() or b"").decode()].append(message.value() or b"")
    assert found == {key: [b"%d" % number for number in range(ROUNDS)] for key in KEYS}
