"""The page of the users of Redis, from `runtime/storage/redis_users.py`."""

from collections.abc import Iterable

from docs.generate.markdown import code, table
from runtime.storage.redis_users import PREFIX, USERS, RedisUser

INTRODUCTION = """\
# Users in Redis

What each process needs in Redis, from `runtime/storage/redis_users.py`: one user each, with the
keys and commands that it uses. Processes that are not listed have no user: they never connect to
it. A client that does not sign in may send only `PING`.

Passwords lie in one folder, a file `redis-PROCESS` each; Redis gets digests only. Print an ACL file
for `redis-server --aclfile`, or make the users in a running Redis, signed in as its administrator:

```sh
python -m deploy.redis.acls --passwords /run/secrets > users.acl
python -m deploy.redis.acls --passwords /run/secrets --apply
```

A process signs in by `WARDSTREAM_SECURITY__REDIS__USER` and `…__PASSWORD_FILE`. A right that is
missing ends it with one sentence and exit code 78. Redis keeps apart users, not its numbered
databases: wards that share a Redis differ in `WARDSTREAM_REDIS_PREFIX` or in
`WARDSTREAM_TOPIC_PREFIX`, which lead every key below.
"""

FOOT = """\
Besides these, each user may use `AUTH`, `HELLO`, `PING`, `SELECT` and `CLIENT SETNAME`.
"""


def page() -> str:
    """The whole page."""
    columns = ("user", "for", "reads keys", "writes keys", "commands")
    return "\n".join([INTRODUCTION, table(columns, map(_row, USERS)), FOOT])


def _row(row: RedisUser) -> tuple[str, ...]:
    commands = _list(row.commands)
    if row.without:
        commands += f" without {_list(row.without)}, but {_list(row.again)}"
    return (
        code(PREFIX + row.process),
        row.does,
        _list(row.reads),
        _list(row.writes),
        commands,
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(code(name.replace("|", " ")) for name in sorted(names))
