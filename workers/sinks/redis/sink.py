"""The Redis sink: the current value of every zone, camera, floor and person, and what changes.

The layout is in `schemas/live.py`. Redis holds only copies: after it lost its memory, the
next record of each key fills it again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry as RedisRetry

from runtime.clock import Clock
from runtime.errors import Retry, Stop
from runtime.process.metrics import SINK_DUPLICATES, SINK_MISSING, SINK_ROWS, SINK_WRITE_SECONDS
from runtime.process.sections import SinkSettings
from schemas.live import index_key, state_key
from workers.sinks.redis.change import LIVE_KINDS, Change, arguments, change, newest
from workers.storage.item import Item, conflict, renumbered

log = structlog.get_logger(__name__)

_NOT_NEWER = -1
_CONFLICT = -2
_RENUMBERED = -3
"""Answer, less the shown seq, when the seqs of a key started again below that seq."""

_SWEEP_EVERY_S = 10.0

_OUT_OF_REACH = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.exceptions.ClusterDownError,
    redis.exceptions.TryAgainError,
)

_PASSES = {
    "OOM": "Redis is full: raise its maxmemory",
    "READONLY": "Redis is a read-only replica: give WARDSTREAM_REDIS_URL the primary",
    "MISCONF": "Redis cannot save and takes nothing more: check its disk",
    "NOREPLICAS": "Redis has too few replicas to take anything",
    "BUSY ": "Redis is busy with somebody's script",
}
"""Meaning of a Redis error that passes, by its first word: the work succeeds later."""

_TYPED_PASSES: dict[type[redis.RedisError], str] = {
    redis.exceptions.OutOfMemoryError: "OOM",
    redis.exceptions.ReadOnlyError: "READONLY",
}
"""First word of errors whose text the client cuts."""

_HOLDS = ("hash", "zset", "stream")
"""Types of `KEYS` of the script: value, index, changes; then value and index of each satellite."""


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turn the client's errors into those that carry a policy.

    Raises:
        Retry: Redis is out of reach, starting, read-only, full, or cannot save.
        Stop: Redis refuses what it is asked: a key holds something else, or rights are missing.
    """
    try:
        yield
    except redis.AuthenticationError as error:
        raise Stop(f"Redis does not let this process in: {error}") from error
    except _OUT_OF_REACH as error:
        raise Retry(f"Redis is out of reach: {error}") from error
    except redis.RedisError as error:
        word = _TYPED_PASSES.get(type(error), str(error))
        for start, meaning in _PASSES.items():
            if word.startswith(start):
                raise Retry(f"{meaning}: {error}") from error
        raise Stop(f"Redis refuses: {error}") from error


class RedisSink:
    """Keeps the live state.

    Args:
        url: URL of Redis.
        prefix: Prefix of every key.
        settings: Lifetime of values.
        clock: Clock for `written_us`.
    """

    name = "redis"

    def __init__(self, url: str, prefix: str, settings: SinkSettings, clock: Clock) -> None:
        self._clock = clock
        self._prefix = prefix
        self._expiry_ms = round(settings.live_expiry_s * 1000)
        self._person_expiry_ms = round(settings.live_person_expiry_s * 1000)
        self._length = settings.changes_length
        self._swept_s = clock.monotonic_s()
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=5.0,
            socket_connect_timeout=2.0,
            retry=RedisRetry(NoBackoff(), 0),
        )
        folder = files("workers.sinks.redis")
        self._replace = (folder / "replace.lua").read_text()
        self._sweep = (folder / "sweep.lua").read_text()
        self._replace_sha = ""

    def prepare(self) -> None:
        """Load the script into Redis.

        Raises:
            Retry: Redis is out of reach.
            Stop: It refuses.
        """
        with redis_errors():
            self._replace_sha = str(self._client.script_load(self._replace))

    def write(self, items: Sequence[Item]) -> None:
        """Replace what is older, in one round trip.

        Raises:
            Retry: Redis is out of reach; a part may have been written.
            Stop: A seq came again with other bytes, or the seqs of a key started again.
        """
        started_s = self._clock.monotonic_s()
        changes = [change(shown, self._prefix) for shown in newest(items)]
        with redis_errors():
            results = self._send(changes)
        written: Counter[str] = Counter()
        for sent, result in zip(changes, results, strict=True):
            item = sent.shown.item
            topic = item.topic.name
            if result == _CONFLICT:
                raise conflict(item)
            if result <= _RENUMBERED:
                raise renumbered(item, _RENUMBERED - result)
            if result == _NOT_NEWER:
                SINK_DUPLICATES.labels(self.name, topic).inc()
                continue
            written[topic] += 1
            if result > 0:
                SINK_MISSING.labels(self.name, topic).inc(result)
                log.warning("sink.seqs_missing", topic=topic, key=item.key, count=result)
        for topic, count in written.items():
            SINK_ROWS.labels(self.name, topic).inc(count)
        SINK_WRITE_SECONDS.labels(self.name).observe(self._clock.monotonic_s() - started_s)

    def _send(self, changes: Sequence[Change]) -> list[int]:
        """Call the script for every change; a restarted Redis gets it loaded again."""
        if not self._replace_sha:
            self._replace_sha = str(self._client.script_load(self._replace))
        try:
            return self._pipeline(changes)
        except redis.exceptions.NoScriptError:
            self._replace_sha = str(self._client.script_load(self._replace))
            return self._pipeline(changes)

    def _pipeline(self, changes: Sequence[Change]) -> list[int]:
        written_us = self._clock.now_us()
        pipeline = self._client.pipeline(transaction=False)
        for sent in changes:
            pipeline.evalsha(
                self._replace_sha,
                len(sent.keys),
                *sent.keys,
                *arguments(
                    sent,
                    written_us=written_us,
                    expiry_ms=self._expiry_ms,
                    person_expiry_ms=self._person_expiry_ms,
                    length=self._length,
                ),
            )
        results = pipeline.execute(raise_on_error=False)
        for sent, result in zip(changes, results, strict=True):
            if isinstance(result, redis.RedisError):
                self._name_wrong_type(sent, result)
                raise result
        return [int(result) for result in results]

    def _name_wrong_type(self, sent: Change, error: redis.RedisError) -> None:
        """Raise the error that names the key of the wrong type, which Redis does not.

        Raises:
            Stop: A key of this change has the wrong type.
        """
        if not str(error).startswith("WRONGTYPE"):
            return
        for number, key in enumerate(sent.keys):
            wanted = _HOLDS[number] if number < len(_HOLDS) else _HOLDS[(number + 1) % 2]
            found = _text(self._client.type(key))
            if found not in {wanted, "none"}:
                raise Stop(
                    f"Redis: {key} is a {found}, where Wardstream keeps a {wanted}: something else "
                    "writes under this prefix; delete the key, or set WARDSTREAM_REDIS_PREFIX"
                ) from error

    def housekeep(self) -> None:
        """Now and then, forget ids whose value has expired.

        Raises:
            Retry: Redis is out of reach.
        """
        now_s = self._clock.monotonic_s()
        if now_s - self._swept_s < _SWEEP_EVERY_S:
            return
        self._swept_s = now_s
        with redis_errors():
            for kind in LIVE_KINDS:
                self._client.eval(
                    self._sweep,
                    1,
                    index_key(self._prefix, kind),
                    state_key(self._prefix, kind, ""),
                )

    def close(self) -> None:
        """Disconnect from Redis."""
        self._client.close()


def _text(answer: bytes | str) -> str:
    return answer if isinstance(answer, str) else answer.decode()
