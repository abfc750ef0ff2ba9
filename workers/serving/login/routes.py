"""The routes by which browsers, displays and the provider come."""

from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from runtime.errors import Retry
from runtime.process.metrics import LOGINS
from workers.serving.api.caller import Refused
from workers.serving.api.problems import ProblemResponse
from workers.serving.login.csrf import HEADER, is_same_origin
from workers.serving.login.entrance import LoginFailed, own_path
from workers.serving.login.login import Login, origin_of
from workers.serving.login.pages import page, provider_away
from workers.serving.login.session import Session
from workers.serving.login.sessions import SessionsAway
from workers.serving.login.tokens import TokenRefused

router = APIRouter(include_in_schema=False)

_LARGEST_FORM: Final = 32_768
_NO_STORE: Final = {"Cache-Control": "no-store"}


def found_login(request: Request) -> Login | None:
    """The logins of the application; None where it has no provider."""
    login: Login | None = request.app.state.login
    return login


def login_or_404(login: Annotated[Login | None, Depends(found_login)]) -> Login:
    """The logins of the application.

    Raises:
        HTTPException: It has no provider: 404.
    """
    if login is None:
        raise HTTPException(404, "this board has no provider of logins")
    return login


FoundLogin = Annotated[Login | None, Depends(found_login)]
AnyLogin = Annotated[Login, Depends(login_or_404)]


@router.get("/login")
async def start(login: FoundLogin, return_to: Annotated[str, Query()] = "/") -> Response:
    """Send a browser to the provider, if that answers; else show a page that says so."""
    if login is None:
        return RedirectResponse(own_path(return_to), 303, _NO_STORE)
    try:
        url, kept = await login.entrance.start(return_to)
    except Retry:
        LOGINS.labels("away").inc()
        return provider_away(own_path(return_to))
    response = RedirectResponse(url, 303, _NO_STORE)
    login.cookies.put(response, login.cookies.login, kept, 600)
    return response


@router.get("/login/callback")
async def finish(request: Request, login: AnyLogin) -> Response:
    """Let a browser in that comes back from the provider."""
    kept = login.cookies.read(request, login.cookies.login)
    try:
        session, return_to = await login.entrance.finish(dict(request.query_params), kept)
        response: Response = RedirectResponse(return_to, 303, _NO_STORE)
        await _forget_older(request, login)
        await login.open(session, response)
        LOGINS.labels("started").inc()
    except LoginFailed as failed:
        LOGINS.labels("refused").inc()
        login.audit.refused(failed.reason)
        response = page(
            failed.status, "You are not logged in", str(failed), href="/login", link="Log in"
        )
    except SessionsAway:
        response = page(
            503,
            "Nobody can log in just now",
            "The board's own store of sessions does not answer.",
            href="/login",
            link="Try again",
            retry_after_s=2,
        )
    except Retry:
        LOGINS.labels("away").inc()
        response = provider_away("/")
    login.cookies.drop(response, login.cookies.login)
    return response


@router.post("/logout")
async def logout(request: Request, login: FoundLogin) -> Response:
    """End the session, and say where to log out at the provider.

    A page sends the CSRF token in its header and gets JSON; a form sends it as `csrf_token` and is
    redirected.
    """
    if login is None:
        return JSONResponse({"next": "/"}, headers=_NO_STORE)
    form = await _form(request)
    by_script = HEADER in request.headers
    session: Session | None = None
    try:
        found = await login.authenticator.session_of(request)
        if found is not None:
            key, session = found
            token = request.headers.get(HEADER) or form.get("csrf_token", "")
            login.authenticator.refuse_foreign(request, session, token)
            await login.end(key, session, by=session.subject, why="logged out")
    except Refused as refused:
        return ProblemResponse(refused.status, str(refused), refused.headers)
    target = None
    if session is not None:
        target = await login.provider.logout_url(session.id_token, login.public_url)
    url = target or "/login.html?why=out"
    response: Response = (
        JSONResponse({"next": url}, headers=_NO_STORE)
        if by_script
        else RedirectResponse(url, 303, _NO_STORE)
    )
    login.cookies.drop(response, login.cookies.session)
    return response


@router.post("/login/backchannel")
async def ended_at_provider(request: Request, login: AnyLogin) -> Response:
    """The provider's notice that a login has ended (OpenID Connect Back-Channel Logout 1.0)."""
    form = await _form(request)
    try:
        claims = await login.checker.logout_token(form.get("logout_token", ""))
    except TokenRefused as refused:
        return JSONResponse(
            {"error": "invalid_request", "error_description": str(refused)}, 400, _NO_STORE
        )
    # The same notice again changes nothing, so its id need not be kept.
    sid, sub = claims.get("sid"), claims.get("sub")
    await login.store.end_tokens(sid or "", sub or "")
    for key, session in await _matching(login, sid, sub):
        await login.end(key, session, by="provider", why="ended at the provider")
    return Response(status_code=200, headers=_NO_STORE)


@router.post("/login/wall")
async def wall_code(
    request: Request, login: AnyLogin, unit: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """A code that a wall display shows, and somebody enters at the provider.

    Without a unit, the display shows the only one of the `wall` role of whoever enters the code.
    """
    _refuse_foreign(request, login)
    try:
        code, kept = await login.walls.start(unit)
    except LoginFailed as failed:
        return ProblemResponse(failed.status, str(failed))
    response = JSONResponse(code.model_dump(), headers=_NO_STORE)
    login.cookies.put(response, login.cookies.wall, kept, code.expires_in_s)
    return response


@router.get("/login/wall")
async def wall_state(request: Request, login: AnyLogin) -> Response:
    """Whether a display is approved: `waiting`, `done`, or `ended` when it needs a new code."""
    _refuse_foreign(request, login)
    kept = login.cookies.read(request, login.cookies.wall)
    if not kept:
        return JSONResponse({"state": "ended"}, headers=_NO_STORE)
    try:
        session = await login.walls.poll(kept)
        if session is None:
            return JSONResponse({"state": "waiting"}, headers=_NO_STORE)
        response: Response = JSONResponse({"state": "done"}, headers=_NO_STORE)
        await _forget_older(request, login)
        await login.open(session, response)
        LOGINS.labels("started").inc()
    except LoginFailed as failed:
        LOGINS.labels("refused").inc()
        login.audit.refused(failed.reason)
        response = (
            ProblemResponse(failed.status, str(failed))
            if failed.reason == "unit"
            else JSONResponse({"state": "ended"}, headers=_NO_STORE)
        )
    login.cookies.drop(response, login.cookies.wall)
    return response


async def _forget_older(request: Request, login: Login) -> None:
    """Forget the session that a browser had; not at the provider, where the login is the same."""
    try:
        found = await login.authenticator.session_of(request)
    except Refused as away:
        raise SessionsAway(str(away)) from away
    if found is not None:
        await login.store.end(found[0])


async def _matching(login: Login, sid: str | None, sub: str | None) -> list[tuple[str, Session]]:
    """Sessions of a login; without its id, all of a subject."""
    return [
        (key, session)
        async for key, session, _ in login.store.all()
        if (session.sid == sid if sid else session.sub == sub)
    ]


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form; empty when it is none."""
    read = b""
    async for part in request.stream():
        read += part
        if len(read) > _LARGEST_FORM:
            raise HTTPException(413, "the form is too long")
    try:
        return {name: values[-1] for name, values in parse_qs(read.decode("ascii")).items()}
    except ValueError:
        return {}


def _refuse_foreign(request: Request, login: Login) -> None:
    if not is_same_origin(request.headers, origin_of(login.public_url)):
        raise HTTPException(403, "the request comes from a page of another site")
