"""Open a file, a recording on a server, a stream or a webcam by its name."""

from runtime.proxies import exempt
from runtime.redaction import redacted_url
from workers.ingest.sources.address import video_address
from workers.ingest.sources.base import FrameSource
from workers.ingest.sources.file import VideoFile
from workers.ingest.sources.network import NetworkStream
from workers.ingest.sources.remote import remote_recording
from workers.ingest.sources.webcam import Webcam


def open_source(video: str, *, loop: bool = False) -> FrameSource:
    """Make the source that `video` names; only one that is fetched by http is asked what it is.

    Args:
        video: A path, a URL, `webcam:N` or `/dev/videoN`.
        loop: Recordings start again at their end.

    Raises:
        Stop: It is none of them, or does not exist, or its server refuses it.
    """
    address = video_address(video)
    if address.kind == "webcam" and address.path is not None:
        return Webcam(address.path)
    if address.kind == "file" and address.path is not None:
        return VideoFile(address.path, loop=loop)
    exempt(address.opened)
    if address.kind == "fetched":
        recording = remote_recording(address, loop=loop)
        if recording is not None:
            return recording
    return NetworkStream(address)


def source_name(video: str) -> str:
    """Name of a source as it may be shown, without credentials."""
    return redacted_url(video)
