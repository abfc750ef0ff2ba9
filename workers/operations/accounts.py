"""Whether the database and Redis have an account for each process, with exactly its rights."""

import psycopg
import redis

from runtime.errors import Retry, Stop
from runtime.storage import redis_users
from workers.storage.timescale import rights
from workers.storage.timescale.granted import attributes, difference

_TIMEOUT_S = 5.0
_MAKE_ROLES = "run `wardstream db roles`"
_MAKE_USERS = "run `python -m deploy.redis.acls`"


def check_roles(dsn: str, prefix: str = rights.PREFIX) -> str:
    """The database has a role for each process, with exactly its rights, or none at all.

    Args:
        dsn: URL of the database.
        prefix: Leads the names of the roles.

    Raises:
        Retry: The database is out of reach.
        Stop: A role is missing, or what it holds differs from its row.
    """
    try:
        with psycopg.connect(dsn, connect_timeout=int(_TIMEOUT_S)) as connection:
            found = {row.role: attributes(connection, prefix + row.role) for row in rights.ROLES}
            missing = [prefix + role for role, passed in found.items() if passed is None]
            if len(missing) == len(found):
                who = connection.info.user
                return f"none: every process signs in as {who}; `wardstream db roles` makes them"
            if missing:
                raise Stop(f"{', '.join(missing)} missing: {_MAKE_ROLES}")
            for row in rights.ROLES:
                _refuse_difference(connection, row, prefix + row.role)
    except psycopg.Error as error:
        raise Retry("not known while the database does not answer") from error
    return f"{len(found)}, each with exactly its rights"


def _refuse_difference(connection: psycopg.Connection, row: rights.RoleRights, role: str) -> None:
    """Refuse a role that holds more or less than its row says.

    Raises:
        Stop: Says what differs.
    """
    if passed := attributes(connection, role):
        raise Stop(f"{role} {' and '.join(passed)}: take that away")
    found = difference(connection, row, role)
    for verb, grants in (("lacks", found.missing), ("should not have", found.excess)):
        if grants:
            first, *others = sorted(map(str, grants))
            more = f" and {len(others)} more" if others else ""
            raise Stop(f"{role} {verb} {first}{more}: {_MAKE_ROLES}")


def check_users(url: str, prefix: str = redis_users.PREFIX) -> str:
    """Redis has a user for each process, and lets nobody else in, or has one user for all.

    Args:
        url: URL of Redis.
        prefix: Leads the names of the users.

    Raises:
        Retry: Redis is out of reach.
        Stop: A user is missing, or whoever does not sign in may do more than `PING`.
    """
    wanted = [prefix + row.process for row in redis_users.USERS]
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=_TIMEOUT_S) as client:
            there = [_text(name) for name in client.acl_users()]
            missing = [name for name in wanted if name not in there]
            if len(missing) == len(wanted):
                who = _text(client.acl_whoami())
                return f"none: every process signs in as {who}; `deploy.redis.acls` makes them"
    except redis.exceptions.NoPermissionError as error:
        raise Stop("this user may not list users: sign in as the operator") from error
    except redis.RedisError as error:
        raise Retry("not known while Redis does not answer") from error
    if missing:
        raise Stop(f"{', '.join(missing)} missing: {_MAKE_USERS}")
    if _stranger_passes(url):
        raise Stop(
            "whoever does not sign in may read every key: start Redis with the file that "
            "`python -m deploy.redis.acls` prints"
        )
    return f"{len(wanted)}, and nobody else gets in"


def _stranger_passes(url: str) -> bool:
    """Whether Redis answers a client that does not sign in."""
    pool = redis.ConnectionPool.from_url(url, socket_connect_timeout=_TIMEOUT_S)
    pool.connection_kwargs.pop("username", None)
    pool.connection_kwargs.pop("password", None)
    with redis.Redis(connection_pool=pool) as stranger:
        try:
            stranger.exists("wardstream")
        except redis.RedisError:
            return False
        finally:
            pool.disconnect()
    return True


def _text(name: bytes | str) -> str:
    return name if isinstance(name, str) else name.decode()
