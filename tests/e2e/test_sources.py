"""Cameras and buckets as hospitals have them fail while the whole pipeline runs."""

import itertools
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import obstore
import psycopg
import pytest
from confluent_kafka import Message

from deploy.local import extras
from runtime.errors import Retry
from runtime.kafka.reader import read_topic
from schemas.registry import SchemaRegistry
from schemas.topics import DEAD_LETTERS, DETECTIONS, FRAMES, TRACKS, Topic
from tests.support.clusters import cluster_of
from tests.support.played_pipeline import (
    HOUR_US,
    START_US,
    PlayedPipeline,
    played_pipeline,
)
from tests.support.servers.rtsp import rtsp_camera, rtsp_clip, rtsp_url
from tests.support.servers.s3 import BUCKET, S3Server
from tests.support.waiting import eventually
from workers.local.demo.probes import scrape

FPS = 5
HEARTBEAT_S = 0.5
BREAKER = "wardstream_breaker_state"
SPOILED = {"gone": "missing_object", "altered": "sha256_mismatch"}

Records = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of the demo's clip: longer than any test plays it."""
    return rtsp_clip(extras.clip(), tmp_path_factory.mktemp("minute") / "ward.mp4", 600)


def records(pipeline: PlayedPipeline, topic: Topic) -> Records:
    """All records of a topic by camera, in log order."""
    codec = SchemaRegistry(pipeline.settings.registry_url).reader(topic)
    found: Records = defaultdict(list)
    for message in messages(pipeline, topic):
        record = codec.decode(message.value())
        found[record["camera_id"]].append(record)
    return found


def messages(pipeline: PlayedPipeline, topic: Topic) -> list[Message]:
    """All messages of a topic; waits for a busy broker."""
    read: list[Message] = []

    def complete() -> bool:
        try:
            read[:] = read_topic(cluster_of(pipeline.settings), topic)
        except Retry:
            return False
        return True

    eventually(complete, what=f"{topic.name} to be read")
    return read


def count(pipeline: PlayedPipeline, topic: Topic, **kind: str) -> int:
    """Number of records of a kind."""
    return sum(
        all(record[name] == value for name, value in kind.items())
        for found in records(pipeline, topic).values()
        for record in found
    )


def arrive(pipeline: PlayedPipeline, topic: Topic, number: int, **kind: str) -> None:
    """Wait for a number of further records of a kind."""
    goal = count(pipeline, topic, **kind) + number
    what = f"{number} more {kind} in {topic.name}"
    eventually(lambda: count(pipeline, topic, **kind) >= goal, what=what, pause_s=0.5)


def check_every_frame_has_one_outcome(pipeline: PlayedPipeline) -> Counter[tuple[str, str]]:
    """Compare the frames and the detections; returns frames by outcome and reason."""
    frames, outcomes = records(pipeline, FRAMES), records(pipeline, DETECTIONS)
    counted: Counter[tuple[str, str]] = Counter()
    for camera_id, sent in frames.items():
        assert [frame["seq"] for frame in sent] == list(range(1, len(sent) + 1))
        times_us = [frame["captured_us"] for frame in sent]
        assert all(a < b for a, b in itertools.pairwise(times_us)), "event time rises"
        answered = Counter((each["frame_seq"], each["captured_us"]) for each in outcomes[camera_id])
        assert answered == Counter((frame["seq"], frame["captured_us"]) for frame in sent)
        counted += Counter((each["outcome"], each["reason"]) for each in outcomes[camera_id])
    return counted


def check_derived(pipeline: PlayedPipeline) -> None:
    """Check that topics and tables are the fold of the pipeline's detections."""
    assert pipeline.difference_from_oracle() is None
    assert pipeline.difference_of_tables() is None
    tracks = sum(map(len, records(pipeline, TRACKS).values()))
    with psycopg.connect(pipeline.settings.database_url.get_secret_value()) as connection:
        rows = connection.execute("SELECT count(*) FROM tracks").fetchone()
    assert tracks > 0
    assert rows is not None
    assert rows[0] > 0, "people became rows"


