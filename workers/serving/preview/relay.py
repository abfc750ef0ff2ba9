"""Pass a conversation in RTSP on to one camera, and end it where the camera sends it elsewhere.

An answer of a camera can name another address, `Location: rtsp://...` (RFC 2326, section 12.25),
and FFmpeg goes there without asking whether it may. Behind this relay it never sees such a line.
"""

import contextlib
import socket
import threading
from typing import Final

_ELSEWHERE: Final = b"location:"
_CHUNK: Final = 64 * 1024


def relay(camera: socket.socket) -> int:
    """Pass one conversation on.

    Args:
        camera: A connection to the camera.

    Returns:
        Port of this machine at which one program reaches the camera.
    """
    server = socket.create_server(("127.0.0.1", 0), backlog=1)
    port: int = server.getsockname()[1]
    threading.Thread(target=_serve, args=(server, camera), daemon=True).start()
    return port


def _serve(server: socket.socket, camera: socket.socket) -> None:
    with contextlib.suppress(OSError), server:
        program, _ = server.accept()
        threading.Thread(target=_down, args=(camera, program), daemon=True).start()
        while asked := program.recv(_CHUNK):
            camera.sendall(asked)


def _down(camera: socket.socket, program: socket.socket) -> None:
    """Pass on what the camera answers, up to a line that leads elsewhere."""
    held = b""
    with contextlib.suppress(OSError), program:
        while found := camera.recv(_CHUNK):
            held += found
            if _ELSEWHERE in held.lower():
                break
            kept = _started(held)
            program.sendall(held[: len(held) - kept])
            held = held[len(held) - kept :]
        program.shutdown(socket.SHUT_RDWR)


def _started(data: bytes) -> int:
    """How many bytes at the end of some data may start the line."""
    end = data[-len(_ELSEWHERE) :].lower()
    lengths = range(len(_ELSEWHERE) - 1, 0, -1)
    return next((length for length in lengths if end.endswith(_ELSEWHERE[:length])), 0)
