"""A registry that is out of reach is left alone, and is found again without a restart."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from runtime.kafka.registry import AGAIN, POLICY, guarded_registry
from runtime.process.settings import Settings
from schemas.registry import RegistryUnavailable, SchemaRegistry
from tests.support.set_clock import SetClock


class Counting(ThreadingHTTPServer):
    """Answers with the statuses of a list, then always with one, and counts requests."""

    status = 200
    asked = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.first: list[int] = []


class _Handler(BaseHTTPRequestHandler):
    server: Counting

    def do_GET(self) -> None:
        self.server.asked += 1
        body = b'{"schema": "\\"string\\"", "message": "no"}'
        first = self.server.first
        self.send_response(first.pop(0) if first else self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Counting]:
    with Counting() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def asked(server: Counting, clock: SetClock) -> SchemaRegistry:
    return guarded_registry(
        Settings(registry_url=f"http://127.0.0.1:{server.server_port}").registry_url, clock
    )


def test_a_registry_that_is_busy_for_a_moment_is_asked_again(server: Counting) -> None:
    clock = SetClock()
    started_s = clock.now_s
    server.first = [503, 429]

    assert asked(server, clock).find(1) == '"string"'

    assert server.asked == 3
    assert clock.now_s - started_s == pytest.approx(AGAIN.pause_s(1) + AGAIN.pause_s(2))


def test_a_registry_that_stays_busy_is_asked_a_few_times_only(server: Counting) -> None:
    server.status = 503

    with pytest.raises(RegistryUnavailable, match="HTTP status 503"):
        asked(server, SetClock()).find(1)

    assert server.asked == AGAIN.most_failures


def test_a_registry_that_fails_is_not_asked_until_its_pause_is_over(server: Counting) -> None:
    clock = SetClock()
    registry = asked(server, clock)
    assert registry.find(1) == '"string"'
    server.status = 503
    for schema_id in range(2, 2 + POLICY.failures):
        with pytest.raises(RegistryUnavailable, match="HTTP status 503"):
            registry.find(schema_id)
    so_far = server.asked
    # Jitter may make the pause very short, but never zero.
    with pytest.raises(RegistryUnavailable, match="the next try is due in"):
        registry.find(9)

    assert server.asked == so_far
    assert registry.find(1) == '"string"', "what was read once serves on"
    server.status = 200
    clock.sleep(POLICY.max_pause_s)
    assert registry.find(9) == '"string"'


def test_a_refusal_is_an_answer(server: Counting) -> None:
    registry = asked(server, SetClock())
    server.status = 404
    for schema_id in range(10):
        with pytest.raises(KeyError):
            registry.find(schema_id)

    assert server.asked == 10
