"""A recording, decoded frame by frame with exact times."""

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import cast

import av
import structlog
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from runtime.errors import Stop
from workers.ingest.recording import recording_identity
from workers.ingest.sources.base import Image, SourceFrame

log = structlog.get_logger(__name__)

_WITHOUT_PTS = frozenset({"avi", "h264", "hevc", "m4v", "mjpeg", "rawvideo"})
"""Containers that store no presentation times: what FFmpeg reports for them are guesses, which
are wrong where frames were reordered. Their frames are equally spaced by definition."""

_FALLBACK_RATE = Fraction(25)


def to_bgr(frame: VideoFrame) -> Image:
    """Convert a decoded frame to BGR."""
    return cast(Image, frame.to_ndarray(format="bgr24"))


class VideoFile:
    """A video file; decoding is single-threaded, so that damaged files give the same pixels twice.

    Args:
        path: Path of the file, in any container format that FFmpeg reads.
        loop: Start again at the end, for ever; presentation time continues.
    """

    live = False

    def __init__(self, path: Path, *, loop: bool = False) -> None:
        self._path = path
        self._loop = loop

    @property
    def identity(self) -> str | None:
        """See `FrameSource.identity`; a loop has no end, so it is never resumed."""
        return None if self._loop else recording_identity(self._path)

    def frames(self) -> Iterator[SourceFrame]:
        """Yield every frame of the file; see `FrameSource.frames`."""
        start_us = 0
        while True:
            end_us = start_us
            decoded = 0
            for frame, interval_us in self._one_pass(start_us):
                if frame.pts_us is not None:
                    end_us = frame.pts_us + interval_us
                decoded += frame.pixels is not None
                yield frame
            if not decoded:
                raise self._unreadable("none of its frames can be decoded")
            if not self._loop:
                return
            start_us = end_us

    def _one_pass(self, start_us: int) -> Iterator[tuple[SourceFrame, int]]:
        try:
            container = av.open(str(self._path))
        except (FFmpegError, OSError) as error:
            raise self._unreadable(str(error.strerror or error)) from error
        with container:
            if not container.streams.video:
                raise self._unreadable("it has no video stream")
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            timeline = _Timeline(stream, container.format.name)
            for frame in self._decode(container, stream):
                pts_us = timeline.next_us(None if frame is None else frame.pts)
                pixels = None if frame is None or frame.is_corrupt else partial(to_bgr, frame)
                yield SourceFrame(start_us + pts_us, None, pixels), timeline.interval_us

    def _decode(
        self, container: av.container.InputContainer, stream: VideoStream
    ) -> Iterator[VideoFrame | None]:
        """Yield decoded frames, and None for a packet that cannot be decoded."""
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except FFmpegError as error:
                log.warning("ingest.file_damaged", video=str(self._path), error=str(error))
                return
            try:
                yield from packet.decode()
            except FFmpegError:
                yield None

    def _unreadable(self, why: str) -> Stop:
        return Stop(
            f"video {self._path} cannot be read ({why}): check the path, or convert it with "
            f"`ffmpeg -i {self._path.name} -c:v libx264 readable.mp4` and give that file"
        )


class _Timeline:
    """Gives each frame its time from the first frame, microseconds, strictly rising."""

    def __init__(self, stream: VideoStream, container_format: str) -> None:
        self._frame_s = 1 / (stream.average_rate or stream.guessed_rate or _FALLBACK_RATE)
        self._tick_s = stream.time_base or self._frame_s
        self._stored = _WITHOUT_PTS.isdisjoint(container_format.split(","))
        self._first: int | None = None
        self._number = -1
        self._last_us = -1
        self.interval_us = max(1, round(self._frame_s * 1_000_000))

    def next_us(self, pts: int | None) -> int:
        """Time of the next frame in display order.

        Args:
            pts: Its presentation time in units of the stream's time base; None when unknown.
        """
        self._number += 1
        if not self._stored:
            at_us = round(self._number * self._frame_s * 1_000_000)
        elif pts is None:
            at_us = self._last_us + self.interval_us if self._number else 0
        else:
            if self._first is None:
                self._first = pts - round(max(self._last_us, 0) / (self._tick_s * 1_000_000))
            at_us = round((pts - self._first) * self._tick_s * 1_000_000)
        if at_us <= self._last_us:
            at_us = self._last_us + self.interval_us
        self._last_us = at_us
        return at_us
