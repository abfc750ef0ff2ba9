"""The users of Redis with passwords, under a prefix of their own; gone after the test."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import redis

from deploy.redis.acls import apply
from runtime.storage.redis_users import USERS


@dataclass(frozen=True)
class RedisAccounts:
    """Users of one Redis.

    Attributes:
        administrator: URL of Redis, for a user who may do everything.
        prefix: Leads the names of the users.
        passwords: Passwords by process.
    """

    administrator: str
    prefix: str
    passwords: dict[str, str]

    def user(self, process: str) -> str:
        """Full name of a user."""
        return self.prefix + process

    def address(self, process: str) -> str:
        """URL of Redis, as the user of a process."""
        parts = urlsplit(self.administrator)
        host = parts.netloc.rpartition("@")[2]
        who = f"{self.user(process)}:{self.passwords[process]}"
        return urlunsplit(parts._replace(netloc=f"{who}@{host}"))

    def environment(self, process: str) -> dict[str, str]:
        """Settings with which a process signs in."""
        return {
            "WARDSTREAM_SECURITY__REDIS__USER": self.user(process),
            "WARDSTREAM_SECURITY__REDIS__PASSWORD": self.passwords[process],
        }


@contextmanager
def redis_accounts(administrator: str, live_prefix: str) -> Iterator[RedisAccounts]:
    """Every user of a run whose keys begin with a prefix, with a planted password."""
    prefix = f"t{secrets.token_hex(4)}-"
    passwords = {row.process: f"planted-redis-secret-of-{row.process}" for row in USERS}
    names = apply(administrator, live_prefix, passwords, prefix)
    try:
        yield RedisAccounts(administrator, prefix, passwords)
    finally:
        with redis.Redis.from_url(administrator) as client:
            client.acl_deluser(*names)
