"""The connection to the provider: every call has a time limit and goes through a breaker."""

import asyncio
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.proxies import async_client_for
from runtime.storage.breaker import BreakerPolicy, Guard

ANSWER_WITHIN_S: Final = 4.0
"""A provider that takes longer counts as away, s."""

_LARGEST: Final = 512 * 1024
_POLICY: Final = BreakerPolicy(failures=3, first_pause_s=1.0, max_pause_s=10.0)


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


class Connection:
    """Asks the provider for JSON.

    Args:
        issuer: The provider.
        clock: Source of the time.
        ca: Certificates that are trusted; None for those of the system.

    Attributes:
        is_away: Whether it did not answer when it was asked last.
    """

    def __init__(self, issuer: str, clock: Clock, ca: Path | None) -> None:
        self._issuer = issuer
        self._ca = ca
        self._guard = Guard("login_provider", clock, _POLICY)
        self._client: httpx.AsyncClient | None = None
        self.is_away = False

    async def close(self) -> None:
        """Close it; a later call opens it again."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    @contextmanager
    def trying(self) -> Iterator[None]:
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

    async def get(self, url: str) -> Mapping[str, Any]:
        """Read an object.

        Raises:
            GrantRefused: The provider refuses.
            ProviderAway: It does not answer.
            BreakerOpen: It did not answer before.
        """
        with self.trying():
            return await self._ask("GET", url, {}, None, ANSWER_WITHIN_S)

    async def post(
        self, url: str, headers: Mapping[str, str], body: str, limit_s: float = ANSWER_WITHIN_S
    ) -> Mapping[str, Any]:
        """Post a form, and read the object that it gives; raises like `get`.

        Args:
            url: Where to.
            headers: Headers of the request.
            body: The form, encoded.
            limit_s: Time limit, s. A longer one than usual is left to the caller to guard by
                `trying`.
        """
        if limit_s > ANSWER_WITHIN_S:
            return await self._ask("POST", url, headers, body, limit_s)
        with self.trying():
            return await self._ask("POST", url, headers, body, limit_s)

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: str | None,
        limit_s: float,
    ) -> Mapping[str, Any]:
        try:
            async with (
                asyncio.timeout(limit_s),
                self._connected().stream(
                    method,
                    url,
                    headers={"Accept": "application/json", **headers},
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
            self._client = async_client_for(self._issuer, verify=verify, follow_redirects=False)
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
