"""A proxy that drops every connection while it is being made, as a broker does that restarts."""

import itertools
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

CUTS: Final = (1, 2, 3, 4)
"""How many pieces from the client pass before its connection is dropped: those of the TLS
handshake, then those of the login."""


class CuttingProxy:
    """A proxy for a `with` block.

    Args:
        target: Address of the server behind it, as `host:port`.

    Attributes:
        address: Its own address, as `host:port`.
        dropped: Number of connections that it has dropped.
    """

    def __init__(self, target: str) -> None:
        host, port = target.split(":")
        self._target = host, int(port)
        self._cuts = itertools.cycle(CUTS)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.dropped = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                for pump in ((client, server, next(self._cuts)), (server, client, None)):
                    threading.Thread(target=self._pump, args=pump, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, pieces: int | None) -> None:
        """Pass on what comes, at most so many pieces of it, and drop the connection."""
        with suppress(OSError):
            while (piece := source.recv(65_536)) and pieces != 0:
                sink.sendall(piece)
                pieces = None if pieces is None else pieces - 1
        self.dropped += pieces == 0
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
