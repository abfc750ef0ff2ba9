"""A webhook that keeps every alert it receives, and refuses when a test asks for that."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class WebhookServer(ThreadingHTTPServer):
    """Serves in a thread while the block runs.

    Attributes:
        reported: Bodies that it has acknowledged, in order.
        status: HTTP status that it answers with.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reported: list[dict[str, Any]] = []
        self.status = 204
        self.asked = 0
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """URL for alerts."""
        return f"http://127.0.0.1:{self.server_port}/alerts?key=secret"

    def states(self, key: str) -> list[str]:
        """States received of one alert, in order."""
        return [alert["state"] for alert in self.reported if alert["alert_id"] == key]

    def raised(self, key: str) -> bool:
        """Whether the last state received of an alert is that it is raised."""
        return self.states(key)[-1:] == ["RAISED"]

    def is_over(self, key: str) -> bool:
        """Whether an alert was raised, and the last state received is that it is cleared."""
        return self.states(key)[-1:] == ["CLEARED"]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: WebhookServer

    def do_POST(self) -> None:
        self.server.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status < 300:
            assert self.path == "/alerts?key=secret"
            self.server.reported.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
