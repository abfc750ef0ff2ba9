"""What a registry may answer, from a small HTTP server; integration tests ask the real one."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from schemas.registry import RegistryDenied, RegistryUnavailable, SchemaRegistry
from schemas.registry_address import RegistryAddress
from schemas.registry_client import RegistryClient, RegistryRefusal
from schemas.topics import DETECTIONS

SCHEMA = '{"type": "string"}'


class Answering(ThreadingHTTPServer):
    """Gives its answers one after another, repeats the last, and keeps the requests."""

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


def test_a_level_that_another_client_set_at_the_same_moment_is_set_again(server: Answering) -> None:
    server.answers = [(409, {"message": "A rule named 'COMPATIBILITY' already exists."}), (200, {})]
    client = RegistryClient(RegistryAddress.of(server.url()))

    client.set_compatibility("a-value", "FULL_TRANSITIVE")

    assert [(method, path) for method, path, _, _ in server.asked] == [
        ("PUT", "/apis/ccompat/v7/config/a-value")
    ] * 2


def test_a_level_that_stays_refused_is_an_error(server: Answering) -> None:
    server.answers = [(409, {"message": "no"})]

    with pytest.raises(RegistryRefusal, match="no"):
        RegistryClient(RegistryAddress.of(server.url())).set_compatibility("a-value", "FULL")


def test_a_user_in_the_url_is_sent_as_basic_authentication(server: Answering) -> None:
    server.answers = [(200, {"schema": SCHEMA})]

    assert RegistryClient(RegistryAddress.of(server.url("ward:p%40ss@"))).text_of(3) == SCHEMA

    assert server.asked[0][2] == "Basic d2FyZDpwQHNz"


def test_a_refusal_says_what_the_registry_says_and_is_not_asked_again(server: Answering) -> None:
    server.answers = [(409, {"error_code": 409, "message": "not compatible"})]

    with pytest.raises(RegistryRefusal, match="not compatible") as refused:
        RegistryClient(RegistryAddress.of(server.url())).register("a-value", SCHEMA)

    assert (refused.value.status, refused.value.reason) == (409, "not compatible")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_access_that_is_denied_is_seen_by_one_request(status: int, server: Answering) -> None:
    server.answers = [(status, {"message": "who are you"})]

    with pytest.raises(RegistryDenied, match="who are you"):
        SchemaRegistry(server.url()).check_access(DETECTIONS)

    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 404, 500, 503])
def test_a_registry_that_is_busy_or_knows_no_schema_yet_denies_nothing(
    status: int, server: Answering
) -> None:
    server.answers = [(status, [])]

    SchemaRegistry(server.url()).check_access(DETECTIONS)

    [(method, path, _, _)] = server.asked
    assert (method, path) == ("GET", f"/apis/ccompat/v7/subjects/{DETECTIONS.subject}/versions")


@pytest.mark.parametrize("answer", ["<html>", {"hello": 1}, [1], {"schema": 4}])
def test_something_else_at_the_address_is_named(server: Answering, answer: object) -> None:
    server.answers = [(200, answer)]

    with pytest.raises(RegistryUnavailable, match="no schema registry"):
        SchemaRegistry(server.url()).find(1)


def test_a_url_of_another_kind_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="give an http:// or https:// URL"):
        RegistryAddress.of("localhost:8081")


def test_a_schema_that_is_none_counts_as_no_answer(server: Answering) -> None:
    """The work waits, or every record would become a dead letter; nothing is cached."""
    registry = SchemaRegistry(server.url())
    server.answers = [(200, {"schema": "<html>sign in first</html>"})]
    with pytest.raises(RegistryUnavailable, match="no schema registry"):
        registry.find(7)
    server.answers = [(200, {"schema": SCHEMA})]
    assert registry.find(7) == SCHEMA


def test_a_schema_of_another_kind_is_given_as_it_is(server: Answering) -> None:
    server.answers = [(200, {"schema": 'syntax = "proto3";', "schemaType": "PROTOBUF"})]
    assert SchemaRegistry(server.url()).find(7) == 'syntax = "proto3";'
