"""A session: what the board keeps of a login."""

import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from workers.access.principal import Kind, Principal
from workers.access.rights import AccessRole, Right

NEAR_EXPIRY_US: Final = 10_000_000
"""An access token that expires so soon counts as expired, microseconds."""


class Client(StrEnum):
    """Which client of the provider a session was made by."""

    BOARD = "board"
    WALL = "wall"


class Session(BaseModel):
    """What is kept of a login; stored sealed, since it holds tokens.

    Attributes:
        subject: Stable id of who logged in, `Principal.subject`.
        sub: The same as the provider's own text.
        name: The name to show to themselves.
        client: Which client of the provider it was made by.
        roles: Units of each access role, as of the last refresh.
        unit: The only unit of a wall display; empty for people.
        sid: The provider's id of the login; empty where it gives none.
        started_us: When it began, UTC microseconds.
        limit_us: When it ends, whatever happens, UTC microseconds.
        csrf: Token that pages send with each change.
        id_token: Proof of the login, for the log-out at the provider.
        refresh_token: For new tokens; empty where the provider gives none.
        refreshed_us: When the provider last vouched for it, UTC microseconds.
        expires_us: When the provider's access token expires, UTC microseconds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: str
    sub: str
    name: str
    client: Client
    roles: Mapping[AccessRole, frozenset[str]]
    unit: str = ""
    sid: str = ""
    started_us: int
    limit_us: int
    csrf: str
    id_token: str = ""
    refresh_token: str = ""
    refreshed_us: int
    expires_us: int

    def principal(self, key: str) -> Principal:
        """Who it stands for.

        Args:
            key: The name that it is stored under.
        """
        return Principal(
            subject=self.subject,
            name=self.name,
            kind=Kind.WALL if self.client is Client.WALL else Kind.PERSON,
            roles=dict(self.roles),
            session=key,
        )

    def refresh_is_due(self, now_us: int, every_s: float) -> bool:
        """Whether the provider is to be asked again."""
        return bool(self.refresh_token) and (
            now_us - self.refreshed_us >= every_s * 1e6 or self.has_expired(now_us)
        )

    def has_expired(self, now_us: int) -> bool:
        """Whether the provider's own token is over, so that the session lives on trust."""
        return now_us >= self.expires_us - NEAR_EXPIRY_US


def new_csrf() -> str:
    """A token that only pages of the session know."""
    return secrets.token_urlsafe(32)


def wall_roles(
    roles: Mapping[AccessRole, frozenset[str]], unit: str
) -> dict[AccessRole, frozenset[str]]:
    """Roles of a wall display: one unit, counts only, whatever else they hold who approved it.

    Args:
        roles: Roles of whoever approved it.
        unit: The unit to show; empty for the only one of the `wall` role.

    Returns:
        Empty when they may not see the board of that unit themselves.
    """
    if not unit:
        units = roles.get(AccessRole.WALL, frozenset())
        if len(units) != 1 or "*" in units:
            return {}
        (unit,) = units
    if not Principal(subject="", roles=roles).may(Right.BOARD, unit):
        return {}
    return {AccessRole.WALL: frozenset({unit})}
