"""Show rebuilt values in Redis, where the pipeline has said nothing newer."""

from collections.abc import Iterable

import msgspec
import redis

from schemas.live import state_key
from schemas.topics import LIVE_TOPICS
from workers.operations.installation import Installation
from workers.operations.rebuild.records import Newest
from workers.sinks.redis.change import LIVE_KINDS
from workers.sinks.redis.sink import redis_errors

_KINDS = {topic.name: kind for topic in LIVE_TOPICS for kind in LIVE_KINDS if topic.live == kind}

# The pipeline's own value is kept beside it: `verify` compares that, and taking back puts it back.
# The next record of the key replaces both (workers/sinks/redis/replace.lua).
_REVISE = """
local held = redis.call('HMGET', KEYS[1], 'seq', 'json')
if held[1] ~= ARGV[1] then
    return 0
end
redis.call('HSETNX', KEYS[1], 'unrevised', held[2])
redis.call('HSET', KEYS[1], 'json', ARGV[2], 'revision', ARGV[3])
return 1
"""
_TAKE_BACK = """
local held = redis.call('HMGET', KEYS[1], 'revision', 'unrevised')
if not held[1] or tonumber(held[1]) <= tonumber(ARGV[1]) then
    return 0
end
redis.call('HSET', KEYS[1], 'json', held[2])
redis.call('HDEL', KEYS[1], 'revision', 'unrevised')
return 1
"""


def show(installation: Installation, revision: int, newest: Iterable[Newest]) -> int:
    """Replace the values that differ from the rebuilt ones; returns how many.

    Args:
        installation: Where Redis is.
        revision: The revision.
        newest: Rebuilt records, each with the seq of the record that it replaces.

    Raises:
        Retry: Redis is out of reach.
        Stop: Redis refuses.
    """
    shown = 0
    with redis_errors(), _client(installation) as client:
        for one in newest:
            kind = _KINDS.get(one.topic)
            if kind is not None:
                key = state_key(installation.live_prefix, kind, one.key)
                value = msgspec.json.encode(one.record)
                shown += int(client.eval(_REVISE, 1, key, str(one.seq), value, str(revision)))
    return shown


def take_back(installation: Installation, after: int) -> int:
    """Restore the pipeline's values that a revision after `after` replaced; returns how many.

    Raises:
        Retry: Redis is out of reach.
        Stop: Redis refuses.
    """
    shown = 0
    with redis_errors(), _client(installation) as client:
        for kind in LIVE_KINDS:
            for key in client.scan_iter(match=state_key(installation.live_prefix, kind, "*")):
                if client.type(key) == b"hash":
                    shown += int(client.eval(_TAKE_BACK, 1, key, str(after)))
    return shown


def _client(installation: Installation) -> redis.Redis:
    return redis.Redis.from_url(
        installation.redis_url, socket_timeout=10.0, socket_connect_timeout=5.0
    )
