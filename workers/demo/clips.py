"""Look at the video sources before anything starts: size, rate, number of frames."""

from pathlib import Path

import av

from runtime.errors import Stop
from workers.demo.scenario import Clip

_OPEN_TIMEOUT_S = 10.0


def probe_clip(source: str) -> Clip:
    """Find out a source's size, rate and frames.

    Args:
        source: Path, stream URL or `webcam:N`.

    Raises:
        Stop: It cannot be opened or holds no video; one sentence says what to do.
    """
    if source.startswith("webcam:"):
        return _probe_webcam(source)
    if "://" not in source and not Path(source).is_file():
        msg = f"video {source} does not exist: check the path, or give an rtsp:// URL or webcam:0"
        raise Stop(msg)
    try:
        with av.open(source, timeout=_OPEN_TIMEOUT_S) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                msg = f"video {source} holds no pictures: give a file or stream with video"
                raise Stop(msg)
            rate = stream.average_rate or stream.guessed_rate
            frames = None
            if "://" not in source:
                frames = sum(1 for packet in container.demux(stream) if packet.size)
            return Clip(source, stream.width, stream.height, frames, float(rate) if rate else None)
    except (av.FFmpegError, OSError) as exc:
        msg = f"video {source} cannot be read ({exc}): try another file, or play it in a player"
        raise Stop(msg) from exc


def _probe_webcam(source: str) -> Clip:
    import cv2  # noqa: PLC0415 - slow to load, and few demos have a webcam

    number = source.removeprefix("webcam:")
    capture = cv2.VideoCapture(int(number) if number.isdigit() else -1)
    try:
        good, image = capture.read()
    finally:
        capture.release()
    if not good:
        msg = f"{source} gives no picture: give webcam:0 for the first camera, or a file"
        raise Stop(msg)
    height, width = image.shape[:2]
    return Clip(source, width, height, None, None)
