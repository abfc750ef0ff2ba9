"""An HTTP server of a receiver of alerts: it checks signatures, and misbehaves on request."""

import base64
import hashlib
import hmac
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self

from deploy.local.certificates import Certificate


class Received(NamedTuple):
    """A request.

    Attributes:
        path: Path and query.
        headers: Headers, by name in lower case.
        body: The body.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes


Behaviour = Callable[["Handler"], None]


class Receiver:
    """Serves in threads while the block runs.

    Args:
        host: Address to listen on.
        port: Port; 0 for a free one.
        key: Key of the signatures, which are then needed; None for none.
        identity: Certificate to serve TLS with; None for plain HTTP.

    Attributes:
        received: Requests that it has read whole, in order.
        behaviour: What it does with a request that it has read.
        ended: Set when the block ends, for behaviours that wait.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        key: bytes | None = None,
        identity: Certificate | None = None,
    ) -> None:
        self.received: list[Received] = []
        self.behaviour: Behaviour = answering(204)
        self.ended = threading.Event()
        self.key = key
        receiver = self

        class Bound(Handler):
            server_of = receiver

        self._server = _Server((host, port), Bound)
        if identity is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(identity.certificate, identity.key)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_port
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
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Show nothing: a client that breaks off is what many tests are about."""


class Handler(BaseHTTPRequestHandler):
    """Reads a request whole, and leaves the answer to the behaviour."""

    server_of: Receiver
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        key = self.server_of.key
        if key is not None and not is_signed(headers, body, key):
            answering(401)(self)
            return
        self.server_of.received.append(Received(self.path, headers, body))
        self.server_of.behaviour(self)

    def log_message(self, *_: object) -> None:
        pass


def is_signed(headers: Mapping[str, str], body: bytes, key: bytes) -> bool:
    """Whether one of the signatures is that of the key."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one, f"v1,{expected}") for one in given)


def answering(status: int, **headers: str) -> Behaviour:
    """Answer with a status and headers."""

    def answer(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def sending(*parts: bytes, pause_s: float = 0.0, forever: bool = False) -> Behaviour:
    """Send bytes as they are, with a pause after each part, once or until the block ends."""

    def send(handler: Handler) -> None:
        while True:
            for part in parts:
                handler.wfile.write(part)
                handler.wfile.flush()
                if handler.server_of.ended.wait(pause_s):
                    return
            if not forever:
                return

    return send


def silent(handler: Handler) -> None:
    """Answer nothing until the block ends."""
    handler.server_of.ended.wait(30)
