"""Who the caller is, as the board sees it."""

from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from workers.access.principal import Kind, Principal
from workers.access.rights import AccessRole, Right
from workers.serving.api.board import AnyBoard, Board
from workers.serving.api.caller import Caller
from workers.serving.api.problems import documented
from workers.serving.login.routes import FoundLogin

router = APIRouter(tags=["logins"])


class Me(BaseModel):
    """Who the caller is, and what the caller may do."""

    subject: str = Field(description="Stable id; what edits and the audit carry.")
    name: str = Field(description="Name to show to the caller; empty when the provider gave none.")
    kind: Kind = Field(description="`local` where no provider is configured.")
    roles: dict[AccessRole, list[str]] = Field(
        description="Units of each access role; `*` stands for every unit."
    )
    rights: list[Right] = Field(description="Every right that is held in some unit.")
    unit_names: dict[str, str] = Field(description="Name of each unit of the roles, by its id.")
    unit: str = Field(description="The unit that a wall display shows; else empty.")
    csrf_token: str = Field(
        description="To be sent as `X-CSRF-Token` with each change; empty where none is needed."
    )
    expires_at: datetime | None = Field(
        description="When the session ends at the latest, UTC; null where there is none."
    )
    provider_away: bool = Field(
        description="The provider does not answer: the session goes on until it ends."
    )


@router.get("/me", responses=documented(401, 503))
async def me(board: AnyBoard, caller: Caller, login: FoundLogin, response: Response) -> Me:
    """Who the caller is, with which access roles and rights, and until when."""
    response.headers["Cache-Control"] = "no-store"
    session = None
    if login is not None and caller.session:
        session = await login.store.read(caller.session)
    return Me(
        subject=caller.subject,
        name=caller.name,
        kind=caller.kind,
        roles={role: sorted(units) for role, units in sorted(caller.roles.items())},
        rights=sorted(caller.rights()),
        unit_names=_names(board, caller),
        unit="" if session is None else session.unit,
        csrf_token="" if session is None else session.csrf,
        expires_at=None if session is None else _at(session.limit_us),
        provider_away=login is not None and login.provider.is_away,
    )


def _names(board: Board, caller: Principal) -> dict[str, str]:
    """Names of the caller's units; of no others, which may not be known to the caller."""
    names = board.registry.unit_names(board.clock.now_us())
    own = frozenset().union(*caller.roles.values())
    return {unit: name for unit, name in names.items() if unit in own}


def _at(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC)
