"""What is fetched by http or ftp: a recording, or a live stream; its container says which.

A recording has an end: its container knows a duration, or its server a size. MJPEG in parts, a
playlist that goes on and a transport stream without a size are live.
"""

import hashlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import structlog
from av.container import InputContainer
from av.error import FFmpegError

from runtime.errors import Retry, Stop
from runtime.proxies import client_for, exempt
from workers.ingest.sources.address import VideoAddress, local_name
from workers.ingest.sources.file import VideoFile

log = structlog.get_logger(__name__)

_TIMEOUT_S = (10.0, 20.0)
_OPTIONS: Final = {
    "reconnect": "1",
    "reconnect_on_network_error": "1",
    "reconnect_delay_max": "10",
}
"""FFmpeg asks again for the rest of a recording whose connection was lost."""

_ALWAYS_LIVE: Final = frozenset({"mpjpeg"})
_PLAYLISTS: Final = frozenset({"hls", "dash"})
_CHUNK_BYTES: Final = 1 << 20
_REFUSED = (
    av.error.HTTPBadRequestError,
    av.error.HTTPUnauthorizedError,
    av.error.HTTPForbiddenError,
    av.error.HTTPNotFoundError,
)


def has_end(container: InputContainer) -> bool:
    """Whether an opened container is a recording."""
    formats = set(container.format.name.split(","))
    if formats & _ALWAYS_LIVE:
        return False
    if container.duration is not None and container.duration > 0:
        return True
    return container.size > 0 and not formats & _PLAYLISTS


class RemoteRecording(VideoFile):
    """A recording on a server, played once in its own time, like a file.

    Args:
        address: Its address.
        identity: Identity of the recording.
        loop: Start again at its end, for ever.
    """

    def __init__(self, address: VideoAddress, identity: str, *, loop: bool = False) -> None:
        super().__init__(Path(address.name), loop=loop)
        self._address = address
        self._remote_identity = None if loop else identity

    @property
    def identity(self) -> str | None:
        """See `FrameSource.identity`."""
        return self._remote_identity

    @property
    def _local(self) -> None:
        return None

    def _open(self) -> InputContainer:
        return av.open(self._address.opened, options=_OPTIONS, timeout=_TIMEOUT_S)

    def _broken(self, error: FFmpegError) -> None:
        raise Retry(f"video {self._address.name} was lost: {error.strerror or error}") from error

    def _unreadable(self, why: str) -> Stop:
        return Stop(f"video {self._address.name} cannot be read ({why}): check the address")


@dataclass(slots=True)
class FetchedRecording:
    """A recording that its server gives only as a whole, fetched to a temporary file.

    Attributes:
        file: The file; it is gone when the process ends.
        identity: Identity of the recording.
    """

    file: "tempfile._TemporaryFileWrapper[bytes]"
    identity: str


class _FetchedFile(VideoFile):
    def __init__(self, fetched: FetchedRecording, name: str, *, loop: bool) -> None:
        super().__init__(Path(name), loop=loop)
        self._fetched = fetched
        self._remote_identity = None if loop else fetched.identity

    @property
    def identity(self) -> str | None:
        return self._remote_identity

    @property
    def _local(self) -> Path:
        return Path(self._fetched.file.name)

    def _open(self) -> InputContainer:
        return av.open(local_name(self._local))


def remote_recording(address: VideoAddress, *, loop: bool = False) -> VideoFile | None:
    """The recording at an address; None when what is there is live or does not answer now.

    Args:
        address: An address of kind `fetched`.
        loop: Start again at the recording's end.

    Raises:
        Stop: The server answers that it does not give it.
    """
    exempt(address.opened)
    try:
        with av.open(address.opened, timeout=_TIMEOUT_S) as container:
            if not has_end(container):
                return None
            next(container.demux(container.streams.video[0]), None)
            identity = _identity(address, container.size, container.duration)
            return RemoteRecording(address, identity, loop=loop)
    except _REFUSED as error:
        raise Stop(
            f"video {address.name}: {error.strerror or 'its server refuses'}: check the address, "
            "and its name and password"
        ) from error
    except (FFmpegError, OSError) as error:
        whole = _fetch(address)
        if whole is not None:
            return _FetchedFile(whole, address.name, loop=loop)
        why = getattr(error, "strerror", None) or type(error).__name__
        log.warning("ingest.source_out_of_reach", video=address.name, error=why)
        return None


def _identity(address: VideoAddress, size: int, duration_us: int | None) -> str:
    """Identity of a recording: its address without name and password, and what is there."""
    bare = re.sub(r"//[^/?#]*@", "//", address.opened)
    return hashlib.sha256(f"{bare}|{size}|{duration_us}".encode()).hexdigest()[:16]


def _fetch(address: VideoAddress) -> FetchedRecording | None:
    """Fetch a recording that cannot be played from its server, which gives no part of it alone.

    Returns:
        The recording; None when the server does not answer, or gives no size.
    """
    if not re.match("(?i)https?://", address.opened):
        return None
    import httpx  # noqa: PLC0415 - slow to import, and seldom needed

    try:
        with (
            client_for(address.opened, timeout=_TIMEOUT_S[1], follow_redirects=True) as client,
            client.stream("GET", address.opened) as answer,
        ):
            size = int(answer.headers.get("Content-Length", "0"))
            kind = answer.headers.get("Content-Type", "")
            if answer.status_code != 200 or size <= 0 or kind.startswith(("text/", "multipart/")):
                return None
            log.info("ingest.recording_fetched", video=address.name, bytes=size)
            file = tempfile.NamedTemporaryFile(prefix="wardstream-")  # noqa: SIM115 - kept open
            for part in answer.iter_raw(_CHUNK_BYTES):
                file.write(part)
            file.flush()
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError, OSError):
        return None
    return FetchedRecording(file, _identity(address, size, None))
