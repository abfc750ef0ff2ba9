"""Judge tokens: who signed them, for whom, and until when."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwt import JWTClaimsRegistry

from runtime.clock import Clock
from runtime.process.metrics import TOKENS_REFUSED
from workers.serving.login.keys import Keys

LONGEST: Final = 16_384
"""Longest token that is read, characters."""

BACKCHANNEL: Final = "http://schemas.openid.net/event/backchannel-logout"

Claims = Mapping[str, Any]


class TokenRefused(Exception):
    """A token must not be accepted.

    Attributes:
        reason: Short stable word, such as `expired`; label of the metric.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the token is not accepted: {reason.replace('_', ' ')}")
        self.reason = reason
        TOKENS_REFUSED.labels(reason).inc()


class TokenChecker:
    """Accepts tokens of one provider.

    Args:
        keys: The provider's keys.
        issuer: The provider, exactly as in `iss`.
        client_id: The board at the provider; audience of proofs of a login.
        audience: Audience of access tokens.
        algorithms: Signatures that are accepted.
        skew_s: Largest difference of the clocks, s.
        clock: Source of the time.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        issuer: str,
        client_id: str,
        audience: str,
        algorithms: frozenset[str],
        skew_s: float,
        clock: Clock,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._client_id = client_id
        self._audience = audience
        self._algorithms = algorithms
        self._skew_s = skew_s
        self._clock = clock

    async def id_token(
        self, text: str, *, nonce: str | None = None, client_id: str | None = None
    ) -> Claims:
        """Claims of the proof of a login.

        Args:
            text: The token.
            nonce: Nonce of the login that it answers; None where a login is renewed.
            client_id: Whom it is for; the board when left out.

        Raises:
            TokenRefused: It must not be accepted.
            Retry: The provider's keys cannot be read.
        """
        wanted = client_id or self._client_id
        claims = await self._claims(text, wanted, headers={"JWT"}, kinds={"ID"})
        audiences = claims["aud"]
        several = isinstance(audiences, list) and len(audiences) > 1
        if claims.get("azp", None if several else wanted) != wanted:
            raise TokenRefused("other_client")
        if nonce is not None and not _same(claims.get("nonce"), nonce):
            raise TokenRefused("nonce")
        return claims

    async def access_token(self, text: str) -> Claims:
        """Claims of an access token.

        Raises:
            TokenRefused: It must not be accepted.
            Retry: The provider's keys cannot be read.
        """
        headers = {"JWT", "AT+JWT", "APPLICATION/AT+JWT"}
        return await self._claims(text, self._audience, headers=headers, kinds={"Bearer"})

    async def logout_token(self, text: str) -> Claims:
        """Claims of the provider's notice that a login has ended.

        Raises:
            TokenRefused: It must not be accepted.
            Retry: The provider's keys cannot be read.
        """
        headers = {"JWT", "LOGOUT+JWT"}
        claims = await self._claims(
            text, self._client_id, headers=headers, kinds={"Logout"}, subject=False
        )
        events = claims.get("events")
        if not isinstance(events, dict) or BACKCHANNEL not in events or "nonce" in claims:
            raise TokenRefused("no_logout")
        if not all(isinstance(claims.get(name, ""), str) for name in ("sid", "sub", "jti")):
            raise TokenRefused("malformed")
        if not (claims.get("sid") or claims.get("sub")) or not claims.get("jti"):
            raise TokenRefused("no_logout")
        return claims

    async def _claims(
        self,
        text: str,
        audience: str,
        *,
        headers: set[str],
        kinds: set[str],
        subject: bool = True,
    ) -> Claims:
        header = _header(text)
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            raise TokenRefused("algorithm")
        if "crit" in header:
            raise TokenRefused("critical_header")
        if str(header.get("typ", "JWT")).upper() not in headers:
            raise TokenRefused("kind")
        if kid is not None and not (isinstance(kid, str) and len(kid) <= 200):
            raise TokenRefused("key")
        key = await self._keys.key(kid)
        if key is None or key.get("alg", algorithm) != algorithm:
            raise TokenRefused("key")
        try:
            claims = jwt.decode(text, key, algorithms=[algorithm]).claims
            self._registry(audience, subject=subject).validate(claims)
        except ExpiredTokenError as error:
            raise TokenRefused("expired") from error
        except JoseError as error:
            raise TokenRefused(_reason(error)) from error
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise TokenRefused("malformed") from error
        if claims.get("typ", next(iter(kinds))) not in kinds:  # Keycloak's own claim
            raise TokenRefused("kind")
        return claims

    def _registry(self, audience: str, *, subject: bool) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=self._clock.now_us() // 1_000_000,
            leeway=round(self._skew_s),
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": subject},
        )


def _header(text: str) -> dict[str, Any]:
    """The header of a token, before anybody vouches for it."""
    if len(text) > LONGEST or text.count(".") != 2 or not text.isascii():
        raise TokenRefused("malformed")
    first = text.partition(".")[0]
    try:
        found = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise TokenRefused("malformed") from error
    if not isinstance(found, dict):
        raise TokenRefused("malformed")
    return found


def _reason(error: JoseError) -> str:
    claim = getattr(error, "claim", None)
    names = {"iss": "issuer", "aud": "audience", "nbf": "not_yet_valid", "iat": "not_yet_valid"}
    if claim is not None:
        return names.get(claim, "claims")
    return "signature" if error.error == "bad_signature" else "malformed"


def _same(given: object, wanted: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), wanted.encode())
