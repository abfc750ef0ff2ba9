"""Who calls: the principal of a request, which a route takes as a parameter `caller: Caller`.

The middleware `Authenticate` asks an `Authenticator` once for each request below `/api/`, and
leaves its answer in `request.state.principal`. A route without a `Caller` is open to everybody.
"""

from typing import Annotated, Final, Protocol

from fastapi import Depends, HTTPException, Request
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from workers.access.principal import LOCAL_COORDINATOR, Principal
from workers.serving.api.problems import ProblemResponse
from workers.serving.login.csrf import SAFE, is_same_origin

ASKS: Final = {"WWW-Authenticate": "Bearer"}
"""Header of a 401."""

AUTHENTICATED: Final = "/api/"
"""Start of the paths whose caller is looked up."""


class Refused(Exception):
    """The request carries something that no honest caller sends, or cannot be judged now.

    Attributes:
        status: HTTP status of the answer.
        headers: Headers of the answer.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}


class Authenticator(Protocol):
    """Tells who sends a request."""

    async def principal_of(self, request: HTTPConnection) -> Principal | None:
        """Who sends a request; None: nobody that is known.

        Raises:
            Refused: The request must not go on.
        """
        ...

    async def still(self, principal: Principal) -> Principal | None:
        """Who a principal is now, with the roles of now; None: logged out, or to log in again.

        An open event stream asks this time and again, since its request was judged long ago.
        """
        ...


class LocalCoordinator:
    """An `Authenticator` where no provider is configured: whoever reaches the board."""

    async def principal_of(self, request: HTTPConnection) -> Principal | None:
        """The local coordinator.

        Raises:
            Refused: A page of another site, open in a browser here, asks for a change.
        """
        if request.scope["method"] not in SAFE and not is_same_origin(request.headers, None):
            raise Refused(403, "the request comes from a page of another site")
        return LOCAL_COORDINATOR

    async def still(self, principal: Principal) -> Principal | None:
        """The same as before."""
        return principal


class Authenticate:
    """Middleware that puts the principal of a request into `request.state.principal`.

    Args:
        app: The application.
        authenticator: Tells who sends a request.
    """

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].startswith(AUTHENTICATED):
            await self._app(scope, receive, send)
            return
        try:
            principal = await self._authenticator.principal_of(HTTPConnection(scope))
        except Refused as refused:
            problem = ProblemResponse(refused.status, str(refused), refused.headers)
            await problem(scope, receive, send)
            return
        state = {**scope.get("state", {}), "principal": principal}
        await self._app({**scope, "state": state}, receive, send)


def caller_of(request: Request) -> Principal:
    """Who sends a request.

    Raises:
        HTTPException: Nobody that is known: 401.
    """
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None:
        raise HTTPException(401, "log in first, or send an access token", dict(ASKS))
    return principal


def authenticator_of(request: Request) -> Authenticator:
    """The authenticator of the application that received a request."""
    authenticator: Authenticator = request.app.state.authenticator
    return authenticator


Caller = Annotated[Principal, Depends(caller_of)]
AnyAuthenticator = Annotated[Authenticator, Depends(authenticator_of)]
