"""End logins at the provider, so that their refresh tokens are of no use to anybody."""

import structlog

from workers.serving.login.background import Background
from workers.serving.login.connection import GrantRefused
from workers.serving.login.provider import Provider
from workers.serving.login.session import Client, Session

log = structlog.get_logger(__name__)


class Revoker:
    """Revokes refresh tokens, also while the provider is away for minutes.

    Args:
        provider: The provider; nothing is done where it has no endpoint for this.
        background: Keeps the tasks.
        wall_client_id: Wall displays at the provider.
    """

    def __init__(self, provider: Provider, background: Background, wall_client_id: str) -> None:
        self._provider = provider
        self._background = background
        self._wall_client_id = wall_client_id

    def revoke(self, session: Session) -> None:
        """Revoke the refresh token of a session that has ended; returns at once."""
        if session.refresh_token:
            self._background.persist("revocation", lambda: self._revoke(session))

    async def _revoke(self, session: Session) -> None:
        client = self._wall_client_id if session.client is Client.WALL else None
        try:
            await self._provider.revoke(session.refresh_token, client)
        except GrantRefused as refused:
            log.warning("login.not_revoked", error=refused.error)
