"""Reads of badges on a real broker: a file of them is in the topic of its floor, whole."""

import itertools
import subprocess
import sys
import time
from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import Any

import pytest

from runtime.facts.log import Fact
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.reader import read_topic
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import BADGE_READS, FLOORS, PRESENCE, STAFF, TOPICS, ZONES
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.services import Services
from tests.support.waiting import eventually
from workers.operations.badges import import_reads
from workers.operations.simulated_reads import Badges, SimulatedReads
from workers.operations.simulated_ward import SIMULATED
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
        "drawing": None,
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


def reads_of(cluster: Cluster) -> list[tuple[int | None, Mapping[str, Any]]]:
    """Partition and record of every read."""
    codec = cluster.registry.reader(BADGE_READS)
    return [
        (message.partition(), codec.decode(message.value()))
        for message in read_topic(cluster, BADGE_READS, range(BADGE_READS.partitions))
    ]


def register_a_bay(cluster: Cluster) -> None:
    """A zone of floor west, 4 m x 2 m, and a member of staff."""
    stamps = {"version": 1, "valid_from_us": 1, "recorded_at_us": 1, "removed": False}
    corners = [{"x": x, "y": y} for x, y in ((0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (0.0, 2.0))]
    bay = {"zone_id": "bay", "floor_id": "west", "camera_id": None, "space": "FLOOR_M"}
    shown = {"name": "", "polygon": corners, "dwell_limit_s": None, "order": 0}
    times = {"enter_after_ms": 500, "leave_after_ms": 1500, "recorded_by": ""}
    nurse = {"staff_id": "n1", "role": "nurse", "recorded_by": ""}
    publish_facts(
        cluster,
        [Fact(ZONES, {**bay, **shown, **times, **stamps}), Fact(STAFF, {**nurse, **stamps})],
    )


def show_in_the_bay(cluster: Cluster, seq: int, age_s: float = 0.0) -> None:
    """Append that somebody stands in the middle of the bay."""
    at_us = time.time_ns() // 1_000 - round(age_s * 1e6)
    somebody = {"person_id": "west:1", "camera_ids": [], "x_m": 2.0, "y_m": 1.0}
    seen = {"zone_ids": ["bay"], "observed": True, "last_observed_us": at_us, "staff_id": None}
    record = {"floor_id": "west", "seq": seq, "as_of_us": at_us, "inputs_through_us": at_us}
    lists = {"cameras_missing": [], "people": [{**somebody, **seen}]}
    producer = ReliableProducer(cluster)
    value = cluster.registry.writer(PRESENCE).encode({**record, **lists})
    producer.produce(cluster.name(PRESENCE), key="west", value=value, partition=5)
    producer.flush()
    producer.close()


def test_reads_are_made_up_for_who_is_there_now_and_not_for_who_was(cluster: Cluster) -> None:
    register_a_bay(cluster)
    made_up = SimulatedReads(cluster, badges=Badges(coverage=1.0, missed=0.0))
    made_up.start()
    try:
        seqs = itertools.count(1)

        def passes_over_the_old() -> bool:
            """It reads what is appended once it is connected, which can take a while."""
            show_in_the_bay(cluster, next(seqs), age_s=60)
            return made_up.old > 0

        eventually(passes_over_the_old, 60, pause_s=0.5)
        assert made_up.sent == 0
        show_in_the_bay(cluster, next(seqs))
        eventually(lambda: made_up.sent == 1, 30)
    finally:
        made_up.close()

    [(partition, read)] = reads_of(cluster)
    assert partition == 5
    assert (read["reader_id"], read["badge_id"]) == ("simulated-bay", "simulated-n1")
    assert (read["staff_ids"], read["recorded_by"]) == (["n1"], SIMULATED)
    assert 0 <= read["recorded_at_us"] - read["at_us"] < 15_000_000


def test_the_command_makes_up_reads_while_it_runs_and_says_that_they_are(
    cluster: Cluster, services: Services, run_prefix: str
) -> None:
    register_a_bay(cluster)
    own = {**environ, **services.environment, "WARDSTREAM_TOPIC_PREFIX": run_prefix}
    command = (*("badge", "simulate", "--yes"), *("--coverage", "1"), *("--seconds", "12"))
    with subprocess.Popen(
        [sys.executable, "-m", "workers.cli", *command],
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as started:
        seq = 0
        while started.poll() is None:
            seq += 1
            show_in_the_bay(cluster, seq)
            time.sleep(1.0)
        output = started.stdout.read() if started.stdout else ""

    assert started.returncode == 0, output
    assert "simulated: 1 readers on west" in output
    found = [read for _, read in reads_of(cluster)]
    assert 1 <= len(found) <= 2, output
    assert {read["badge_id"] for read in found} == {"simulated-n1"}
