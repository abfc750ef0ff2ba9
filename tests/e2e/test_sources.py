"""A bucket as hospitals have them fails while the whole pipeline runs."""

from functools import partial
from pathlib import Path

import obstore
import pytest

from deploy.local import extras
from schemas.topics import DEAD_LETTERS, DETECTIONS, FRAMES
from tests.e2e.records import (
    Records,
    arrive,
    check_derived,
    check_every_frame_has_one_outcome,
    messages,
    records,
)
from tests.support.played_pipeline import START_US, PlayedPipeline, played_pipeline
from tests.support.servers.rtsp import rtsp_clip
from tests.support.servers.s3 import BUCKET, S3Server
from tests.support.waiting import eventually
from workers.local.demo.probes import scrape

BREAKER = "wardstream_breaker_state"
SPOILED = {"gone": "missing_object", "altered": "sha256_mismatch"}


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of the demo's clip: longer than any test plays it."""
    return rtsp_clip(extras.clip(), tmp_path_factory.mktemp("minute") / "ward.mp4", 600)


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
