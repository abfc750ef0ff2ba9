"""Any bytes on a topic are a record, a dead letter or a reason to stop, and nothing else."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import strategies as st

from runtime.checkpoints import OutputRecord, Record
from runtime.clock import SystemClock
from runtime.errors import DeadLetter, Stop
from runtime.process.settings import Settings
from schemas.codec import HEADER_BYTES, UndecodableValue
from schemas.topics import (
    DETECTIONS,
    FOLDED_TOPICS,
    LINKS,
    OCCUPANCY,
    PRESENCE,
    TRACKS,
    VERSIONED_TOPICS,
    ZONE_EVENTS,
    Topic,
)
from streams.domain.facts.timeline import Facts
from streams.domain.facts.versions import ConflictingFact, InvalidFact
from streams.domain.settings import PipelineSettings
from streams.processor.pipeline_fold import PipelineFold, Wire
from tests.fuzz.fuzzing import fuzz, scales
from tests.fuzz.values import AVRO_TOPICS, codec, mangled, records
from tests.support.clusters import cluster_of
from tests.support.fakes import SCHEMAS, KnownEvidence, KnownFacts
from tests.support.schema_evolution import sample, schema_of
from workers.sinks.redis.change import arguments, change, newest
from workers.storage.item import read_item
from workers.storage.timescale.tables import TABLES

NOW_US = 1_790_000_000_000_000
SUNK = (*VERSIONED_TOPICS, TRACKS, PRESENCE, LINKS, ZONE_EVENTS, OCCUPANCY)


@scales
@pytest.mark.parametrize("topic", AVRO_TOPICS, ids=lambda topic: topic.name)
def test_bytes_that_once_were_a_record_are_one_or_distinguished(topic: Topic, scale: int) -> None:
    coder = codec(topic)
    whole = coder.encode(sample(schema_of(topic)))
    noise = st.binary(max_size=80).map(lambda tail: whole[:HEADER_BYTES] + tail)

    def check(value: bytes) -> None:
        reported = topic.name
        try:
            record = coder.decode(value)
            coder.encode(record)
        except UndecodableValue as error:
            reported = str(error)
        assert topic.name in reported

    fuzz(check, st.one_of(mangled(whole), noise, st.binary(max_size=80)), examples=60, scale=scale)


def key_of(topic: Topic, record: dict[str, Any]) -> bytes:
    identity = topic.key.removesuffix("@version")
    version = "" if identity == topic.key else f"@{record['version']}"
    return f"{record[identity]}{version}".encode()


@scales
@pytest.mark.parametrize("topic", SUNK, ids=lambda topic: topic.name)
def test_any_record_becomes_rows_and_live_values_or_a_dead_letter(topic: Topic, scale: int) -> None:
    coder = codec(topic)

    def check(record: dict[str, Any]) -> None:
        item = read_item(coder, topic.name, 0, 1, key_of(topic, record), coder.encode(record))
        for table in TABLES.values():
            if table.topic == topic:
                with suppress(DeadLetter):
                    table.fold([item], 1_000_000)
        for shown in newest([item]) if topic.live else ():
            arguments(change(shown, "p"), written_us=1, expiry_ms=1, person_expiry_ms=1, length=1)

    fuzz(check, records(topic), examples=25, scale=scale)


def meeting(topic: Topic) -> st.SearchStrategy[tuple[Topic, dict[str, Any]]]:
    """A fact with one of a few identities, so that facts and outcomes refer to each other."""
    square = [{"x": x, "y": y} for x, y in ((0, 0), (640, 0), (640, 480), (0, 480))]
    anywhere = st.fixed_dictionaries({"x": st.floats(), "y": st.floats()})
    fixed: dict[str, st.SearchStrategy[Any]] = {
        "valid_from_us": st.just(0),
        "recorded_at_us": st.just(0),
        "version": st.integers(1, 2),
        "removed": st.just(False),
        "camera_id": st.sampled_from(["cam-1", "cam-2"]),
        "floor_id": st.just("floor"),
        "zone_id": st.just("zone"),
        "homography": st.one_of(st.none(), st.lists(st.floats(), min_size=9, max_size=9)),
        "projection": st.one_of(st.none(), st.lists(st.floats(), min_size=12, max_size=12)),
        "sees": st.one_of(st.just([]), st.just(square), st.lists(anywhere, max_size=5)),
        "polygon": st.one_of(st.just(square), st.lists(anywhere, max_size=5)),
        "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "Europe", "", "\0", "../x"]),
    }
    return st.builds(
        lambda record, given: (topic, {**record, **{k: given[k] for k in given if k in record}}),
        records(topic),
        st.fixed_dictionaries(fixed),
    )


def outcomes() -> st.SearchStrategy[dict[str, Any]]:
    """An outcome of a registered camera, with valid and invalid boxes."""
    pixels = st.one_of(st.floats(-50, 700), st.floats())
    edges = dict.fromkeys(("x_min", "y_min", "x_max", "y_max"), pixels)
    boxes = st.fixed_dictionaries({**edges, "score": st.floats(), "label": st.just("person")})
    times = st.one_of(st.integers(NOW_US, NOW_US + 10**7), st.integers(-(2**63), 2**63 - 1))
    given = {
        "camera_id": st.sampled_from(["cam-1", "cam-2"]),
        "captured_us": times,
        "outcome": st.sampled_from(["DETECTED", "SKIPPED", "HEARTBEAT", "UNKNOWN"]),
        "detections": st.lists(boxes, max_size=4),
    }
    return st.builds(
        lambda record, fixed: {**record, **fixed}, records(DETECTIONS), st.fixed_dictionaries(given)
    )


@scales
def test_any_outcome_among_any_facts_is_folded_or_a_dead_letter(scale: int) -> None:
    coder = codec(DETECTIONS)
    wire = Wire(cluster_of(Settings(topic_prefix=""), registry=SCHEMAS))

    def check(given: list[tuple[Topic, dict[str, Any]]], seen: list[dict[str, Any]]) -> None:
        facts = Facts()
        for topic, record in given:
            with suppress(InvalidFact, ConflictingFact):
                facts.add(topic.name, record)
        dead_lettered: list[str] = []

        def emit(record: OutputRecord) -> None:
            dead_lettered.append(record.topic)

        fold = PipelineFold(
            0,
            emit,
            wire=wire,
            facts=KnownFacts(facts),
            evidence=KnownEvidence(),
            settings=PipelineSettings(),
            clock=SystemClock(),
        )
        for offset, outcome in enumerate(seen):
            fold.advance(
                Record(
                    topic=DETECTIONS.name,
                    partition=0,
                    offset=offset,
                    key=outcome["camera_id"].encode(),
                    value=coder.encode(outcome),
                    timestamp_ms=NOW_US // 1000 + 60_000,
                    headers=(),
                )
            )

    facts_given = st.lists(st.one_of([meeting(topic) for topic in FOLDED_TOPICS]), max_size=6)
    fuzz(check, facts_given, st.lists(outcomes(), max_size=6), examples=80, scale=scale)


def test_a_length_that_no_memory_holds_is_refused_at_once() -> None:
    """A string of 2**62 bytes, a list of 2**62 people, a negative length."""
    coder = codec(PRESENCE)
    whole = coder.encode(sample(schema_of(PRESENCE)))
    for number in (2**62, 2**63 - 1, -1, -(2**62)):
        zigzag = (number << 1) ^ (number >> 63)
        varint = bytearray()
        while zigzag & ~0x7F:
            varint.append(zigzag & 0x7F | 0x80)
            zigzag >>= 7
        varint.append(zigzag)
        with pytest.raises((UndecodableValue, Stop)):
            coder.decode(whole[:HEADER_BYTES] + bytes(varint) + b"text")
