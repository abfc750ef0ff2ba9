"""A network camera or any stream that FFmpeg opens by URL, one connection at a time."""

import struct
from collections import OrderedDict
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from runtime.errors import Retry
from workers.ingest.sources.base import SourceFrame
from workers.ingest.sources.file import to_bgr

OPEN_TIMEOUT_S = 10.0
"""A camera that does not answer within this is out of reach."""

READ_TIMEOUT_S = 5.0
"""A stream that gives nothing for this long is lost; FFmpeg's RTSP waits twice as long."""

_RTP_VIDEO_S = Fraction(1, 90_000)
_REFERENCE_TIME: Final = "prft"
_WALL_CLOCK = struct.Struct("@q")
_IN_DECODER = 64

_OPTIONS = {
    "rtsp_transport": "tcp",  # UDP loses packets, and a lost packet smears people over seconds
    "fflags": "nobuffer",
    "flags": "low_delay",
}


def without_credentials(url: str) -> str:
    """The URL as it may be logged.

    >>> without_credentials("rtsp://admin:secret@10.0.0.7:554/stream?token=1")
    'rtsp://10.0.0.7:554/stream'
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


class NetworkStream:
    """A live stream: RTSP over TCP, MPEG-TS over TCP, HTTP, ...

    Args:
        url: URL of the stream; any that FFmpeg opens.
        open_timeout_s: Time after which a stream that does not open is out of reach, s.
        read_timeout_s: Time without data after which a stream is lost, s.
    """

    live = True
    identity = None

    def __init__(
        self,
        url: str,
        *,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._url = url
        self._name = without_credentials(url)
        self._timeout = (open_timeout_s, read_timeout_s)

    def frames(self) -> Iterator[SourceFrame]:
        """Connect and yield frames until the stream is lost; see `FrameSource.frames`."""
        options = _OPTIONS if self._url.startswith("rtsp") else {"fflags": "nobuffer"}
        try:
            container = av.open(self._url, options=options, timeout=self._timeout)
        except (FFmpegError, OSError) as error:
            raise self._lost("cannot be opened", error) from error
        with container:
            if not container.streams.video:
                raise self._lost("has no video")
            stream = container.streams.video[0]
            clock = _StreamClock(stream.time_base or _RTP_VIDEO_S)
            packets = container.demux(stream)
            while True:
                try:
                    packet = next(packets)
                except StopIteration:
                    break
                except FFmpegError as error:
                    raise self._lost("was lost", error) from error
                clock.note(packet)
                try:
                    decoded = packet.decode()
                except FFmpegError:
                    yield SourceFrame(None, None, None)
                    continue
                for frame in decoded:
                    pixels = None if frame.is_corrupt else partial(to_bgr, frame)
                    yield SourceFrame(*clock.times_us(frame.pts), pixels)
        raise self._lost("ended")

    def _lost(self, what: str, exc: Exception | None = None) -> Retry:
        why = "" if exc is None else f": {getattr(exc, 'strerror', None) or exc}"
        return Retry(f"stream {self._name} {what}{why}")


class _StreamClock:
    """Gives the times of one connection's frames, by the stream's and the camera's clock.

    An RTSP camera sends its wall clock in RTCP sender reports; FFmpeg puts it on each packet as
    its producer reference time once the first report has come.
    """

    def __init__(self, tick_s: Fraction) -> None:
        self._tick_s = tick_s
        self._first: int | None = None
        self._camera_us: OrderedDict[int, int] = OrderedDict()

    def note(self, packet: "Packet[VideoStream]") -> None:
        """Remember the camera's clock for the frame in this packet."""
        if packet.pts is None or not packet.has_sidedata(_REFERENCE_TIME):
            return
        data = bytes(packet.get_sidedata(_REFERENCE_TIME))
        self._camera_us[packet.pts] = _WALL_CLOCK.unpack_from(data)[0]
        while len(self._camera_us) > _IN_DECODER:
            self._camera_us.popitem(last=False)

    def times_us(self, pts: int | None) -> tuple[int | None, int | None]:
        """Time since the first frame, and the camera's own clock, microseconds."""
        if pts is None:
            return None, None
        if self._first is None:
            self._first = pts
        return round((pts - self._first) * self._tick_s * 1_000_000), self._camera_us.pop(pts, None)
