"""The OpenID Connect provider: its documents and its endpoints.

Each call has a short time limit and goes through a circuit breaker, so that a provider that hangs
holds nobody up. Only a refresh that has been sent is waited for longer: its answer holds the only
token by which the session can be refreshed again.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7009 import prepare_revoke_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pydantic import BaseModel, ValidationError

from runtime.clock import Clock
from workers.serving.login.connection import (
    ANSWER_WITHIN_S,
    Connection,
    GrantRefused,
    ProviderAway,
)
from workers.serving.login.documents import DeviceCode, Metadata, Tokens

log = structlog.get_logger(__name__)

REFRESH_WITHIN_S: Final = 120.0
"""A refresh that was sent is waited for so long, s."""

_KNOWN_FOR_S: Final = 600.0

Answer = TypeVar("Answer", bound=BaseModel)


class Provider:
    """Asks the provider.

    Args:
        issuer: The provider.
        client_id: The board at the provider.
        client_secret: Its secret; empty for a public client.
        clock: Source of the time.
        ca: Certificates that are trusted; None for those of the system.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        ca: Path | None = None,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._connection = Connection(issuer, clock, ca)
        self._metadata: Metadata | None = None
        self._read_s = 0.0

    @property
    def is_away(self) -> bool:
        """Whether it did not answer when it was asked last."""
        return self._connection.is_away

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def metadata(self, max_age_s: float = _KNOWN_FOR_S) -> Metadata:
        """The discovery document.

        Args:
            max_age_s: It is read again when it was read longer ago, s; below 0 always.

        Raises:
            ProviderAway: It cannot be read; also when it is of another provider.
        """
        now_s = self._clock.monotonic_s()
        if self._metadata is not None and now_s - self._read_s <= max_age_s:
            return self._metadata
        url = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            found = Metadata.model_validate(await self._connection.get(url))
        except ValidationError as error:
            raise ProviderAway("the provider's discovery document lacks an endpoint") from error
        if found.issuer != self.issuer:
            raise ProviderAway(f"the provider calls itself {found.issuer[:200]!r}")
        self._metadata = found
        self._read_s = now_s
        return found

    async def known_metadata(self) -> Metadata:
        """The discovery document, however old; read when it never was."""
        return await self.metadata(float("inf"))

    async def key_set(self) -> Mapping[str, Any]:
        """The public keys.

        Raises:
            ProviderAway: They cannot be read.
        """
        metadata = await self.metadata()
        return await self._connection.get(metadata.jwks_uri)

    async def login_url(
        self, *, redirect_uri: str, scope: str, state: str, nonce: str, verifier: str
    ) -> str:
        """Where a browser logs in; the provider is asked first whether it answers.

        Raises:
            ProviderAway: It does not answer.
        """
        metadata = await self.metadata(max_age_s=-1)
        url: str = prepare_grant_uri(
            metadata.authorization_endpoint,
            client_id=self.client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope=scope,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return url

    async def exchange(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """The tokens for a code of a login.

        Raises:
            GrantRefused: The code is not good.
            ProviderAway: It does not answer.
        """
        metadata = await self.known_metadata()
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=redirect_uri, code_verifier=verifier
        )
        return await self._tokens(metadata, body)

    async def refresh(self, refresh_token: str, client_id: str | None = None) -> Tokens:
        """New tokens for a refresh token, which may be used up by that.

        Waits long for the answer; others are told after `ANSWER_WITHIN_S` that it is away.

        Raises:
            GrantRefused: The login has ended at the provider.
            ProviderAway: It does not answer.
        """
        metadata = await self.known_metadata()
        body = prepare_token_request("refresh_token", refresh_token=refresh_token)
        try:
            with self._connection.trying():
                asking = asyncio.create_task(
                    self._tokens(metadata, body, client_id, limit_s=REFRESH_WITHIN_S)
                )
                return await asyncio.wait_for(asyncio.shield(asking), ANSWER_WITHIN_S)
        except TimeoutError:
            log.warning("login.refresh_slow", after_s=ANSWER_WITHIN_S)
        tokens = await asking
        self._connection.is_away = False
        return tokens

    async def revoke(self, refresh_token: str, client_id: str | None = None) -> bool:
        """End a login at the provider; returns whether it has an endpoint for that.

        Raises:
            ProviderAway: It does not answer.
        """
        metadata = await self.known_metadata()
        if metadata.revocation_endpoint is None:
            return False
        body, _ = prepare_revoke_token_request(refresh_token, "refresh_token")
        await self._post(metadata, metadata.revocation_endpoint, body, client_id)
        return True

    async def logout_url(self, id_token: str, back_to: str) -> str | None:
        """Where a browser logs out at the provider; None when it has no such page or is away."""
        if self.is_away:
            return None
        try:
            metadata = await self.known_metadata()
        except ProviderAway:
            return None
        if metadata.end_session_endpoint is None:
            return None
        query = httpx.QueryParams(
            {
                "client_id": self.client_id,
                "post_logout_redirect_uri": back_to,
                **({"id_token_hint": id_token} if id_token else {}),
            }
        )
        return f"{metadata.end_session_endpoint}?{query}"

    async def device_code(self, client_id: str, scope: str) -> DeviceCode:
        """Begin the login of a device that has no keyboard.

        Raises:
            GrantRefused: The provider does not let the client do so.
            ProviderAway: It does not answer.
        """
        metadata = await self.metadata(max_age_s=-1)
        if metadata.device_authorization_endpoint is None:
            raise GrantRefused("unsupported_grant_type")
        url = metadata.device_authorization_endpoint
        body = str(httpx.QueryParams({"scope": scope}))
        return _read(DeviceCode, await self._post(metadata, url, body, client_id))

    async def device_tokens(self, client_id: str, device_code: str) -> Tokens:
        """The tokens of a device, once somebody has approved it.

        Raises:
            GrantRefused: Not yet (`authorization_pending`, `slow_down`), or never.
            ProviderAway: It does not answer.
        """
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        body = prepare_token_request(grant, device_code=device_code)
        return await self._tokens(await self.known_metadata(), body, client_id)

    async def _tokens(
        self,
        metadata: Metadata,
        body: str,
        client_id: str | None = None,
        limit_s: float = ANSWER_WITHIN_S,
    ) -> Tokens:
        answer = await self._post(metadata, metadata.token_endpoint, body, client_id, limit_s)
        return _read(Tokens, answer)

    async def _post(
        self,
        metadata: Metadata,
        url: str,
        body: str,
        client_id: str | None = None,
        limit_s: float = ANSWER_WITHIN_S,
    ) -> Mapping[str, Any]:
        """Post a form as a client: the board, or a public one."""
        own = client_id is None or client_id == self.client_id
        method = "none"
        if own and self._client_secret:
            offered = metadata.token_endpoint_auth_methods_supported
            method = next(
                (m for m in ("client_secret_post", "client_secret_basic") if m in offered),
                "client_secret_basic",
            )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        auth = ClientAuth(client_id or self.client_id, self._client_secret, method)
        url, headers, body = auth.prepare("POST", url, form, body)
        return await self._connection.post(url, headers, body, limit_s)


def _read(model: type[Answer], answer: Mapping[str, Any]) -> Answer:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        raise ProviderAway("the provider's answer lacks a field") from error
