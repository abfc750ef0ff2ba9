"""What a registry may answer, said by a small HTTP server; the real one is asked in integration."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from schemas.registry import RegistryUnavailable, SchemaRegistry
from schemas.registry_address import RegistryAddress
from schemas.registry_client import RegistryClient, RegistryRefusal

SCHEMA = '{"type": "string"}'


class Answering(ThreadingHTTPServer):
    """Gives its answers one after another, the last for ever, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[tuple[str, str, str | None, bytes]] = []

    def url(self, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server_port}/apis/ccompat/v7/"


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = (self.command, self.path, self.headers.get("Authorization"), body)
        self.server.asked.append(asked)
        answers = self.server.answers
        status, answer = answers.pop(0) if len(answers) > 1 else answers[0]
        text = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PUT = do_GET  # noqa: N815 - the names are http.server's

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Answering]:
    with Answering() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_a_subject_is_one_part_of_the_path_and_the_schema_travels_as_text(
    server: Answering,
) -> None:
    server.answers = [(200, {"id": 7})]

    assert RegistryClient(RegistryAddress.of(server.url())).register("a/b-value", SCHEMA) == 7

    [(method, path, _, body)] = server.asked
    assert (method, path) == ("POST", "/apis/ccompat/v7/subjects/a%2Fb-value/versions")
    assert json.loads(body) == {"schema": SCHEMA}


def test_a_user_in_the_url_is_sent_as_basic_authentication(server: Answering) -> None:
    server.answers = [(200, {"schema": SCHEMA})]

    assert RegistryClient(RegistryAddress.of(server.url("ward:p%40ss@"))).text_of(3) == SCHEMA

    assert server.asked[0][2] == "Basic d2FyZDpwQHNz"


def test_a_registry_that_is_busy_for_a_moment_is_asked_again(server: Answering) -> None:
    server.answers = [(503, "starting"), (429, {"message": "later"}), (200, [1, 2])]

    assert RegistryClient(RegistryAddress.of(server.url())).versions("a-value") == [1, 2]

    assert len(server.asked) == 3


def test_a_refusal_says_what_the_registry_says_and_is_not_asked_again(server: Answering) -> None:
    server.answers = [(409, {"error_code": 409, "message": "not compatible"})]

    with pytest.raises(RegistryRefusal, match="not compatible") as refused:
        RegistryClient(RegistryAddress.of(server.url())).register("a-value", SCHEMA)

    assert (refused.value.status, refused.value.reason) == (409, "not compatible")
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", ["<html>", {"hello": 1}, [1], {"schema": 4}])
def test_something_else_at_the_address_is_named(
    server: Answering, answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schemas.registry_client._PAUSES_S", (0.0,))
    server.answers = [(200, answer)]

    with pytest.raises(RegistryUnavailable, match="no schema registry"):
        SchemaRegistry(server.url()).find(1)


def test_a_url_of_another_kind_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="give an http:// or https:// URL"):
        RegistryAddress.of("localhost:8081")


def test_a_schema_that_is_none_counts_as_no_answer(
    server: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the work waits, instead of every record becoming a dead letter; nothing is kept of it."""
    monkeypatch.setattr("schemas.registry_client._PAUSES_S", ())
    registry = SchemaRegistry(server.url())
    server.answers = [(200, {"schema": "<html>sign in first</html>"})]
    with pytest.raises(RegistryUnavailable, match="no schema registry"):
        registry.find(7)
    server.answers = [(200, {"schema": SCHEMA})]
    assert registry.find(7) == SCHEMA


def test_a_schema_of_another_kind_is_given_as_it_is(server: Answering) -> None:
    server.answers = [(200, {"schema": 'syntax = "proto3";', "schemaType": "PROTOBUF"})]
    assert SchemaRegistry(server.url()).find(7) == 'syntax = "proto3";'
