"""Find out the size, rate and length of a video source before it is played."""

from dataclasses import dataclass
from pathlib import Path

import av

from runtime.errors import Retry, Stop
from workers.ingest.sources.webcam import Webcam, webcam_device

_OPEN_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Clip:
    """One video source.

    Attributes:
        source: Path, rtsp:// address or webcam:N.
        width: Frame width, px.
        height: Frame height, px.
        frames: Frames in the source; None for a live one.
        fps: Native rate, frames/s; None when unknown.
    """

    source: str
    width: int
    height: int
    frames: int | None
    fps: float | None


def probe_clip(source: str) -> Clip:
    """Find out a source's size, rate and number of frames.

    Args:
        source: Path, stream URL, `webcam:N` or `/dev/videoN`.

    Raises:
        Stop: It cannot be opened or holds no video; one sentence says what to do.
    """
    device = webcam_device(source)
    if device is not None:
        return _probe_webcam(source, device)
    if "://" not in source and not Path(source).is_file():
        raise Stop(
            f"video {source} does not exist: check the path, or give an rtsp:// URL or webcam:0"
        )
    try:
        with av.open(source, timeout=_OPEN_TIMEOUT_S) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                raise Stop(f"video {source} holds no pictures: give a file or stream with video")
            rate = stream.average_rate or stream.guessed_rate
            frames = None
            if "://" not in source:
                frames = sum(1 for packet in container.demux(stream) if packet.size)
            return Clip(source, stream.width, stream.height, frames, float(rate) if rate else None)
    except (av.FFmpegError, OSError) as error:
        raise Stop(
            f"video {source} cannot be read ({error}): try another file, or play it in a player"
        ) from error


def _probe_webcam(source: str, device: Path) -> Clip:
    try:
        with Webcam(device).open() as container:
            stream = container.streams.video[0]
            return Clip(source, stream.width, stream.height, None, None)
    except Retry as error:
        raise Stop(str(error)) from error
