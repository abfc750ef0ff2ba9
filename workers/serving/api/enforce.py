"""Judge every request by its row in `ACCESS`, before a handler sees it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from runtime.errors import Stop
from workers.access.principal import Principal
from workers.access.reach import UnitsOf, reaches_all, reaches_part
from workers.access.rights import Right
from workers.audit.recorder import AuditUnavailable, Recorder
from workers.serving.api.access import ACCESS, FILES, Access, Everyone, Route, Scope
from workers.serving.api.caller import ASKS
from workers.serving.api.problems import ProblemResponse
from workers.serving.api.purpose import NoPurpose, stated
from workers.serving.api.viewing import Viewing

log = structlog.get_logger(__name__)

DENIED: Final = "right.denied"
"""Action in the audit of a request that was refused for want of a right."""

_LONGEST_PATH: Final = 300


@dataclass(frozen=True, slots=True)
class Guarded:
    """A route of an application, as its router matches it.

    Attributes:
        path: Pattern of its paths; `match` it, as the router does, since `$` lets a line break by.
        methods: Methods that it answers; empty for any.
        template: Path template, as in `ACCESS`.
    """

    path: re.Pattern[str]
    methods: frozenset[str]
    template: str

    @property
    def rows(self) -> Sequence[Route]:
        """Keys of its rows in `ACCESS`."""
        return [(method, self.template) for method in sorted(self.methods - {"HEAD"})]


class Refusal(Exception):
    """A request that its row does not let through."""

    def __init__(
        self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})


class Denied(Refusal):
    """A request whose caller lacks the right, there or everywhere."""


def unknown(kind: str, identity: str) -> str:
    """What is said of an id that nobody registered, and of one in units that the caller lacks.

    >>> unknown("zone", "bay-9")
    "there is no zone 'bay-9'"
    """
    return f"there is no {kind} {identity!r}"


def guarded_routes(app: FastAPI) -> list[Guarded]:
    """Every route of an application, in the order in which its router tries them.

    Raises:
        Stop: A route is of a kind that no row could describe, such as a web socket.
    """
    found = []
    for context in iter_route_contexts(app.router.routes):
        if isinstance(context.original_route, Mount):
            template = f"{context.path or ''}{FILES[1]}"
            found.append(Guarded(context.path_regex, frozenset({"GET"}), template))
            continue
        if not context.path or not context.methods:
            raise Stop(f"the route {context.path!r} has no methods, so no row of ACCESS fits it")
        found.append(Guarded(context.path_regex, frozenset(context.methods), context.path))
    return found


def check_rows(routes: Sequence[Guarded], rows: Mapping[Route, Access]) -> None:
    """Check that routes and rows fit each other.

    Raises:
        Stop: A route has no row, a row has no route, or a row's id is not in its path.
    """
    wanted = {row for route in routes for row in route.rows}
    for method, path in sorted(wanted - set(rows)):
        raise Stop(f"{method} {path} has no row in workers/serving/api/access.py")
    for method, path in sorted(set(rows) - wanted):
        raise Stop(f"the row {method} {path} in workers/serving/api/access.py has no route")
    for (method, path), access in sorted(rows.items()):
        parameter = access.scope.parameter
        if parameter and f"{{{parameter}}}" not in path:
            raise Stop(f"the row {method} {path} is about {access.scope}: name {{{parameter}}}")


class Enforce:
    """Middleware that lets through what the caller may, and answers the rest itself.

    Who lacks the right everywhere gets 403 whatever the id. An id of units in which it lacks the
    right gets the 404 of an id that nobody registered, so that no answer tells which ids exist.

    Args:
        app: The rest of the application.
        routes: Every route of the application.
        units: Gives the units of everything, now.
        recorder: The audit, which holds every refusal of a right and every view of people.
        rows: The table.
    """

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[Guarded],
        units: Callable[[], UnitsOf],
        recorder: Recorder,
        rows: Mapping[Route, Access] = ACCESS,
    ) -> None:
        self._app = app
        self._routes: Final = routes
        self._units = units
        self._recorder = recorder
        self._rows = rows

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if connection["type"] != "http":
            await self._app(connection, receive, send)
            return
        try:
            route, parameters = self._route_of(connection)
            viewing = await self._judge(route, parameters, connection)
        except Refusal as refusal:
            problem = ProblemResponse(refusal.status, str(refusal), refusal.headers)
            await problem(connection, receive, send)
            return
        state = {**connection.get("state", {}), "judged_as": route, "viewing": viewing}
        if viewing is not None and self._rows[route].person_level:
            send = _only_recorded(viewing, route, send)
        await self._app({**connection, "state": state}, receive, send)

    async def _judge(
        self, route: Route, parameters: Mapping[str, str], connection: Connection
    ) -> Viewing | None:
        """Judge one request; gives what records its views, None where nobody need be known.

        Raises:
            Refusal: The request must not go on.
        """
        access = self._rows[route]
        if access.needs is Everyone.PUBLIC:
            return None
        principal: Principal | None = connection.get("state", {}).get("principal")
        if principal is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "log in first, or send an access token", ASKS)
        viewing = Viewing(self._recorder, principal, access.audit)
        if not isinstance(access.needs, Right):
            return viewing
        try:
            _check_held(access.needs, principal)
            if access.purpose:
                viewing.purpose = stated(connection["headers"])
            self._check_scope(access, parameters, principal)
        except NoPurpose as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        except Denied:
            await _record_denial(viewing, connection, access.needs)
            raise
        return viewing

    def _check_scope(
        self, access: Access, parameters: Mapping[str, str], principal: Principal
    ) -> None:
        assert isinstance(access.needs, Right)
        if access.scope is Scope.ALL and not principal.may(access.needs, None):
            raise Denied(
                HTTPStatus.FORBIDDEN,
                f"this needs the right {access.needs} in every unit; you hold it in some",
            )
        if not access.scope.parameter or principal.may(access.needs, None):
            return
        identity = parameters[access.scope.parameter]
        units = self._units().units_of(access.scope, identity)
        if units is None and access.creates:
            return
        held, reaches = (
            principal.units(access.needs),
            reaches_part if access.partly else reaches_all,
        )
        if units is None or not reaches(held, units):
            raise Denied(HTTPStatus.NOT_FOUND, unknown(access.scope, identity))

    def _route_of(self, connection: Connection) -> tuple[Route, Mapping[str, str]]:
        """The row of the route that the router will choose, with the path's parameters.

        Raises:
            Refusal: No route answers, so that nothing is reached which was not judged.
        """
        method = "GET" if connection["method"] == "HEAD" else connection["method"]
        answered: set[str] = set()
        for route in self._routes:
            match = route.path.match(connection["path"])
            if match is None:
                continue
            if method in route.methods:
                return (method, route.template), match.groupdict()
            answered = answered or set(route.methods)
        if not answered:
            raise Refusal(HTTPStatus.NOT_FOUND, "there is nothing here")
        allowed = answered | ({"HEAD"} if "GET" in answered else set())
        raise Refusal(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"this does not answer {method[:20]}",
            {"Allow": ", ".join(sorted(allowed))},
        )


def _check_held(right: Right, principal: Principal) -> None:
    if not principal.holds(right):
        raise Denied(HTTPStatus.FORBIDDEN, f"this needs the right {right}, which you lack")


async def _record_denial(viewing: Viewing, connection: Connection, right: Right) -> None:
    """Record that a right was lacking; the answer is no, even when that cannot be recorded."""
    path = "".join(one if one.isprintable() else "\ufffd" for one in connection["path"])
    subject = f"{connection['method']} {path[:_LONGEST_PATH]}"
    try:
        await viewing.record(subject, action=DENIED, detail=right)
    except AuditUnavailable as error:
        log.warning("serving.denial_not_recorded", error=str(error))


def _only_recorded(viewing: Viewing, route: Route, send: Send) -> Send:
    """Let no answer out that shows people and is not in the audit.

    Raises:
        RuntimeError: The handler forgot to record it.
    """

    async def send_recorded(message: Message) -> None:
        if message["type"] == "http.response.start":
            shows = message["status"] < HTTPStatus.BAD_REQUEST
            if shows and not viewing.recorded:
                raise RuntimeError(f"{' '.join(route)} shows people and did not record it")
        await send(message)

    return send_recorded


def judged(request: Request) -> None:
    """Dependency of every route of the API: nothing is reached that `Enforce` did not judge.

    Raises:
        HTTPException: The router chose another route than was judged.
    """
    if getattr(request.state, "judged_as", FILES) == FILES:
        raise HTTPException(404, "there is nothing here")
