"""Recordings with the oddities of real ones, six seconds at 10 frames/s and 192 x 128 px."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

WIDTH, HEIGHT, FPS, FRAMES = 192, 128, 10, 60

_TURNED_LEFT = (0, -1, 0, 1, 0, 0, 0, 0, 0x4000)
"""QuickTime's transformation matrix that turns the picture by 90 degrees counterclockwise."""


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A grey picture that differs from frame to frame, with a white corner at the top left."""
    image = np.full((height, width, 3), 60 + number, np.uint8)
    image[: height // 4, : width // 4] = 255
    return image


def clip(
    path: Path,
    *,
    codec: str = "libx264",
    numbers: Sequence[int] = range(FRAMES),
    options: dict[str, str] | None = None,
) -> Path:
    """Write a recording; the container follows from the file name.

    Args:
        path: File to write.
        codec: FFmpeg's name of the encoder.
        numbers: Time of each frame in tenths of a second; the container keeps the gaps.
        options: Options of the container.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        stream = _add(container, codec)
        for number, at in enumerate(numbers):
            _encode(container, stream, picture(number), at)
        container.mux(stream.encode(None))
    return path


def null_end_clip(path: Path, codec: str, frames: int, nulls: int) -> Path:
    """An AVI that ends in null frames: empty packets, which repeat the last picture.

    Args:
        path: File to write.
        codec: FFmpeg's name of the encoder.
        frames: Number of pictures.
        nulls: Number of null frames after them.
    """
    with av.open(str(path), "w") as container:
        stream = _add(container, codec)
        for number in range(frames):
            _encode(container, stream, picture(number), number)
        container.mux(stream.encode(None))
        for number in range(frames, frames + nulls):
            packet = av.Packet(0)
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            container.mux(packet)
    return path


def rotated_clip(path: Path) -> Path:
    """An MP4 whose header says that players turn the picture by 90 degrees to the left."""
    content = bytearray(clip(path).read_bytes())
    matrix_at = content.index(b"tkhd") + 44
    struct.pack_into(">9i", content, matrix_at, *(part << 16 for part in _TURNED_LEFT))
    path.write_bytes(content)
    return path


def outlier_clip(path: Path, ahead_s: int) -> Path:
    """A Matroska file in which frame 30 alone is stamped some seconds ahead."""
    with av.open(str(path), "w") as container:
        stream = _add(container, "libx264")
        for number in range(FRAMES + 1):
            frame = None if number == FRAMES else raw_frame(picture(number), number)
            for packet in stream.encode(frame):
                assert packet.pts is not None
                assert packet.time_base is not None
                if packet.pts * packet.time_base == Fraction(30, FPS):
                    packet.pts += round(ahead_s / packet.time_base)
                container.mux(packet)
    return path


def thumbnail_clip(path: Path) -> Path:
    """A Matroska file whose first video stream is one still, and whose second is the recording."""
    with av.open(str(path), "w") as container:
        still = _add(container, "mjpeg", 64, 64)
        stream = _add(container, "libx264")
        _encode(container, still, picture(0, 64, 64), 0)
        container.mux(still.encode(None))
        for number in range(FRAMES):
            _encode(container, stream, picture(number), number)
        container.mux(stream.encode(None))
    return path


def _add(
    container: av.container.OutputContainer, codec: str, width: int = WIDTH, height: int = HEIGHT
) -> VideoStream:
    stream = container.add_stream(codec, rate=FPS, options={"bf": "0"})
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = width, height
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    return stream


def raw_frame(image: np.ndarray, number: int) -> av.VideoFrame:
    """A frame to encode, at a number of tenths of a second."""
    frame = av.VideoFrame.from_ndarray(image, format="bgr24")
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frame


def _encode(
    container: av.container.OutputContainer, stream: VideoStream, image: np.ndarray, number: int
) -> None:
    container.mux(stream.encode(raw_frame(image, number)))
