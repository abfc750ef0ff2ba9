"""Make the users of Redis, one for each process: `python -m deploy.redis.acls`.

The rights are listed in `runtime/storage/redis_users.py`. Without `--apply` the lines of an ACL
file (`redis-server --aclfile`) are printed; making the users again changes nothing.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import redis

from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from runtime.process.load import load_settings
from runtime.storage.redis_users import PREFIX, USERS, acl_file, setting

_ANSWER_S = 10.0


def read_passwords(folder: Path) -> dict[str, str]:
    """Passwords by process, of the files `redis-<process>` in a folder.

    Raises:
        Stop: A user's file is missing or cannot be read.
    """
    found: dict[str, str] = {}
    for row in USERS:
        path = folder / f"redis-{row.process}"
        try:
            found[row.process] = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Stop(f"{path} cannot be read: {error}") from error
        if not found[row.process]:
            raise Stop(f"{path} is empty: write the password of the user into it")
    return found


def apply(
    url: str, live_prefix: str, passwords: Mapping[str, str], prefix: str = PREFIX
) -> list[str]:
    """Make the users in a running Redis, which forgets them at a restart without an ACL file.

    Args:
        url: Address of Redis, for a user who may administer it.
        live_prefix: Leads every key of the run.
        passwords: Passwords by process.
        prefix: Leads the names of the users.

    Returns:
        The names of the users.

    Raises:
        Retry: Redis is out of reach.
        Stop: Redis refuses.
    """
    names = []
    try:
        with redis.Redis.from_url(url, socket_timeout=_ANSWER_S) as client:
            for row in USERS:
                arguments = setting(row, live_prefix, passwords[row.process], prefix)
                client.execute_command("ACL SETUSER", *arguments)
                names.append(arguments[0])
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise Retry(f"Redis is out of reach: {error}") from error
    except redis.RedisError as error:
        raise Stop(f"Redis refuses: {error}") from error
    return names


def main(arguments: Sequence[str] | None = None) -> int:
    """Print or make the users; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.redis.acls", description=__doc__)
    parser.add_argument(
        "--passwords",
        type=Path,
        required=True,
        help="Folder with a file redis-PROCESS for each user.",
    )
    parser.add_argument("--prefix", default=PREFIX, help="Leads the names of the users.")
    parser.add_argument("--apply", action="store_true", help="Make them in the running Redis.")
    given = parser.parse_args(arguments)
    try:
        settings = load_settings()
        passwords = read_passwords(given.passwords)
        if not given.apply:
            print(acl_file(settings.live_prefix, passwords, given.prefix), end="")
            return 0
        names = apply(settings.redis_address, settings.live_prefix, passwords, given.prefix)
    except (Retry, Stop) as error:
        print(error, file=sys.stderr)
        return EXIT_REPLAY if isinstance(error, Retry) else EXIT_STOP
    print(f"{len(names)} users made: {', '.join(names)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
