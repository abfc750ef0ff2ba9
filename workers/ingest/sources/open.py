"""Open a file, a stream or a webcam by its name."""

from pathlib import Path

from runtime.errors import Stop
from workers.ingest.sources.base import FrameSource
from workers.ingest.sources.file import VideoFile
from workers.ingest.sources.network import NetworkStream, without_credentials
from workers.ingest.sources.webcam import Webcam, webcam_device


def open_source(video: str, *, loop: bool = False) -> FrameSource:
    """Make the source that `video` names; nothing is opened yet.

    Args:
        video: A path, a URL, `webcam:N` or `/dev/videoN`.
        loop: Recordings start again at their end.

    Raises:
        Stop: It is none of them, or the file or webcam does not exist.
    """
    device = webcam_device(video)
    if device is not None:
        return Webcam(device)
    if "://" in video:
        return NetworkStream(video)
    path = Path(video)
    if not path.is_file():
        raise Stop(
            f"video {video} does not exist: check the path, or give an rtsp:// URL or webcam:0"
        )
    return VideoFile(path, loop=loop)


def source_name(video: str) -> str:
    """Name of a source as it may be logged, without credentials."""
    return without_credentials(video) if "://" in video else video
