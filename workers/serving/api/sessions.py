"""Sessions that are open, and their end."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, Field

from workers.access.principal import Kind, Principal, Units
from workers.access.reach import reaches_all
from workers.access.rights import AccessRole, Right
from workers.serving.api.caller import Caller
from workers.serving.api.problems import documented
from workers.serving.login.routes import FoundLogin

router = APIRouter(tags=["logins"])

SessionKey = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


class SessionView(BaseModel):
    """A session that is open."""

    id: str = Field(description="Its id. A cookie cannot be derived from it.")
    subject: str = Field(description="Who logged in.")
    name: str = Field(description="Name that the provider gave.")
    kind: Kind = Field(description="A person or a wall display.")
    roles: dict[AccessRole, list[str]] = Field(description="Units of each access role.")
    started_us: int = Field(description="When it began, UTC microseconds.")
    used_us: int = Field(description="When it was last used, to a minute, UTC microseconds.")
    ends_us: int = Field(description="When it ends at the latest, UTC microseconds.")
    own: bool = Field(description="Whether it is the caller's own.")


class Sessions(BaseModel):
    """Sessions that are open."""

    sessions: list[SessionView] = Field(description="The newest first.")


@router.get("/sessions", responses=documented(401, 403, 503))
async def sessions(caller: Caller, login: FoundLogin) -> Sessions:
    """Every session that the caller may end, the newest first."""
    _refuse_without_right(caller)
    found = []
    if login is not None:
        found = [
            SessionView(
                id=key,
                subject=session.subject,
                name=session.name,
                kind=session.principal(key).kind,
                roles={role: sorted(units) for role, units in sorted(session.roles.items())},
                started_us=session.started_us,
                used_us=used_us,
                ends_us=session.limit_us,
                own=key == caller.session,
            )
            async for key, session, used_us in login.store.all()
            if may_end(caller, session.roles)
        ]
    return Sessions(sessions=sorted(found, key=lambda one: -one.started_us))


@router.delete(
    "/sessions/{session_id}", status_code=204, responses=documented(401, 403, 404, 422, 503)
)
async def end(session_id: SessionKey, caller: Caller, login: FoundLogin) -> None:
    """End a session, here and at the provider; its open event streams end within 60 s."""
    _refuse_without_right(caller)
    session = None if login is None else await login.store.find(session_id)
    if login is None or session is None or not may_end(caller, session.roles):
        raise HTTPException(404, f"there is no session {session_id!r}")
    await login.end(session_id, session, by=caller.subject, why="ended by an admin")


def may_end(caller: Principal, roles: Mapping[AccessRole, Units]) -> bool:
    """Whether a caller may end a session: all its units must be the caller's.

    One without roles is in no unit, and ended by whoever may end all.
    """
    return reaches_all(caller.units(Right.SESSIONS), frozenset().union(*roles.values()))


def _refuse_without_right(caller: Principal) -> None:
    if not caller.holds(Right.SESSIONS):
        raise HTTPException(403, f"this needs the right {Right.SESSIONS.value}")
