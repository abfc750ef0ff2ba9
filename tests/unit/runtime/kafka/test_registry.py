"""A registry that stays away is left alone, and is found again by itself."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from runtime.kafka.registry import POLICY, guarded_registry
from runtime.process.settings import Settings
from schemas.registry import RegistryUnavailable, SchemaRegistry
from tests.unit.runtime.storage.test_breaker import SetClock


class Counting(ThreadingHTTPServer):
    """Answers everything with one status, and counts."""

    status = 200
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: Counting

    def do_GET(self) -> None:
        self.server.asked += 1
        body = b'{"schema": "\\"string\\"", "message": "no"}'
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    monkeypatch.setattr("schemas.registry_client._PAUSES_S", ())
    with Counting(("127.0.0.1", 0), _Handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def asked(server: Counting, clock: SetClock) -> SchemaRegistry:
    return guarded_registry(
        Settings(registry_url=f"http://127.0.0.1:{server.server_port}").registry_url, clock
    )


def test_a_registry_that_fails_is_not_asked_until_its_pause_is_over(server: Counting) -> None:
    clock = SetClock()
    registry = asked(server, clock)
    assert registry.find(1) == '"string"'
    server.status = 503
    for schema_id in range(2, 2 + POLICY.failures):
        with pytest.raises(RegistryUnavailable, match="HTTP status 503"):
            registry.find(schema_id)
    so_far = server.asked
    # The jitter may have drawn next to no pause, but never one that is over at once.
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
