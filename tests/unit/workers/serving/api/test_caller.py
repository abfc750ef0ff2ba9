"""A route that takes a caller is closed to everybody else."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.support.callers import HEADER, NamedCallers, person
from workers.access.rights import AccessRole
from workers.serving.api import problems
from workers.serving.api.caller import Authenticate, Authenticator, Caller, LocalCoordinator


def client_of(authenticator: Authenticator) -> TestClient:
    """A client of a small application with one route that asks who calls."""
    app = FastAPI()
    problems.install(app)

    @app.get("/api/who")
    async def who(caller: Caller) -> str:
        return caller.subject

    app.add_middleware(Authenticate, authenticator=authenticator)
    return TestClient(app)


def test_a_route_learns_who_calls() -> None:
    client = client_of(NamedCallers(person("ann", AccessRole.VIEWER)))

    assert client.get("/api/who", headers={HEADER: "ann"}).json() == "ann"


def test_a_stranger_gets_401() -> None:
    client = client_of(NamedCallers(person("ann", AccessRole.VIEWER)))

    answer = client.get("/api/who", headers={HEADER: "eve"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_provider_everybody_is_the_local_coordinator() -> None:
    assert client_of(LocalCoordinator()).get("/api/who").json() == "local"
