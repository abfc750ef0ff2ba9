"""Every route of the board has its row in the table of rights, and the row is kept."""

import asyncio
import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import unquote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.process.sections import ServingSettings
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.kept_audit import KeptAudit
from workers.access.principal import EVERYWHERE
from workers.access.rights import RIGHTS, AccessRole, Right
from workers.serving.api.access import ACCESS, Access, Everyone, Route, Scope
from workers.serving.api.caller import Authenticate
from workers.serving.api.enforce import DENIED, Enforce, check_rows, guarded_routes
from workers.serving.api.purpose import HEADER as PURPOSE
from workers.serving.api.purpose import NoPurpose, stated
from workers.serving.app import create_app

UNITS: Final[Mapping[str, frozenset[str]]] = {
    "of-east": frozenset({"east"}),
    "of-west": frozenset({"west"}),
    "of-both": frozenset({"east", "west"}),
    "of-none": frozenset(),
}
"""Units of the ids of the test; the same for every kind of thing."""

CALLERS: Final = {
    **{f"{role}-all": (role, EVERYWHERE) for role in AccessRole},
    **{f"{role}-east": (role, "east") for role in AccessRole},
}


class SetUnits:
    """UnitsOf in which every kind of thing has the ids of `UNITS`."""

    def units_of(self, kind: str, identity: str) -> frozenset[str] | None:
        return UNITS.get(identity)


def answering(status: int) -> ASGIApp:
    """In place of every handler, which answers with a status and without a word."""

    async def answer(connection: Connection, receive: Receive, send: Send) -> None:
        await Response(status_code=status)(connection, receive, send)

    return answer


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The whole application; nothing of it is started."""
    return create_app("redis://127.0.0.1:1", "none", ServingSettings(), SystemClock())


class Answered(NamedTuple):
    """An answer of the guard."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Client:
    """Asks the board's guard without a server between, since it asks thousands of times."""

    def __init__(self, app: FastAPI, status: int = 499) -> None:
        self.audit = KeptAudit()
        callers = NamedCallers(
            *(person(name, role, units=(unit,)) for name, (role, unit) in CALLERS.items())
        )
        guard = Enforce(answering(status), guarded_routes(app), SetUnits, self.audit)
        self._app = Authenticate(guard, callers)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answered:
        """Send a request whose path is percent-encoded."""
        connection: Connection = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self._app(connection, receive, send))
        return Answered(sent[0]["status"], sent[0]["headers"], sent[1]["body"])


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Client:
    """A client of the board's routes behind its own guard; a handler that is reached says 499."""
    return Client(app)


def path_of(route: Route, identity: str) -> str:
    """A path of a route, with an id in place of each parameter."""
    return re.sub(r"{[^}]*}", identity, route[1])


def expected(access: Access, name: str, identity: str) -> int:
    """What the guard must say, from the row alone."""
    if isinstance(access.needs, Everyone):
        return 499
    role, unit = CALLERS[name]
    if access.needs not in RIGHTS[role] or (access.scope is Scope.ALL and unit != EVERYWHERE):
        return 403
    if unit == EVERYWHERE or not access.scope.parameter:
        return 499
    units = UNITS.get(identity)
    if units is None:
        return 499 if access.creates else 404
    within = "east" in units if access.partly else units == {"east"}
    return 499 if within else 404


@pytest.mark.parametrize("name", CALLERS)
def test_every_route_with_every_kind_of_id_keeps_its_row(client: Client, name: str) -> None:
    wrong = []
    for route, access in ACCESS.items():
        for identity in (*UNITS, "nobody-registered-this"):
            answer = client.ask(
                route[0],
                path_of(route, identity),
                {HEADER: name, PURPOSE: "to test the table"},
            )
            if answer.status != expected(access, name, identity):
                wrong.append((route, identity, answer.status))

    assert wrong == []


def test_an_id_of_another_unit_answers_as_one_that_nobody_registered(client: Client) -> None:
    compared = 0
    for route, access in ACCESS.items():
        if not access.scope.parameter or access.creates:
            continue
        for role in AccessRole:
            headers = {HEADER: f"{role}-east", PURPOSE: "to test the table"}
            foreign, unknown = (
                client.ask(route[0], path_of(route, identity), headers)
                for identity in ("of-west", "no-west")
            )
            assert foreign.status == unknown.status != 499
            assert foreign.body.replace(b"of-west", b"no-west") == unknown.body
            assert foreign.headers == unknown.headers
            compared += 1

    assert compared >= len(AccessRole)


def test_every_right_denied_is_in_the_audit(client: Client) -> None:
    client.audit.kept.clear()
    headers = {HEADER: f"{AccessRole.WALL}-east"}

    client.ask("GET", "/api/v1/zones/of-west", headers)
    client.ask("GET", "/api/v1/zones/no-such%0Azone", headers)
    client.ask("HEAD", "/api/v1/line", headers)
    client.ask("GET", "/api/v1/zones/of-east", headers)

    assert [(kept.act.action, kept.act.subject, kept.actor) for kept in client.audit.kept] == [
        (DENIED, "GET /api/v1/zones/of-west", "wall-east"),
        (DENIED, "GET /api/v1/zones/no-such\ufffdzone", "wall-east"),
        (DENIED, "HEAD /api/v1/line", "wall-east"),
    ]


