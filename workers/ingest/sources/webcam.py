"""A camera on this machine, read from its device by Video4Linux."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from runtime.errors import Retry, Stop
from workers.ingest.sources.base import SourceFrame
from workers.ingest.sources.picture import AsTaken

_PREFIX = "webcam:"
_FORMAT = "v4l2"
_TICK_S = Fraction(1, 1_000_000)
_OPEN_TIMEOUT_S = 10.0
_READ_TIMEOUT_S = 5.0
_DEVICES = Path("/dev")


def webcam_device(video: str) -> Path | None:
    """The device that `webcam:N` or `/dev/videoN` names; None when it names no webcam.

    Raises:
        Stop: It names a webcam that is not there.
    """
    if video.startswith(_PREFIX):
        number = video.removeprefix(_PREFIX)
        if not number.isdigit():
            raise Stop(f"{video!r} names no webcam: give webcam:0 for the first one")
        device = _DEVICES / f"video{int(number)}"
    elif video.startswith(f"{_DEVICES}/video"):
        device = Path(video)
    else:
        return None
    if not device.exists():
        there = sorted(path.name for path in _DEVICES.glob("video*"))
        known = f"one of {', '.join(there)} in {_DEVICES}" if there else "an rtsp:// URL or a file"
        raise Stop(f"webcam {device} is not there: plug it in, or give {known}")
    return device


class Webcam:
    """A local camera in its driver's default format; it has no clock of its own.

    Args:
        device: Path of the device, such as `/dev/video0`.
    """

    live = True
    identity = None
    shortfall = None

    def __init__(self, device: Path) -> None:
        self._device = device

    def open(self) -> av.container.InputContainer:
        """Open the device.

        Raises:
            Retry: It cannot be opened, or is no camera; the message names it.
        """
        timeout = (_OPEN_TIMEOUT_S, _READ_TIMEOUT_S)
        try:
            return av.open(str(self._device), format=_FORMAT, timeout=timeout)
        except (FFmpegError, OSError) as error:
            raise Retry(
                f"webcam {self._device} cannot be opened ({error.strerror or error}): is it "
                "plugged in, free, and this user in its group (video)?"
            ) from error

    def frames(self) -> Iterator[SourceFrame]:
        """Open the camera and yield frames until it is unplugged; see `FrameSource.frames`."""
        with self.open() as container:
            stream = container.streams.video[0]
            picture = AsTaken(stream, str(self._device))
            first: int | None = None
            try:
                for packet in container.demux(stream):
                    try:
                        decoded = packet.decode()
                    except FFmpegError:
                        yield SourceFrame(None, None, None)
                        continue
                    for frame in decoded:
                        first = frame.pts if first is None else first
                        pts_us = None
                        if frame.pts is not None and first is not None:
                            tick_s = stream.time_base or _TICK_S
                            pts_us = round((frame.pts - first) * tick_s * 1_000_000)
                        pixels = None if frame.is_corrupt else picture.pixels(frame)
                        yield SourceFrame(pts_us, None, pixels)
            except FFmpegError as error:
                raise Retry(
                    f"webcam {self._device} gives no more pictures: {error.strerror or error}"
                ) from error
        raise Retry(f"webcam {self._device} gives no more pictures")
