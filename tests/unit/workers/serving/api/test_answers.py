"""What every answer of the API keeps to itself, whatever the route."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from runtime.clock import SystemClock
from runtime.errors import Retry
from runtime.process.sections import ServingSettings
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.kept_audit import KeptAudit
from workers.access.rights import AccessRole
from workers.serving.api import problems
from workers.serving.api.sessions import may_end
from workers.serving.app import create_app
from workers.serving.login.csrf import is_same_origin

ADMIN = person("admin", AccessRole.ADMIN)


@pytest.fixture(scope="module")
def client() -> TestClient:
    """A board of which everything else is away."""
    app = create_app(
        "redis://127.0.0.1:1",
        "none",
        ServingSettings(),
        SystemClock(),
        authenticator=NamedCallers(ADMIN),
        recorder=KeptAudit(),
    )
    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize(
    ("path", "by", "status"),
    [
        ("status", "admin", 200),
        ("line", "admin", 200),
        ("sessions", "admin", 200),
        ("me", "admin", 200),
        ("zones", "admin", 503),
        ("audit/persons/left:7", "admin", 403),
        ("zones", "eve", 401),
        ("nowhere", "admin", 404),
    ],
)
def test_no_answer_stays_in_a_cache(client: TestClient, path: str, by: str, status: int) -> None:
    """Whoever uses the machine next must not find it there."""
    answer = client.get(f"/api/v1/{path}", headers={HEADER: by})

    assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            'the database is out of reach: connection to server at "10.0.0.5" failed for user "w"',
            "the database is out of reach",
        ),
        ("object store http://10.0.0.5:9000 does not give a/b: 403", "a store is out of reach"),
        ("this board keeps no names of staff", "this board keeps no names of staff"),
    ],
)
def test_a_caller_does_not_learn_where_a_store_is(error: str, shown: str) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/away")
    async def away() -> None:
        raise Retry(error)

    answer = TestClient(app).get("/away")

    assert (answer.status_code, answer.json()["detail"]) == (503, shown)


@pytest.mark.parametrize("origin", ["http://[", "http://[x]", "http://[::1", "null", "\xe9", ""])
def test_an_origin_that_cannot_be_read_is_another_site(origin: str) -> None:
    assert not is_same_origin({"origin": origin, "host": "ward.example"}, "https://ward.example")


def test_a_session_without_roles_is_in_no_unit_of_an_admin() -> None:
    of_east = person("east", AccessRole.ADMIN, units=("east",))

    assert not may_end(of_east, {})
    assert may_end(of_east, {AccessRole.VIEWER: frozenset({"east"})})
    assert not may_end(of_east, {AccessRole.VIEWER: frozenset({"east", "west"})})
    assert may_end(ADMIN, {})
