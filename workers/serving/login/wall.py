"""The way in for wall displays, which have no keyboard: device authorisation (RFC 8628)."""

import base64
from collections import OrderedDict
from typing import Final

from pydantic import BaseModel

from runtime.clock import Clock
from runtime.errors import Retry
from workers.serving.login.allowance import Allowance
from workers.serving.login.claims import roles_of
from workers.serving.login.connection import GrantRefused
from workers.serving.login.entrance import LoginFailed, session_of
from workers.serving.login.provider import Provider
from workers.serving.login.sealing import Sealer
from workers.serving.login.session import Client, Session, wall_roles
from workers.serving.login.tokens import TokenChecker, TokenRefused

CODES_AT_ONCE: Final = 60
CODES_PER_S: Final = 0.5
"""Codes that the provider is asked for at once, and each second after that."""

_REMEMBERED: Final = 1_000
_PAUSES_US: Final = {"authorization_pending": 900_000, "slow_down": 10_000_000}
"""Words by which a provider says that nobody has approved yet: pause before the next try."""


class WallAttempt(BaseModel):
    """What a display keeps, sealed, until somebody approves it."""

    device_code: str
    unit: str


class WallCode(BaseModel):
    """What a display shows until somebody approves it.

    Attributes:
        user_code: The code to enter.
        verification_uri: Where to enter it.
        verification_uri_complete: The same with the code in it; empty where there is none.
        expires_in_s: The code is good for so long, s.
        interval_s: Pause before the display asks whether it is approved, s.
    """

    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in_s: float
    interval_s: float


class WallEntrance:
    """Logs wall displays in: device authorisation (RFC 8628).

    Args:
        provider: The provider.
        checker: Judges its tokens.
        sealer: Seals what the display keeps.
        client_id: Wall displays at the provider.
        scopes: What a display asks for.
        roles_claim: Claim with the access roles.
        session_max_s: A display's session ends after this, s.
        clock: Source of the time.
    """

    def __init__(
        self,
        provider: Provider,
        checker: TokenChecker,
        sealer: Sealer,
        *,
        client_id: str,
        scopes: str,
        roles_claim: str,
        session_max_s: float,
        clock: Clock,
    ) -> None:
        self._provider = provider
        self._checker = checker
        self._sealer = sealer
        self._client_id = client_id
        self._scopes = scopes
        self._roles_claim = roles_claim
        self._session_max_s = session_max_s
        self._clock = clock
        self._due_us: OrderedDict[str, int] = OrderedDict()
        self._codes = Allowance(CODES_AT_ONCE, CODES_PER_S, clock)

    async def start(self, unit: str) -> tuple[WallCode, str]:
        """Ask for a code that somebody enters elsewhere; returns it, and what the display keeps.

        Raises:
            LoginFailed: The provider has no such logins.
            Retry: The provider is away, or too many ask.
        """
        if not self._codes.take():
            raise Retry("too many displays ask for a code", retry_after_s=1 / CODES_PER_S)
        try:
            code = await self._provider.device_code(self._client_id, self._scopes)
        except GrantRefused as refused:
            message = f"The provider lets no wall display log in ({refused.error})."
            raise LoginFailed("wall", message) from refused
        kept = WallAttempt(device_code=code.device_code, unit=unit)
        sealed = self._sealer.seal(kept.model_dump_json().encode(), "wall")
        shown = WallCode(
            user_code=code.user_code,
            verification_uri=web_url(code.verification_uri),
            verification_uri_complete=web_url(code.verification_uri_complete),
            expires_in_s=code.expires_in,
            interval_s=max(1.0, code.interval),
        )
        self._due_us[code.device_code] = self._clock.now_us()
        if len(self._due_us) > _REMEMBERED:
            self._due_us.popitem(last=False)
        return shown, base64.urlsafe_b64encode(sealed).decode()

    async def poll(self, handle: str) -> Session | None:
        """The session, once somebody has approved; None until then.

        The provider is asked no more often than it wants, whatever the display does.

        Args:
            handle: What the display keeps.

        Raises:
            LoginFailed: It was denied, or took too long, or the unit may not be shown.
            Retry: The provider is away.
        """
        try:
            value = self._sealer.unseal(base64.urlsafe_b64decode(handle), "wall")
            kept = WallAttempt.model_validate_json(value or b"")
        except ValueError as error:
            raise LoginFailed("attempt", "Ask for a new code.") from error
        if self._clock.now_us() < self._due_us.get(kept.device_code, 0):
            return None
        try:
            tokens = await self._provider.device_tokens(self._client_id, kept.device_code)
            claims = await self._checker.id_token(tokens.id_token, client_id=self._client_id)
        except GrantRefused as refused:
            if refused.error in _PAUSES_US:
                self._due_us[kept.device_code] = self._clock.now_us() + _PAUSES_US[refused.error]
                return None
            raise LoginFailed("wall", f"The code is not good ({refused.error}).", 403) from refused
        except TokenRefused as refused:
            raise LoginFailed(refused.reason, str(refused), 403) from refused
        roles = wall_roles(roles_of(claims, self._roles_claim), kept.unit)
        if not roles:
            raise LoginFailed(
                "unit", "Whoever approved the code may not see the board of this unit.", 403
            )
        ((unit,),) = roles.values()
        return session_of(
            tokens,
            claims,
            issuer=self._provider.issuer,
            roles=roles,
            client=Client.WALL,
            max_s=self._session_max_s,
            now_us=self._clock.now_us(),
            unit=unit,
        )


def web_url(url: str) -> str:
    """A URL that a page may link to; empty when it is none of the web."""
    return url if url.startswith(("https://", "http://")) else ""
