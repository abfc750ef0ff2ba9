"""Tell a file, a stream and a webcam apart."""

from pathlib import Path

from runtime.errors import Stop
from workers.ingest.sources.base import FrameSource
from workers.ingest.sources.file import VideoFile
from workers.ingest.sources.network import NetworkStream, without_credentials
from workers.ingest.sources.webcam import Webcam

_WEBCAM = "webcam:"


def open_source(video: str, *, loop: bool = False) -> FrameSource:
    """Make the source that `video` names; nothing is opened yet.

    Args:
        video: A path, a URL or `webcam:N`.
        loop: Recordings begin again at their end.

    Raises:
        Stop: It is neither; or a file that is not there.
    """
    if video.startswith(_WEBCAM):
        number = video.removeprefix(_WEBCAM)
        if not number.isdigit():
            msg = f"{video!r} names no webcam: give webcam:0 for the first one"
            raise Stop(msg)
        return Webcam(int(number))
    if "://" in video:
        return NetworkStream(video)
    path = Path(video)
    if not path.is_file():
        msg = f"video {video} does not exist: check the path, or give an rtsp:// URL or webcam:0"
        raise Stop(msg)
    return VideoFile(path, loop=loop)


def source_name(video: str) -> str:
    """What `video` names, without credentials."""
    return without_credentials(video) if "://" in video else video
