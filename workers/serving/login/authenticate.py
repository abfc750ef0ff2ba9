"""Tell who sends a request: by the cookie of a session, or by an access token."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from runtime.clock import Clock
from runtime.errors import Retry
from workers.access.principal import Kind, Principal
from workers.serving.api.caller import Refused
from workers.serving.login.audit import LoginAudit
from workers.serving.login.claims import name_of, roles_of, subject_of
from workers.serving.login.cookies import Cookies
from workers.serving.login.csrf import HEADER, SAFE, is_same_origin, is_token
from workers.serving.login.refreshing import Refresher
from workers.serving.login.sealing import Sealer
from workers.serving.login.session import Session, wall_roles
from workers.serving.login.sessions import SessionsAway, SessionStore
from workers.serving.login.tokens import TokenChecker, TokenRefused

EXPIRED_WAIT_S: Final = 1.0
"""A request whose session lives on trust waits so long for the provider, s."""

STREAM_WAIT_S: Final = 5.0
"""An open stream waits so long for the provider, s."""

_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrincipal(Principal):
    """Who sent an access token.

    Attributes:
        sub: The subject as the provider writes it.
        sid: The provider's id of the login; empty for a program.
        issued_us: When the token was issued, UTC microseconds.
        until_us: When it expires, UTC microseconds.
    """

    sub: str
    sid: str
    issued_us: int
    until_us: int


class LoginAuthenticator:
    """An `Authenticator` for a board with a provider.

    Args:
        sealer: Made the cookies.
        cookies: Names of the cookies.
        store: The sessions.
        refresher: Refreshes them.
        checker: Judges access tokens.
        audit: Where logins of machines are recorded.
        issuer: The provider.
        roles_claim: Claim with the access roles.
        wall_client_id: Wall displays at the provider.
        refresh_s: A session in use is refreshed this often, s.
        skew_s: Largest difference of the clocks, s.
        origin: Origin of the board; None where it has only the one it is asked by.
        clock: Source of the time.
    """

    def __init__(
        self,
        *,
        sealer: Sealer,
        cookies: Cookies,
        store: SessionStore,
        refresher: Refresher,
        checker: TokenChecker,
        audit: LoginAudit,
        issuer: str,
        roles_claim: str,
        wall_client_id: str,
        refresh_s: float,
        skew_s: float,
        origin: str | None,
        clock: Clock,
    ) -> None:
        self._sealer = sealer
        self._cookies = cookies
        self._store = store
        self._refresher = refresher
        self._checker = checker
        self._audit = audit
        self._issuer = issuer
        self._roles_claim = roles_claim
        self._wall_client_id = wall_client_id
        self._refresh_s = refresh_s
        self._skew_us = round(skew_s * 1e6)
        self._origin = origin
        self._clock = clock
        self._newest: OrderedDict[str, TokenPrincipal] = OrderedDict()

    async def principal_of(self, request: HTTPConnection) -> Principal | None:
        """Who sends a request; None: nobody that is known.

        Raises:
            Refused: A token is not good, another site's page asks, or Redis is away.
        """
        authorization = request.headers.get("authorization")
        if authorization is not None:
            return await self._bearer(authorization)
        found = await self.session_of(request)
        if found is None:
            return None
        key, session = found
        if request.scope["method"] not in SAFE:
            self.refuse_foreign(request, session, request.headers.get(HEADER, ""))
        return session.principal(key)

    async def session_of(self, request: HTTPConnection) -> tuple[str, Session] | None:
        """The session of a request's cookie, with its key; None when there is none.

        Raises:
            Refused: Redis is away.
        """
        key = self._sealer.key_of(self._cookies.read(request, self._cookies.session))
        if key is None:
            return None
        try:
            session = await self._current(key, EXPIRED_WAIT_S, always=False)
        except SessionsAway as away:
            raise Refused(503, str(away), {"Retry-After": "2"}) from away
        return None if session is None else (key, session)

    def refuse_foreign(self, request: HTTPConnection, session: Session, token: str) -> None:
        """Refuse a change that no page of the board asks for.

        Raises:
            Refused: Another site's page asks, or the token is not that of the session.
        """
        if not is_same_origin(request.headers, self._origin):
            raise Refused(403, "the request comes from a page of another site")
        if not is_token(token, session.csrf):
            raise Refused(403, f"send the session's token in {HEADER}: GET /api/v1/me gives it")

    async def still(self, principal: Principal) -> Principal | None:
        """Who a principal is now; the same as before while Redis or the provider is away.

        Who came by an access token is there until that expires, with the roles of its newest one.
        """
        if isinstance(principal, TokenPrincipal):
            if self._clock.now_us() >= principal.until_us:
                return None
            try:
                ended = await self._has_ended(principal)
            except SessionsAway:
                ended = False
            return None if ended else self._newest.get(principal.subject, principal)
        try:
            session = await self._current(principal.session, STREAM_WAIT_S, always=True)
        except SessionsAway:
            return principal
        return None if session is None else session.principal(principal.session)

    async def _current(self, key: str, wait_s: float, *, always: bool) -> Session | None:
        """A session as it is now, refreshed when that is due.

        Args:
            key: Its key.
            wait_s: Longest wait for a refresh, s.
            always: Wait for every refresh, not only where the session lives on trust.
        """
        session = await self._store.read(key)
        now_us = self._clock.now_us()
        if session is None or not session.refresh_is_due(now_us, self._refresh_s):
            return session
        waits = always or session.has_expired(now_us)
        await self._refresher.refresh(key, session, wait_s if waits else 0)
        return await self._store.read(key) if waits else session

    async def _bearer(self, authorization: str) -> Principal:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(401, "send `Authorization: Bearer` with an access token", _challenge())
        try:
            claims = await self._checker.access_token(token.strip())
        except TokenRefused as refused:
            raise Refused(401, str(refused), _challenge('error="invalid_token"')) from refused
        except Retry as away:
            raise Refused(503, str(away), {"Retry-After": "5"}) from away
        roles = roles_of(claims, self._roles_claim)
        client = claims.get("azp", claims.get("client_id"))
        kind = Kind.PERSON if claims.get("sid") else Kind.MACHINE
        if client == self._wall_client_id:
            roles, kind = wall_roles(roles, ""), Kind.WALL
        sid = claims.get("sid")
        principal = TokenPrincipal(
            subject=subject_of(self._issuer, claims["sub"]),
            name=name_of(claims),
            kind=kind,
            roles=roles,
            sub=claims["sub"],
            sid=sid if isinstance(sid, str) else "",
            issued_us=round(claims["iat"] * 1e6),
            until_us=round(claims["exp"] * 1e6) + self._skew_us,
        )
        try:
            if await self._has_ended(principal):
                why = "the login of this token was ended; log in again"
                raise Refused(401, why, _challenge('error="invalid_token"'))
        except SessionsAway as away:
            raise Refused(503, str(away), {"Retry-After": "2"}) from away
        self._remember(principal)
        digest = hashlib.sha256(token.strip().encode()).hexdigest()
        await self._audit.token_used(principal, digest, principal.until_us)
        return principal

    async def _has_ended(self, principal: TokenPrincipal) -> bool:
        """Whether the login of a token has ended; a program has none, and needs no Redis.

        Raises:
            SessionsAway: Redis does not answer, and the token is of a person.
        """
        try:
            return await self._store.has_ended(principal.sid, principal.sub, principal.issued_us)
        except SessionsAway:
            if principal.kind is Kind.MACHINE:
                return False
            raise

    def _remember(self, principal: TokenPrincipal) -> None:
        known = self._newest.pop(principal.subject, principal)
        newer = known.issued_us > principal.issued_us
        self._newest[principal.subject] = known if newer else principal
        if len(self._newest) > _REMEMBERED:
            self._newest.popitem(last=False)


def _challenge(more: str = "") -> dict[str, str]:
    return {"WWW-Authenticate": f"Bearer {more}".rstrip()}
