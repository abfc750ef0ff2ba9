"""`wardstream serve` as a process: its address, its end, its refusals, and its names from Kafka."""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from runtime.errors import EXIT_STOP
from runtime.facts.log import Fact
from runtime.kafka.topics import create_topics
from runtime.process.settings import Settings
from schemas.registry import SchemaRegistry
from schemas.topics import VERSIONED_TOPICS, ZONES
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.live_writer import LiveWriter, zone_fact
from tests.support.paths import ROOT
from tests.support.waiting import eventually
from workers.local.demo.sse_client import follow

NOBODY = "127.0.0.1:9"
"""An address where nothing listens."""


class ServeProcess:
    """A running `wardstream serve`."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        self._log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers.cli", "serve"],
                cwd=ROOT,
                env={
                    **os.environ,
                    "WARDSTREAM_LOG_FORMAT": "json",
                    "WARDSTREAM_SERVING__PORT": "0",
                    **environment,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def events(self) -> list[dict[str, Any]]:
        """The log so far, by line."""
        lines = self._log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def url(self) -> str:
        """Where it answers, once it says so."""

        def announced() -> list[str]:
            assert self.process.poll() is None, self._log.read_text()
            return [str(e["url"]) for e in self.events() if e["event"] == "serving.ready"]

        return eventually(announced, 60.0)[0]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@pytest.fixture
def serve(
    tmp_path: Path, live_url: str, redis_prefix: str
) -> Iterator[Callable[..., ServeProcess]]:
    """Starts `wardstream serve`; none outlives the test."""
    with ExitStack() as stack:

        def start(**environment: str) -> ServeProcess:
            started = ServeProcess(
                tmp_path / "serve.log",
                {
                    "WARDSTREAM_REDIS_URL": live_url,
                    "WARDSTREAM_REDIS_PREFIX": redis_prefix,
                    "WARDSTREAM_KAFKA_BOOTSTRAP": NOBODY,
                    "WARDSTREAM_REGISTRY_URL": f"http://{NOBODY}/",
                    **environment,
                },
            )
            stack.callback(started.process.wait)
            stack.callback(started.process.kill)
            return started

        yield start


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, id="terminated"),
        pytest.param(signal.SIGINT, id="ctrl-c", marks=pytest.mark.chaos_long),
    ],
)
def test_it_announces_its_address_serves_without_kafka_and_ends_on_a_signal(
    serve: Callable[..., ServeProcess], writer: LiveWriter, number: int
) -> None:
    writer.zone("bay-1", people=3)
    process = serve()
    url = process.url()

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", url)
    assert "<title>" in httpx.get(url).text
    assert httpx.get(url + "api/v1/zones/bay-1").json()["people"] == 3
    open_stream = follow(url)
    next(open_stream)
    assert process.end(number) == 0
    assert [event.name for event in open_stream if event.name != "clock"] == []


def test_a_taken_port_is_one_sentence_that_says_what_to_do(
    serve: Callable[..., ServeProcess],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = serve(WARDSTREAM_SERVING__PORT=str(port))

        assert process.process.wait(timeout=60) == EXIT_STOP
    [stop] = [event for event in process.events() if event["event"] == "service.stop"]
    assert re.search(rf"port {port} .*set WARDSTREAM_SERVING__PORT to another", stop["error"])


def test_names_and_zones_are_read_from_the_reference_data_and_followed(
    serve: Callable[..., ServeProcess],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    registry = SchemaRegistry(settings.registry_url)
    create_topics(cluster_of(settings))
    for topic in VERSIONED_TOPICS:
        registry.register(topic)
    publish_facts(cluster_of(settings), [Fact(ZONES, zone_fact("bay-1", name="Bay 1"))])
    url = serve(**environment).url()

    def names() -> list[str]:
        zones = httpx.get(url + "api/v1/zones").json()["zones"]
        return [zone["name"] for zone in zones]

    assert eventually(names, 30.0) == ["Bay 1"]
    edits = follow(url)
    next(edits)
    fact = zone_fact("bay-1", version=2, name="Bay One")
    publish_facts(cluster_of(settings), [Fact(ZONES, fact)])
    within_30_s = itertools.islice(edits, 30)  # a heartbeat a second
    assert any(event.name == "names" and names() == ["Bay One"] for event in within_30_s)
