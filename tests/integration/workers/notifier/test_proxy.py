"""Messages leave through a hospital's HTTP proxy, and nothing gets inside by it."""

import base64
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from deploy.local.certificates import Authority
from runtime.clock import SystemClock
from runtime.errors import Stop
from tests.support.builders.messages import KEY, message, web
from tests.support.servers.http_proxy import HttpProxy
from tests.support.servers.receiver import Receiver
from workers.notifier.delivery.outcome import Outcome, Receipt, Refused, Retry
from workers.notifier.delivery.proxy import proxy_of
from workers.notifier.delivery.send import send

OUTSIDE = "push.example"
HERE = "127.0.0.1"
LOGIN = "Basic " + base64.b64encode(b"ward:p@ss").decode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def nowhere(*_: Any, **__: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def silent(*_: Any, **__: Any) -> Any:
    """A name server that drops the question, as many do that know inside names alone."""
    time.sleep(8.0)
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def resolving(address: str) -> Any:
    """A resolver by which every name is one address."""

    def lookup(_host: str, port: int, **_: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    return lookup


def by(
    proxy_url: str, url: str, ca: Path | None, lookup: Any = nowhere, allow: tuple[str, ...] = ()
) -> Outcome:
    """Send through a proxy; where the proxy itself is, is always known."""

    def names(host: str, port: int, **options: Any) -> Any:
        known = socket.getaddrinfo if host == HERE else lookup
        return known(host, port, **options)

    destination = web(url, allow=allow, ca=ca)
    proxy = proxy_of(SecretStr(proxy_url))
    return send(message(), destination, SystemClock(), 5.0, names, proxy)


@pytest.mark.parametrize("lookup", [nowhere, silent, resolving("93.184.216.34")])
def test_a_message_goes_through_the_proxy_and_tls_is_with_the_receiver(
    authority: Authority, lookup: Any
) -> None:
    identity = authority.issue("outside", [f"DNS:{OUTSIDE}"])
    with Receiver(key=KEY, identity=identity) as receiver, HttpProxy({OUTSIDE: HERE}) as proxy:
        url = f"https://{OUTSIDE}:{receiver.port}/hook"

        assert isinstance(by(proxy.url, url, authority.ca, lookup), Receipt)

        assert proxy.asked == [f"{OUTSIDE}:{receiver.port}"]
        [request] = receiver.received
        assert request.headers["host"] == f"{OUTSIDE}:{receiver.port}"


def test_a_proxy_that_leads_elsewhere_gets_nothing_of_a_message(authority: Authority) -> None:
    identity = authority.issue("other", ["DNS:other.example"])
    with Receiver(key=KEY, identity=identity) as receiver, HttpProxy({OUTSIDE: HERE}) as proxy:
        outcome = by(proxy.url, f"https://{OUTSIDE}:{receiver.port}/", authority.ca)

        assert isinstance(outcome, Retry)
        assert "does not prove its name" in outcome.reason
        assert receiver.received == []


@pytest.mark.parametrize(
    ("host", "lookup"),
    [
        (HERE, nowhere),
        ("10.0.0.7", nowhere),
        ("169.254.169.254", nowhere),
        ("inside.example", resolving("10.0.0.7")),
        ("inside.example", resolving("127.0.0.1")),
    ],
)
def test_nothing_that_is_known_to_be_inside_is_reached_by_the_proxy(host: str, lookup: Any) -> None:
    with HttpProxy() as proxy:
        local = socket.getaddrinfo if lookup is nowhere else lookup

        assert isinstance(by(proxy.url, f"https://{host}/", None, local), Refused)
        assert proxy.asked == []


def test_a_destination_that_lists_its_addresses_is_reached_without_the_proxy() -> None:
    with Receiver(key=KEY) as receiver, HttpProxy() as proxy:
        url = f"http://{HERE}:{receiver.port}/"

        assert isinstance(by(proxy.url, url, None, allow=("127.0.0.1/32",)), Receipt)
        assert proxy.asked == []


def test_a_proxy_that_asks_for_a_login_gets_it_and_one_without_is_refused(
    authority: Authority,
) -> None:
    identity = authority.issue("login", [f"DNS:{OUTSIDE}"])
    names = {OUTSIDE: HERE}
    with Receiver(key=KEY, identity=identity) as receiver, HttpProxy(names, LOGIN) as proxy:
        url = f"https://{OUTSIDE}:{receiver.port}/"
        with_login = proxy.url.replace("http://", "http://ward:p%40ss@")

        assert isinstance(by(with_login, url, authority.ca), Receipt)
        refused = by(proxy.url, url, authority.ca)

    assert isinstance(refused, Refused)
    assert "407" in refused.reason


@pytest.mark.parametrize(("status", "kind"), [(403, Refused), (502, Retry), (503, Retry)])
def test_what_the_proxy_answers_decides_whether_it_is_tried_again(
    status: int, kind: type[Refused | Retry]
) -> None:
    with HttpProxy(refuses=status) as proxy:
        outcome = by(proxy.url, f"https://{OUTSIDE}/", None)

    assert isinstance(outcome, kind)
    assert f"HTTP {status}" in outcome.reason


def test_a_proxy_that_is_away_is_tried_again() -> None:
    with HttpProxy() as proxy:
        url = proxy.url

    outcome = by(url, f"https://{OUTSIDE}/", None)

    assert isinstance(outcome, Retry)
    assert "proxy" in outcome.reason


@pytest.mark.parametrize(
    "url", ["https://proxy:1", "socks5://proxy", "http://secret/x", "http://secret:0"]
)
def test_what_is_no_proxy_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(Stop, match="WARDSTREAM_DELIVERY__PROXY is not a URL") as refused:
        proxy_of(SecretStr(url))
    assert "secret" not in str(refused.value)
