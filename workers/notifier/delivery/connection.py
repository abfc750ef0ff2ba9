"""One connection to a judged address, with a limit for its whole time and for what it may read.

A receiver that sends a byte now and then would pass any limit of a single read: here each read and
write gets what is left of the whole.
"""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from runtime.clock import Clock
from runtime.errors import Retry
from workers.notifier.delivery.addresses import (
    AddressRefused,
    Lookup,
    Network,
    Target,
    is_listed,
    resolve,
)

MOST_READ: Final = 128 * 1024
"""A receiver's answer is read up to this many bytes, headers included."""

_CONNECT_S: Final = 4.0
"""One address of several is tried for so long."""


class TooLong(OSError):
    """The receiver sends more than is read."""


@dataclass(slots=True)
class Bounds:
    """What is left of a try.

    Attributes:
        clock: Source of the time.
        until_s: When it ends, monotonic seconds.
        bytes_left: How much may still be read, bytes.
    """

    clock: Clock
    until_s: float
    bytes_left: int = MOST_READ

    def left_s(self) -> float:
        """Time that is left, s.

        Raises:
            TimeoutError: None.
        """
        left_s = self.until_s - self.clock.monotonic_s()
        if left_s <= 0:
            raise TimeoutError("timed out")
        return left_s

    def took(self, count: int) -> None:
        """Note that bytes were read.

        Raises:
            TooLong: They are more than may be.
        """
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise TooLong("the answer is too long")


class BoundedSocket(socket.socket):
    """A socket whose reads and writes end with its bounds."""

    bounds: Bounds

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Read, within the bounds."""
        self.settimeout(self.bounds.left_s())
        count = super().recv_into(buffer, nbytes, flags)
        self.bounds.took(count)
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Write, within the bounds."""
        self.settimeout(self.bounds.left_s())
        super().sendall(data, flags)


class BoundedTlsSocket(ssl.SSLSocket):
    """The same, encrypted."""

    bounds: Bounds

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Read, within the bounds."""
        self.settimeout(self.bounds.left_s())
        count = super().recv_into(buffer, nbytes, flags)
        self.bounds.took(count)
        return count

    def send(self, data: Any, flags: int = 0) -> int:
        """Write a part, within the bounds; `sendall` calls it."""
        self.settimeout(self.bounds.left_s())
        return super().send(data, flags)


def connect(
    host: str,
    port: int,
    allowed: Sequence[Network],
    bounds: Bounds,
    lookup: Lookup,
    *,
    encrypted: bool,
) -> BoundedSocket:
    """Connect to the first address of a host that may be used and answers.

    Args:
        host: A name or an address.
        port: TCP port.
        allowed: Networks that the destination lists.
        bounds: Limits of the whole try.
        lookup: `socket.getaddrinfo`.
        encrypted: Whether what is sent will be; if not, only listed addresses are used.

    Raises:
        AddressRefused: No address of the host may be used.
        Retry: None answers now.
    """
    targets = resolve(host, port, allowed, bounds.left_s(), lookup)
    if not encrypted:
        targets = [one for one in targets if _is_listed(one, allowed)]
        if not targets:
            raise AddressRefused(
                f"{host} would be sent to unencrypted, and is not listed: use TLS, or list its "
                "address under allow"
            )
    failure = ""
    for number, target in enumerate(targets, 1):
        connected = BoundedSocket(target.family, socket.SOCK_STREAM)
        connected.bounds = bounds
        try:
            left_s = bounds.left_s()
            connected.settimeout(left_s if number == len(targets) else min(_CONNECT_S, left_s))
            connected.connect(target.sockaddr)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connected.close()
            failure = f"{target.sockaddr[0]}: {error.strerror or error or type(error).__name__}"
        else:
            return connected
    raise Retry(f"{host} does not answer ({failure})")


@cache
def tls_context(ca: Path | None) -> ssl.SSLContext:
    """How a receiver proves who it is; read once by a process.

    Args:
        ca: Authorities that are trusted (PEM); None for those of the system.
    """
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = BoundedTlsSocket
    return context


def encrypt(connected: BoundedSocket, host: str, context: ssl.SSLContext) -> BoundedTlsSocket:
    """Encrypt a connection to a host that proves its name.

    Raises:
        Retry: It does not, or breaks off.
    """
    bounds = connected.bounds
    try:
        connected.settimeout(bounds.left_s())
        encrypted = context.wrap_socket(connected, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        connected.close()
        raise Retry(f"{host} does not prove its name: {error.verify_message}") from error
    except OSError as error:
        connected.close()
        why = getattr(error, "reason", None) or error.strerror or type(error).__name__
        raise Retry(f"{host} does not speak TLS here: {why}") from error
    assert isinstance(encrypted, BoundedTlsSocket)
    encrypted.bounds = bounds
    return encrypted


def _is_listed(target: Target, allowed: Sequence[Network]) -> bool:
    return is_listed(ip_address(str(target.sockaddr[0]).partition("%")[0]), allowed)
