"""Read the live state from Redis; see `schemas/live.py` for its layout."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Generic, NamedTuple, TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry as RedisRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from runtime.errors import Retry
from runtime.storage.breaker import BreakerPolicy, Guard
from schemas.live import LiveKind, index_key, state_key

log = structlog.get_logger(__name__)

BREAKER: Final = BreakerPolicy(failures=2, first_pause_s=0.25, max_pause_s=1.0)
"""A board must show that the store is back within a second or two."""

_RETRY_AFTER_S: Final = 2.0

_CONNECTIONS: Final = 50
"""Connections to Redis at most; event streams share one."""

Record = TypeVar("Record", bound=BaseModel)


def connect(url: str, *, answer_within_s: float) -> Redis:
    """A client that raises at once when Redis is away, and never retries by itself.

    Commands beyond its connections wait for one: many requests at once are no fault of Redis.

    Args:
        url: URL of Redis.
        answer_within_s: Time limit of a command, seconds; and of the wait for a connection.
    """
    pool: BlockingConnectionPool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=answer_within_s,
        socket_connect_timeout=min(1.0, answer_within_s),
        socket_timeout=answer_within_s,
        retry=RedisRetry(NoBackoff(), 0),
        protocol=2,  # the same form of answers, whatever the client's default becomes
    )
    return Redis.from_pool(pool)


def out_of_reach(exc: Exception) -> Retry:
    """The error to raise when Redis does not answer; never shows its URL, which holds a secret."""
    why = type(exc).__name__
    return Retry(f"the live state (Redis) is out of reach: {why}", retry_after_s=_RETRY_AFTER_S)


def _is_of_one_key(error: RedisError) -> bool:
    """Whether the error is about one key of the wrong type, so that others can still be shown."""
    return str(error).startswith("WRONGTYPE")


class Live(NamedTuple, Generic[Record]):
    """One value of the live state.

    Attributes:
        record: The value.
        written_us: Wall clock of the sink at the write, UTC microseconds.
    """

    record: Record
    written_us: int


class LiveState:
    """Current values by kind and id.

    Args:
        client: Connection to Redis.
        prefix: Prefix of every key.
        guard: Circuit breaker, probed by the change feed; while it is open, no request waits.
    """

    def __init__(self, client: Redis, prefix: str, guard: Guard) -> None:
        self._client = client
        self._prefix = prefix
        self._guard = guard

    @property
    def away_since_us(self) -> int | None:
        """Time when the breaker opened, UTC microseconds; None while it is closed."""
        return self._guard.since_us

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Guard a request to Redis with the breaker.

        Raises:
            Retry: Redis is out of reach, or the breaker is open.
        """
        if self._guard.is_open:
            raise Retry(
                "the live state (Redis) is out of reach: it did not answer before",
                retry_after_s=_RETRY_AFTER_S,
            )
        try:
            with self._guard.trying((RedisError, OSError)):
                yield
        except (RedisError, OSError) as error:
            raise out_of_reach(error) from error

    async def all(self, kind: LiveKind, model: type[Record]) -> dict[str, Live[Record]]:
        """Every current value of a kind, by id in sorted order; expired ones are left out.

        Raises:
            Retry: Redis is out of reach.
        """
        with self._asking():
            members: list[Any] = await self._client.zrange(index_key(self._prefix, kind), 0, -1)
        return await self.some(kind, sorted(member.decode() for member in members), model)

    async def some(
        self, kind: LiveKind, identities: Sequence[str], model: type[Record]
    ) -> dict[str, Live[Record]]:
        """Current values of these ids, in one round trip; missing ones are left out.

        Raises:
            Retry: Redis is out of reach.
        """
        if not identities:
            return {}
        with self._asking():
            async with self._client.pipeline(transaction=False) as pipe:
                for identity in identities:
                    pipe.hmget(state_key(self._prefix, kind, identity), ["json", "written_us"])
                answers = await pipe.execute(raise_on_error=False)
            for answer in answers:
                if isinstance(answer, RedisError) and not _is_of_one_key(answer):
                    raise answer
        found: dict[str, Live[Record]] = {}
        for identity, answer in zip(identities, answers, strict=True):
            if isinstance(answer, RedisError):
                log.warning("serving.unreadable_value", kind=kind, id=identity, error=str(answer))
                continue
            text, written_us = answer
            if text is None:
                continue
            try:
                found[identity] = Live(model.model_validate_json(text), int(written_us or 0))
            except (ValidationError, ValueError) as error:
                log.warning("serving.unreadable_value", kind=kind, id=identity, error=str(error))
        return found

    async def one(self, kind: LiveKind, identity: str, model: type[Record]) -> Live[Record] | None:
        """The current value of one id, or None.

        Raises:
            Retry: Redis is out of reach.
        """
        return (await self.some(kind, [identity], model)).get(identity)
