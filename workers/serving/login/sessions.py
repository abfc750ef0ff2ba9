"""Sessions in Redis: sealed, found by a digest of their cookie, and gone when Redis is emptied.

A session has two keys: its sealed value, which only a refresh writes, and the time of its last use.
Redis drops either at its end by itself; what is read is judged by the board's own clock as well.
"""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any, Final

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from runtime.clock import Clock
from runtime.errors import Retry
from runtime.storage.breaker import BreakerPolicy, Guard
from workers.serving.login.sealing import Sealer
from workers.serving.login.session import Client, Session

log = structlog.get_logger(__name__)

POLICY: Final = BreakerPolicy(failures=3, first_pause_s=0.25, max_pause_s=1.0)

ENDED_KEPT_S: Final = 24 * 3600
"""An access token of a login that ended is refused for so long, s; no longer may one be good."""

_REFRESH_LOCK_MS: Final = 200_000
_PAGE: Final = 200


class SessionsAway(Retry):
    """Redis does not answer, so nobody knows who is logged in."""


class SessionStore:
    """Reads and writes sessions.

    Args:
        client: Connection to Redis.
        prefix: Prefix of every key.
        sealer: Seals the values.
        idle_s: A person's session ends when it is not used for this long, s.
        clock: Source of the time.
    """

    def __init__(
        self, client: Redis, prefix: str, sealer: Sealer, idle_s: float, clock: Clock
    ) -> None:
        self._client = client
        self._prefix = f"{prefix}:login"
        self._sealer = sealer
        self._idle_s = idle_s
        self._clock = clock
        self._guard = Guard("redis_sessions", clock, POLICY)

    async def create(self, session: Session) -> tuple[str, str]:
        """Store a new session; returns its cookie and its key.

        Raises:
            SessionsAway: Redis does not answer.
        """
        cookie = self._sealer.new_id()
        key = self._sealer.key_of(cookie)
        assert key is not None
        left_s = self._left_s(session)
        with self._asking():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.set(self._session(key), self._sealed(key, session), ex=left_s)
                pipe.set(self._seen(key), self._clock.now_us(), ex=self._idle_of(session))
                pipe.zremrangebyscore(self._index, 0, self._clock.now_us() / 1e6)
                pipe.zadd(self._index, {key: session.limit_us / 1e6})
                await pipe.execute()
        return cookie, key

    async def read(self, key: str) -> Session | None:
        """A session that has not ended; notes that it is used.

        Raises:
            SessionsAway: Redis does not answer.
        """
        with self._asking():
            sealed, seen = await self._client.mget(self._session(key), self._seen(key))
        session = self._opened(key, sealed, seen)
        if session is not None and seen is not None:
            await self._touch(key, session, int(seen))
        return session

    async def find(self, key: str) -> Session | None:
        """A session that has not ended, without use of it.

        Raises:
            SessionsAway: Redis does not answer.
        """
        with self._asking():
            sealed, seen = await self._client.mget(self._session(key), self._seen(key))
        return self._opened(key, sealed, seen)

    async def renew(self, key: str, session: Session) -> bool:
        """Store a session anew; returns False when it has ended meanwhile.

        Raises:
            SessionsAway: Redis does not answer.
        """
        with self._asking():
            stored = await self._client.set(
                self._session(key), self._sealed(key, session), xx=True, ex=self._left_s(session)
            )
        return bool(stored)

    async def end(self, key: str) -> None:
        """Forget a session.

        Raises:
            SessionsAway: Redis does not answer.
        """
        with self._asking():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.delete(self._session(key), self._seen(key))
                pipe.zrem(self._index, key)
                await pipe.execute()

    async def end_tokens(self, sid: str, sub: str) -> None:
        """Refuse the access tokens that were issued to a login, or to all logins of a subject.

        Args:
            sid: The provider's id of the login; empty where it gives none.
            sub: The subject, as the provider writes it; counts only without `sid`.

        Raises:
            SessionsAway: Redis does not answer.
        """
        name = self._ended("sid", sid) if sid else self._ended("sub", sub)
        with self._asking():
            await self._client.set(name, self._clock.now_us(), ex=ENDED_KEPT_S)

    async def has_ended(self, sid: str, sub: str, issued_us: int) -> bool:
        """Whether the login of an access token ended after the token was issued.

        Args:
            sid: The provider's id of the login; empty for a program, which has none.
            sub: The subject, as the provider writes it.
            issued_us: When it was issued, UTC microseconds.

        Raises:
            SessionsAway: Redis does not answer.
        """
        names = [self._ended("sub", sub), *([self._ended("sid", sid)] if sid else ())]
        with self._asking():
            found = await self._client.mget(names)
        return any(issued_us <= int(ended_us) for ended_us in found if ended_us is not None)

    async def all(self) -> AsyncIterator[tuple[str, Session, int]]:
        """Every session: key, session, and time of its last use in UTC microseconds.

        Raises:
            SessionsAway: Redis does not answer.
        """
        with self._asking():
            await self._client.zremrangebyscore(self._index, 0, self._clock.now_us() / 1e6)
            members: list[Any] = await self._client.zrange(self._index, 0, -1)
        keys = sorted(member.decode() for member in members)
        for first in range(0, len(keys), _PAGE):
            page = keys[first : first + _PAGE]
            names = [*map(self._session, page), *map(self._seen, page)]
            with self._asking():
                values = await self._client.mget(names)
            for key, sealed, seen in zip(page, values, values[len(page) :], strict=False):
                session = self._opened(key, sealed, seen)
                if session is not None and seen is not None:
                    yield key, session, int(seen)

    async def take_refresh(self, key: str) -> bool:
        """Whether the caller, of all boards, may refresh a session now.

        Raises:
            SessionsAway: Redis does not answer.
        """
        with self._asking():
            taken = await self._client.set(
                f"{self._prefix}:refresh:{key}", 1, nx=True, px=_REFRESH_LOCK_MS
            )
        return bool(taken)

    async def leave_refresh(self, key: str) -> None:
        """Let the next refresh of a session be taken.

        Raises:
            SessionsAway: Redis does not answer.
        """
        with self._asking():
            await self._client.delete(f"{self._prefix}:refresh:{key}")

    async def use_once(self, what: str, for_s: float) -> bool:
        """Whether something, such as the state of a login, is used for the first time.

        Raises:
            SessionsAway: Redis does not answer.
        """
        with self._asking():
            first = await self._client.set(
                f"{self._prefix}:used:{what}", 1, nx=True, ex=max(1, ceil(for_s))
            )
        return bool(first)

    async def _touch(self, key: str, session: Session, seen_us: int) -> None:
        now_us = self._clock.now_us()
        if now_us - seen_us >= min(60e6, self._idle_of(session) * 1e5):
            with self._asking():
                await self._client.set(self._seen(key), now_us, ex=self._idle_of(session))

    def _opened(
        self, key: str, sealed: bytes | str | None, seen: bytes | str | None
    ) -> Session | None:
        if not isinstance(sealed, bytes) or seen is None:
            return None
        value = self._sealer.unseal(sealed, key)
        if value is None:
            log.warning("login.session_unreadable", why="sealed by another key, or altered")
            return None
        try:
            session = Session.model_validate_json(value)
            last_us = int(seen)
        except (ValidationError, ValueError):
            log.warning("login.session_unreadable", why="of another layout")
            return None
        now_us = self._clock.now_us()
        if now_us >= session.limit_us or now_us - last_us >= self._idle_of(session) * 1e6:
            return None
        return session

    def _idle_of(self, session: Session) -> int:
        """How long a session may go unused, s: a wall display may be switched off for long."""
        if session.client is Client.WALL:
            return max(1, ceil((session.limit_us - session.started_us) / 1e6))
        return ceil(self._idle_s)

    def _left_s(self, session: Session) -> int:
        return max(1, ceil((session.limit_us - self._clock.now_us()) / 1e6))

    def _sealed(self, key: str, session: Session) -> bytes:
        return self._sealer.seal(session.model_dump_json().encode(), key)

    def _session(self, key: str) -> str:
        return f"{self._prefix}:session:{key}"

    def _seen(self, key: str) -> str:
        return f"{self._prefix}:seen:{key}"

    def _ended(self, claim: str, value: str) -> str:
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self._prefix}:ended:{claim}:{digest}"

    @property
    def _index(self) -> str:
        return f"{self._prefix}:index"

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with self._guard.trying((RedisError, OSError)):
                yield
        except ResponseError as error:
            raise SessionsAway(f"Redis refuses: {str(error)[:60]}", retry_after_s=5) from error
        except (RedisError, OSError) as error:
            why = type(error).__name__
            raise SessionsAway(
                f"logins cannot be checked, Redis is out of reach: {why}", retry_after_s=2
            ) from error
