"""Send alerts to a webhook in order, in a thread that retries until each is acknowledged."""

import json
import queue
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

import structlog

from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.process.metrics import ALERTS_REPORTED
from runtime.process.periodic import Periodic
from runtime.retry import constant
from runtime.storage.breaker import BreakerPolicy, Guard
from schemas.records.alerts import Alert
from workers.watchdog.endpoints import is_http

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 1_000
"""Most alerts that wait for the webhook; beyond that the oldest is dropped and counted."""

_ANSWER_S: Final = 5.0
_POLL_S: Final = 0.2
_CLOSE_S: Final = 3.0
_AGAIN: Final = constant(2.0)
_POLICY: Final = BreakerPolicy(failures=1, first_pause_s=0.5, max_pause_s=15.0)


class Webhook:
    """Posts each alert as JSON; an answer from 200 to 299 is an acknowledgement.

    Args:
        url: URL of the webhook; may hold a secret, and is never shown.
        clock: Gives the time.

    Raises:
        Stop: It is not an http or https URL.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        if not is_http(url):
            raise Stop("WARDSTREAM_WATCHDOG__WEBHOOK_URL is not an http:// or https:// URL")
        parts = urlsplit(url)
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname or "", parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._guard = Guard("webhook", clock, _POLICY)
        self._waiting: queue.Queue[Alert] = queue.Queue(MOST_WAITING)
        self._thread = Periodic(
            "webhook", self._send_next, self._failed, every_s=0.0, retry=_AGAIN, ended=self._drain
        )

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def report(self, alert: Alert) -> None:
        """Queue an alert; returns at once."""
        while True:
            try:
                self._waiting.put_nowait(alert)
            except queue.Full:
                self._waiting.get_nowait()
                ALERTS_REPORTED.labels("webhook", "given_up").inc()
            else:
                return

    def close(self) -> None:
        """Send what is waiting, if that is quick, and end."""
        self._thread.close(_CLOSE_S)

    def _send_next(self) -> None:
        """Send the oldest alert that waits, however long that takes."""
        try:
            alert = self._waiting.get(timeout=_POLL_S)
        except queue.Empty:
            return
        while not self._sent(alert):
            if self._thread.wait(max(_POLL_S, self._guard.due_in_s())):
                return

    def _drain(self) -> None:
        """Send the waiting alerts at the end, until one is not acknowledged."""
        while not self._waiting.empty():
            if not self._sent(self._waiting.get()):
                return

    def _failed(self, error: Exception) -> None:
        log.warning("watchdog.webhook_failed", error=str(error))

    def _sent(self, alert: Alert) -> bool:
        try:
            with self._guard.trying():
                self._post(json.dumps(alert).encode())
        except Retry as error:
            ALERTS_REPORTED.labels("webhook", "failed").inc()
            log.warning("watchdog.webhook_failed", error=str(error))
            return False
        ALERTS_REPORTED.labels("webhook", "reported").inc()
        return True

    def _post(self, body: bytes) -> None:
        connection = self._connect(self._host, self._port, timeout=_ANSWER_S)
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise Retry(f"the webhook does not answer: {error or type(error).__name__}") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise Retry(f"the webhook answers with HTTP status {status}")
