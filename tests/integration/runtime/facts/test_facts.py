"""Facts on a real broker: none is lost, none is written by half, none comes too late."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from confluent_kafka import Producer
from structlog.testing import capture_logs

from runtime.checkpoints import OutputRecord, Record
from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.facts.log import Fact, FactLog
from runtime.facts.writer import FactWriter
from runtime.kafka.topics import create_topics
from runtime.process.metrics import STREAM_BACK_DATED
from runtime.process.settings import Settings
from schemas.registry import RegistryUnavailable, SchemaRegistry
from schemas.topics import STAFF, TOPICS, ZONES
from streams.domain.floor.tick import TICK_US
from streams.domain.settings import PipelineSettings
from streams.processor.fact_source import FactSource
from streams.processor.pipeline_fold import FUTURE_LIMIT_US, PipelineFold, Wire
from tests.support.builders.domain import S, outcome, staff, zone
from tests.support.clusters import LOGGED, cluster_of
from tests.support.facts import publish_facts
from tests.support.fakes import KnownEvidence
from tests.support.services import Services


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
    registry.register_all(t for t in TOPICS.values() if t.avro)
    ready = FactLog(cluster_of(settings))
    ready.sync()  # a clock that stands still cannot time the wait for leaders of new topics
    ready.close()
    return settings


@pytest.fixture
def registry(settings: Settings) -> SchemaRegistry:
    return SchemaRegistry(settings.registry_url)


@pytest.fixture
def log(settings: Settings, registry: SchemaRegistry) -> Iterator[FactLog]:
    log = FactLog(cluster_of(settings))
    yield log
    log.close()


class SteppedClock(SystemClock):
    """A clock that advances only when a test says so, and by each sleep."""

    def __init__(self) -> None:
        self.us = super().now_us()
        self.while_asleep: Callable[[], object] = lambda: None

    def now_us(self) -> int:
        return self.us

    def monotonic_s(self) -> float:
        return self.us / 1e6

    def sleep(self, seconds: float) -> None:
        self.while_asleep()
        self.us += round(seconds * S)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def source(
    settings: Settings, registry: SchemaRegistry, clock: SteppedClock
) -> Iterator[FactSource]:
    log = FactLog(cluster_of(settings, clock=clock))
    yield FactSource(log, clock)
    log.close()


class RegistryWithOutages(SchemaRegistry):
    """The real registry through a network that fails after some answers."""

    answers_left = 0

    def find(self, schema_id: int) -> str:
        if self.answers_left == 0:
            raise RegistryUnavailable("no route")
        self.answers_left -= 1
        return super().find(schema_id)


def test_a_sync_that_fails_midway_loses_nothing(
    settings: Settings, registry: SchemaRegistry
) -> None:
    publish_facts(cluster_of(settings), [Fact(STAFF, staff()), Fact(ZONES, zone())])
    unsteady = RegistryWithOutages(settings.registry_url)
    log = FactLog(cluster_of(settings, registry=unsteady))
    unsteady.answers_left = 1
    with pytest.raises(Retry, match="no route"):
        log.sync()
    assert (set(log.offsets.values()), log.synced_us) == ({0}, 0)

    unsteady.answers_left = 1
    facts = log.sync()

    log.close()
    assert {fact.topic: fact.record for fact in facts} == {STAFF: staff(), ZONES: zone()}


def transaction(settings: Settings, record: dict[str, Any]) -> Producer:
    """A writer that has appended a fact and not yet committed or aborted."""
    producer = Producer(
        {
            **LOGGED,
            "bootstrap.servers": settings.kafka_bootstrap,
            "transactional.id": f"{settings.topic_prefix}other",
        }
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    value = SchemaRegistry(settings.registry_url).writer(STAFF).encode(record)
    producer.produce(cluster_of(settings).name(STAFF), key="s1@1", value=value, partition=0)
    assert producer.flush(30) == 0
    return producer


def test_a_sync_waits_for_an_open_transaction(settings: Settings, log: FactLog) -> None:
    producer = transaction(settings, staff())
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(log.sync)
        with pytest.raises(TimeoutError):
            reading.result(1.0)

        producer.commit_transaction(30)

        assert [fact.record for fact in reading.result(20)] == [staff()]


def test_an_aborted_transaction_is_passed_over(settings: Settings, log: FactLog) -> None:
    transaction(settings, staff()).abort_transaction(30)

    assert log.sync() == []
    assert log.offsets[cluster_of(settings).name(STAFF)] == 2


def test_facts_are_all_written_or_none(
    settings: Settings, registry: SchemaRegistry, log: FactLog
) -> None:
    clock = SystemClock()
    with (
        FactWriter(cluster_of(settings, clock=clock)) as writer,
        pytest.raises(Retry, match="nothing was written"),
    ):
        writer.publish([Fact(STAFF, staff()), Fact(ZONES, zone())], append_by_us=clock.now_us())

    assert log.sync() == []


def test_a_second_writer_ends_the_first_ones_right(
    settings: Settings, registry: SchemaRegistry, log: FactLog
) -> None:
    with (
        FactWriter(cluster_of(settings)) as first,
        FactWriter(cluster_of(settings)) as second,
    ):
        assert second.publish([Fact(STAFF, staff(role="nurse"))]) == 1

        with pytest.raises(Retry, match="another import ran at the same time, so nothing was"):
            first.publish([Fact(STAFF, staff(role="doctor"))])

    assert [fact.record["role"] for fact in log.sync()] == ["nurse"]


def test_an_event_ahead_of_the_clock_waits_for_the_facts_it_must_see(
    settings: Settings, registry: SchemaRegistry, clock: SteppedClock, source: FactSource
) -> None:
    at_us = clock.us + 9 * S

    def someone_registers() -> None:
        clock.while_asleep = lambda: None
        publish_facts(cluster_of(settings), [Fact(STAFF, staff(recorded_at_us=clock.us))])

    clock.while_asleep = someone_registers

    assert "s1" in source.ensure(at_us).at(at_us).staff
    assert source.back_dated == 0


def test_an_event_too_far_ahead_of_the_clock_is_tried_again_later(
    clock: SteppedClock, source: FactSource
) -> None:
    before_us = clock.us

    with pytest.raises(Retry, match="ahead of what the side inputs are complete for"):
        source.ensure(clock.us + 60 * S)
    assert clock.us == before_us + 30 * S


def test_a_fact_that_comes_after_its_events_is_counted_and_reported(
    settings: Settings, registry: SchemaRegistry, clock: SteppedClock, source: FactSource
) -> None:
    source.ensure(clock.us + 3 * S)
    in_time = staff("in-time", recorded_at_us=clock.us)
    late = staff("late", recorded_at_us=clock.us - 4 * S)
    publish_facts(cluster_of(settings), [Fact(STAFF, in_time), Fact(STAFF, late)])

    counted = STREAM_BACK_DATED._value.get()
    with capture_logs() as text:
        source.refresh()

    assert source.back_dated == STREAM_BACK_DATED._value.get() - counted == 1
    assert [(entry["event"], entry["fact"], entry["late_us"]) for entry in text] == [
        ("facts.back_dated", "late@1", 2 * S)
    ]


@pytest.mark.parametrize(
    ("ahead_us", "reason"),
    [
        pytest.param(FUTURE_LIMIT_US, "unknown_camera", id="just-not-too-far"),
        pytest.param(FUTURE_LIMIT_US + 1, "future_event", id="too-far"),
    ],
)
def test_an_event_far_ahead_of_its_own_append_time_is_a_dead_letter(
    settings: Settings,
    registry: SchemaRegistry,
    clock: SteppedClock,
    source: FactSource,
    ahead_us: int,
    reason: str,
) -> None:
    reasons: list[bytes] = []

    def emit(record: OutputRecord) -> None:
        reasons.append(dict(record.headers or [])["reason"])

    wire = Wire(cluster_of(settings))
    fold = PipelineFold(
        0,
        emit,
        wire=wire,
        facts=source,
        evidence=KnownEvidence(),
        settings=PipelineSettings(),
        clock=clock,
    )
    appended_ms = clock.us // 1_000
    event = outcome(appended_ms * 1_000 + ahead_us, camera_id="nobody")
    value = registry.writer(TOPICS["detections.made.v1"]).encode(event)

    fold.advance(Record("detections", 0, 0, b"nobody", value, appended_ms, ()))

    assert reasons == [reason.encode()]


def test_facts_are_complete_for_the_whole_last_tick_of_an_event(
    settings: Settings, registry: SchemaRegistry, clock: SteppedClock
) -> None:
    log = FactLog(cluster_of(settings, clock=clock))
    source = FactSource(log, clock)
    source.refresh()
    fold = PipelineFold(
        0,
        lambda *_: None,
        wire=Wire(cluster_of(settings)),
        facts=source,
        evidence=KnownEvidence(),
        settings=PipelineSettings(),
        clock=clock,
    )
    captured_us = log.complete_until_us()
    clock.us += 1 * S
    value = registry.writer(TOPICS["detections.made.v1"]).encode(outcome(captured_us))

    fold.advance(Record("detections", 0, 0, b"cam", value, clock.us // 1_000, ()))

    assert log.complete_until_us() >= captured_us + TICK_US
    log.close()
