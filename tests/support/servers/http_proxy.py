"""An HTTP proxy as a hospital has one: it opens tunnels, and asks for a login on request."""

import socket
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class HttpProxy:
    """Serves in threads while the block runs.

    Args:
        names: Where each name leads, as the proxy resolves it.
        login: Value of `Proxy-Authorization` that it asks for; empty for none.
        refuses: Status with which it refuses every tunnel; 0 for none.

    Attributes:
        asked: Where tunnels were asked to, in order.
    """

    def __init__(
        self, names: Mapping[str, str] | None = None, login: str = "", refuses: int = 0
    ) -> None:
        self.names = dict(names or {})
        self.login = login
        self.refuses = refuses
        self.asked: list[str] = []
        proxy = self

        class Bound(_Handler):
            proxy_of = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy_of: HttpProxy

    def do_CONNECT(self) -> None:
        """Open a tunnel, and carry bytes both ways until one side ends."""
        proxy = self.proxy_of
        proxy.asked.append(self.path)
        if proxy.refuses:
            self.send_error(proxy.refuses)
            return
        if proxy.login and self.headers.get("Proxy-Authorization") != proxy.login:
            self.send_error(407)
            return
        host, _, port = self.path.rpartition(":")
        try:
            there = socket.create_connection((proxy.names[host], int(port)), timeout=5)
        except (KeyError, OSError):
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        back = threading.Thread(target=_carry, args=(there, self.connection), daemon=True)
        back.start()
        _carry(self.connection, there)
        back.join(5)
        there.close()

    def log_message(self, *_: object) -> None:
        pass


def _carry(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(65_536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        return
