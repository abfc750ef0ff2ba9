"""Deliver a message by e-mail: one recipient, one transaction of SMTP over a judged address."""

import hashlib
import smtplib
import socket
from contextlib import closing, suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime
from typing import Final

from workers.notifier.delivery.addresses import Lookup
from workers.notifier.delivery.connection import (
    BoundedSocket,
    BoundedTlsSocket,
    Bounds,
    connect,
    encrypt,
)
from workers.notifier.delivery.destination import Destination, Mail
from workers.notifier.delivery.message import Message
from workers.notifier.delivery.outcome import Outcome, Receipt, Refused, Retry

_IMPORTANCE: Final = {"PAGE": "high", "WARNING": "high"}
_MOST_DOMAIN: Final = 30
"""A longer domain would break the line of a `Message-ID`, characters."""

_GOODBYE_S: Final = 1.0
"""Once the server has the mail, nobody waits longer for its goodbye, s."""


def deliver(
    message: Message, destination: Destination, channel: Mail, bounds: Bounds, lookup: Lookup
) -> Outcome:
    """Send a message once.

    Raises:
        AddressRefused: The server has no address that may be used.
        runtime.errors.Retry: It cannot be connected to.
        OSError: It does not answer as it should.
    """
    try:
        with closing(_Client(destination, channel, bounds, lookup)) as client:
            return _transaction(client, message, destination, channel, bounds)
    except smtplib.SMTPNotSupportedError:
        return Refused(f"{channel.host} does not offer what is needed: STARTTLS, or logins")
    except smtplib.SMTPRecipientsRefused as error:
        return _refused_by(next(iter(error.recipients.values()))[0])
    except smtplib.SMTPResponseException as error:
        return _refused_by(error.smtp_code)
    except smtplib.SMTPException as error:
        bounds.left_s()
        return Retry(f"{channel.host} broke off ({type(error).__name__})")
    except ValueError:  # a challenge of a login that is not base64
        return Retry(f"{channel.host} answers what is no SMTP")


def _transaction(
    client: "_Client", message: Message, destination: Destination, channel: Mail, bounds: Bounds
) -> Outcome:
    client.ehlo_or_helo_if_needed()
    if channel.encryption == "starttls":
        client.starttls(context=destination.context)
        if isinstance(client.sock, BoundedTlsSocket):
            client.sock.bounds = bounds
        client.ehlo_or_helo_if_needed()
    if channel.user and channel.password is not None:
        client.login(channel.user, channel.password.get_secret_value())
    mail = mail_of(message, channel)
    client.sendmail(channel.sender, [channel.recipient], mail.as_bytes())
    bounds.until_s = min(bounds.until_s, bounds.clock.monotonic_s() + _GOODBYE_S)
    with suppress(smtplib.SMTPException, OSError):
        client.quit()
    return Receipt(bounds.clock.now_us(), "taken by the mail server")


def mail_of(message: Message, channel: Mail) -> EmailMessage:
    """The e-mail of a message; tries of one message have one `Message-ID`."""
    domain = channel.sender.rpartition("@")[2]
    if len(domain) > _MOST_DOMAIN:
        domain = "wardstream.invalid"
    named = hashlib.sha256(message.receipt_key.encode()).hexdigest()[:32]
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address("Wardstream", addr_spec=channel.sender)
    mail["To"] = Address(addr_spec=channel.recipient)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.at_us // 1_000_000, UTC))
    mail["Message-ID"] = f"<{named}@{domain}>"
    mail["Idempotency-Key"] = message.receipt_key
    mail["Auto-Submitted"] = "auto-generated"
    if message.tier in _IMPORTANCE:
        mail["Importance"] = _IMPORTANCE[message.tier]
    text = f"{message.text}\n\n{message.link}\n" if message.link else f"{message.text}\n"
    mail.set_content(text, cte="quoted-printable")
    return mail


def _refused_by(code: int) -> Outcome:
    """What a refusal means, by its code alone: its text may repeat what was sent."""
    if code >= 500:
        return Refused(f"the mail server refuses with code {code}")
    return Retry(f"the mail server refuses for now with code {code}")


class _Client(smtplib.SMTP):
    """A client of SMTP over a connection that was judged.

    Raises:
        AddressRefused: The server has no address that may be used.
        runtime.errors.Retry: It cannot be connected to.
    """

    def __init__(
        self, destination: Destination, channel: Mail, bounds: Bounds, lookup: Lookup
    ) -> None:
        self._destination, self._channel = destination, channel
        self._bounds, self._lookup = bounds, lookup
        super().__init__(channel.host, channel.port, local_hostname=_own_name())

    def _get_socket(
        self, host: str, port: int, timeout: object
    ) -> BoundedSocket | BoundedTlsSocket:
        del timeout  # the bounds are the limit
        connected = connect(
            host,
            port,
            self._destination.allowed,
            self._bounds,
            self._lookup,
            encrypted=self._channel.encryption != "none",
        )
        if self._channel.encryption != "tls":
            return connected
        return encrypt(connected, host, self._destination.context)


def _own_name() -> str:
    """Name of this machine for the server's log, without asking anybody for it."""
    name = socket.gethostname()
    return name if name.isascii() and name.replace("-", "").replace(".", "").isalnum() else "ward"
