"""The way out through an HTTP proxy: a tunnel, in which TLS is spoken with the receiver itself.

The proxy reads the receiver's name and port, and nothing of a message. It resolves the name, so its
rules decide where that leads. What can be known here is still judged: an address in a URL, and a
name that this machine resolves, so that nobody uses the proxy to get inside.
"""

import ipaddress
from base64 import b64encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from runtime.errors import Retry, Stop
from runtime.process.names import variable_of
from workers.notifier.delivery.addresses import AddressRefused, Lookup, check_host, resolve
from workers.notifier.delivery.connection import BoundedSocket, Bounds, connect

_EVERY_ADDRESS: Final = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
"""Whoever runs the machine names the proxy; only where clouds give out credentials is refused."""

_MOST_HEAD: Final = 16 * 1024
_USUAL_PORT: Final = 3128
_JUDGED_S: Final = 1.5
"""Longest wait for what this machine knows of a name, s: behind a proxy it often knows none, and a
name server that drops the question must not use up the time in which the proxy would answer."""
_LOGIN, _FORBIDDEN = 407, frozenset({401, 403, 405, 451})


class ProxyRefused(Exception):
    """The proxy does not let us out; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        host: Name or address.
        port: TCP port.
        login: For the header `Proxy-Authorization`; None for none.
    """

    host: str
    port: int
    login: SecretStr | None = None


def proxy_of(url: SecretStr | None) -> Proxy | None:
    """Read the setting `delivery.proxy`; None where none is set.

    Raises:
        Stop: It is no URL of a proxy; the message does not show it.
    """
    if url is None or not url.get_secret_value():
        return None
    try:
        parts = urlsplit(url.get_secret_value())
        host, port = check_host(parts.hostname or ""), parts.port
        is_proxy = parts.scheme == "http" and parts.path in {"", "/"} and not parts.query
    except ValueError:
        is_proxy = False
    if not is_proxy or port == 0:
        raise Stop(
            f"{variable_of('delivery.proxy')} is not a URL such as "
            "http://proxy.hospital.example:3128"
        )
    login = None
    if parts.username:
        given = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = SecretStr("Basic " + b64encode(given.encode()).decode())
    return Proxy(host, port or _USUAL_PORT, login)


def tunnel(proxy: Proxy, host: str, port: int, bounds: Bounds, lookup: Lookup) -> BoundedSocket:
    """A connection to a host through the proxy.

    Raises:
        AddressRefused: The host is, or resolves here to, an address that is not public.
        ProxyRefused: The proxy refuses for good.
        Retry: Proxy or host do not answer now.
        OSError: The proxy does not answer as it should.
    """
    judge(host, port, min(_JUDGED_S, bounds.left_s() / 4), lookup)
    try:
        connected = connect(proxy.host, proxy.port, _EVERY_ADDRESS, bounds, lookup, encrypted=False)
    except AddressRefused as error:
        raise ProxyRefused(f"the proxy may not be used: {error}") from error
    except Retry as error:
        raise Retry(f"the proxy: {error}") from error
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", "User-Agent: Wardstream"]
    if proxy.login is not None:
        lines.append(f"Proxy-Authorization: {proxy.login.get_secret_value()}")
    try:
        connected.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        status = _status(connected)
    except OSError:
        connected.close()
        raise
    if 200 <= status < 300:
        return connected
    connected.close()
    if status == _LOGIN:
        raise ProxyRefused("the proxy asks for a name and password, or for others (HTTP 407)")
    if status in _FORBIDDEN:
        raise ProxyRefused(f"the proxy does not let us out to {host} (HTTP {status})")
    raise Retry(f"the proxy does not reach {host} (HTTP {status})")


def judge(host: str, port: int, within_s: float, lookup: Lookup) -> None:
    """Refuse a host behind the proxy that is known not to be public.

    A name that this machine cannot resolve is left to the proxy.

    Raises:
        AddressRefused: It is not.
    """
    try:
        resolve(host, port, (), within_s, lookup)
    except Retry:
        return


def _status(connected: BoundedSocket) -> int:
    """Status of the proxy's answer; what follows its head is not read: it is the receiver's."""
    head = bytearray()
    one = bytearray(1)
    while not head.endswith(b"\r\n\r\n"):
        if len(head) >= _MOST_HEAD or not connected.recv_into(one):
            raise ConnectionError("the proxy does not answer as one")
        head += one
    parts = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        raise ConnectionError("the proxy does not answer as one")
    return int(parts[1])
