"""Take one picture of a stream: a program of its own, which its caller ends in time.

It reads the address as JSON from its input, and writes `P`, width and height of the picture (px,
four bytes each) and a JPEG, or `E` and why there is none. Nothing is stored, and no text of the
address, the camera or FFmpeg is written.
"""

import contextlib
import http.client
import json
import resource
import signal
import socket
import ssl
import struct
import sys
from typing import Any, Final, Protocol

import av
import cv2
import numpy as np
from av.container import InputContainer

from workers.serving.preview.relay import relay

OPEN_S: Final = 8.0
READ_S: Final = 5.0
LONGEST_S: Final = 30
SHOWN_PX: Final = 1280
MEMORY: Final = 3 * 2**30
_PROTOCOLS: Final = "rtsp,rtp,tcp"
_FORMATS: Final = (
    "mpjpeg,mjpeg,jpeg_pipe,png_pipe,mpegts,flv,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,h264,hevc"
)
"""Formats that open nothing besides the stream itself, as a list or a description would."""
_MOST_SIDE_PX: Final = 16_384
_MOST_BYTES: Final = 16 * 2**20
_OK: Final = 200


class _NoPicture(Exception):
    """There is none; the text says why, for people."""


class _Readable(Protocol):
    def read1(self, n: int = -1, /) -> bytes:
        """What has come, up to n bytes."""
        ...


class _Body:
    """The body of an answer as a file that FFmpeg reads, up to a most."""

    def __init__(self, answer: _Readable) -> None:
        self._answer = answer
        self._left = _MOST_BYTES

    def read(self, size: int) -> bytes:
        """What comes next, up to `size` bytes."""
        found = self._answer.read1(min(size, self._left))
        self._left -= len(found)
        return found


def main() -> None:
    """Take the picture that the input names."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.alarm(LONGEST_S)  # whoever asked may be gone
    av.logging.set_level(None)
    asked = json.load(sys.stdin)
    try:
        pixels, width, height = _taken(asked)
        jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        sys.stdout.buffer.write(b"P" + struct.pack(">II", width, height) + jpeg)
    except _NoPicture as error:
        sys.stdout.buffer.write(b"E" + str(error).encode())


def _taken(asked: dict[str, Any]) -> tuple[Any, int, int]:
    """The first picture, no wider than is shown, with the size that it was taken with, px."""
    try:
        with contextlib.ExitStack() as stack:
            if asked["scheme"] in ("http", "https"):
                return _of_http(asked, stack)
            login = f"{asked['login']}@" if asked["login"] else ""
            url = f"rtsp://{login}127.0.0.1:{_relay_to(asked)}{asked['path']}"
            options = {"rtsp_transport": "tcp", "protocol_whitelist": _PROTOCOLS}
            container = av.open(url, format="rtsp", options=options, timeout=(OPEN_S, READ_S))
            return _first(stack.enter_context(container))
    except (av.HTTPUnauthorizedError, av.HTTPForbiddenError) as error:
        raise _NoPicture("refuses the name or password, or wants some") from error
    except av.HTTPNotFoundError as error:
        raise _NoPicture("answers, and has no stream of this path") from error
    except (av.ConnectionRefusedError, ConnectionRefusedError) as error:
        raise _NoPicture("refuses the connection: is the port right?") from error
    except (av.TimeoutError, av.ExitError, TimeoutError) as error:
        raise _NoPicture(f"does not answer within {OPEN_S:.0f} s") from error
    except (av.FFmpegError, OSError, http.client.HTTPException, ValueError) as error:
        raise _NoPicture("gives nothing that can be read as video") from error


def _relay_to(asked: dict[str, Any]) -> int:
    """Port of a relay to the camera that was judged: FFmpeg would follow it to any other.

    Raises:
        OSError: The camera does not take the connection.
    """
    camera = socket.create_connection((asked["address"], asked["port"]), OPEN_S)
    if asked["scheme"] == "rtsps":
        camera = _any_certificate().wrap_socket(camera, server_hostname=asked["host"])
    return relay(camera)


def _any_certificate() -> ssl.SSLContext:
    """Cameras have certificates of their own signature."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _of_http(asked: dict[str, Any], stack: contextlib.ExitStack) -> tuple[Any, int, int]:
    """The first picture that an HTTP server gives; it is sent nowhere else by it."""
    host, port, tls = asked["address"], asked["port"], asked["scheme"] == "https"
    connection = http.client.HTTPConnection(host, port, timeout=OPEN_S)
    stack.callback(connection.close)
    if tls:
        connection.connect()
        secured = _any_certificate().wrap_socket(connection.sock, server_hostname=asked["host"])
        connection.sock = secured
    connection.request("GET", asked["path"], headers=asked["headers"])
    answer = connection.getresponse()
    if answer.status in (401, 403):
        raise _NoPicture("refuses the name or password, or wants some")
    if answer.status != _OK:
        raise _NoPicture(f"answers with status {answer.status}")
    kind = answer.headers.get_content_type()
    form = "mpjpeg" if kind.startswith("multipart/") else "mjpeg" if kind == "image/jpeg" else None
    options = {"protocol_whitelist": "none", "format_whitelist": _FORMATS}
    container = av.open(_Body(answer), mode="r", format=form, options=options)
    return _first(stack.enter_context(container))


def _first(container: InputContainer) -> tuple[Any, int, int]:
    streams = container.streams.video
    if not streams:
        raise _NoPicture("gives no video")
    for packet in container.demux(streams[0]):
        with contextlib.suppress(av.InvalidDataError):
            for frame in packet.decode():
                if not isinstance(frame, av.VideoFrame) or frame.is_corrupt:
                    continue
                ratio = float(streams[0].sample_aspect_ratio or 0) or 1.0
                width, height = round(frame.width * ratio), frame.height
                if max(width, height) > _MOST_SIDE_PX:
                    raise _NoPicture("gives pictures that are too large")
                shown = min(1.0, SHOWN_PX / width)
                size = (round(width * shown), round(height * shown))
                pixels = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), width, height
    raise _NoPicture("gives no picture that can be decoded")


if __name__ == "__main__":
    main()
