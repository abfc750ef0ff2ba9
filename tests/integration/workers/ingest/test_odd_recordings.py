"""A recording with gaps, wrong stamps or a cut is sent as it was taken; what it lacks is named."""

from pathlib import Path

import pytest

from runtime.errors import Stop
from tests.integration.workers.ingest.ingest_run import START_US, IngestRun
from tests.support import odd_clips as clips
from tests.support.clips import make_clip
from workers.ingest.feed import FeedConfig


def test_a_gap_is_announced_by_heartbeats(pipeline: IngestRun, tmp_path: Path) -> None:
    times_ms = [*range(0, 1000, 100), *range(31_000, 32_000, 100)]
    clip = make_clip(tmp_path / "ward.mkv", 20, times_ms=times_ms)
    pipeline.register("ward")

    feed = FeedConfig(camera_id="ward", source=str(clip))
    ledger = pipeline.run([feed], heartbeat_s=5.0, fps=10.0)["ward"]

    records = pipeline.records()["ward"]
    at_ms = [(record["captured_us"] - START_US) // 1000 for record in records]
    kinds = [record["kind"] for record in records]
    assert [at for at, kind in zip(at_ms, kinds, strict=True) if kind == "FRAME"] == times_ms
    assert at_ms == sorted(at_ms)
    assert [at for at, kind in zip(at_ms, kinds, strict=True) if kind == "HEARTBEAT"] == [
        *range(5_900, 31_000, 5_000),
        36_900,
    ]
    assert (ledger.gaps, ledger.gap_us, ledger.shortfall) == (1, 30_100_000, None)


def test_one_stamp_hours_ahead_neither_waits_nor_is_lost(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = clips.outlier_clip(tmp_path / "ward.mkv", ahead_s=37_604)
    pipeline.register("ward", width=clips.WIDTH, height=clips.HEIGHT)

    ledger = pipeline.run([FeedConfig(camera_id="ward", source=str(clip))], fps=10.0)["ward"]

    records = pipeline.records()["ward"]
    assert [(record["captured_us"] - START_US) // 1000 for record in records] == [
        *range(0, 6_000, 100),
        10_900,
    ]
    assert (ledger.read, ledger.mended, ledger.gaps) == (60, 1, 0)


def test_a_cut_recording_is_sent_with_its_end_and_then_refused(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = clips.clip(tmp_path / "ward.mkv")
    whole = clip.read_bytes()
    clip.write_bytes(whole[: len(whole) // 2])
    pipeline.register("ward", width=clips.WIDTH, height=clips.HEIGHT)

    with pytest.raises(Stop, match=r"ward\.mkv: it ends \d\.\d s before the 6\.0 s") as stopped:
        pipeline.run([FeedConfig(camera_id="ward", source=str(clip))], fps=10.0)

    *frames, last = pipeline.records()["ward"]
    assert stopped.value.exit_code == 78
    assert 0 < len(frames) < 60
    assert {frame["kind"] for frame in frames} == {"FRAME"}
    assert last["kind"] == "HEARTBEAT"


def test_the_captured_size_of_a_rotated_recording_is_the_upright_one(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = clips.rotated_clip(tmp_path / "phone.mp4")
    pipeline.register("ward", width=clips.HEIGHT, height=clips.WIDTH)
    pipeline.register("lying", width=clips.WIDTH, height=clips.HEIGHT)

    pipeline.run([FeedConfig(camera_id="ward", source=str(clip))])

    frame = pipeline.records()["ward"][0]
    assert (frame["width"], frame["height"]) == (clips.HEIGHT, clips.WIDTH)
    with pytest.raises(Stop, match="captured frames are 128x192, turned upright"):
        pipeline.run([FeedConfig(camera_id="lying", source=str(clip))])
