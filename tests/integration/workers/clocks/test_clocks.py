"""The clocks process on a real broker: it decides, goes on after a restart, and is fenced."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest
from confluent_kafka import Consumer, TopicPartition

from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.facts.log import FactLog
from runtime.kafka.producer import ReliableProducer
from runtime.kafka.topics import create_topics
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from schemas.records.cameras import CameraClock
from schemas.registry import SchemaRegistry
from schemas.topics import CAMERA_CLOCK, DETECTIONS, FOLDED_TOPICS, TOPICS
from streams.processor.fact_source import FactSource
from tests.support.builders.domain import outcome
from tests.support.clusters import cluster_of
from tests.support.services import Services
from tests.support.waiting import eventually
from workers.clocks.decisions import Decisions
from workers.clocks.estimator import Decision
from workers.clocks.process import run_clocks

S = 1_000_000
MS = 1_000
PARTITION_OF = {"bed-1": 5, "door": 11}
HOUR_US = 3_600 * S


@pytest.fixture
def settings(services: Services, run_prefix: str) -> Settings:
    """Settings of a run with all topics and schemas, and no records."""
    settings = Settings(
        kafka_bootstrap=services.environment["WARDSTREAM_KAFKA_BOOTSTRAP"],
        registry_url=services.environment["WARDSTREAM_REGISTRY_URL"],
        topic_prefix=run_prefix,
    )
    create_topics(cluster_of(settings))
    registry = SchemaRegistry(settings.registry_url)
    registry.register_all(topic for topic in TOPICS.values() if topic.avro)
    log = FactLog(cluster_of(settings), FOLDED_TOPICS)
    log.sync()
    log.close()
    return settings


class Arrivals:
    """Writes outcomes of pictures that arrived a moment ago, each camera ten times a second.

    Args:
        settings: Settings of the run.
        cameras: Partition of each camera.
    """

    def __init__(self, settings: Settings, cameras: Mapping[str, int] = PARTITION_OF) -> None:
        cluster = cluster_of(settings)
        self._cameras = cameras
        self._producer = ReliableProducer(cluster)
        self._codec = SchemaRegistry(settings.registry_url).writer(DETECTIONS)
        self._topic = cluster.name(DETECTIONS)
        self.last_us = 0

    def send(self, ahead_us: int | None, seconds: float = 0.0, **fields: Any) -> None:
        """Pictures from the last on, or from so many seconds ago, until now.

        Args:
            ahead_us: How far the cameras' clocks are ahead; None where they say nothing.
            seconds: How long ago the first arrived, where none was sent before.
            fields: Other contents of the outcomes.
        """
        now_us = time.time_ns() // 1_000
        at_us = self.last_us + 100 * MS if self.last_us else now_us - round(seconds * S)
        while at_us <= now_us:
            for camera_id, partition in self._cameras.items():
                record: Any = outcome(at_us, camera_id=camera_id, kind="HEARTBEAT")
                clock_us = None if ahead_us is None else at_us + ahead_us
                record |= {"received_us": at_us, "source_clock_us": clock_us, **fields}
                value = self._codec.encode(record)
                self._producer.produce(self._topic, key=camera_id, value=value, partition=partition)
            self.last_us = at_us
            at_us += 100 * MS
        self._producer.flush()


@contextmanager
def following(settings: Settings) -> Iterator[Service]:
    """Run the process while the block runs; it must end without an error."""
    service = Service(settings, Health("clocks"), SystemClock())
    errors: list[BaseException] = []

    def run() -> None:
        try:
            run_clocks(service)
        except BaseException as error:  # noqa: BLE001 - given to the test below
            errors.append(error)

    thread = threading.Thread(target=run, name="clocks", daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.stop.set()
        thread.join(60)
    assert not thread.is_alive()
    assert errors == []


def decided(settings: Settings) -> list[CameraClock]:
    """Every version in the log, in its order."""
    log = FactLog(cluster_of(settings), [CAMERA_CLOCK])
    try:
        return [CameraClock(**record) for _, record in log.sync()]  # type: ignore[typeddict-item]
    finally:
        log.close()


def states(settings: Settings) -> dict[str, list[str]]:
    """By camera, epoch and state of each version."""
    found: dict[str, list[str]] = {name: [] for name in PARTITION_OF}
    for one in decided(settings):
        found[one["camera_id"]].append(f"{one['epoch']} {one['state']}")
    return found


def after(step: Callable[[], None], condition: Callable[[], bool], what: str) -> None:
    """Repeat a step until a condition holds."""

    def holds() -> bool:
        step()
        return condition()

    eventually(holds, 60, what=what, pause_s=0.5)


def test_a_clock_is_settled_followed_over_a_restart_and_read_by_the_fold(
    settings: Settings,
) -> None:
    arrivals = Arrivals(settings)
    arrivals.send(HOUR_US, 60)
    settled = {key: ["1 SETTLED"] for key in PARTITION_OF}
    with following(settings):
        after(
            lambda: arrivals.send(HOUR_US),
            lambda: states(settings) == settled,
            "both clocks are settled",
        )
    first = decided(settings)
    with following(settings):
        jumped = {key: ["1 SETTLED", "2 UNSETTLED"] for key in PARTITION_OF}
        after(
            lambda: arrivals.send(HOUR_US - 2 * S),
            lambda: states(settings) == jumped,
            "the jump is noticed",
        )
    found = decided(settings)
    source = FactSource(FactLog(cluster_of(settings), FOLDED_TOPICS), SystemClock())
    source.refresh()

    assert found[: len(first)] == first
    for one in found:
        assert one["valid_from_us"] >= one["recorded_at_us"] + 10 * S
        assert one["recorded_by"] == "clocks"
    for one in first:
        assert abs(one["offset_us"] + HOUR_US) < 5 * MS
    for one in found[len(first) :]:
        assert abs(one["jump_us"] + 2 * S) < 5 * MS
        name, from_us = one["camera_id"], one["valid_from_us"]
        assert source.facts.at(from_us - 1).clock(name) == next(
            earlier for earlier in first if earlier["camera_id"] == name
        )
        assert source.facts.at(from_us).clock(name) == one


NO_LIVE_CLOCK: Final[dict[str, tuple[int | None, dict[str, Any]]]] = {
    "no-clock": (None, {}),
    "recorded-material": (0, {"captured_us": 1_700_000_000 * S}),
    "arrival-not-known": (0, {"received_us": 0}),
}
"""Cameras without a clock to follow: how far ahead theirs is, us, and fields of their outcomes."""


def test_nothing_is_decided_without_a_clock_of_a_live_camera(settings: Settings) -> None:
    """Every such camera has two partitions, beside those of the others."""
    arrivals = {
        kind: Arrivals(settings, {f"{kind}-{partition}": partition for partition in (5, 11)})
        for kind in NO_LIVE_CLOCK
    }

    def send(seconds: float = 0.0) -> None:
        for kind, (ahead_us, fields) in NO_LIVE_CLOCK.items():
            arrivals[kind].send(ahead_us, seconds, **fields)

    send(60)
    with following(settings) as service:
        eventually(
            lambda: service.health.detail.get("partitions") == str(DETECTIONS.partitions),
            60,
            what="every partition",
        )
        time.sleep(3)
        send()
        time.sleep(3)

    assert decided(settings) == []


def test_two_processes_share_the_partitions_and_go_on_when_one_joins_or_leaves(
    settings: Settings,
) -> None:
    """The broker tells each member of every change, also where nothing changes for it."""

    def share(service: Service) -> int:
        return int(service.health.detail.get("partitions", 0))

    with following(settings) as one:
        eventually(lambda: share(one) == DETECTIONS.partitions, 60, what="every partition")
        with following(settings) as two:
            eventually(
                lambda: share(one) + share(two) == DETECTIONS.partitions and share(two) > 0,
                60,
                what="every partition, in two shares",
            )
            with following(settings) as three:
                eventually(lambda: share(three) > 0, 60, what="a share of three")
            eventually(
                lambda: share(one) + share(two) == DETECTIONS.partitions,
                60,
                what="every partition again",
            )


SOME = Decision(1, "SETTLED", -5, 0.0, 7, 8, 9, 0, 1, 2)


@pytest.fixture
def member(settings: Settings) -> Iterator[Consumer]:
    """A member of the group that owns every partition."""
    cluster = cluster_of(settings)
    consumer = cluster.consumer(cluster.group("clocks"))
    consumer.subscribe([cluster.name(DETECTIONS)])

    def owns() -> bool:
        consumer.poll(0.5)
        return len(consumer.assignment()) == DETECTIONS.partitions

    eventually(owns, 60, what="every partition")
    yield consumer
    consumer.close()


def test_a_process_that_the_group_has_given_up_writes_nothing(
    settings: Settings, member: Consumer
) -> None:
    cluster = cluster_of(settings)
    decisions = Decisions(cluster, 10 * S)
    group = member.consumer_group_metadata()
    member.unsubscribe()
    member.close()

    with pytest.raises(Retry):
        decisions.write(5, {"bed-1": SOME}, group, TopicPartition(cluster.name(DETECTIONS), 5, 1))

    assert decided(settings) == []


def test_what_another_owner_decided_meanwhile_stays_in_force(
    settings: Settings, member: Consumer
) -> None:
    cluster = cluster_of(settings)
    group = member.consumer_group_metadata()
    position = TopicPartition(cluster.name(DETECTIONS), 5, 1)
    one, other = Decisions(cluster, 10 * S), Decisions(cluster, 10 * S)

    [written] = one.write(5, {"bed-1": SOME}, group, position)
    taken = other.write(5, {"bed-1": SOME._replace(offset_us=6)}, group, position)
    later = other.write(5, {"bed-1": SOME._replace(offset_us=6)}, group, position)

    assert taken == [written]
    assert [record["version"] for record in decided(settings)] == [1, 2]
    assert [record["offset_us"] for record in later] == [6]
