"""Which requests go through the proxy that the environment names, decided here for all.

Our own addresses never do: the schema registry, health endpoints, the board, an object store with
an address of its own, and cameras. They are configured as they can be reached, and a hospital's
proxy only knows the way out. What is outside goes as the environment says: weights that are
fetched, recordings on public servers, a bucket at AWS.
"""

import ipaddress
import os
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import httpx
    from obstore.store import ClientConfig

NO_PROXY: Final["ClientConfig"] = {
    "proxy_url": "http://127.0.0.1:9",
    "proxy_excludes": "*,0.0.0.0/0,::/0",
}
"""Options of an S3 client that takes no proxy: it has one of its own, for no host."""

_VARIABLES: Final = ("no_proxy", "NO_PROXY")
_OWN_NAMES: Final = (".local", ".lan", ".internal", ".intranet", ".home.arpa", ".localhost")
_HOST = re.compile(r"[A-Za-z][\w+.-]*://(?:[^/?#]*@)?(\[[^\]]+\]|[^/?#:@]+)")


def own_client(**options: Any) -> "httpx.Client":
    """A client for our own addresses: it takes no proxy from the environment."""
    import httpx  # noqa: PLC0415 - slow to import: a process that asks nothing does not wait

    return httpx.Client(trust_env=False, **options)


def client_for(url: str, **options: Any) -> "httpx.Client":
    """A client for an address that may be ours or outside."""
    import httpx  # noqa: PLC0415 - as above

    match = _HOST.match(url)
    outside = match is not None and not is_inside(match[1])
    return httpx.Client(trust_env=outside, **options)


def async_client_for(url: str, **options: Any) -> "httpx.AsyncClient":
    """As `client_for`, for an event loop."""
    import httpx  # noqa: PLC0415 - as above

    match = _HOST.match(url)
    outside = match is not None and not is_inside(match[1])
    return httpx.AsyncClient(trust_env=outside, **options)


def is_inside(host: str) -> bool:
    """Whether a host is on this machine or in a private network, by its address or name.

    >>> [is_inside(host) for host in ("127.0.0.1", "10.0.0.7", "camera-3", "ward.lan", "[::1]")]
    [True, True, True, True, True]
    >>> [is_inside(host) for host in ("8.8.8.8", "video.example.org")]
    [False, False]
    """
    plain = host.strip("[]").partition("%")[0].rstrip(".").lower()
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return "." not in plain or plain.endswith(_OWN_NAMES)
    return address.is_private or address.is_link_local or address.is_loopback


def exempt(url: str) -> None:
    """Let FFmpeg reach the host of a URL without a proxy, if the host is inside.

    FFmpeg reads `no_proxy` from the environment, for every connection that a playlist leads to.
    """
    match = _HOST.match(url)
    if match is None or not is_inside(match[1]):
        return
    host = match[1].strip("[]")
    for variable in _VARIABLES:
        hosts = [one.strip() for one in os.environ.get(variable, "").split(",") if one.strip()]
        if host not in hosts and "*" not in hosts:
            os.environ[variable] = ",".join([*hosts, host])
