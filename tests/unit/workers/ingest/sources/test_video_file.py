"""A recording gives every frame it has, in display order, at its exact time."""

import itertools
from pathlib import Path

import cv2
import pytest
import structlog
from structlog.testing import capture_logs

from runtime.errors import Stop
from tests.support.clips import make_clip, number_of, read_clip
from workers.ingest.sources import rate as rates
from workers.ingest.sources.file import VideoFile
from workers.ingest.sources.open import open_source
from workers.ingest.sources.probe import probe_clip

B_FRAMES = {"bf": "3", "g": "12", "x264-params": "b-adapt=0:scenecut=0"}


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        pytest.param("clip.mp4", "libx264", B_FRAMES, id="mp4-with-reordered-frames"),
        pytest.param("clip.avi", "libx264", B_FRAMES, id="avi-with-reordered-frames"),
        pytest.param("clip.avi", "mpeg4", {}, id="avi"),
        pytest.param("clip.mkv", "libx264", {}, id="mkv"),
        pytest.param("clip.ts", "libx264", B_FRAMES, id="mpeg-ts-that-begins-late"),
        pytest.param("clip.h264", "libx264", B_FRAMES, id="a-bare-stream-without-times"),
    ],
)
def test_frames_come_in_display_order_at_even_times(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    clip = make_clip(tmp_path / name, 30, rate=10, codec=codec, options=options)

    frames = read_clip(clip)

    assert [number_of(frame.pixels()) for frame in frames if frame.pixels] == list(range(30))
    assert [frame.pts_us for frame in frames] == [n * 100_000 for n in range(30)]


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [("a.h264", "libx264", 5), ("a.h264", "libx264", 30), ("a.m2v", "mpeg2video", 30)],
)
def test_a_bare_stream_has_the_rate_that_its_codec_states(
    tmp_path: Path, name: str, codec: str, rate: int
) -> None:
    clip = make_clip(tmp_path / name, 30, rate=rate, codec=codec)

    assert probe_clip(str(clip)).fps == rate
    times = [frame.pts_us for frame in read_clip(clip)]
    assert times == [round(n * 1_000_000 / rate) for n in range(30)]


def test_a_rate_that_nothing_states_is_assumed_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "log", structlog.get_logger())  # one that no other test has bound
    clip = make_clip(tmp_path / "a.mjpeg", 30, rate=10, codec="mjpeg")

    with capture_logs() as logged:
        times = [frame.pts_us for frame in read_clip(clip)]

    assert times == [n * 40_000 for n in range(30)]
    [warning] = logged
    assert "a.mjpeg states no frame rate: 25 frames/s are assumed" in warning["error"]


def test_an_uneven_clip_keeps_its_own_times(tmp_path: Path) -> None:
    times_ms = [0, 40, 90, 250, 1000, 1033, 5000]
    clip = make_clip(tmp_path / "uneven.mkv", len(times_ms), times_ms=times_ms)

    assert [frame.pts_us for frame in read_clip(clip)] == [ms * 1000 for ms in times_ms]


def test_rounding_to_microseconds_does_not_add_up(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 90, rate=30)

    times = [frame.pts_us for frame in read_clip(clip)]

    assert times == [round(n * 1_000_000 / 30) for n in range(90)]


def test_another_decoder_finds_the_same_number_of_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.avi", 47, options=B_FRAMES)
    capture = cv2.VideoCapture(str(clip))
    counted = sum(1 for _ in iter(lambda: capture.read()[0], False))

    assert len(read_clip(clip)) == counted == 47


def test_time_continues_over_the_loops_of_a_clip(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 5, rate=10)

    looped = itertools.islice(VideoFile(clip, loop=True).frames(), 12)

    assert [frame.pts_us for frame in looped] == [n * 100_000 for n in range(12)]


def test_a_damaged_frame_is_given_as_undecodable_and_the_rest_as_usual(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.avi", 20, codec="mjpeg")
    whole = clip.read_bytes()
    second = whole.index(b"\xff\xd8", whole.index(b"\xff\xd8") + 2)
    third = whole.index(b"\xff\xd8", second + 2)
    clip.write_bytes(whole[:second] + b"\x00" * (third - second - 16) + whole[third - 16 :])

    frames = read_clip(clip)

    assert len(frames) == 20
    assert [n for n, frame in enumerate(frames) if frame.pixels is None] == [1]
    assert [frame.pts_us for frame in frames] == [n * 100_000 for n in range(20)]


def test_a_file_that_is_no_video_stops_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("not a video")

    with pytest.raises(Stop, match=r"notes\.mp4 cannot be read .*ffmpeg -i \S+/notes\.mp4 "):
        read_clip(path)


def test_a_file_without_pictures_stops_with_what_to_do(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.avi", 3, codec="mjpeg")
    whole = clip.read_bytes()
    first, end = whole.index(b"\xff\xd8"), whole.rindex(b"\xff\xd9")
    clip.write_bytes(whole[:first] + b"\x00" * (end + 2 - first) + whole[end + 2 :])

    with pytest.raises(Stop, match=r"clip\.avi cannot be read \(none of its frames"):
        read_clip(clip)


@pytest.mark.parametrize("video", ["/nowhere/clip.mp4", "webcam:first"])
def test_a_source_that_cannot_be_is_named_at_once(video: str) -> None:
    with pytest.raises(Stop, match=video):
        open_source(video)
