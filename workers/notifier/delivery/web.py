"""Deliver a message by HTTP: one POST to one judged address, whose answer decides."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from workers.notifier.delivery.addresses import Lookup
from workers.notifier.delivery.connection import Bounds
from workers.notifier.delivery.destination import Destination, Web
from workers.notifier.delivery.exchange import exchange
from workers.notifier.delivery.message import Message
from workers.notifier.delivery.outcome import Outcome, Receipt, Refused, Retry
from workers.notifier.delivery.proxy import Proxy
from workers.notifier.delivery.signature import signature_headers

MOST_PAUSE_S: Final = 3600.0
"""A receiver that asks for a longer pause gets this one, s."""

_LATER: Final = frozenset({408, 409, 421, 423, 425, 429})
"""Answers below 500 that may be others later."""


def post(
    message: Message,
    destination: Destination,
    channel: Web,
    bounds: Bounds,
    lookup: Lookup,
    proxy: Proxy | None = None,
) -> Outcome:
    """Send a message once.

    Raises:
        AddressRefused: The receiver has no address that may be used.
        ProxyRefused: The proxy does not let us out.
        runtime.errors.Retry: It cannot be connected to.
        OSError: It does not answer as it should.
    """
    address = channel.address
    body = channel.template.render(message, channel.topic)
    now_us = bounds.clock.now_us()
    headers = {
        "User-Agent": "Wardstream",
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "*/*",
        "Connection": "close",
        "Idempotency-Key": f'"{message.receipt_key}"',
        **signature_headers(channel.keys, message.receipt_key, now_us // 1_000_000, body),
    }
    if channel.token is not None:
        headers["Authorization"] = f"{channel.scheme} {channel.token.get_secret_value()}"
    answer = exchange(
        address,
        body,
        headers,
        allowed=destination.allowed,
        context=destination.context,
        bounds=bounds,
        lookup=lookup,
        proxy=proxy,
    )
    return outcome_of(answer.status, answer.pause, bounds.clock.now_us())


def outcome_of(status: int, pause: str | None, now_us: int) -> Outcome:
    """What an answer means.

    Args:
        status: HTTP status.
        pause: Its header `Retry-After`, if any.
        now_us: Now, UTC microseconds.
    """
    if 200 <= status < 300:
        return Receipt(now_us, f"HTTP {status}")
    if 300 <= status < 400:
        return Refused(
            f"it answers HTTP {status}, a redirect, which is not followed: give the URL that it "
            "leads to"
        )
    if status >= 500 or status in _LATER:
        return Retry(f"it answers HTTP {status}", _pause_s(pause, now_us))
    return Refused(f"it answers HTTP {status}")


def _pause_s(asked: str | None, now_us: int) -> float | None:
    """The pause that `Retry-After` asks for: seconds or a date, at most `MOST_PAUSE_S`."""
    text = (asked or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), MOST_PAUSE_S)
    try:
        at = parsedate_to_datetime(text)
        until = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        pause_s = (until - datetime.fromtimestamp(now_us / 1e6, UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return min(max(pause_s, 0.0), MOST_PAUSE_S)
