"""A proxy that can be shut: its server then is away, for its own clients alone."""

import socket
import threading
from contextlib import suppress
from typing import Self


class GateProxy:
    """A proxy for a `with` block; open at first.

    Args:
        port: Port of the server behind it, on 127.0.0.1.

    Attributes:
        port: Its own port.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0

    def open(self) -> None:
        """Let connections through, always at the same port."""
        listener = self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = int(listener.getsockname()[1])
        threading.Thread(target=self._accept, args=[listener], daemon=True).start()

    def shut(self) -> None:
        """Refuse new connections and drop those that are open, as a server does that is killed."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._open |= {client, server}
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= {source, sink}
