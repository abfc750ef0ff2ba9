"""A recording that was cut says so; a whole one does not."""

from pathlib import Path

import av
import pytest
from av.video.stream import VideoStream

from runtime.errors import Stop
from tests.support import odd_clips as clips
from workers.ingest.sources.file import VideoFile

CASES = [
    ("clip.mkv", "libx264", {}),
    ("clip.avi", "mpeg4", {}),
    ("clip.ts", "libx264", {}),
    ("clip.mp4", "libx264", {"movflags": "faststart"}),
    ("clip.mov", "libx264", {"movflags": "frag_keyframe+empty_moov"}),
]


def _clip(path: Path, codec: str, options: dict[str, str]) -> Path:
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=10, options={"g": "10", "bf": "0"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        for number in range(60):
            container.mux(stream.encode(clips.raw_frame(clips.picture(number), number)))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("name", "codec", "options"), CASES)
def test_a_whole_recording_lacks_nothing(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    video = VideoFile(_clip(tmp_path / name, codec, options))

    assert len(list(video.frames())) == 60
    assert video.shortfall is None


@pytest.mark.parametrize(("name", "codec", "options"), CASES)
def test_a_recording_that_is_cut_within_a_packet_says_so(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    clip = _clip(tmp_path / name, codec, options)
    whole = clip.read_bytes()
    clip.write_bytes(whole[: len(whole) // 2 + 101])

    video = VideoFile(clip)

    assert 0 < len(list(video.frames())) < 60
    assert video.shortfall is not None
    assert video.shortfall.startswith("it ")


@pytest.mark.parametrize("codec", ["mpeg4", "mjpeg", "libx264", "rawvideo"])
def test_an_avi_that_ends_in_null_lostis_whole(tmp_path: Path, codec: str) -> None:
    video = VideoFile(clips.null_end_clip(tmp_path / "still.avi", codec, 30, 30))

    assert len(list(video.frames())) == 30
    assert video.shortfall is None


@pytest.mark.parametrize(("left", "missing"), [(0, 30), (1, 29), (6, 24), (29, 1)])
def test_an_avi_that_is_cut_among_its_null_lostsays_how_many_are_missing(
    tmp_path: Path, left: int, missing: int
) -> None:
    clip = clips.null_end_clip(tmp_path / "still.avi", "mpeg4", 30, 30)
    whole = clip.read_bytes()
    first = whole.index(bytes.fromhex("30306463 00000000"), whole.index(b"movi"))
    clip.write_bytes(whole[: first + 8 * left + 3])

    video = VideoFile(clip)

    assert len(list(video.frames())) == 30
    lost = "1 frame" if missing == 1 else f"{missing} frames"
    ends = f"it ends {missing / 10:.1f} s, {lost} before the 6.0 s that it states"
    assert video.shortfall == ends


def test_an_avi_whose_tail_was_overwritten_is_not_whole(tmp_path: Path) -> None:
    clip = clips.null_end_clip(tmp_path / "still.avi", "mpeg4", 30, 30)
    whole = clip.read_bytes()
    clip.write_bytes(whole[:10_000].ljust(len(whole), b"\0"))

    video = VideoFile(clip)

    assert 0 < len(list(video.frames())) < 30
    assert video.shortfall is not None


def test_an_avi_with_null_lostthat_is_cut_later_names_what_it_lacks(tmp_path: Path) -> None:
    numbers = [*range(30), *range(90, 120)]
    clip = clips.clip(tmp_path / "gap.avi", codec="mpeg4", numbers=numbers)
    whole = clip.read_bytes()
    clip.write_bytes(whole[: whole.rindex(b"00dc", 0, whole.rindex(b"idx1"))])

    video = VideoFile(clip)

    assert len(list(video.frames())) == 59
    assert video.shortfall == "it ends 0.1 s, 1 frame before the 12.0 s that it states"


@pytest.mark.parametrize("size", [0, 400])
def test_a_file_without_its_index_stops(tmp_path: Path, size: int) -> None:
    clip = _clip(tmp_path / "clip.mp4", "libx264", {})
    clip.write_bytes(clip.read_bytes()[:size])

    with pytest.raises(Stop, match="cannot be read"):
        list(VideoFile(clip).frames())


@pytest.mark.parametrize(("name", "codec", "options"), CASES)
def test_a_damaged_middle_keeps_the_times_of_what_follows(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    clip = _clip(tmp_path / name, codec, options)
    whole = bytearray(clip.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 40] = bytes(40)
    clip.write_bytes(whole)

    video = VideoFile(clip)
    times = [frame.pts_us for frame in video.frames()]

    known = [time for time in times if time is not None]
    assert known == sorted(set(known))
    assert known[-1] == 5_900_000 or video.shortfall is not None
