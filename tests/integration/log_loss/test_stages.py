"""Records that retention deleted before a stage read them are reported and are an alert."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from pydantic import SecretStr

from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.kafka.dead_letter_log import read_dead_letters
from runtime.kafka.partitioner import partition_of
from runtime.kafka.reader import spans
from runtime.process.health import Health
from runtime.process.service import Service
from runtime.process.settings import Settings
from schemas.topics import FRAMES, OCCUPANCY
from tests.integration.log_loss.logs import DEADLINE_S, expire
from tests.support.builders.outputs import item, occupancy
from tests.support.clusters import cluster_of, make_redis_sink, make_timescale_sink
from tests.support.inference_ward import InferenceThread, Ward, frame
from tests.support.sink_topics import DERIVED, SinkTopics, progress
from tests.support.waiting import eventually
from workers.observation.losses import LossFollower
from workers.operations.deadletters.handling import replay, resolve
from workers.sinks.loop import SinkLoop
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.timescale.connection import search_path

CAMERA = "bed-1"
ZONE = "zone-1"


@contextmanager
def inferring(ward: Ward) -> Iterator[None]:
    worker = InferenceThread(ward.with_inference(backend="hog", mode="record"))
    yield
    assert worker.end() is None


def test_frames_that_expired_before_inference_read_them_are_one_dead_letter(ward: Ward) -> None:
    ward.send(*(frame(CAMERA, seq) for seq in (1, 2, 3)))
    with inferring(ward):
        ward.await_read(DEADLINE_S)
    ward.send(*(frame(CAMERA, seq) for seq in (4, 5, 6)))
    partition = partition_of(CAMERA, FRAMES.partitions)
    expire(ward.settings, FRAMES, partition, before=5)
    with inferring(ward):
        ward.await_read(DEADLINE_S)

    assert [outcome["frame_seq"] for outcome in ward.outcomes()[CAMERA]] == [1, 2, 3, 6]
    [dead_letter] = read_dead_letters(cluster_of(ward.settings))
    assert (dead_letter.reason, dead_letter.stage, dead_letter.partition) == (
        "records_gone",
        "inference",
        partition,
    )
    assert (dead_letter.lost, dead_letter.headers["records"]) == ("3-5", "2")
    name = cluster_of(ward.settings).name(FRAMES)
    assert dead_letter.headers["error"].startswith(
        f"{name}[{partition}]: offsets 3 to 4 (2 records) expired"
    )


@pytest.fixture
def pipeline_settings(settings: Settings, database_url: str, registry_url: str) -> Settings:
    return settings.model_copy(
        update={"database_url": SecretStr(database_url), "registry_url": registry_url}
    )


@pytest.fixture
def pipeline(pipeline_settings: Settings) -> Iterator[SinkTopics]:
    pipeline = SinkTopics(pipeline_settings)
    yield pipeline
    pipeline.close()


@contextmanager
def sinking(settings: Settings, until_seq: int) -> Iterator[None]:
    """The TimescaleDB sink, until it has written a seq of the zone."""
    service = Service(settings, Health("sink-timescale"))
    loop = SinkLoop(
        service,
        cluster_of(service.settings),
        make_timescale_sink(settings),
        DERIVED,
        max_records=100,
    )
    thread = threading.Thread(target=loop.run, daemon=True)
    thread.start()
    yield
    dsn = settings.database_url.get_secret_value()
    eventually(
        lambda: progress(dsn).get((OCCUPANCY.name, ZONE)) == until_seq, DEADLINE_S, "it is written"
    )
    service.stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_a_loss_of_history_is_an_alert_until_its_dead_letter_is_resolved(
    pipeline: SinkTopics, pipeline_settings: Settings
) -> None:
    records = {seq: (OCCUPANCY, occupancy(seq, float(seq), 1)) for seq in range(1, 7)}
    pipeline.send([records[1], records[2]])
    with sinking(pipeline_settings, 2):
        pass
    pipeline.send([records[3], records[4], records[5]])
    [partition] = spans(cluster_of(pipeline_settings), OCCUPANCY)
    expire(pipeline_settings, OCCUPANCY, partition, before=4)
    with sinking(pipeline_settings, 6):
        pipeline.send([records[6]])

    dead_letters = read_dead_letters(cluster_of(pipeline_settings))
    assert [(one.reason, one.lost, one.stage) for one in dead_letters] == [
        ("records_gone", "2-4", "sink-timescale"),
        ("seqs_missing", f"{ZONE}@3-5", "sink-timescale"),
    ]
    assert f"seqs 3 to 4 of key {ZONE} (2 records) never came" in dead_letters[1].headers["error"]

    clock = SystemClock()
    follower = LossFollower(cluster_of(pipeline_settings, clock=clock))
    follower.start()
    try:
        eventually(lambda: len(follower.open(clock.now_us())) == 2, DEADLINE_S, "both stand")
        assert {loss.process for loss in follower.open(clock.now_us())} == {"sink-timescale"}
        assert [loss.records for loss in follower.open(clock.now_us())] == [2, 2]
        description = {"actor": "test", "why": "the disk was full"}
        sent = replay(
            dead_letters,
            cluster_of(pipeline_settings, clock=clock),
            objects_url=pipeline_settings.ingest.object_store_url,
            **description,
        )
        assert [reason for _, reason in sent.refused] == [
            "these records are gone, nothing can be sent again; resolve it when you know why"
        ] * 2
        resolve(dead_letters, cluster_of(pipeline_settings, clock=clock), **description)
        eventually(lambda: follower.open(clock.now_us()) == [], DEADLINE_S, "none stands")
    finally:
        follower.close()


def test_a_sink_whose_keys_are_renumbered_stops(
    pipeline_settings: Settings, database_url: str, redis_url: str
) -> None:
    stores = {"redis_url": SecretStr(redis_url), "redis_prefix": pipeline_settings.topic_prefix}
    settings = pipeline_settings.model_copy(update={**stores, "topic_prefix": ""})
    history = [item(OCCUPANCY, occupancy(seq, float(seq), 1)) for seq in range(1, 201)]
    anew = item(OCCUPANCY, occupancy(3, 500.0, 1))
    for sink in (make_timescale_sink(settings), make_redis_sink(settings)):
        sink.write(history)
        sink.write(history[:50])  # a repeated record is no loss
        if isinstance(sink, TimescaleSink):
            with psycopg.connect(database_url, options=search_path()) as rows:
                rows.execute("DELETE FROM zone_occupancy WHERE seq < 10")  # as retention does
            sink.write(history[:50])
        with pytest.raises(Stop, match=r"key zone-1 seq 3 of .* were renumbered"):
            sink.write([anew])
        sink.close()
