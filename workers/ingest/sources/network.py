"""A network camera or any stream that FFmpeg opens by URL, one connection at a time."""

import struct
import time
from collections import OrderedDict
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
from av.error import FFmpegError, ProtocolNotFoundError
from av.packet import Packet
from av.video.stream import VideoStream

from runtime.errors import EXIT_REPLAY, Retry, Stop
from runtime.redaction import redacted
from workers.ingest.sources.address import VideoAddress
from workers.ingest.sources.base import SourceFrame
from workers.ingest.sources.picture import AsTaken, best_video
from workers.ingest.sources.remote import has_end

OPEN_TIMEOUT_S = 10.0
"""A camera that does not answer within this is out of reach."""

READ_TIMEOUT_S = 5.0
"""A stream that gives nothing for this long is lost; FFmpeg's RTSP waits twice as long."""

_RTP_VIDEO_S = Fraction(1, 90_000)
_REFERENCE_TIME: Final = "prft"
_WALL_CLOCK = struct.Struct("@q")
_IN_DECODER = 64
_AT_ONCE_S = 0.01

_OPTIONS = {
    "rtsp_transport": "tcp",  # UDP loses packets, and a lost packet smears people over seconds
    "flags": "low_delay",
}


class NetworkStream:
    """A live stream: RTSP over TCP, MPEG-TS over TCP, HTTP, ...

    Args:
        address: Address of the stream: any URL that FFmpeg opens.
        open_timeout_s: Time after which a stream that does not open is out of reach, s.
        read_timeout_s: Time without data after which a stream is lost, s.
    """

    live = True
    identity = None
    shortfall = None

    def __init__(
        self,
        address: VideoAddress,
        *,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._url = address.opened
        self._name = address.name
        self._fetched = address.kind == "fetched"
        self._timeout = (open_timeout_s, read_timeout_s)

    def frames(self) -> Iterator[SourceFrame]:
        """Connect and yield frames until the stream is lost; see `FrameSource.frames`."""
        options = _OPTIONS if self._url.lower().startswith("rtsp") else {}
        began_s = time.monotonic()
        try:
            container = av.open(self._url, options=options, timeout=self._timeout)
        except ProtocolNotFoundError as error:
            raise Stop(
                f"video {self._name}: FFmpeg knows no such scheme: give an rtsp:// or http:// URL"
            ) from error
        except (FFmpegError, OSError) as error:
            raise self._lost("cannot be opened", error) from error
        with container:
            if self._fetched and has_end(container):
                raise Stop(
                    f"video {self._name} is a recording, and was out of reach at the start: "
                    "start again to play it",
                    exit_code=EXIT_REPLAY,
                )
            stream = best_video(container)
            if stream is None:
                raise self._lost("has no video")
            picture = AsTaken(stream, self._name)
            opening = _Opening(time.monotonic() - began_s)
            clock = _StreamClock(stream.time_base or _RTP_VIDEO_S)
            packets = container.demux(stream)
            while True:
                asked_s = time.monotonic()
                try:
                    packet = next(packets)
                except StopIteration:
                    break
                except FFmpegError as error:
                    raise self._lost("was lost", error) from error
                opening.note(time.monotonic() - asked_s)
                clock.note(packet)
                try:
                    decoded = packet.decode()
                except FFmpegError:
                    yield SourceFrame(None, None, None)
                    continue
                for frame in decoded:
                    pixels = None if frame.is_corrupt else picture.pixels(frame)
                    pts_us, clock_us = clock.times_us(frame.pts)
                    waited = opening.waited(pts_us)
                    yield SourceFrame(pts_us, clock_us, pixels, waited=waited)
        raise self._lost("ended")

    def _lost(self, what: str, exc: Exception | None = None) -> Retry:
        why = "" if exc is None else f": {getattr(exc, 'strerror', None) or redacted(str(exc))}"
        return Retry(f"stream {self._name} {what}{why}")


class _Opening:
    """Recognises frames that were read while the stream was opened.

    FFmpeg reads seconds of a stream to know it. These frames come first and at once, and are late.

    Args:
        opened_s: Time that opening took, s.
    """

    def __init__(self, opened_s: float) -> None:
        self._opened_us = round(opened_s * 1_000_000)
        self._over = False

    def note(self, read_s: float) -> None:
        """Note how long the next packet took to come, s."""
        self._over = self._over or read_s > _AT_ONCE_S

    def waited(self, pts_us: int | None) -> bool:
        """Whether a frame, by its time from the first one, waited for the stream to be opened."""
        return not self._over and pts_us is not None and 0 <= pts_us <= self._opened_us


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
