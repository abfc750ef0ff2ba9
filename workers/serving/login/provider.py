"""The OpenID Connect provider: its documents and its endpoints.

Each call has a short time limit and goes through a circuit breaker, so that a provider that hangs
holds nobody up. Only a refresh that has been sent is waited for longer: its answer holds the only
token by which the session can be refreshed again.
"""

import asyncio
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7009 import prepare_revoke_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from pydantic import BaseModel, ConfigDict, ValidationError

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.proxies import async_client_for
from runtime.storage.breaker import BreakerPolicy, Guard

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S: Final = 4.0
"""A provider that takes longer counts as away, s."""

REFRESH_WITHIN_S: Final = 120.0
"""A refresh that was sent is waited for so long, s."""

FRESH_S: Final = 10.0
"""A provider that answered so long ago is not asked again before a browser is sent there, s."""

_KNOWN_FOR_S: Final = 600.0
_LARGEST: Final = 512 * 1024
_POLICY: Final = BreakerPolicy(failures=3, first_pause_s=1.0, max_pause_s=10.0)

Answer = TypeVar("Answer", bound=BaseModel)


class ProviderAway(Retry):
    """The provider does not answer, or answers with an error of its own."""


class GrantRefused(Exception):
    """The provider refused a grant.

    Attributes:
        error: Its own word, such as `invalid_grant`.
    """

    def __init__(self, error: str) -> None:
        super().__init__(f"the provider refused: {error}")
        self.error = error


class Metadata(BaseModel):
    """What the board uses of the discovery document (OpenID Connect Discovery 1.0)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None
    revocation_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]


class Tokens(BaseModel):
    """Answer of the token endpoint."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    access_token: str = ""
    id_token: str = ""
    refresh_token: str = ""
    expires_in: float = 60.0


class DeviceCode(BaseModel):
    """Answer of the device authorisation endpoint (RFC 8628)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    expires_in: float = 600.0
    interval: float = 5.0


class Provider:
    """Asks the provider.

    Args:
        issuer: The provider.
        client_id: The board at the provider.
        client_secret: Its secret; empty for a public client.
        clock: Source of the time.
        ca: Certificates that are trusted; None for those of the system.

    Attributes:
        is_away: Whether it did not answer when it was asked last.
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
        self._ca = ca
        self._guard = Guard("login_provider", clock, _POLICY)
        self._client: httpx.AsyncClient | None = None
        self._metadata: Metadata | None = None
        self._read_s = 0.0
        self.is_away = False

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def metadata(self, max_age_s: float = _KNOWN_FOR_S) -> Metadata:
        """The discovery document.

        Args:
            max_age_s: It is read again when it was read longer ago, s.

        Raises:
            ProviderAway: It cannot be read; also when it is of another provider.
        """
        now_s = self._clock.monotonic_s()
        if self._metadata is not None and now_s - self._read_s <= max_age_s:
            return self._metadata
        url = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            found = Metadata.model_validate(await self._json("GET", url))
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
        return await self._json("GET", metadata.jwks_uri)

    async def login_url(
        self, *, redirect_uri: str, scope: str, state: str, nonce: str, verifier: str
    ) -> str:
        """Where a browser logs in; the provider was seen to answer just now.

        Raises:
            ProviderAway: It does not answer.
        """
        metadata = await self.metadata(FRESH_S)
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
            with self._trying():
                asking = asyncio.create_task(
                    self._tokens(metadata, body, client_id, limit_s=REFRESH_WITHIN_S)
                )
                return await asyncio.wait_for(asyncio.shield(asking), ANSWER_WITHIN_S)
        except TimeoutError:
            log.warning("login.refresh_slow", after_s=ANSWER_WITHIN_S)
        tokens = await asking
        self.is_away = False
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
        metadata = await self.metadata(FRESH_S)
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
        guarded = limit_s <= ANSWER_WITHIN_S
        return await self._json("POST", url, headers, body, limit_s, guarded=guarded)

    async def _json(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        limit_s: float = ANSWER_WITHIN_S,
        *,
        guarded: bool = True,
    ) -> Mapping[str, Any]:
        if not guarded:
            return await self._ask(method, url, headers, body, limit_s)
        with self._trying():
            return await self._ask(method, url, headers, body, limit_s)

    @contextmanager
    def _trying(self) -> Iterator[None]:
        """Guard a call with the breaker.

        Raises:
            BreakerOpen: The provider did not answer before.
        """
        with self._guard.trying((ProviderAway, TimeoutError)):
            try:
                yield
            except (ProviderAway, TimeoutError):
                self.is_away = True
                raise
            except Exception:
                self.is_away = False  # it answered, if only to refuse
                raise
            else:
                self.is_away = False

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: str | None,
        limit_s: float,
    ) -> Mapping[str, Any]:
        try:
            async with (
                asyncio.timeout(limit_s),
                self._connected().stream(
                    method,
                    url,
                    headers={"Accept": "application/json", **(headers or {})},
                    content=body,
                    timeout=httpx.Timeout(limit_s, connect=min(2.0, limit_s)),
                ) as answer,
            ):
                read = b""
                async for part in answer.aiter_bytes():
                    read += part
                    if len(read) > _LARGEST:
                        raise ProviderAway("the provider's answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            why = type(error).__name__
            raise ProviderAway(f"the provider does not answer: {why}", retry_after_s=5) from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise ProviderAway(f"the provider answers {answer.status_code}", retry_after_s=5)
        return _object(answer.status_code, read)

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            verify = True if self._ca is None else ssl.create_default_context(cafile=self._ca)
            self._client = async_client_for(self.issuer, verify=verify, follow_redirects=False)
        return self._client


def _object(status: int, body: bytes) -> Mapping[str, Any]:
    """The object in an answer.

    Raises:
        GrantRefused: It is an error by OAuth.
        ProviderAway: It is something else, such as the page of a gateway.
    """
    if status == 200 and not body:
        return {}  # a revocation
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderAway(f"the provider's answer ({status}) cannot be read", retry_after_s=5)
    if status >= 400:
        raise GrantRefused(str(found.get("error", status))[:100])
    if status != 200:
        raise ProviderAway(f"the provider answers {status}", retry_after_s=5)
    return found


def _read(model: type[Answer], answer: Mapping[str, Any]) -> Answer:
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        raise ProviderAway("the provider's answer lacks a field") from error
