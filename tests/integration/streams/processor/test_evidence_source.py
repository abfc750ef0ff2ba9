"""Reads of badges on a real broker: complete for every tick, and the same after any restart."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.kafka.cluster import Cluster
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.topics import create_topics
from runtime.process.metrics import STREAM_BADGE_READS
from runtime.process.settings import Settings
from schemas.records.evidence import BadgeRead
from schemas.registry import SchemaRegistry
from schemas.topics import BADGE_READS
from streams.domain.evidence.waiting import KEPT_US
from streams.processor.evidence_source import IDLE_S, EvidenceSource
from tests.support.builders.domain import S
from tests.support.builders.reads import badge_read
from tests.support.clusters import cluster_of
from tests.support.services import Services

PARTITION = 5


class SteppedClock(SystemClock):
    """A clock that advances only when a test says so, and by each sleep."""

    def __init__(self) -> None:
        self.us = super().now_us()

    def now_us(self) -> int:
        return self.us

    def monotonic_s(self) -> float:
        return self.us / 1e6

    def sleep(self, seconds: float) -> None:
        self.us += round(seconds * S)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def cluster(services: Services, run_prefix: str, clock: SteppedClock) -> Cluster:
    """A run with the topic of reads, which is empty and has leaders."""
    settings = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=run_prefix,
    )
    create_topics(cluster_of(settings))
    SchemaRegistry(settings.registry_url).register_all([BADGE_READS])
    return cluster_of(settings, clock=clock)


@pytest.fixture
def source(cluster: Cluster) -> Iterator[EvidenceSource]:
    source = EvidenceSource(cluster)
    yield source
    source.close()


def append(cluster: Cluster, *reads: BadgeRead | bytes, partition: int = PARTITION) -> None:
    codec = cluster.registry.writer(BADGE_READS)
    producer = ReliableProducer(cluster)
    for read in reads:
        value = read if isinstance(read, bytes) else codec.encode(read)
        name = cluster.name(BADGE_READS)
        producer.produce(name, key="door", value=value, partition=partition)
    producer.flush()
    producer.close()


def taken(reads: Any, after_us: int, end_us: int) -> list[str]:
    """Badges of the reads that a tick of `floor` is given."""
    return [one["badge_id"] for one in reads.take("floor", after_us, end_us)]


def test_reads_are_complete_for_every_tick_up_to_the_newest_event(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    reads, now_us = source.partition(PARTITION), clock.us
    reads.ensure(now_us)
    append(cluster, badge_read(now_us, "b1"), badge_read(now_us + S, "b2"))
    append(cluster, badge_read(now_us, "other"), partition=PARTITION + 1)
    clock.us += 5 * S

    reads.ensure(now_us + 6 * S)

    assert reads.next_us("floor", now_us) == now_us + 5 * S
    assert taken(reads, now_us, now_us + 5 * S) == ["b1"]
    assert taken(reads, now_us + 5 * S, now_us + 6 * S) == ["b2"]
    assert source.back_dated == 0


def test_a_restart_reads_again_what_no_tick_had_taken_in(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    now_us = clock.us
    append(cluster, *(badge_read(now_us + number * S, f"b{number}") for number in (3, 0, 2, 1)))
    clock.us += 3 * S
    reads = source.partition(PARTITION)
    reads.ensure(now_us + 5 * S)
    assert taken(reads, 0, now_us + 5 * S) == ["b0"]

    offsets = reads.offsets()
    second = EvidenceSource(cluster)
    again = second.partition(PARTITION)
    again.resume(offsets)
    clock.us += 5 * S
    again.ensure(now_us + 8 * S)

    assert offsets == {cluster.name(BADGE_READS): 0}
    assert taken(again, now_us + 5 * S, now_us + 8 * S) == ["b1", "b2", "b3"]
    assert again.offsets() == {cluster.name(BADGE_READS): 4}
    assert second.back_dated == 0
    second.close()


def test_a_partition_without_a_checkpoint_is_read_from_an_hour_before_its_first_event(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    """What was appended before it is not even read, however much that is."""
    now_us = clock.us
    append(cluster, badge_read(now_us, "b1"))
    reads = source.partition(PARTITION)
    read = STREAM_BADGE_READS.labels("read")
    before = read._value.get()

    clock.us += 2 * KEPT_US
    reads.ensure(now_us + 2 * KEPT_US)

    assert read._value.get() == before
    assert taken(reads, 0, now_us + 2 * KEPT_US) == []
    assert reads.offsets() == {cluster.name(BADGE_READS): 1}


def test_recorded_material_is_read_from_the_beginning(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    long_ago_us = clock.us - 100 * KEPT_US
    append(cluster, badge_read(long_ago_us, "b1"))
    reads = source.partition(PARTITION)

    reads.ensure(long_ago_us + 6 * S)

    assert taken(reads, 0, long_ago_us + 6 * S) == ["b1"]


def test_what_cannot_be_used_is_counted_and_left_out(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    now_us = clock.us
    append(
        cluster,
        b"nonsense",
        badge_read(now_us, "b1", x_m=None),
        badge_read(now_us + 3600 * S, "ahead"),
        badge_read(now_us, "b2"),
    )
    clock.us += 3 * S
    unusable = STREAM_BADGE_READS.labels("unusable")
    before, reads = unusable._value.get(), source.partition(PARTITION)

    with capture_logs() as text:
        reads.ensure(now_us + 5 * S)

    assert taken(reads, 0, now_us + 5 * S) == ["b2"]
    assert unusable._value.get() == before + 3
    found = [(one["offset"], one["error"]) for one in text if one["event"] == "evidence.unusable"]
    assert [offset for offset, _ in found] == [0, 1, 2]
    assert "neither a position nor a zone" in found[1][1]
    assert "after it was appended to the log" in found[2][1]


def test_a_read_that_comes_after_its_tick_is_counted_and_reported(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    reads, now_us = source.partition(PARTITION), clock.us
    reads.ensure(now_us + 2 * S)
    append(cluster, badge_read(now_us - 4 * S, "late"), badge_read(now_us - 3 * S + 1, "in-time"))

    with capture_logs() as text:
        source.refresh()

    assert source.back_dated == 1
    assert [(one["event"], one["late_us"]) for one in text] == [("evidence.back_dated", S)]


def test_reads_that_no_tick_takes_in_are_counted_and_their_floor_is_named(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    """Of a floor that is unknown, removed, or has no camera; and of one imported much too late."""
    unused = STREAM_BADGE_READS.labels("unused")
    before, reads, now_us = unused._value.get(), source.partition(PARTITION), clock.us
    append(cluster, *(badge_read(now_us, f"b{n}", floor_id="no-such-floor") for n in range(3)))
    reads.ensure(now_us)
    clock.us += KEPT_US + 10 * S
    append(cluster, badge_read(now_us - KEPT_US, "old", floor_id="other"))

    with capture_logs() as text:
        reads.ensure(clock.us)
        reads.ensure(clock.us)

    assert unused._value.get() == before + 4
    found = {one["floor"]: one["number"] for one in text if one["event"] == "evidence.unused"}
    assert found == {"no-such-floor": 3, "other": 1}
    assert len(reads.waiting) == 0


def test_an_event_too_far_ahead_of_the_clock_is_tried_again_later(
    source: EvidenceSource, clock: SteppedClock
) -> None:
    with pytest.raises(Retry, match="ahead of what reads of badges are complete for"):
        source.partition(PARTITION).ensure(clock.us + 60 * S)


def test_partitions_are_followed_while_somebody_folds_them(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    """One that was lost, or folds no event, would let reads pile up that no tick takes in."""
    read, now_us = STREAM_BADGE_READS.labels("read"), clock.us
    kept, lost, idle = (source.partition(PARTITION + number) for number in range(3))
    for reads in (kept, lost, idle):
        reads.ensure(now_us)
    del lost, reads
    gc.collect()
    clock.us += round(IDLE_S * S) + S
    kept.ensure(clock.us)
    before = read._value.get()
    for number in range(3):
        append(cluster, badge_read(now_us), partition=PARTITION + number)

    clock.us += 3 * S
    kept.ensure(clock.us + S)
    followed = read._value.get() - before
    idle.ensure(clock.us + S)

    assert followed == 1
    assert read._value.get() - before == 2
    assert len(idle.waiting) == 1


def test_a_partition_that_comes_back_is_read_from_where_its_checkpoint_says(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    now_us = clock.us
    append(cluster, badge_read(now_us, "b1"), badge_read(now_us + S, "b2"))
    clock.us += 6 * S
    first = source.partition(PARTITION)
    first.ensure(now_us + 7 * S)
    assert taken(first, 0, now_us + 6 * S) == ["b1", "b2"]

    second = source.partition(PARTITION)
    second.resume({cluster.name(BADGE_READS): 1})
    second.ensure(now_us + 7 * S)

    assert taken(second, now_us + 5 * S, now_us + 7 * S) == ["b2"]


def test_an_offset_that_the_log_does_not_hold_is_no_obstacle(
    cluster: Cluster, source: EvidenceSource, clock: SteppedClock
) -> None:
    """Reads are known by their times, so that any place before them leads to the same."""
    now_us = clock.us
    append(cluster, badge_read(now_us, "b1"))
    clock.us += 3 * S
    reads = source.partition(PARTITION)
    reads.resume({cluster.name(BADGE_READS): 700})

    reads.ensure(now_us + 5 * S)

    assert taken(reads, 0, now_us + 5 * S) == ["b1"]
