"""Send a message to a destination, once: received, to be tried again, or refused.

It keeps no queue and waits for nothing but the receiver: whoever calls it keeps what is to be
sent, and tries again by `retry_after`.
"""

import random
import socket
from typing import Final

from runtime import errors
from runtime.clock import Clock
from runtime.process.delivery import DeliverySettings
from runtime.process.metrics import DELIVERIES, DELIVERY_SECONDS
from runtime.redaction import redacted
from runtime.retry import RetryPolicy
from workers.notifier.delivery.addresses import AddressRefused, Lookup
from workers.notifier.delivery.connection import Bounds
from workers.notifier.delivery.destination import Destination, Mail
from workers.notifier.delivery.mail import deliver
from workers.notifier.delivery.message import Message
from workers.notifier.delivery.outcome import Outcome, Receipt, Refused, Retry
from workers.notifier.delivery.proxy import Proxy, ProxyRefused
from workers.notifier.delivery.web import post

WITHIN_S: Final = 10.0
"""Usual limit of one try, from the look-up of the name to the answer, s."""


def send(
    message: Message,
    destination: Destination,
    clock: Clock,
    within_s: float = WITHIN_S,
    lookup: Lookup = socket.getaddrinfo,
    proxy: Proxy | None = None,
) -> Outcome:
    """Try to deliver a message once; never raises for what a receiver does.

    Args:
        message: The message.
        destination: Where to.
        clock: Source of the time.
        within_s: Limit of the whole try, s.
        lookup: Resolves names.
        proxy: The way out for what is not listed; None for none.
    """
    started_s = clock.monotonic_s()
    outcome = _tried(message, destination, Bounds(clock, started_s + within_s), lookup, proxy)
    if isinstance(outcome, Receipt):
        result = "received"
    else:
        result = "retry" if isinstance(outcome, Retry) else "refused"
    DELIVERIES.labels(destination.name, destination.kind, result).inc()
    DELIVERY_SECONDS.labels(destination.kind).observe(clock.monotonic_s() - started_s)
    return outcome


def _tried(
    message: Message,
    destination: Destination,
    bounds: Bounds,
    lookup: Lookup,
    proxy: Proxy | None,
) -> Outcome:
    if message.route != destination.route:
        return Refused(
            f"a message for {message.route} does not go to a destination of {destination.route}"
        )
    channel = destination.channel
    try:
        if isinstance(channel, Mail):
            return deliver(message, destination, channel, bounds, lookup)
        return post(message, destination, channel, bounds, lookup, proxy)
    except (AddressRefused, ProxyRefused) as error:
        return Refused(str(error))
    except errors.Retry as error:
        return Retry(redacted(str(error)))
    except OSError as error:
        why = "it did not answer in time" if isinstance(error, TimeoutError) else _cause(error)
        return Retry(why)


def _cause(error: OSError) -> str:
    return f"the connection failed: {error.strerror or error or type(error).__name__}"


def retries_of(settings: DeliverySettings) -> RetryPolicy:
    """Pauses between tries, each half of it by chance, and when to give up."""
    return RetryPolicy(
        first_s=settings.first_retry_s,
        limit_s=settings.retry_max_s,
        jitter=0.5,
        deadline_s=settings.give_up_s,
        most_failures=settings.most_tries,
    )


def retry_after(
    outcome: Retry,
    failures: int,
    waited_s: float,
    policy: RetryPolicy,
    chance: random.Random | None = None,
) -> float | None:
    """How long to wait before the next try, s; None to give up: the message is a dead letter.

    Args:
        outcome: The last try.
        failures: Tries so far, the last one included.
        waited_s: Time since the first try, s.
        policy: Pauses, and when to give up.
        chance: Source of the jitter.
    """
    if policy.gives_up(waited_s, failures):
        return None
    return max(policy.pause_s(failures, chance), outcome.after_s or 0.0)
