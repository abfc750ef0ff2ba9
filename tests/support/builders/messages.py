"""Messages, and destinations on this machine."""

import ssl
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from workers.notifier.delivery.connection import tls_context
from workers.notifier.delivery.destination import Destination, Mail, Web, web_address
from workers.notifier.delivery.message import Message
from workers.notifier.delivery.template import shipped

AT_US = 1_764_554_640_000_000
"""2025-12-01T02:04:00Z."""

KEY = bytes(range(32))
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def message(**values: Any) -> Message:
    """A page about a gap."""
    return Message(
        **{
            "receipt_key": "rcpt_0123456789",
            "occasion": "OPENED",
            "route": "WARD",
            "tier": "PAGE",
            "subject": "Bay 2: 2 nurses missing",
            "body": ("Bay 2, Ward 3: 2 nurses are missing for sure.", "Since 03:04."),
            "owner": "charge nurse",
            "next_action": "Move a float to the zone",
            "link": "https://board.ward.example/?floor=ward-3&x=1",
            "at_us": AT_US,
            **values,
        }
    )


def web(
    url: str,
    shape: str = "webhook",
    allow: tuple[str, ...] = ("127.0.0.0/8", "::1/128"),
    ca: Path | None = None,
    **values: Any,
) -> Destination:
    """A receiver of HTTP requests."""
    channel = Web(
        **{"address": web_address(url), "template": shipped(shape), "keys": (KEY,), **values}
    )
    return _destination(channel, shape, allow, tls_context(ca))


def mail(
    host: str,
    port: int,
    ca: Path | None = None,
    allow: tuple[str, ...] = ("127.0.0.1/32",),
    password: str | None = None,
    **values: Any,
) -> Destination:
    """A mailbox."""
    channel = Mail(
        **{
            "host": host,
            "port": port,
            "encryption": "starttls",
            "sender": "wardstream@ward.example",
            "recipient": "charge-nurse@ward.example",
            "password": None if password is None else SecretStr(password),
            **values,
        }
    )
    return _destination(channel, "mail", allow, tls_context(ca))


def _destination(
    channel: Web | Mail, kind: Any, allow: tuple[str, ...], context: ssl.SSLContext
) -> Destination:
    return Destination(
        name="phone",
        kind=kind,
        route="WARD",
        owners=("charge nurse",),
        channel=channel,
        allowed=tuple(ip_network(one) for one in allow),
        context=context,
    )
