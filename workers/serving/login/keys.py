"""The provider's public keys, which it may change at any time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, OctKey

from runtime.clock import Clock
from runtime.errors import Retry

log = structlog.get_logger(__name__)

AGAIN_S: Final = 10.0
"""Keys are fetched at most this often, however many tokens name unknown ones, s."""

MAX_AGE_S: Final = 600.0
"""Keys are fetched again after this: one that the provider withdrew ends here too, s."""


class Keys:
    """The keys by their id.

    Args:
        fetch: Asks the provider for its key set; raises `Retry` when it is away.
        clock: Source of the time.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Mapping[str, Any]]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: list[Key] = []
        self._fetched_s: float | None = None
        self._tried_s: float | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str | None) -> Key | None:
        """The key with an id; without an id, the only one there is. None: there is no such key.

        Raises:
            Retry: The provider is away, and no key was ever read.
        """
        now_s = self._clock.monotonic_s()
        stale = self._fetched_s is None or now_s - self._fetched_s > MAX_AGE_S
        if stale or self._find(kid) is None:
            await self._renew(now_s)
        return self._find(kid)

    def _find(self, kid: str | None) -> Key | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.kid == kid), None)

    async def _renew(self, asked_s: float) -> None:
        async with self._lock:
            if self._tried_s is not None and asked_s - self._tried_s < AGAIN_S:
                if self._fetched_s is None:
                    raise Retry("the provider's keys could not be read", retry_after_s=AGAIN_S)
                return
            self._tried_s = self._clock.monotonic_s()
            try:
                document = await self._fetch()
            except Retry as away:
                if self._fetched_s is None:
                    raise
                log.warning("login.keys_not_renewed", error=str(away))
                return
            self._keys = _public_keys(document)
            self._fetched_s = self._clock.monotonic_s()


def _public_keys(document: Mapping[str, Any]) -> list[Key]:
    """The public signing keys of a key set; others, and those that cannot be read, are left out."""
    found: list[Key] = []
    listed = document.get("keys")
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or one.get("use", "sig") != "sig":
            continue
        try:
            key = JWKRegistry.import_key(one)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("login.key_unreadable", kid=str(one.get("kid"))[:80], error=str(error)[:80])
            continue
        if not isinstance(key, OctKey):
            found.append(key)
    return found
