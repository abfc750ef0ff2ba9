"""A network camera that can be unplugged: MPEG-TS over TCP, sent in real time."""

import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_PACKET = 188


class TcpCamera:
    """Serves a clip in a loop to each client, until it is unplugged.

    Args:
        clip: An MPEG-TS file.
        seconds: Playing time of the clip, seconds.
    """

    def __init__(self, clip: Path, seconds: float) -> None:
        self._bytes = clip.read_bytes()
        self._seconds = seconds
        self._ending = threading.Event()
        self._unplugged = threading.Event()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        """URL of the camera."""
        return f"tcp://127.0.0.1:{self.port}"

    def unplug(self) -> None:
        """Break the connection and refuse new ones."""
        self._unplugged.set()
        self._listener.close()

    def plug_in(self) -> None:
        """Accept connections again, at the same address."""
        self._listener = self._listen(self.port)
        self._unplugged.clear()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        listener.settimeout(0.1)
        return listener

    def _serve(self) -> None:
        while not self._ending.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                self._ending.wait(0.02)
                continue
            self.connections += 1
            connection.settimeout(5)
            with connection:
                self._play(connection)

    def _play(self, connection: socket.socket) -> None:
        chunk = 4 * _PACKET
        pause_s = self._seconds * chunk / len(self._bytes)
        start_s = time.monotonic()
        for number, index in enumerate(range(0, len(self._bytes), chunk)):
            if self._unplugged.is_set() or self._ending.is_set():
                return
            try:
                connection.sendall(self._bytes[index : index + chunk])
            except OSError:
                return
            self._ending.wait(max(0.0, start_s + number * pause_s - time.monotonic()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._listener.close()
        self._thread.join(60)
