"""Send alerts to a webhook in order, in a thread that retries until each is acknowledged."""

import json
import queue
import socket
from ipaddress import ip_address, ip_network
from typing import Final

import structlog

from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.process.metrics import ALERTS_REPORTED
from runtime.process.names import variable_of
from runtime.process.periodic import Periodic
from runtime.retry import constant
from runtime.storage.breaker import BreakerPolicy, Guard
from schemas.records.alerts import Alert
from workers.notifier.delivery.addresses import METADATA, AddressRefused, Lookup, Network
from workers.notifier.delivery.connection import Bounds, tls_context
from workers.notifier.delivery.destination import web_address
from workers.notifier.delivery.exchange import exchange
from workers.notifier.delivery.proxy import Proxy, ProxyRefused

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

    It goes to an address that was judged, as messages to people do: a name that stands for one that
    is neither public nor listed is tried again, since it may stand for another later.

    Args:
        url: URL of the webhook; may hold a secret, and is never shown.
        clock: Gives the time.
        allow: Addresses and networks that are not public and may be used, parted by commas.
        proxy: The way out where no address is listed; None for none.
        lookup: Resolves names.

    Raises:
        Stop: It is not an http or https URL.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        allow: str = "",
        proxy: Proxy | None = None,
        lookup: Lookup = socket.getaddrinfo,
    ) -> None:
        try:
            self._address = web_address(url)
        except ValueError as error:
            raise Stop(
                f"{variable_of('watchdog.webhook_url')} is not an http:// or https:// URL "
                f"that is sent to: it {error}"
            ) from error
        self._allowed = (
            *(ip_network(one.strip()) for one in allow.split(",") if one.strip()),
            *_own(self._address.host),
        )
        self._clock, self._proxy, self._lookup = clock, proxy, lookup
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
        try:
            answer = exchange(
                self._address,
                body,
                {"Content-Type": "application/json", "Connection": "close"},
                allowed=self._allowed,
                context=tls_context(None),
                bounds=Bounds(self._clock, self._clock.monotonic_s() + _ANSWER_S),
                lookup=self._lookup,
                proxy=self._proxy,
            )
        except AddressRefused as error:
            raise Retry(f"{error} ({variable_of('watchdog.webhook_allow')})") from error
        except (OSError, ProxyRefused) as error:
            raise Retry(f"the webhook does not answer: {error or type(error).__name__}") from error
        if not 200 <= answer.status < 300:
            raise Retry(f"the webhook answers with HTTP status {answer.status}")


def _own(host: str) -> tuple[Network, ...]:
    """The address that stands in a URL, which is listed by that; none where a name does."""
    try:
        address = ip_address(host)
    except ValueError:
        return ()
    return () if address in METADATA else (ip_network(address),)
