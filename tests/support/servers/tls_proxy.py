"""A proxy that asks for TLS and a password in front of a server that knows neither."""

import ssl
import threading
from base64 import b64encode
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from deploy.local.certificates import Certificate


class TlsProxy:
    """A proxy for a `with` block.

    Args:
        target: URL of the server that it forwards to.
        identity: Certificate that it presents.
        user: The only user that it accepts.
        password: Password of the user.
    """

    def __init__(self, target: str, identity: Certificate, user: str, password: str) -> None:
        parts = urlsplit(target)
        expected = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
        host, port = parts.hostname or "", parts.port

        class Handler(BaseHTTPRequestHandler):
            def _forward(self) -> None:
                if self.headers.get("Authorization") != expected:
                    self._answer(401, b'{"message": "who are you"}')
                    return
                length = int(self.headers.get("Content-Length") or 0)
                connection = HTTPConnection(host, port, timeout=30)
                kept = {k: v for k, v in self.headers.items() if k.lower().startswith("content-t")}
                connection.request(self.command, self.path, self.rfile.read(length) or None, kept)
                answer = connection.getresponse()
                self._answer(answer.status, answer.read())
                connection.close()

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base
                """Log nothing: the test looks at the answers."""

            do_GET = do_POST = do_PUT = _forward  # noqa: N815 - the names that http.server calls

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate, identity.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}{parts.path}"

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
