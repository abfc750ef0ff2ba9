"""Clips of a moving square, encoded when a test needs them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from workers.ingest.sources.base import Image, SourceFrame
from workers.ingest.sources.file import VideoFile

WIDTH = 128
HEIGHT = 96


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> Image:
    """A grey picture: a white square moves right, and bars at the left encode the frame number."""
    image: NDArray[np.uint8] = np.full((height, width, 3), 90, np.uint8)
    for bit in range(10):
        if number >> bit & 1:
            image[bit * 8 : bit * 8 + 8, :16] = 255
        else:
            image[bit * 8 : bit * 8 + 8, :16] = 0
    left = 20 + number * 3 % (width - 40)
    image[height // 3 : height // 3 + 20, left : left + 16] = (40, 160, 240)
    return image


def number_of(image: Image) -> int:
    """The number that `picture` drew."""
    return sum(int(image[bit * 8 + 4, 8].mean() > 128) << bit for bit in range(10))


def make_clip(
    path: Path,
    frames: int,
    *,
    rate: int = 10,
    codec: str = "libx264",
    times_ms: Sequence[int] | None = None,
    width: int = WIDTH,
    height: int = HEIGHT,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip; the container follows from the name.

    Args:
        path: File to write.
        frames: Number of frames.
        rate: Frames per second.
        codec: FFmpeg's name of the codec.
        times_ms: Presentation time of each frame; evenly spaced when None.
        width: Image width, px.
        height: Image height, px.
        options: Options of the encoder.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="bgr24")
            if times_ms is None:
                frame.pts, frame.time_base = number, Fraction(1, rate)
            else:
                frame.pts, frame.time_base = times_ms[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read_clip(path: Path) -> list[SourceFrame]:
    """Every frame of a clip."""
    return list(VideoFile(path).frames())
