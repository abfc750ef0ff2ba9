"""A recording, decoded frame by frame with exact times."""

import shlex
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import av
import structlog
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from runtime.errors import Stop
from workers.ingest.recording import recording_identity
from workers.ingest.sources.address import local_name
from workers.ingest.sources.base import SourceFrame
from workers.ingest.sources.ending import Ending
from workers.ingest.sources.picture import AsTaken, best_video, has_codec
from workers.ingest.sources.rate import frame_rate, states_times
from workers.ingest.sources.times import Timeline
from workers.ingest.sources.unreadable import reason_of

log = structlog.get_logger(__name__)

_TIMED_BY_PACKET = frozenset({"avi"})


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
        self.shortfall: str | None = None

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
            container = self._open()
        except (FFmpegError, OSError) as error:
            raise self._unreadable(reason_of(error)) from error
        with container:
            stream = self._best(container)
            stream.codec_context.thread_count = 1
            picture = AsTaken(stream, str(self._path))
            ending = Ending(container, stream, self._local)
            frame_s = 1 / frame_rate(container, stream, str(self._path))
            even = not states_times(container)
            tick_s = frame_s if even else stream.time_base or frame_s
            timeline = Timeline(tick_s, frame_s, ending.stated_s)
            frames = self._decode(container, stream, ending)
            if even:
                frames = ((frame, number) for number, (frame, _) in enumerate(frames))
            for timed in timeline.timed(frames):
                frame = timed.item
                pixels = None if frame is None or frame.is_corrupt else picture.pixels(frame)
                mended = timed.mended and frame is not None
                at_us = start_us + timed.at_us
                yield SourceFrame(at_us, None, pixels, mended), timeline.interval_us
        self.shortfall = ending.shortfall()

    def _best(self, container: av.container.InputContainer) -> VideoStream:
        again = self._open() if len(container.streams.video) > 1 else None
        try:
            stream = best_video(container, again)
        finally:
            if again is not None:
                again.close()
        if stream is None and not all(map(has_codec, container.streams.video)):
            raise self._unreadable("its header is damaged, or its codec is not known")
        if stream is None:
            still = "a cover picture, but " if container.streams.video else ""
            raise self._unreadable(f"it has {still}no video stream")
        return stream

    def _decode(
        self, container: av.container.InputContainer, stream: VideoStream, ending: Ending
    ) -> Iterator[tuple[VideoFrame | None, int | None]]:
        """Yield decoded frames with their stamps, and None for a packet that cannot be decoded."""
        packets = container.demux(stream)
        stamps = _Stamps(stream, in_packets=container.format.name in _TIMED_BY_PACKET)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except FFmpegError as error:
                ending.broken = str(error.strerror or error)
                self._broken(error)
                return
            ending.note(packet)
            stamps.note(packet)
            try:
                decoded = packet.decode()
            except FFmpegError:
                yield None, stamps.of(None)
                continue
            for frame in decoded:
                yield frame, stamps.of(frame)
            stamps.settle()

    @property
    def _local(self) -> Path | None:
        """The file; None when the recording is read from a server."""
        return self._path

    def _open(self) -> av.container.InputContainer:
        return av.open(local_name(self._path))

    def _broken(self, error: FFmpegError) -> None:
        """Report that no more packets can be read."""
        why = str(error.strerror or error)
        log.warning("ingest.file_damaged", video=str(self._path), error=why)

    def _unreadable(self, why: str) -> Stop:
        name = local_name(self._path) if ":" in str(self._path) else str(self._path)
        given = shlex.join(["ffmpeg", "-i", name, "-c:v", "libx264"])
        return Stop(
            f"video {self._path} cannot be read ({why}): check the path, or convert it with "
            f"`{given} readable.mp4` and give that file"
        )


class _Stamps:
    """Finds the stamp of each decoded frame.

    AVI stores no presentation times, but the position of each packet, empty ones included. Frames
    leave the decoder in display order, so the first that leaves has the earliest position.
    """

    def __init__(self, stream: VideoStream, *, in_packets: bool) -> None:
        self._stream = stream
        self._in_packets = in_packets
        self._waiting: deque[int | None] = deque()

    def note(self, packet: "Packet[VideoStream]") -> None:
        """Note a packet that goes into the decoder."""
        if self._in_packets and packet.size:
            self._waiting.append(packet.dts)

    def of(self, frame: VideoFrame | None) -> int | None:
        """Stamp of the next frame out of the decoder; None when unknown."""
        if self._in_packets:
            return self._waiting.popleft() if self._waiting else None
        return None if frame is None else frame.pts

    def settle(self) -> None:
        """Forget packets that gave no frame, where the decoder holds none back."""
        if not self._stream.codec_context.has_b_frames:
            self._waiting.clear()
