"""The least rights in Redis that each process needs: one user each.

`python -m deploy.redis.acls` writes or grants them, and `docs/reference/redis-users.md` shows them.
A key holds one person or one zone, and a session is a login: a process reaches only the keys that
it works with, by the commands that it uses.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

PREFIX: Final = "wardstream-"
"""Leads the name of every user."""

_VALUES: Final = (
    *("zone:*", "camera:*", "floor:*", "person:*", "alerts:*", "zone-event:*"),
    *("index:*", "changes"),
)
"""Keys of the live state, as `schemas/live.py` names them."""

_CONNECTING: Final = ("auth", "hello", "ping", "select", "client|setname")


@dataclass(frozen=True, kw_only=True)
class RedisUser:
    """What one process does in Redis.

    Attributes:
        process: Its name; the user is `wardstream-<process>`.
        does: What it is for, for the page of users.
        reads: Patterns of keys that it reads only, after the prefix and a colon.
        writes: Patterns of keys that it reads and writes.
        commands: Commands that it uses beyond those of connecting; `command|sub` for a part of one,
            `@category` for all of a category.
        without: Commands and categories to leave out of these.
        again: Commands that come back after that.
    """

    process: str
    does: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    again: tuple[str, ...] = ()

    def rules(self, live_prefix: str) -> Iterator[str]:
        """Rules of `ACL SETUSER`, without the password; they leave nothing of earlier ones.

        Args:
            live_prefix: Leads every key of the run (`Settings.live_prefix`).
        """
        yield "on"
        yield "resetchannels"
        lead = re.sub(r"([*?\[\]\\^])", r"\\\1", live_prefix)
        for pattern in sorted(self.writes):
            yield f"~{lead}:{pattern}"
        for pattern in sorted(self.reads):
            yield f"%R~{lead}:{pattern}"
        yield "-@all"
        for command in (*_CONNECTING, *sorted(self.commands)):
            yield f"+{command}"
        for command in sorted(self.without):
            yield f"-{command}"
        for command in sorted(self.again):
            yield f"+{command}"


USERS: Final = (
    RedisUser(
        process="sink-redis",
        does="Writes the live state.",
        writes=_VALUES,
        commands=(
            "eval",
            "evalsha",
            "script|load",
            "exists",
            "hdel",
            "hmget",
            "hset",
            "pexpire",
            "type",
            "xadd",
            "zadd",
            "zrange",
            "zrem",
        ),
    ),
    RedisUser(
        process="serving",
        does="Reads the live state, follows its changes, and keeps sessions.",
        reads=_VALUES,
        writes=("login:*",),
        commands=(
            "del",
            "discard",
            "exec",
            "hmget",
            "mget",
            "multi",
            "set",
            "xinfo|stream",
            "xrange",
            "xread",
            "zadd",
            "zrange",
            "zrem",
            "zremrangebyscore",
        ),
    ),
    RedisUser(
        process="operator",
        does="Runs commands such as `verify`, `rebuild` and `doctor`: all keys of the run.",
        writes=("*",),
        commands=("@all",),
        without=("@admin", "@dangerous"),
        again=("acl|users", "acl|whoami", "info"),
    ),
)
"""One row for each user."""


def user_of(process: str) -> RedisUser:
    """The row of a process.

    Raises:
        KeyError: There is none of that name.
    """
    return {row.process: row for row in USERS}[process]


def setting(row: RedisUser, live_prefix: str, password: str, prefix: str = PREFIX) -> list[str]:
    """Arguments of `ACL SETUSER` that make a user; Redis gets a digest of the password only.

    Args:
        row: Row of the user.
        live_prefix: Leads every key of the run.
        password: The user's password.
        prefix: Leads the name of the user.
    """
    digest = sha256(password.encode()).hexdigest()
    return [prefix + row.process, "reset", f"#{digest}", *row.rules(live_prefix)]


NOBODY: Final = "user default on nopass resetkeys resetchannels -@all +ping"
"""Line of an ACL file for whoever does not sign in, and may only ask whether Redis lives."""


def acl_file(live_prefix: str, passwords: Mapping[str, str], prefix: str = PREFIX) -> str:
    """Text of an ACL file (`redis-server --aclfile`) with all users that have a password.

    Args:
        live_prefix: Leads every key of the run.
        passwords: Passwords by process.
        prefix: Leads the names of the users.
    """
    lines = [NOBODY]
    for row in USERS:
        if row.process in passwords:
            name, _, *rules = setting(row, live_prefix, passwords[row.process], prefix)
            lines.append(" ".join(["user", name, *rules]))
    return "\n".join(lines) + "\n"
