"""Reads of badges through the real stream processor: the same bytes after a kill as in one fold."""

import random
from pathlib import Path
from typing import Any

import pytest

from deploy.local.launcher import Worker
from runtime.facts.log import Fact
from runtime.kafka.reader import read_topic
from runtime.kafka.topics import create_topics
from schemas.records.evidence import BadgeRead
from schemas.registry import SchemaRegistry
from schemas.topics import LINKS, OCCUPANCY, PRESENCE, SHIFTS, STAFF, TOPICS, TRACKS
from streams.processor.pipeline_settings import pipeline_settings
from tests.support import simulated
from tests.support.builders.domain import S, shift, staff
from tests.support.builders.reads import badge_read
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.played_pipeline import PlayedPipeline, played_pipeline
from tests.support.services import Services, delete_topics, new_prefix
from tests.support.waiting import eventually
from tests.support.ward_reads import append_reads
from workers.operations.verification.whole import compare_folds

CAMERAS = ["sim-0", "sim-1"]
SECONDS = 40.0
FRAMES = round(SECONDS * S / simulated.FRAME_US)
STAFF_IDS = ("ann", "bob", "cai")


def send_reads(pipeline: PlayedPipeline, from_s: float, to_s: float) -> None:
    """Readers of both floors' zones: some late, some twice, one that cannot be used."""
    found: list[tuple[int, BadgeRead]] = []
    chance = random.Random(f"{from_s}")
    for partition, camera in enumerate(CAMERAS):
        for number in range(round(4 * (to_s - from_s))):
            at_us = simulated.START_US + round(chance.uniform(from_s, to_s) * S)
            late_s = chance.choice([-5, -5, -5, -4, 0, 14, 17])
            who = chance.randrange(len(STAFF_IDS))
            read: Any = badge_read(
                at_us,
                f"badge-{who}",
                reader_id=f"reader-{number % 2}",
                recorded_at_us=at_us + late_s * S,
                staff_ids=[STAFF_IDS[who]],
                floor_id=camera,
                x_m=None,
                y_m=None,
                range_m=None,
                zone_id=f"{camera}-zone",
            )
            if number == 3:
                read |= {"zone_id": ""}
            found += [(partition, read)] * (1 + (number % 7 == 0))
    append_reads(pipeline.settings, found)


def append_too_late(pipeline: PlayedPipeline) -> None:
    """A read that says that it was known before everybody was named, and came after all."""
    named_us = next(
        record["as_of_us"]
        for record in records(pipeline, PRESENCE)
        if record["floor_id"] == CAMERAS[0] and any(one["role"] for one in record["people"])
    )
    there = {"x_m": None, "y_m": None, "range_m": None, "zone_id": f"{CAMERAS[0]}-zone"}
    read: Any = badge_read(
        named_us,
        "badge-0",
        reader_id="slow",
        recorded_at_us=named_us - 5 * S,
        staff_ids=[],
        floor_id=CAMERAS[0],
        **there,
    )
    append_reads(pipeline.settings, [(0, read)])


def records(pipeline: PlayedPipeline, topic: Any) -> list[Any]:
    codec = SchemaRegistry(pipeline.settings.registry_url).reader(topic)
    cluster = cluster_of(pipeline.settings)
    return [codec.decode(one.value()) for one in read_topic(cluster, topic)]


def start(pipeline: PlayedPipeline, name: str) -> None:
    environment = {"WARDSTREAM_STREAM__CHECKPOINT_S": "0.3"}
    pipeline.supervisor.start(Worker(name=name, command=("stream",), environment=environment))
    pipeline.supervisor.wait_ready(name, 180)


@pytest.mark.timeout(400)
def test_reads_name_people_and_a_kill_changes_no_byte(services: Services, tmp_path: Path) -> None:
    prefix = new_prefix()
    environment = {**services.environment, "WARDSTREAM_TOPIC_PREFIX": prefix}
    try:
        with played_pipeline(environment, tmp_path) as pipeline:
            cluster = cluster_of(pipeline.settings)
            create_topics(cluster)
            SchemaRegistry(pipeline.settings.registry_url).register_all(
                topic for topic in TOPICS.values() if topic.avro
            )
            simulated.register(pipeline.settings, CAMERAS)
            known_us = {"recorded_at_us": simulated.START_US - 60 * S}
            day_us = {
                "starts_us": simulated.START_US - 3600 * S,
                "ends_us": simulated.START_US + 3600 * S,
            }
            publish_facts(
                cluster,
                [
                    *(Fact(STAFF, staff(one, "nurse", **known_us)) for one in STAFF_IDS),
                    *(
                        Fact(SHIFTS, shift(one, staff_id=one, **day_us, **known_us))
                        for one in STAFF_IDS[::2]
                    ),
                ],
            )
            feed = simulated.Feed(pipeline.settings, CAMERAS, SECONDS, seed=5)
            send_reads(pipeline, 0, SECONDS)
            start(pipeline, "stream")
            feed.send(FRAMES // 2)
            eventually(
                lambda: len(records(pipeline, PRESENCE)) > FRAMES // 5, 180, "half of the records"
            )
            pipeline.supervisor.kill("stream")
            feed.send()

            start(pipeline, "heir")
            eventually(pipeline.checkpointed, 180, "the last checkpoint")
            pipeline.supervisor.stop_all()

            assert pipeline.difference_from_oracle() is None
            people = [one for record in records(pipeline, PRESENCE) for one in record["people"]]
            assert {one["role"] for one in people} == {"", "nurse"}
            assert {one["staff_id"] for one in people} > {None}
            named = [one for one in people if one["staff_id"]]
            assert all(one["candidates"][0]["staff_id"] == one["staff_id"] for one in named)
            assert all(one["role_evidence"] == ["BADGE"] for one in named)
            planned = {*STAFF_IDS[::2]}
            for one in named:
                off_shift = one["duty_status"] == "OFF_SHIFT"
                assert off_shift == (one["staff_id"] not in planned)
            assert any(record["identified"] for record in records(pipeline, OCCUPANCY))
            assert "BADGE" in {record["kind"] for record in records(pipeline, LINKS)}

            append_too_late(pipeline)
            settings = pipeline_settings(pipeline.settings)
            checks = {one.name: one.first for one in compare_folds(cluster, settings)}
            wrong = checks[PRESENCE.name]
            assert wrong is not None
            assert "people[0].role" in wrong.what
            assert "appended after their ticks could be closed" in wrong.what
            assert "by reader slow on floor sim-0" in wrong.what
            assert checks[TRACKS.name] is None
    finally:
        delete_topics(services, prefix)