def test_a_right_is_denied_also_while_the_audit_cannot_be_written(client: Client) -> None:
    client.audit.away = True
    try:
        answer = client.ask("GET", "/api/v1/line", {HEADER: f"{AccessRole.WALL}-east"})
    finally:
        client.audit.away = False

    assert answer.status == 403


def test_an_answer_that_shows_people_and_is_not_recorded_does_not_go_out(app: FastAPI) -> None:
    client = Client(app, status=200)
    floor = "/api/v1/floors/of-east/presence"

    with pytest.raises(RuntimeError, match="did not record it"):
        client.ask("GET", floor, {HEADER: f"{AccessRole.COORDINATOR}-all"})


def test_a_route_for_people_one_by_one_says_what_its_views_are_called() -> None:
    assert [
        route for route, access in ACCESS.items() if access.person_level and not access.audit
    ] == []


def test_a_stranger_gets_nothing_but_what_is_public(client: Client) -> None:
    answers = {route: client.ask(route[0], path_of(route, "of-east")).status for route in ACCESS}

    public = {route for route, access in ACCESS.items() if access.needs is Everyone.PUBLIC}
    assert {route for route, status in answers.items() if status == 499} == public
    assert {answers[route] for route in set(ACCESS) - public} == {401}


@pytest.mark.parametrize(
    "value", ["", "   ", "...", "ab", "x" * 201, "why\tnot", "be\u200bcause", b"be\x00cause"]
)
def test_person_level_data_needs_a_purpose_that_can_be_kept(value: str | bytes) -> None:
    with pytest.raises(NoPurpose, match=PURPOSE):
        stated([(PURPOSE.lower().encode(), value if isinstance(value, bytes) else value.encode())])


def test_a_purpose_is_stated_once() -> None:
    header = (PURPOSE.lower().encode(), b"search for a patient")

    with pytest.raises(NoPurpose, match="one purpose"):
        stated([header, header])
    with pytest.raises(NoPurpose, match="state why"):
        stated([])


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_purpose_keeps_its_umlauts(encoding: str) -> None:
    sent = " Übergabe geprüft ".encode(encoding)

    assert stated([(PURPOSE.lower().encode(), sent)]) == "Übergabe geprüft"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("HEAD", "/api/v1/zones/of-west", 404, id="head-is-judged-as-get"),
        pytest.param("OPTIONS", "/api/v1/zones/of-east", 405, id="options"),
        pytest.param("TRACE", "/api/v1/zones/of-east", 405, id="trace"),
        pytest.param("GET", "/api/v1/zones/of%2Dwest", 404, id="percent-encoded-id"),
        pytest.param("GET", "/api/v1/%7Aones/of-west", 404, id="percent-encoded-route"),
        pytest.param("GET", "/api/v1/zones/of-west%0A", 404, id="line-break-after-an-id"),
        pytest.param("GET", "/api/v1/line%0A", 403, id="line-break-after-a-route"),
    ],
)
def test_no_way_of_writing_a_request_passes_the_guard(
    client: Client, method: str, path: str, status: int
) -> None:
    name = f"{AccessRole.WALL}-east"

    assert client.ask(method, path, {HEADER: name}).status == status


def test_a_route_without_a_row_is_refused(app: FastAPI) -> None:
    rows = {route: access for route, access in ACCESS.items() if route[1] != "/api/v1/zones"}

    with pytest.raises(Stop, match="GET /api/v1/zones has no row"):
        check_rows(guarded_routes(app), rows)


def test_a_row_without_a_route_is_refused(app: FastAPI) -> None:
    rows = {**ACCESS, ("PUT", "/api/v1/beds"): Access(needs=Right.BOARD)}

    with pytest.raises(Stop, match=r"PUT /api/v1/beds .* has no route"):
        check_rows(guarded_routes(app), rows)


def test_a_row_whose_id_is_not_in_its_path_is_refused(app: FastAPI) -> None:
    rows = {**ACCESS, ("GET", "/api/v1/zones"): Access(needs=Right.BOARD, scope=Scope.CAMERA)}

    with pytest.raises(Stop, match=r"name \{camera_id\}"):
        check_rows(guarded_routes(app), rows)


def test_a_handler_that_was_not_judged_is_not_reached() -> None:
    app = create_app("redis://127.0.0.1:1", "none", ServingSettings(), SystemClock())
    app.user_middleware = [one for one in app.user_middleware if "Enforce" not in repr(one)]

    answer = TestClient(app, base_url="http://localhost").get("/api/v1/line")

    assert (answer.status_code, answer.json()["detail"]) == (404, "there is nothing here")
