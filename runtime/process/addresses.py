"""Check the addresses among the settings, before a client fails on them in its own words."""

import ipaddress
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from runtime.process.libpq import address_fault
from runtime.process.names import variable_of
from runtime.redaction import redacted_url, url_fault

if TYPE_CHECKING:
    from runtime.process.security import KafkaSecurity
    from runtime.process.settings import Settings

_BROKER = re.compile(r"(?:(\w+)://)?(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$")
_BROKER_PORT: Final = 9092
_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HTTP: Final = ("http", "https")


def check_addresses(settings: "Settings") -> None:
    """Refuse addresses that cannot be used.

    Raises:
        ValueError: One or more; a line for each says what is right, and hides credentials.
    """
    wrong = list(_wrong(settings))
    if wrong:
        raise ValueError("\n".join(wrong))


def _wrong(settings: "Settings") -> Iterator[str]:
    yield from _brokers(settings.kafka_bootstrap, settings.security.kafka)
    yield from _url("registry_url", settings.registry_url, _HTTP)
    yield from _url("redis_url", settings.redis_url.get_secret_value(), ("redis", "rediss", "unix"))
    database = settings.database_url.get_secret_value()
    wrong = []
    if _SCHEME.match(database):  # else name=value pairs, as libpq takes them
        wrong = list(_url("database_url", database, ("postgresql", "postgres")))
    if not wrong and (fault := address_fault(database)):
        wrong = [f"{variable_of('database_url')}: {fault}"]
    yield from wrong
    stores = ("file", "s3")
    yield from _url("ingest.object_store_url", settings.ingest.object_store_url, stores)
    if settings.checkpoints.archive.url:
        yield from _url("checkpoints.archive.url", settings.checkpoints.archive.url, stores)
    if settings.watchdog.webhook_url is not None:
        webhook = settings.watchdog.webhook_url.get_secret_value()
        yield from _url("watchdog.webhook_url", webhook, _HTTP)
        yield from _networks("watchdog.webhook_allow", settings.watchdog.webhook_allow)
    if settings.delivery.proxy is not None:
        proxy = settings.delivery.proxy.get_secret_value()
        yield from _url("delivery.proxy", proxy, ("http",))
    if settings.delivery.board_url:
        yield from _url("delivery.board_url", settings.delivery.board_url, _HTTP)
    for name in ("issuer", "public_url"):
        if (given := getattr(settings.login, name)) is not None:
            yield from _url(f"login.{name}", given, _HTTP)
    for name, url in settings.watchdog.health.items():
        yield from _url(f"watchdog.health.{name}", url, _HTTP)


def full_brokers(text: str) -> str:
    """Brokers that were checked, each with its port.

    >>> full_brokers("kafka, SASL_SSL://[::1]:9093,")
    'kafka:9092,[::1]:9093'
    """
    found = [_BROKER.match(one) for one in _listed(text)]
    return ",".join(f"{one[2]}:{one[3] or _BROKER_PORT}" for one in found if one)


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _brokers(text: str, security: "KafkaSecurity") -> Iterator[str]:
    """What is wrong with the list of brokers, if anything."""
    name = variable_of("kafka_bootstrap")
    form = "give host:port, or several with commas between them"
    found = [_BROKER.match(one) for one in _listed(text)]
    if not found or not all(one and 0 < int(one[3] or _BROKER_PORT) < 65_536 for one in found):
        if text.count(":") > 1 and _is_ipv6(text):
            form = "give an IPv6 address in brackets, as in [::1]:9092"
        yield f"{name} is {redacted_url(text)!r}: {form}"
        return
    for protocol in sorted({one[1].upper() for one in found if one and one[1]}):
        if protocol not in _PROTOCOLS:
            yield f"{name} is {redacted_url(text)!r}: {form}"
        elif protocol != security.protocol:
            tls, user = protocol.endswith("SSL"), protocol.startswith("SASL")
            yield (
                f"{name} begins with {protocol}://, and the settings say {security.protocol}: "
                f"{'set' if tls else 'unset'} {variable_of('security.kafka.tls')}, and "
                f"{'set' if user else 'unset'} {variable_of('security.kafka.user')} and its "
                "password"
            )


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.strip()).version == 6
    except ValueError:
        return False


def _url(name: str, url: str, schemes: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with a URL, if anything."""
    variable = variable_of(name)
    scheme = _SCHEME.match(url)
    if scheme is None or scheme[1].lower() not in schemes:
        shown = redacted_url(url) if scheme else ""
        yield f"{variable}{f' is {shown}' if shown else ''}: give a URL with {_or(schemes)}"
    elif fault := url_fault(url):
        yield f"{variable}: {fault}"
    elif scheme[1].lower() in {*_HTTP, "redis", "rediss"} and not _has_host(url):
        yield f"{variable} is {redacted_url(url)}: give a host, and a port from 1 to 65535 if any"


def _networks(name: str, text: str) -> Iterator[str]:
    """What is wrong with a list of addresses and networks, if anything."""
    for one in _listed(text):
        try:
            ipaddress.ip_network(one)
        except ValueError:
            yield f"{variable_of(name)}: {one} is no address and no network such as 10.20.0.0/24"


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _or(schemes: tuple[str, ...]) -> str:
    *others, last = [f"{scheme}://" for scheme in schemes]
    return f"{', '.join(others)} or {last}" if others else last