@pytest.mark.timeout(300)
def test_a_camera_that_fails_and_comes_back_was_silent_meanwhile_and_nothing_else(
    environment: dict[str, str], minute: Path, tmp_path: Path
) -> None:
    """A real RTSP server is killed while ingest reads from it, and started again."""
    impatient = {
        "WARDSTREAM_INGEST__HEARTBEAT_S": str(HEARTBEAT_S),
        "WARDSTREAM_INGEST__RECONNECT_INITIAL_S": "0.2",
        "WARDSTREAM_INGEST__RECONNECT_MAX_S": "1",
    }
    with (
        rtsp_camera(minute, tmp_path) as camera,
        played_pipeline({**environment, **impatient}, tmp_path / "line") as pipeline,
    ):
        pipeline.register(minute, pipeline.now_us() - HOUR_US)
        pipeline.start(("--backend", "hog", "--mode", "live"))
        pipeline.play("--mode", "live", "--fps", str(FPS), video=rtsp_url(camera))
        arrive(pipeline, DETECTIONS, 4 * FPS, outcome="DETECTED")
        camera.kill()
        killed_us = pipeline.now_us()
        arrive(pipeline, FRAMES, 10, kind="HEARTBEAT")
        silent = scrape(pipeline.supervisor.metrics_port("ingest"))
        back_us = pipeline.now_us()
        camera.start()
        arrive(pipeline, DETECTIONS, 4 * FPS, outcome="DETECTED")
        assert pipeline.supervisor.stop("ingest") == 0
        pipeline.settle()

        outcomes = check_every_frame_has_one_outcome(pipeline)
        frames = records(pipeline, FRAMES)
        check_derived(pipeline)

    assert silent is not None
    assert silent.total("wardstream_ingest_connected") == 0
    assert {outcome for outcome, _ in outcomes} <= {"DETECTED", "SKIPPED", "HEARTBEAT"}
    for ledger in pipeline.ledgers():
        sent = frames[ledger["camera_id"]]
        pictures = [frame for frame in sent if frame["kind"] == "FRAME"]
        assert sum(ledger["outcomes"].values()) == ledger["read"]
        assert ledger["outcomes"]["sent"] == len(pictures)
        assert ledger["outcomes"]["thinned"] > 0, "10 frames a second come, 5 are taken"
        assert ledger["heartbeats"] == len(sent) - len(pictures)
        assert ledger["reconnects"] >= 1
        between = [f for f in sent if killed_us + 2_000_000 < f["captured_us"] < back_us]
        assert {frame["kind"] for frame in between} == {"HEARTBEAT"}
        assert any(frame["source_clock_us"] for frame in pictures), "RTCP told the camera's clock"


def store_left_alone(pipeline: PlayedPipeline) -> bool:
    """Whether ingest has found its object store out of reach, and pauses."""
    found = scrape(pipeline.supervisor.metrics_port("ingest"))
    return found is not None and found.total(BREAKER, dependency="object_store") > 0


def infer_reports(pipeline: PlayedPipeline, word: str) -> bool:
    """Whether inference has logged an event."""
    return word in pipeline.supervisor.log("infer").read_text()


def spoil(s3: S3Server, frames: Records) -> set[tuple[str, str, int]]:
    """Delete a picture of one camera, replace one of another; returns the expected dead letters."""
    client, found = s3.bucket.client(), set()
    for (how, reason), (camera_id, sent) in zip(
        SPOILED.items(), sorted(frames.items()), strict=True
    ):
        frame = sent[5]
        path = frame["object_uri"].removeprefix(f"s3://{BUCKET}/")
        if how == "gone":
            obstore.delete(client, path)
        else:
            obstore.put(client, path, b"something else")
        found.add((reason, camera_id, frame["seq"]))
    return found


@pytest.mark.timeout(300)
def test_pictures_in_a_bucket_survive_its_server_and_those_that_do_not_are_dead_letters(
    environment: dict[str, str], minute: Path, tmp_path: Path
) -> None:
    """Every picture is in S3, and its server is killed during writes and reads."""
    with S3Server(tmp_path / "s3") as s3:
        claim_checks = {
            **s3.bucket.environment,
            "WARDSTREAM_INGEST__OBJECT_STORE_URL": s3.bucket.url,
            "WARDSTREAM_INGEST__INLINE_LIMIT_BYTES": "0",
        }
        with played_pipeline({**environment, **claim_checks}, tmp_path / "line") as pipeline:
            pipeline.register(minute)
            pipeline.start(("--backend", "hog", "--mode", "record"))
            pipeline.supervisor.kill("infer")
            pipeline.play("--mode", "record", "--fps", "2", "--start-time", str(START_US / 1e6))
            arrive(pipeline, FRAMES, 16, kind="FRAME")
            spoiled = spoil(s3, records(pipeline, FRAMES))
            s3.kill()
            pipeline.supervisor.restart("infer", ready_deadline_s=90)
            eventually(
                partial(infer_reports, pipeline, "out_of_reach"), what="inference to wait for it"
            )
            eventually(partial(store_left_alone, pipeline), what="ingest to wait for it")
            s3.start()
            arrive(pipeline, FRAMES, 8, kind="FRAME")
            assert pipeline.supervisor.stop("ingest") == 0
            pipeline.settle()

            outcomes = check_every_frame_has_one_outcome(pipeline)
            check_derived(pipeline)
            frames, answers = records(pipeline, FRAMES), records(pipeline, DETECTIONS)
            dead_letters = messages(pipeline, DEAD_LETTERS)
            dead_lettered = [dict(message.headers() or [])["reason"] for message in dead_letters]

    failed = {
        (each["reason"], camera_id, each["frame_seq"])
        for camera_id, found in answers.items()
        for each in found
        if each["outcome"] == "FAILED"
    }
    assert failed == spoiled
    assert set(dead_lettered) == {reason.encode() for reason in SPOILED.values()}
    assert {outcome for outcome, _ in outcomes} == {"DETECTED", "FAILED"}
    for ledger in pipeline.ledgers():
        sent = frames[ledger["camera_id"]]
        assert all(frame["data"] is None and frame["object_uri"] for frame in sent)
        assert ledger["outcomes"]["sent"] == len(sent)
        assert ledger["outcomes"]["sent"] + ledger["outcomes"]["thinned"] == ledger["read"]
