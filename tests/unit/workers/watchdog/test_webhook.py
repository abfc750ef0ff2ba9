"""Alerts reach a webhook in their order, however often it refuses at first."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.clock import SystemClock
from runtime.errors import Stop
from schemas.records.alerts import Alert
from tests.support.servers.webhook import WebhookServer
from tests.support.waiting import eventually
from tests.unit.workers.observation.test_alerts import AT_US, finding
from workers.observation.alerts import make_alert
from workers.watchdog.webhook import Webhook


@pytest.fixture
def server() -> Iterator[WebhookServer]:
    with WebhookServer() as started:
        yield started


def alerts(count: int) -> list[Alert]:
    return [make_alert(finding(f"silence/camera/{n}"), "RAISED", AT_US, "") for n in range(count)]


def test_every_alert_is_posted_in_order_as_json(server: WebhookServer) -> None:
    webhook = Webhook(server.url, SystemClock())
    webhook.start()
    sent = alerts(5)
    for alert in sent:
        webhook.report(alert)

    eventually(lambda: len(server.reported) == 5)
    assert server.reported == sent
    webhook.close()


def test_a_webhook_that_refuses_is_asked_again_until_it_takes_the_alert(
    server: WebhookServer,
) -> None:
    server.status = 500
    webhook = Webhook(server.url, SystemClock())
    webhook.start()
    sent = alerts(3)
    for alert in sent:
        webhook.report(alert)
    eventually(lambda: server.asked >= 2)
    assert server.reported == []
    server.status = 200

    eventually(lambda: len(server.reported) == 3)
    assert server.reported == sent
    webhook.close()


def test_what_is_waiting_at_the_end_is_still_sent(server: WebhookServer) -> None:
    webhook = Webhook(server.url, SystemClock())
    webhook.report(alerts(1)[0])
    webhook.start()
    webhook.close()

    eventually(lambda: len(server.reported) == 1)


@pytest.mark.parametrize(("allow", "arrives"), [("127.0.0.0/8", True), ("10.0.0.0/8", False)])
def test_a_name_for_an_address_that_is_not_public_must_be_listed(
    server: WebhookServer, allow: str, arrives: bool
) -> None:
    url = server.url.replace("127.0.0.1", "pager.example")

    def names(_host: str, port: int, **_: Any) -> Any:
        return socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)

    webhook = Webhook(url, SystemClock(), allow, lookup=names)
    webhook.report(alerts(1)[0])
    webhook.start()
    if arrives:
        eventually(lambda: len(server.reported) == 1)
    webhook.close()

    assert bool(server.asked) is arrives


@pytest.mark.parametrize("url", ["ftp://x/", "http://", "alerts", "http://h:99999/"])
def test_what_is_no_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(Stop, match="WARDSTREAM_WATCHDOG__WEBHOOK_URL is not") as refused:
        Webhook(url, SystemClock())
    assert url not in str(refused.value).replace("http:// or https://", "")
