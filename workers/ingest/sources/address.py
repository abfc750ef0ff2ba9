"""What a `--video` names: a webcam, a file, or something on the network; decided here for all."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import unquote

from runtime.errors import Stop
from runtime.redaction import redacted, redacted_url, url_fault
from workers.ingest.sources.webcam import webcam_device

Kind: TypeAlias = Literal["webcam", "file", "live", "fetched"]
"""`fetched` is a recording or a live stream: only what it holds can say."""

_FETCHED = frozenset({"http", "https", "ftp", "sftp"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_FILE = re.compile(r"(?i)file:")
_LOCAL = frozenset({"", "localhost", "127.0.0.1"})


@dataclass(frozen=True, slots=True)
class VideoAddress:
    """A video source by its name.

    Attributes:
        kind: What the name can mean.
        opened: What FFmpeg opens: a URL, credentials included, or the path of a file or device.
        path: Path of the file or device; None for what is on the network.
        name: The source as it may be shown, without credentials.
    """

    kind: Kind
    opened: str
    path: Path | None
    name: str


def video_address(video: str) -> VideoAddress:
    """Read the name of a video source.

    A path may hold colons, as `2026-11-01T08:00:00.mp4` and `C:/clips/a.mp4` do; only `scheme://`,
    `file:` and `webcam:` make something else of it.

    Args:
        video: A path, a URL, `webcam:N` or `/dev/videoN`.

    Raises:
        Stop: The file or webcam does not exist, or the URL cannot be read.
    """
    device = webcam_device(video)
    if device is not None:
        return VideoAddress("webcam", str(device), device, video)
    if Path(video).is_file():
        return _file(Path(video))
    if _FILE.match(video):
        return _file(_path_of(video))
    scheme = _SCHEME.match(video)
    if scheme is None:
        return _file(Path(video))
    name = redacted_url(video)
    if fault := url_fault(video):
        raise Stop(f"video {name}: {fault}")
    kind: Kind = "fetched" if scheme[1].lower() in _FETCHED else "live"
    return VideoAddress(kind, video, None, name)


def local_name(path: Path) -> str:
    """The name by which FFmpeg opens a file, whatever its name holds.

    FFmpeg takes what is before a colon for a protocol, except after `file:`.
    """
    return f"file:{path}"


def _path_of(url: str) -> Path:
    """Path that a `file:` URL names, percent-encoded or not.

    Raises:
        Stop: It names another host.
    """
    rest = url[len("file:") :]
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.lower() not in _LOCAL:
            raise Stop(
                f"video {redacted(url)} names the host {redacted(host)!r}: a file on this machine "
                "has three slashes, file:///path/to/clip.mp4; give one elsewhere by http://"
            )
        rest = slash + path
    literal = Path(rest)
    return literal if literal.is_file() else Path(unquote(rest))


def _file(path: Path) -> VideoAddress:
    name = redacted(str(path))
    if path.is_dir():
        raise Stop(f"video {name} is a folder: give one file in it")
    if not path.is_file():
        raise Stop(
            f"video {name} does not exist: check the path, or give an rtsp:// URL or webcam:0"
        )
    if path.stat().st_size == 0:
        raise Stop(f"video {name} is empty: copy it again")
    return VideoAddress("file", local_name(path), path, name)
