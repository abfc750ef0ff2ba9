"""The way in for people: authorisation code with PKCE, from the first redirect to a session."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from runtime.clock import Clock
from workers.access.principal import Units
from workers.access.rights import AccessRole
from workers.serving.login.claims import name_of, roles_of, subject_of
from workers.serving.login.connection import GrantRefused
from workers.serving.login.documents import Tokens
from workers.serving.login.provider import Provider
from workers.serving.login.sealing import Sealer
from workers.serving.login.session import Client, Session, new_csrf
from workers.serving.login.sessions import SessionStore
from workers.serving.login.tokens import Claims, TokenChecker, TokenRefused

WITHIN_S: Final = 600.0
"""A login that takes longer begins again, s."""

_NAME: Final = "login"


class LoginFailed(Exception):
    """A login did not succeed; the message is for whoever tried.

    Attributes:
        status: HTTP status of the answer.
        reason: Short stable word for the audit.
    """

    def __init__(self, reason: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class Attempt(BaseModel):
    """What the browser keeps, sealed, while its user logs in at the provider."""

    model_config = ConfigDict(frozen=True)

    state: str
    nonce: str
    verifier: str
    return_to: str
    started_us: int


class Entrance:
    """Logs people in.

    Args:
        provider: The provider.
        checker: Judges its tokens.
        sealer: Seals attempts.
        store: Remembers which attempts were used.
        redirect_uri: Where the provider sends browsers back to.
        scopes: What a login asks for.
        roles_claim: Claim with the access roles.
        session_max_s: A session ends after this, s.
        clock: Source of the time.
    """

    def __init__(
        self,
        provider: Provider,
        checker: TokenChecker,
        sealer: Sealer,
        store: SessionStore,
        *,
        redirect_uri: str,
        scopes: str,
        roles_claim: str,
        session_max_s: float,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._checker = checker
        self._sealer = sealer
        self._store = store
        self._redirect_uri = redirect_uri
        self._scopes = scopes
        self._roles_claim = roles_claim
        self._session_max_s = session_max_s
        self._clock = clock

    async def start(self, return_to: str) -> tuple[str, str]:
        """Where to send a browser, and the attempt that it keeps.

        Raises:
            Retry: The provider is away, and no browser must be sent there.
        """
        attempt = Attempt(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            return_to=own_path(return_to),
            started_us=self._clock.now_us(),
        )
        url = await self._provider.login_url(
            redirect_uri=self._redirect_uri,
            scope=self._scopes,
            state=attempt.state,
            nonce=attempt.nonce,
            verifier=attempt.verifier,
        )
        sealed = self._sealer.seal(attempt.model_dump_json().encode(), _NAME)
        return url, base64.urlsafe_b64encode(sealed).decode()

    async def finish(self, query: Mapping[str, str], kept: str) -> tuple[Session, str]:
        """The session of a browser that comes back, and the path that it wanted.

        Args:
            query: What the provider sent along.
            kept: The attempt that the browser kept.

        Raises:
            LoginFailed: It must not be let in.
            Retry: The provider or Redis is away.
        """
        attempt = self._attempt(kept)
        if not hmac.compare_digest(query.get("state", "").encode(), attempt.state.encode()):
            raise LoginFailed("state", "This login was begun elsewhere, or in another tab.")
        if query.get("iss", self._provider.issuer) != self._provider.issuer:
            raise LoginFailed("issuer", "The answer comes from another provider.")
        digest = hashlib.sha256(attempt.state.encode()).hexdigest()
        if not await self._store.use_once(digest, 2 * WITHIN_S):
            raise LoginFailed("replayed", "This login was already used.")
        if query.get("error"):
            reason = query["error"][:60]
            raise LoginFailed("provider", f"The provider did not let you in ({reason}).", 403)
        if not query.get("code"):
            raise LoginFailed("no_code", "The provider sent no code.")
        try:
            tokens = await self._provider.exchange(
                query["code"], attempt.verifier, self._redirect_uri
            )
            claims = await self._checker.id_token(tokens.id_token, nonce=attempt.nonce)
        except GrantRefused as refused:
            raise LoginFailed("code", "The provider does not accept the code.") from refused
        except TokenRefused as refused:
            raise LoginFailed(
                refused.reason, f"The provider's answer is not good: {refused}."
            ) from refused
        roles = roles_of(claims, self._roles_claim)
        return self._session(tokens, claims, roles), attempt.return_to

    def _attempt(self, kept: str) -> Attempt:
        again = "This login took too long, or the browser kept nothing of it."
        try:
            sealed = base64.urlsafe_b64decode(kept)
        except ValueError as error:
            raise LoginFailed("attempt", again) from error
        value = self._sealer.unseal(sealed, _NAME)
        if value is None:
            raise LoginFailed("attempt", again)
        try:
            attempt = Attempt.model_validate_json(value)
        except ValidationError as error:
            raise LoginFailed("attempt", again) from error
        if self._clock.now_us() - attempt.started_us > WITHIN_S * 1e6:
            raise LoginFailed("attempt", again)
        return attempt

    def _session(
        self, tokens: Tokens, claims: Claims, roles: Mapping[AccessRole, Units]
    ) -> Session:
        return session_of(
            tokens,
            claims,
            issuer=self._provider.issuer,
            roles=roles,
            client=Client.BOARD,
            max_s=self._session_max_s,
            now_us=self._clock.now_us(),
        )


def session_of(
    tokens: Tokens,
    claims: Claims,
    *,
    issuer: str,
    roles: Mapping[AccessRole, Units],
    client: Client,
    max_s: float,
    now_us: int,
    unit: str = "",
) -> Session:
    """The session of a login that was accepted."""
    sub, sid = claims["sub"], claims.get("sid")
    return Session.model_validate(
        {
            "subject": subject_of(issuer, sub),
            "sub": sub,
            "name": name_of(claims),
            "client": client,
            "roles": roles,
            "unit": unit,
            "sid": sid if isinstance(sid, str) else "",
            "started_us": now_us,
            "limit_us": now_us + round(max_s * 1e6),
            "csrf": new_csrf(),
            "id_token": tokens.id_token,
            "refresh_token": tokens.refresh_token,
            "refreshed_us": now_us,
            "expires_us": now_us + round(tokens.expires_in * 1e6),
        }
    )


def own_path(wanted: str) -> str:
    """A path of the board to go to after a login; `/` in place of anything that leads elsewhere.

    >>> own_path("/edit/?zone=bay-1"), own_path("//evil.example"), own_path("https://evil.example")
    ('/edit/?zone=bay-1', '/', '/')
    """
    plain = wanted.isascii() and wanted.isprintable() and len(wanted) <= 1_000
    if not plain or "\\" in wanted or not wanted.startswith("/") or wanted.startswith("//"):
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    ours = not parts.scheme and not parts.netloc
    page = parts.path != "/logout" and not f"{parts.path}/".startswith(("/login/", "/api/"))
    return wanted if ours and page else "/"
