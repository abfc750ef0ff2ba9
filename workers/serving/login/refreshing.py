"""Ask the provider whether a session still holds, and with which roles.

A refresh uses its token up, so it happens once at a time over all boards, in a task that outlives
the request which found it due, and its answer is stored as soon as it comes.
"""

import asyncio
from typing import Final

import structlog

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.process.metrics import LOGINS
from workers.serving.login.background import Background
from workers.serving.login.claims import name_of, roles_of
from workers.serving.login.connection import GrantRefused
from workers.serving.login.documents import Tokens
from workers.serving.login.provider import Provider
from workers.serving.login.revoking import Revoker
from workers.serving.login.session import Client, Session, wall_roles
from workers.serving.login.sessions import SessionStore
from workers.serving.login.tokens import Claims, TokenChecker, TokenRefused

log = structlog.get_logger(__name__)

ENDS: Final = frozenset({"invalid_grant"})
"""Words by which a provider says that a login has ended; after others a session goes on."""

STORE_WITHIN_S: Final = 60.0
"""New tokens are offered to Redis for so long, s."""


class Refresher:
    """Refreshes sessions.

    Args:
        provider: The provider.
        checker: Judges its tokens.
        store: The sessions.
        background: Keeps the tasks.
        revoker: Ends logins at the provider.
        roles_claim: Claim with the access roles.
        wall_client_id: Wall displays at the provider.
        clock: Source of the time.
    """

    def __init__(
        self,
        provider: Provider,
        checker: TokenChecker,
        store: SessionStore,
        background: Background,
        revoker: Revoker,
        *,
        roles_claim: str,
        wall_client_id: str,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._checker = checker
        self._store = store
        self._background = background
        self._revoker = revoker
        self._roles_claim = roles_claim
        self._wall_client_id = wall_client_id
        self._clock = clock
        self._running: dict[str, tuple[asyncio.Task[object], float]] = {}
        self._again_us: dict[str, int] = {}

    async def refresh(self, key: str, session: Session, wait_s: float) -> None:
        """Refresh a session, unless the provider is known to be away; read it again after this.

        Args:
            key: Its key.
            session: The session as it was read.
            wait_s: Longest wait since it began, s; the refresh itself goes on, and those who come
                later do not wait for a provider that hangs.
        """
        now_s = asyncio.get_running_loop().time()
        if key not in self._running:
            if self._clock.now_us() < self._again_us.get(key, 0):
                return
            task = self._background.start(self._refresh(key, session))
            self._running[key] = (task, now_s)
            task.add_done_callback(lambda _: self._running.pop(key, None))
        running, began_s = self._running[key]
        if (left_s := began_s + wait_s - now_s) > 0:
            await asyncio.wait({running}, timeout=left_s)

    async def _refresh(self, key: str, found: Session) -> None:
        try:
            if not await self._store.take_refresh(key):
                self._pause(key)
                return  # another board is at it
            try:
                session = await self._store.find(key)
                if session is None or session.refreshed_us != found.refreshed_us:
                    return  # another board has done it, or it has ended
                await self._ask(key, session)
            finally:
                await self._store.leave_refresh(key)
        except Retry as away:
            self._pause(key)
            LOGINS.labels("away").inc()
            log.warning("login.not_refreshed", subject=found.subject, error=str(away))

    async def _ask(self, key: str, session: Session) -> None:
        client = self._wall_client_id if session.client is Client.WALL else None
        try:
            tokens = await self._provider.refresh(session.refresh_token, client)
        except GrantRefused as refused:
            if refused.error not in ENDS:
                self._pause(key)
                log.warning("login.refresh_refused", error=refused.error)
                return
            await self._store.end_tokens(session.sid, session.sub)
            await self._store.end(key)
            LOGINS.labels("ended").inc()
            log.info("login.ended_by_provider", subject=session.subject)
            return
        # Before anything can go wrong with the answer: the token that was sent may be used up.
        now_us = self._clock.now_us()
        renewed = session.model_copy(
            update={"refresh_token": tokens.refresh_token or session.refresh_token}
        )
        if not await self._stored(key, renewed):
            self._revoker.revoke(renewed)  # it was ended meanwhile, by its older token
            return
        judged = await self._judged(renewed, tokens, now_us)
        if judged is None:
            await self._store.end(key)
            self._revoker.revoke(renewed)
            LOGINS.labels("ended").inc()
            return
        await self._stored(key, judged)
        LOGINS.labels("refreshed").inc()

    async def _judged(self, session: Session, tokens: Tokens, now_us: int) -> Session | None:
        """The session with the roles of now; None: it must end."""
        vouched = {
            "refreshed_us": now_us,
            "expires_us": now_us + round(tokens.expires_in * 1e6),
            "id_token": tokens.id_token or session.id_token,
        }
        try:
            claims = await self._claims(session, tokens)
        except TokenRefused as refused:
            log.warning("login.refresh_not_accepted", reason=refused.reason)
            return None
        if claims is None:
            return session.model_copy(update=vouched)
        if claims["sub"] != session.sub:
            log.warning("login.refresh_of_another", subject=session.subject)
            return None
        roles = roles_of(claims, self._roles_claim)
        if session.client is Client.WALL:
            roles = wall_roles(roles, session.unit)
            if not roles:
                return None
        name = name_of(claims) or session.name
        return session.model_copy(update={**vouched, "roles": roles, "name": name})

    async def _claims(self, session: Session, tokens: Tokens) -> Claims | None:
        """What the answer says about the subject; None when it says nothing that can be read."""
        if tokens.id_token:
            client = self._wall_client_id if session.client is Client.WALL else None
            return await self._checker.id_token(tokens.id_token, client_id=client)
        if tokens.access_token.count(".") == 2:
            return await self._checker.access_token(tokens.access_token)
        return None

    async def _stored(self, key: str, session: Session) -> bool:
        """Store a session, also while Redis is away for a while; False: it has ended."""
        began_s = self._clock.monotonic_s()
        while True:
            try:
                return await self._store.renew(key, session)
            except Retry:
                if self._clock.monotonic_s() - began_s > STORE_WITHIN_S:
                    raise
                await asyncio.sleep(0.2)

    def _pause(self, key: str) -> None:
        """Leave a session alone for a moment."""
        now_us = self._clock.now_us()
        if len(self._again_us) > 10_000:
            self._again_us = {k: us for k, us in self._again_us.items() if us > now_us}
        self._again_us[key] = now_us + 2_000_000
