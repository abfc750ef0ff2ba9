"""After a crash the worker continues after the last frame in the log."""

import json
import signal
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from runtime.kafka.partitioner import partition_of
from runtime.kafka.producer import ReliableProducer
from schemas.topics import FRAMES
from tests.integration.workers.ingest.ingest_run import IngestRun, digest
from tests.support.clips import make_clip
from tests.support.clusters import cluster_of
from tests.support.waiting import eventually
from workers.ingest.feed import FeedConfig, Playback
from workers.ingest.position import read_position

FRAMES_IN_CLIP = 1200


@pytest.mark.parametrize("kills", [2, pytest.param(3, marks=pytest.mark.chaos_long)])
def test_killing_the_worker_again_and_again_leaves_the_log_of_an_undisturbed_run(
    pipeline: IngestRun, tmp_path: Path, kills: int
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", FRAMES_IN_CLIP, width=256, height=192)
    cameras = ["disturbed-a", "disturbed-b", "calm-a", "calm-b"]
    for camera_id in cameras:
        pipeline.register(camera_id, width=128, height=192)
    halves = ["--region", "0,0,0.5,1", "--region", "0.5,0,0.5,1"]
    play = ["--video", str(clip), *halves, "--mode", "record", "--pace", "asap"]
    play += ["--start-time", "2024-01-01T00:00:00Z"]
    disturbed = ["--camera", "disturbed-a", "--camera", "disturbed-b", *play]
    calm = ["--camera", "calm-a", "--camera", "calm-b", *play]
    ledger = tmp_path / "ledger.json"
    whole = 2 * (FRAMES_IN_CLIP + 1)

    killed_at = [0]
    for _ in range(kills):
        process = pipeline.command(*disturbed)
        eventually(partial(_has_records, pipeline, killed_at[-1] + 1), what="frames arrive")
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        killed_at.append(sum(pipeline.ends().values()))
    last = pipeline.command(*disturbed, "--ledger", str(ledger))
    assert last.wait(120) == 0
    assert pipeline.command(*calm).wait(120) == 0

    assert killed_at == sorted(set(killed_at)), "each kill met frames of its own"
    assert killed_at[-1] < whole
    records = pipeline.records()
    for half in "ab":
        resumed = digest({"camera": records[f"disturbed-{half}"]})
        assert resumed == digest({"camera": records[f"calm-{half}"]})
        assert len(resumed) == FRAMES_IN_CLIP + 1
    for counts in json.loads(ledger.read_text())["cameras"]:
        outcomes = counts["outcomes"]
        assert outcomes["before_resume"] > 0
        assert outcomes["before_resume"] + outcomes["sent"] == FRAMES_IN_CLIP == counts["read"]


def test_without_a_start_time_a_killed_worker_resumes_the_same_playback(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    """Event time started with the playback, and only the log knows when that was."""
    clip = make_clip(tmp_path / "ward.mp4", 60)
    pipeline.register("ward")
    arguments = ["--camera", "ward", "--video", str(clip), "--mode", "record"]
    arguments += ["--end-heartbeats", "0"]
    first = pipeline.command(*arguments)
    eventually(partial(_has_records, pipeline, 10), what="frames arrive")
    first.send_signal(signal.SIGKILL)
    first.wait(60)
    ledger = tmp_path / "ledger.json"

    assert pipeline.command(*arguments, "--ledger", str(ledger)).wait(60) == 0

    frames = pipeline.records()["ward"]
    started_us = frames[0]["captured_us"]
    assert [f["captured_us"] - started_us for f in frames] == [n * 100_000 for n in range(60)]
    assert [frame["seq"] for frame in frames] == list(range(1, 61))
    (counts,) = json.loads(ledger.read_text())["cameras"]
    assert counts["outcomes"]["before_resume"] >= 10
    assert counts["outcomes"]["before_resume"] + counts["outcomes"]["sent"] == 60


def test_a_recording_that_was_played_to_its_end_starts_again(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 12)
    pipeline.register("ward")
    feeds = [FeedConfig(camera_id="ward", source=str(clip))]
    pipeline.run(feeds)

    again = pipeline.run(feeds, Playback(end_heartbeats=0))["ward"]

    assert again.outcomes == {"sent": 12}


def _has_records(pipeline: IngestRun, count: int) -> bool:
    return sum(pipeline.ends().values()) >= count


def test_a_finished_recording_adds_nothing_when_it_is_run_again(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 20)
    pipeline.register("ward")
    feeds = [FeedConfig(camera_id="ward", source=str(clip))]
    pipeline.run(feeds)
    before = pipeline.records()

    again = pipeline.run(feeds)["ward"]

    assert pipeline.records() == before
    assert again.outcomes == {"before_resume": 20}


def test_the_producer_puts_keys_into_the_computed_partition(pipeline: IngestRun) -> None:
    settings = pipeline.settings()
    keys = [f"camera-{number}" for number in range(200)] + ["", "é", "ward 3/bed 12"]
    producer = ReliableProducer(cluster_of(settings))
    before = pipeline.ends()
    for key in keys:
        producer.produce(cluster_of(settings).name(FRAMES), key=key, value=b"x")
    producer.flush(30)

    counted = [0] * FRAMES.partitions
    for key in keys:
        counted[partition_of(key, FRAMES.partitions)] += 1

    assert [pipeline.ends()[n] - before[n] for n in range(FRAMES.partitions)] == counted


def test_the_last_record_of_a_quiet_camera_is_found_far_before_the_end_of_its_partition(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    """Two cameras share a partition, and the last record of the quiet one is far back."""
    quiet = "quiet"
    busy = next(
        name
        for name in (f"busy-{number}" for number in range(10_000))
        if partition_of(name, FRAMES.partitions) == partition_of(quiet, FRAMES.partitions)
    )
    for camera_id, frames in ((quiet, 5), (busy, 700)):
        pipeline.register(camera_id)
        clip = make_clip(tmp_path / f"{camera_id}.mp4", frames)
        pipeline.run([FeedConfig(camera_id=camera_id, source=str(clip))])
    last = pipeline.records()[quiet][-1]

    found = read_position(cluster_of(pipeline.settings()), pipeline.registry.writer(FRAMES), quiet)

    assert (found.next_seq, found.last_us) == (last["seq"] + 1, last["captured_us"])


def test_seq_keeps_rising_after_the_log_has_lost_the_camera(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 25)
    pipeline.register("ward")
    feeds = [FeedConfig(camera_id="ward", source=str(clip))]
    pipeline.run(feeds)
    last_seq = pipeline.records()["ward"][-1]["seq"]
    settings = pipeline.settings()
    partition = partition_of("ward", FRAMES.partitions)
    position = TopicPartition(
        cluster_of(settings).name(FRAMES), partition, pipeline.ends()[partition]
    )
    admin = cluster_of(settings).admin()
    for future in admin.delete_records([position]).values():
        future.result(30)

    pipeline.run(feeds)

    seqs = [frame["seq"] for frame in pipeline.records()["ward"]]
    assert seqs[0] > last_seq
    assert seqs == list(range(seqs[0], seqs[0] + 26))
