"""HTTP endpoints of every process: /metrics for Prometheus, /healthz and /readyz for probes."""

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from runtime.clock import Clock, SystemClock
from runtime.errors import Stop
from runtime.process.metrics import UP_SINCE
from runtime.process.settings import Settings
from runtime.redaction import redacted_value


class Health:
    """Health of a process, as /healthz and /readyz report it.

    A process is ready after `ready`, and healthy while `beat` is called at least every
    `max_silence_s`: a loop that hangs is not healthy.

    Args:
        stage: Name of the process.
        clock: Clock of the process.
        max_silence_s: Longest time between two `beat` calls, seconds.

    Attributes:
        detail: Further fields of the report.
        fault: Reason for which /healthz answers 503 although the process works; empty for none.
    """

    def __init__(self, stage: str, clock: Clock | None = None, max_silence_s: float = 60.0) -> None:
        self.stage = stage
        self._clock = clock or SystemClock()
        self._max_silence_s = max_silence_s
        self._ready = False
        self._beat_s = self._clock.monotonic_s()
        self.detail: dict[str, Any] = {}
        self.fault = ""

    def ready(self) -> None:
        """Report that the process can do its work."""
        self._ready = True
        UP_SINCE.labels(self.stage).set(self._clock.now_us() / 1e6)
        self.beat()

    @property
    def is_ready(self) -> bool:
        """Whether `ready` was called."""
        return self._ready

    def beat(self) -> None:
        """Report one round of the main loop."""
        self._beat_s = self._clock.monotonic_s()

    def report(self) -> tuple[bool, bool, dict[str, object]]:
        """Whether the process is healthy, whether it is ready, and the body of the answer."""
        silence_s = self._clock.monotonic_s() - self._beat_s
        healthy = silence_s <= self._max_silence_s
        body: dict[str, object] = {
            "stage": self.stage,
            "healthy": healthy and not self.fault,
            "ready": self._ready,
            "last_loop_s": round(silence_s, 1),
            **({"fault": self.fault} if self.fault else {}),
            **self.detail,
        }
        return healthy and not self.fault, self._ready and healthy, body


def serve_health(health: Health, settings: Settings) -> ThreadingHTTPServer:
    """Serve /metrics, /healthz and /readyz in a background thread; returns the server.

    Raises:
        Stop: The port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._send(200, CONTENT_TYPE_LATEST, generate_latest())
                return
            healthy, ready, body = health.report()
            if self.path == "/healthz":
                good = healthy
            elif self.path == "/readyz":
                good = ready
            else:
                self._send(404, "text/plain", b"try /metrics, /healthz or /readyz\n")
                return
            self._send(
                200 if good else 503, "application/json", json.dumps(redacted_value(body)).encode()
            )

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            # A prober that gave up waiting on a busy machine is no error.
            with suppress(ConnectionError):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Log nothing: a probe comes every second."""

    try:
        server = ThreadingHTTPServer((settings.metrics_host, settings.metrics_port), Handler)
    except OSError as error:
        raise Stop(
            f"metrics port {settings.metrics_port} is taken: "
            "set WARDSTREAM_METRICS_PORT to another, or 0 for any free one"
        ) from error
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
