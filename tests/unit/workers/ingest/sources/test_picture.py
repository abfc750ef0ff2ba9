"""Every source gives the picture as it was taken: best stream, upright, square pixels."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.stream import VideoStream

from runtime.errors import Stop
from tests.support import odd_clips as clips
from tests.support.clips import make_clip, read_clip
from workers.ingest.sources.probe import probe_clip

TURNS = {
    "as-stored": ((1, 0, 0, 1), (192, 128), 0),
    "90-clockwise": ((0, 1, -1, 0), (128, 192), 1),
    "180": ((-1, 0, 0, -1), (192, 128), 3),
    "270-clockwise": ((0, -1, 1, 0), (128, 192), 2),
    "mirrored": ((-1, 0, 0, 1), (192, 128), 1),
    "upended": ((1, 0, 0, -1), (192, 128), 2),
    "transposed": ((0, 1, 1, 0), (128, 192), 0),
    "transposed-the-other-way": ((0, -1, -1, 0), (128, 192), 3),
}
"""Matrix a b c d, size of the picture as shown, and where its old top left corner is then."""


def _turned(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    content = bytearray(path.read_bytes())
    a, b, c, d = (part << 16 for part in matrix)
    struct.pack_into(">9i", content, content.index(b"tkhd") + 44, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def _wide(path: Path, pixel: str) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(pixel)
        for number in range(10):
            container.mux(stream.encode(clips.raw_frame(clips.picture(number), number)))
        container.mux(stream.encode(None))
    return path


def _first(path: Path) -> tuple[tuple[int, int], int]:
    """Size of the first picture, and the corner that is white."""
    pixels = read_clip(path)[0].pixels
    assert pixels is not None
    image = pixels()
    corners = [image[:20, :20], image[:20, -20:], image[-20:, :20], image[-20:, -20:]]
    return (image.shape[1], image.shape[0]), int(np.argmax([part.mean() for part in corners]))


@pytest.mark.parametrize("turn", TURNS)
def test_a_picture_is_turned_and_mirrored_as_players_show_it(tmp_path: Path, turn: str) -> None:
    matrix, size, corner = TURNS[turn]
    clip = _turned(clips.clip(tmp_path / "clip.mp4"), matrix)

    assert _first(clip) == (size, corner)
    probed = probe_clip(str(clip))
    assert (probed.width, probed.height, probed.frames) == (*size, 60)


def test_a_rotation_in_a_tag_alone_is_a_rotation_clockwise(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        stream.metadata["rotate"] = "90"
        container.mux(stream.encode(clips.raw_frame(clips.picture(0), 0)))
        container.mux(stream.encode(None))

    assert _first(path) == ((128, 192), 1)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.h264", "clip.avi"])
@pytest.mark.parametrize(
    ("pixel", "width"), [("4/3", 256), ("16/11", 279), ("8/9", 171), ("1/1", 192), ("2/1", 384)]
)
def test_pixels_become_square(tmp_path: Path, name: str, pixel: str, width: int) -> None:
    clip = _wide(tmp_path / name, pixel)

    assert _first(clip) == ((width, 128), 0)
    assert (probe_clip(str(clip)).width, probe_clip(str(clip)).height) == (width, 128)


def test_a_turned_picture_is_widened_before_it_is_turned(tmp_path: Path) -> None:
    clip = _turned(_wide(tmp_path / "clip.mp4", "4/3"), TURNS["90-clockwise"][0])

    assert _first(clip) == ((128, 256), 1)


def _two(path: Path, first: tuple[int, int, int], second: tuple[int, int, int]) -> Path:
    """A file with two video streams of a width, a height and a number of frames each."""
    with av.open(str(path), "w") as container:
        streams = []
        for width, height, _ in (first, second):
            stream = container.add_stream("libx264", rate=10, options={"bf": "0"})
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            streams.append(stream)
        for number in range(max(first[2], second[2])):
            for stream, (width, height, frames) in zip(streams, (first, second), strict=True):
                if number < frames:
                    image = clips.picture(number, width, height)
                    container.mux(stream.encode(clips.raw_frame(image, number)))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["clip.mkv", "clip.ts"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((64, 64, 30), (192, 128, 30), id="the-larger-second"),
        pytest.param((192, 128, 30), (64, 64, 30), id="the-larger-first"),
        pytest.param((640, 480, 1), (192, 128, 30), id="a-large-still-first"),
        pytest.param((192, 128, 30), (640, 480, 1), id="a-large-still-second"),
    ],
)
def test_the_largest_moving_stream_is_played(
    tmp_path: Path, name: str, first: tuple[int, int, int], second: tuple[int, int, int]
) -> None:
    clip = _two(tmp_path / name, first, second)

    assert len(read_clip(clip)) == 30
    assert _first(clip)[0] == (192, 128)
    probed = probe_clip(str(clip))
    assert (probed.width, probed.height, probed.frames) == (192, 128, 30)


def test_the_default_stream_comes_before_a_larger_one(
    tmp_path: Path,
) -> None:
    clip = _two(tmp_path / "clip.mp4", (64, 64, 30), (192, 128, 30))

    assert _first(clip)[0] == (64, 64)


def _sound(path: Path, *, cover: bool) -> Path:
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=8000)
        still = container.add_stream("mjpeg", rate=1) if cover else None
        if still is not None:
            still.width, still.height, still.pix_fmt = 64, 64, "yuvj420p"
            still.disposition = Disposition.attached_pic
            container.mux(still.encode(clips.raw_frame(clips.picture(0, 64, 64), 0)))
            container.mux(still.encode(None))
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
        tone.sample_rate, tone.pts = 8000, 0
        container.mux(sound.encode(tone))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("cover", [False, True], ids=["bare", "with-a-cover-picture"])
def test_sound_alone_is_refused(tmp_path: Path, cover: bool) -> None:
    with pytest.raises(Stop, match="no video stream"):
        read_clip(_sound(tmp_path / "sound.mp4", cover=cover))


def test_a_square_upright_picture_is_not_changed(tmp_path: Path) -> None:
    pixels = read_clip(make_clip(tmp_path / "clip.mp4", 3))[0].pixels
    assert pixels is not None

    assert pixels().shape == (96, 128, 3)
    assert pixels().flags.c_contiguous
