"""What the page about sending alerts shows works as it stands there."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime.clock import SystemClock
from tests.support.builders.messages import KEY, SECRET, message, web
from tests.support.paths import ROOT
from tests.support.servers.receiver import Receiver
from workers.notifier.delivery.destinations import Destinations, read_destinations
from workers.notifier.delivery.outcome import Receipt
from workers.notifier.delivery.send import send

PAGE = (ROOT / "docs" / "deliver-alerts.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def verify() -> Callable[..., bool]:
    names: dict[str, Any] = {}
    (code,) = blocks("python")
    exec(code, names)
    found: Callable[..., bool] = names["is_from_wardstream"]
    return found


def test_the_code_of_the_page_verifies_a_real_request(verify: Callable[..., bool]) -> None:
    with Receiver() as receiver:
        destination = web(f"http://127.0.0.1:{receiver.port}/", keys=(bytes(32), KEY))
        assert isinstance(send(message(), destination, SystemClock()), Receipt)
    (request,) = receiver.received

    assert verify(request.headers, request.body, SECRET)
    assert not verify(request.headers, request.body + b" ", SECRET)
    assert not verify(request.headers, request.body, SECRET.replace("A", "B"))
    late = {**request.headers, "webhook-timestamp": str(int(time.time()) - 600)}
    assert not verify(late, request.body, SECRET)
    unsigned = {k: v for k, v in request.headers.items() if k != "webhook-signature"}
    assert not verify(unsigned, request.body, SECRET)


def test_every_destination_of_the_page_can_be_written(tmp_path: Path) -> None:
    def there(found: re.Match[str]) -> str:
        secret = SECRET if "webhook" in found[1] else "https://secret.example/x"
        path = tmp_path / found[1]
        path.write_text("token" if found[1].endswith(("token", "password")) else secret)
        return str(path)

    (tmp_path / "pager.json").write_text(blocks("json")[0])
    file = tmp_path / "destinations.yaml"
    file.write_text(re.sub(r"/run/secrets/([\w-]+)", there, "".join(blocks("yaml"))))
    urls = {"SLACK_URL": "https://hooks.example/y", "PAGER_URL": "https://pager.example/z"}

    destinations: Destinations = read_destinations(file, {**urls, "PAGER_TOKEN": "t"})

    assert len(list(destinations)) == PAGE.count("\n- name: ")
