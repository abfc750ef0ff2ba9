"""Where messages go: a web address or a mailbox, with what is needed to reach it."""

import ssl
from dataclasses import dataclass, field
from typing import Final, Literal

import httpx
from pydantic import SecretStr

from workers.notifier.delivery.addresses import Network, check_host
from workers.notifier.delivery.message import Route
from workers.notifier.delivery.template import Template

Kind = Literal["webhook", "ntfy", "slack", "teams", "template", "mail"]
Encryption = Literal["tls", "starttls", "none"]

_PORTS: Final = {"http": 80, "https": 443}
_MOST: Final = 2000


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An http or https URL in its parts, so that one reading of it is checked and used.

    Attributes:
        encrypted: Whether it is https.
        host: Name or address, without a dot at its end.
        port: TCP port.
        path: Path and query; may hold a secret, so it is not shown.
        authority: Host, and the port where it is not the usual one, for the header `Host`.
    """

    encrypted: bool
    host: str
    port: int
    path: str = field(repr=False)
    authority: str


def web_address(url: str) -> WebAddress:
    """Read a URL.

    Raises:
        ValueError: It is none that messages can be sent to; the message does not show it.
    """
    if len(url) > _MOST:
        raise ValueError(f"has more than {_MOST} characters")
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise ValueError("is not a URL: give https://HOST/PATH") from error
    if parts.scheme not in _PORTS:
        raise ValueError("does not begin with https:// or http://")
    if parts.userinfo:
        raise ValueError("holds a name or password: give a token instead")
    host = check_host(parts.raw_host.decode("ascii"))
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    if not 0 < port < 65_536:
        raise ValueError("its port is not 1 to 65535")
    shown = f"[{host}]" if ":" in host else host
    usual = port == _PORTS[parts.scheme]
    return WebAddress(
        encrypted=parts.scheme == "https",
        host=host,
        port=port,
        path=parts.raw_path.decode("ascii"),
        authority=shown if usual else f"{shown}:{port}",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Web:
    """A receiver of HTTP requests.

    Attributes:
        address: Its URL.
        template: Form of the body.
        keys: Keys that sign, the newest first; none for no signature.
        token: For the header `Authorization`; None for none.
        scheme: Leads the token, such as Bearer.
        topic: Topic, for a template that names one.
    """

    address: WebAddress
    template: Template
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    token: SecretStr | None = None
    scheme: str = "Bearer"
    topic: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A mailbox, and the server that takes mail for it.

    Attributes:
        host: Mail server.
        port: Its TCP port.
        encryption: Whether from the start (tls), by STARTTLS, or not at all.
        sender: Address of the sender.
        recipient: Address of the mailbox.
        user: Login; empty for none.
        password: Its password; None for none.
    """

    host: str
    port: int
    encryption: Encryption
    sender: str
    recipient: str
    user: str = ""
    password: SecretStr | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """One place that messages go to.

    Attributes:
        name: Its name, unique in the file.
        kind: What is there.
        route: Whose messages go there.
        owners: Owners of rules whose messages go there.
        channel: How it is reached.
        allowed: Addresses that are not public and may be used.
        context: How it proves who it is.
    """

    name: str
    kind: Kind
    route: Route
    owners: tuple[str, ...]
    channel: Web | Mail
    allowed: tuple[Network, ...]
    context: ssl.SSLContext = field(repr=False, compare=False)

    @property
    def shown(self) -> str:
        """Where it is, for a person, without what may be a secret."""
        if isinstance(self.channel, Mail):
            return f"{self.channel.recipient} by {self.channel.host}:{self.channel.port}"
        address = self.channel.address
        return f"{'https' if address.encrypted else 'http'}://{address.authority}"
