"""A recording becomes records of its camera, and every frame is accounted for."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import simplejpeg

from runtime.errors import Stop
from tests.integration.workers.ingest.ingest_run import START_US, IngestRun, digest
from tests.support.clips import HEIGHT, WIDTH, make_clip, number_of
from workers.ingest.feed import FeedConfig, Playback, Region

HALVES = {"left": Region.parse("0,0,0.5,1"), "right": Region.parse("0.5,0,0.5,1")}


def test_one_clip_becomes_two_cameras_and_no_frame_is_lost(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "ward.avi", 40)
    feeds = [FeedConfig(camera_id=n, source=str(clip), region=r) for n, r in HALVES.items()]
    for camera_id in HALVES:
        pipeline.register(camera_id, width=WIDTH // 2)

    ledgers = pipeline.run(feeds)

    capture = cv2.VideoCapture(str(clip))
    frames_in_clip = sum(1 for _ in iter(lambda: capture.read()[0], False))
    records = pipeline.records()
    assert sorted(records) == ["left", "right"]
    for camera_id, found in records.items():
        *frames, last = found
        assert ledgers[camera_id].outcomes.total() == ledgers[camera_id].read == frames_in_clip
        assert ledgers[camera_id].complete
        assert [frame["kind"] for frame in frames] == ["FRAME"] * 40
        assert [frame["seq"] for frame in found] == list(range(1, 42))
        assert [f["captured_us"] for f in frames] == [START_US + n * 100_000 for n in range(40)]
        assert (last["kind"], last["captured_us"]) == ("HEARTBEAT", START_US + 8_900_000)
        assert {(f["width"], f["height"]) for f in frames} == {(WIDTH // 2, HEIGHT)}
        assert all(f["received_us"] > f["captured_us"] for f in frames)
    pictures = {
        name: [simplejpeg.decode_jpeg(pipeline.pixels(f), "BGR") for f in found[:-1]]
        for name, found in records.items()
    }
    assert [number_of(image) for image in pictures["left"]] == list(range(40))
    whole = np.hstack([pictures["left"][7], pictures["right"][7]])
    capture = cv2.VideoCapture(str(clip))
    original = [capture.read()[1] for _ in range(8)][7]
    assert np.abs(whole.astype(int) - original).mean() < 4


def test_the_chosen_rate_thins_and_every_thinned_frame_is_counted(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 90, rate=30)
    pipeline.register("ward")

    ledger = pipeline.run([FeedConfig(camera_id="ward", source=str(clip))], fps=10.0)["ward"]

    frames = pipeline.records()["ward"][:-1]
    assert ledger.outcomes == {"sent": 30, "thinned": 60}
    assert [frame["captured_us"] - START_US for frame in frames] == [n * 100_000 for n in range(30)]


def test_cameras_of_different_clips_run_together(pipeline: IngestRun, tmp_path: Path) -> None:
    clips = {name: make_clip(tmp_path / f"{name}.mp4", n) for name, n in (("a", 12), ("b", 30))}
    for camera_id in clips:
        pipeline.register(camera_id)

    ledgers = pipeline.run([FeedConfig(camera_id=n, source=str(c)) for n, c in clips.items()])

    assert {name: ledger.outcomes["sent"] for name, ledger in ledgers.items()} == {
        "a": 12,
        "b": 30,
    }


def test_in_real_time_event_time_is_the_wall_clock(pipeline: IngestRun, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 15)
    pipeline.register("ward")

    ledger = pipeline.run(
        [FeedConfig(camera_id="ward", source=str(clip))],
        Playback(pace="realtime", end_heartbeats=0),
    )["ward"]

    frames = pipeline.records()["ward"]
    late_us = [frame["received_us"] - frame["captured_us"] for frame in frames]
    assert ledger.outcomes == {"sent": 15}
    assert min(late_us) >= 0
    assert sorted(late_us)[len(late_us) // 2] < 300_000
    assert frames[-1]["captured_us"] - frames[0]["captured_us"] == 1_400_000


def test_the_masks_in_force_at_each_frame_are_blank_before_anything_leaves(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 20)
    everything_right = [
        {"x": x, "y": y} for x, y in [(64.0, -1.0), (130.0, -1.0), (130.0, 97.0), (64.0, 97.0)]
    ]
    pipeline.register("ward")
    pipeline.register(
        "ward", 2, valid_from_us=START_US + 1_000_000, privacy_masks=[everything_right]
    )

    pipeline.run([FeedConfig(camera_id="ward", source=str(clip))])

    frames = pipeline.records()["ward"][:-1]
    assert [frame["camera_version"] for frame in frames] == [1] * 10 + [2] * 10
    for frame in frames:
        image = simplejpeg.decode_jpeg(pipeline.pixels(frame), "BGR")
        masked = frame["camera_version"] == 2
        assert (image[:, 72:].max() < 16) == masked
        assert number_of(image) == (frame["captured_us"] - START_US) // 100_000


def test_a_camera_that_is_masked_wholly_sends_only_its_time_and_a_removed_one_nothing(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 50)
    everything = [
        {"x": x, "y": y} for x, y in [(-1.0, -1.0), (130.0, -1.0), (130.0, 97.0), (-1.0, 97.0)]
    ]
    pipeline.register("ward")
    pipeline.register("ward", 2, valid_from_us=START_US + 1_000_000, privacy_masks=[everything])
    pipeline.register("ward", 3, valid_from_us=START_US + 3_000_000, removed=True)

    ledger = pipeline.run([FeedConfig(camera_id="ward", source=str(clip))])["ward"]

    records = pipeline.records()["ward"]
    assert ledger.outcomes == {"sent": 10, "masked_out": 20, "camera_removed": 20}
    assert [(frame["kind"], (frame["captured_us"] - START_US) // 1000) for frame in records] == [
        *(("FRAME", n * 100) for n in range(10)),
        ("HEARTBEAT", 1900),
        ("HEARTBEAT", 2900),
    ]


def test_a_large_frame_lies_in_the_store_and_the_record_says_where(
    pipeline: IngestRun, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 10)
    pipeline.register("ward")

    pipeline.run([FeedConfig(camera_id="ward", source=str(clip))], inline_limit_bytes=100)

    frames = pipeline.records()["ward"][:-1]
    for number, frame in enumerate(frames):
        assert frame["data"] is None
        assert f"/raw/ward/2024-01-01/{frame['sha256']}.jpg" in (frame["object_uri"] or "")
        assert number_of(simplejpeg.decode_jpeg(pipeline.pixels(frame), "BGR")) == number


def test_the_same_recording_twice_gives_the_same_log(pipeline: IngestRun, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 30)
    for camera_id in ("one", "two"):
        pipeline.register(camera_id)
        pipeline.run([FeedConfig(camera_id=camera_id, source=str(clip))])

    records = pipeline.records()

    first, second = (digest({"any": records[name]}) for name in ("one", "two"))
    assert first == second
    assert len({frame["sha256"] for frame in records["one"][:-1]}) == 30


@pytest.mark.parametrize(
    ("registered", "message"),
    [
        pytest.param(None, r"camera ward is not registered: .*wardstream camera import", id="no"),
        pytest.param(
            {"width": 640, "height": 480},
            r"camera ward is registered with 640x480 px, .* are 128x96",
            id="other-size",
        ),
        pytest.param(
            {"valid_from_us": START_US + 1},
            r"camera ward is not in force at the start time",
            id="later",
        ),
    ],
)
def test_a_camera_that_is_not_registered_for_this_stops_with_what_to_do(
    pipeline: IngestRun, tmp_path: Path, registered: dict[str, int] | None, message: str
) -> None:
    clip = make_clip(tmp_path / "ward.mp4", 5)
    if registered is not None:
        pipeline.register("ward", **registered)

    with pytest.raises(Stop, match=message):
        pipeline.run([FeedConfig(camera_id="ward", source=str(clip))])

    assert pipeline.records() == {}
