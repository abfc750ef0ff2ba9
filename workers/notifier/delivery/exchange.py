"""One POST to an address that was judged, and what its answer is."""

import ssl
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from workers.notifier.delivery.addresses import Lookup, Network
from workers.notifier.delivery.connection import (
    BoundedSocket,
    BoundedTlsSocket,
    Bounds,
    connect,
    encrypt,
)
from workers.notifier.delivery.destination import WebAddress
from workers.notifier.delivery.proxy import Proxy, tunnel


class Answer(NamedTuple):
    """An answer; its body is not needed, and not read.

    Attributes:
        status: HTTP status.
        pause: Its header `Retry-After`, if any.
    """

    status: int
    pause: str | None


def exchange(
    address: WebAddress,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Sequence[Network],
    context: ssl.SSLContext,
    bounds: Bounds,
    lookup: Lookup,
    proxy: Proxy | None = None,
) -> Answer:
    """Post once; redirects are not followed.

    Args:
        address: Where to.
        body: Body of the request.
        headers: Its headers, but for `Host`.
        allowed: Networks that are not public and may be used. Whoever lists any is reached without
            the proxy.
        context: How a receiver proves who it is.
        bounds: Limits of the whole try.
        lookup: Resolves names.
        proxy: The way out; None for none.

    Raises:
        AddressRefused: The receiver has no address that may be used.
        ProxyRefused: The proxy does not let us out.
        runtime.errors.Retry: It cannot be connected to.
        OSError: It does not answer as it should.
    """
    connected: BoundedSocket | BoundedTlsSocket
    if proxy is not None and not allowed and address.encrypted:
        connected = tunnel(proxy, address.host, address.port, bounds, lookup)
    else:
        connected = connect(
            address.host, address.port, allowed, bounds, lookup, encrypted=address.encrypted
        )
    if address.encrypted:
        connected = encrypt(connected, address.host, context)
    with connected:
        return _asked(connected, address, body, {"Host": address.authority, **headers})


def _asked(
    connected: BoundedSocket | BoundedTlsSocket,
    address: WebAddress,
    body: bytes,
    headers: Mapping[str, str],
) -> Answer:
    connection = HTTPConnection(address.authority)
    connection.auto_open = 0  # it has its connection, and makes no other
    connection.sock = connected
    try:
        connection.request("POST", address.path, body, headers)
        answer = connection.getresponse()
    except HTTPException as error:
        raise ConnectionError(f"the answer is not HTTP ({type(error).__name__})") from error
    else:
        return Answer(answer.status, answer.getheader("Retry-After"))
    finally:
        connection.close()
