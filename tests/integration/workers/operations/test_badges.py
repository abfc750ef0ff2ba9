"""Reads of badges on a real broker: a file of them is in the topic of its floor, whole."""

from pathlib import Path
from typing import Any

import pytest

from runtime.facts.log import Fact
from runtime.kafka.cluster import Cluster
from runtime.kafka.reader import read_topic
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import BADGE_READS, FLOORS, TOPICS
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.services import Services
from workers.operations.badges import import_reads
from workers.registry.files import ImportRefused

HEADER = "reader_id;badge_id;staff_ids;read_at;floor_id;x_m;y_m\n"


@pytest.fixture
def cluster(services: Services, run_prefix: str) -> Cluster:
    """A run with all topics and schemas, and two floors."""
    settings = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=run_prefix,
    )
    found = cluster_of(settings)
    create_topics(found)
    SchemaRegistry(settings.registry_url).register_all(
        topic for topic in TOPICS.values() if topic.avro
    )
    publish_facts(found, [Fact(FLOORS, floor(name, n)) for name, n in (("west", 5), ("east", 9))])
    return found


def floor(floor_id: str, partition: int) -> dict[str, Any]:
    return {
        "floor_id": floor_id,
        "version": 1,
        "valid_from_us": 1,
        "recorded_at_us": 1,
        "removed": False,
        "recorded_by": "",
        "partition": partition,
        "name": "",
        "time_zone": "UTC",
        "passages": [],
    }


def test_reads_of_a_file_are_in_the_partition_of_their_floor_in_order_of_time(
    cluster: Cluster, tmp_path: Path
) -> None:
    path = tmp_path / "reads.csv"
    rows = "door;b2;;2025-11-30T07:00:05;west;1;2\ndoor;b1;s1;2025-11-30T07:00:00;west;1;2\n"
    path.write_bytes(
        b"\xef\xbb\xbf" + f"{HEADER}{rows}lift;b1;s1;2025-11-30T07:09;east;4;5\n".encode()
    )

    found = import_reads(path, cluster, by="ann")

    codec = cluster.registry.reader(BADGE_READS)
    written = [
        (message.partition(), message.key(), codec.decode(message.value()))
        for message in read_topic(cluster, BADGE_READS, range(BADGE_READS.partitions))
    ]
    assert (found.reads, found.readers, found.badges, found.written) == (3, 2, 2, True)
    assert sorted((one[0], one[1]) for one in written) == [
        (5, b"door"),
        (5, b"door"),
        (9, b"lift"),
    ]
    west = [one[2] for one in written if one[0] == 5]
    assert [(one["badge_id"], one["staff_ids"]) for one in west] == [("b1", ["s1"]), ("b2", [])]
    assert west[0]["recorded_by"] == "ann"


def test_a_file_with_a_mistake_and_a_preview_write_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    path = tmp_path / "reads.csv"
    good = "door;b1;;2025-11-30T07:00;west;1;2\n"
    path.write_text(HEADER + good)
    assert not import_reads(path, cluster, by="ann", dry_run=True).written
    path.write_text(f"{HEADER}{good}door;b1;;2025-11-30T08:00;north;1;2\n")

    with pytest.raises(ImportRefused, match=r"line 3: floor_id: 'north' is not registered"):
        import_reads(path, cluster, by="ann")

    assert not list(read_topic(cluster, BADGE_READS, range(BADGE_READS.partitions)))
