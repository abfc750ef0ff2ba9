"""Which addresses a message may go to: public ones, and those that a destination lists.

A name is resolved once. Each address is judged by itself, in whatever form it stands, and the
connection goes to an address that was judged: nothing that the name means a moment later counts.
"""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, NamedTuple

from runtime.errors import Retry

Address = IPv4Address | IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Lookup = Callable[..., Sequence[Any]]
"""`socket.getaddrinfo`, or what a test gives in its place."""

MOST_TRIED: Final = 6
"""So many addresses of a name are tried at most."""

_MOST_LOOKUPS: Final = 16
"""So many look-ups may hang at once: the system's resolver has no time limit of its own."""

_lookups = threading.BoundedSemaphore(_MOST_LOOKUPS)

_NOT_PUBLIC: Final = tuple(
    (ipaddress.ip_network(network), what)
    for network, what in (
        ("0.0.0.0/8", "an address of this machine"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a shared address of a provider"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "an address of documentation"),
        ("192.88.99.0/24", "a reserved address"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address of benchmarks"),
        ("198.51.100.0/24", "an address of documentation"),
        ("203.0.113.0/24", "an address of documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::1/128", "a loopback address"),
        ("::/128", "an address of this machine"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "an address of documentation"),
        ("2002::/16", "an address of a tunnel"),
        ("3fff::/20", "an address of documentation"),
    )
)
"""From IANA's registries of special-purpose addresses."""

_PUBLIC_6: Final = ipaddress.IPv6Network("2000::/3")
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

METADATA: Final = frozenset(
    ipaddress.ip_address(one)
    for one in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)
"""Where clouds hand out their machines' credentials: to be listed one by one, if ever."""

_NUMBER = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)")
_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")


class AddressRefused(Exception):
    """A host has no address that a message may go to; the text says why, for a person."""


class Target(NamedTuple):
    """An address that was judged, to connect to.

    Attributes:
        family: Family of the socket.
        sockaddr: As the resolver gave it.
    """

    family: int
    sockaddr: tuple[Any, ...]


def check_host(host: str) -> str:
    """A host of a URL as it is looked up: without the dot at its end.

    >>> check_host("ntfy.example.")
    'ntfy.example'

    Raises:
        ValueError: It is no name and no address in the usual form.
    """
    plain = host.removesuffix(".")
    try:
        ipaddress.ip_address(plain)
    except ValueError:
        pass
    else:
        if "%" in plain:
            raise ValueError("its host names an interface: give an address that needs none")
        return plain
    if _NUMBER.fullmatch(plain.rpartition(".")[2]):
        raise ValueError("its host is a number: write an IPv4 address as four decimal numbers")
    if not _NAME.fullmatch(plain):
        raise ValueError("its host is no name")
    return plain


def refusal_of(address: Address, allowed: Sequence[Network]) -> str:
    """Why nothing may be sent to an address; empty when it may.

    Args:
        address: The address.
        allowed: Networks that the destination lists.
    """
    inner = _inner(address)
    for one in {address, inner}:
        listed = [net for net in allowed if one.version == net.version and one in net]
        if inner in METADATA:
            listed = [net for net in listed if net.num_addresses == 1]
        if listed:
            return ""
    if inner in METADATA:
        return "an address where a cloud hands out credentials"
    for network, what in _NOT_PUBLIC:
        if inner.version == network.version and inner in network:
            return what
    if isinstance(inner, IPv6Address) and inner not in _PUBLIC_6:
        return "a reserved address"
    return ""


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_listed(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether a destination lists an address."""
    return any(
        one.version == net.version and one in net
        for net in allowed
        for one in (address, _inner(address))
    )


def resolve(
    host: str, port: int, allowed: Sequence[Network], within_s: float, lookup: Lookup
) -> list[Target]:
    """The addresses of a host that a message may go to, each once, in the resolver's order.

    Args:
        host: A name or an address.
        port: TCP port.
        allowed: Networks that the destination lists.
        within_s: Time limit, s.
        lookup: `socket.getaddrinfo`.

    Raises:
        AddressRefused: It has addresses, and none may be used.
        Retry: It cannot be resolved now.
    """
    found = _looked_up(host, port, within_s, lookup)
    targets: list[Target] = []
    refused = ""
    for family, _, _, _, sockaddr in found:
        if family not in {socket.AF_INET, socket.AF_INET6}:
            continue
        address = ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])
        why = refusal_of(address, allowed)
        target = Target(family, tuple(sockaddr))
        if not why and target not in targets:
            targets.append(target)
        elif why and not refused:
            refused = f"{host} is {address}, {why}: list it under allow if it is meant"
    if not targets:
        raise AddressRefused(refused or f"{host} has no address")
    return targets[:MOST_TRIED]


def _looked_up(host: str, port: int, within_s: float, lookup: Lookup) -> Sequence[Any]:
    if not _lookups.acquire(blocking=False):
        raise Retry(f"{host} was not looked up: {_MOST_LOOKUPS} names wait for the resolver")
    answers: list[Sequence[Any] | Exception] = []

    def ask() -> None:
        try:
            answers.append(lookup(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.append(error)
        finally:
            _lookups.release()

    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(within_s)
    if not answers:
        raise Retry(f"{host} was not resolved within {within_s:.0f} s")
    if isinstance(answers[0], Exception):
        raise Retry(f"{host} cannot be resolved: {_cause(answers[0])}")
    return answers[0]


def _cause(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)
