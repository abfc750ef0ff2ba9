"""Write every secret that docker-compose.yml mounts: `make secrets`.

Each is a random password in a file of its own; what is there already stays as it is, because the
services remember it. Only their owner may open the folder. The files themselves can be read by
every user of the container into which Compose mounts them, which is one of another number.
"""

import argparse
import base64
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from deploy.redis.acls import read_passwords
from runtime.process.settings import Settings
from runtime.storage.accounts import DATABASE_ROLES
from runtime.storage.redis_users import USERS, acl_file

FOLDER: Final = Path("secrets")

PASSWORDS: Final = (
    "database",
    "database-registry",
    "grafana",
    "login-client-secret",
    "session-key",
    "address-key",
    "name-key",
    "vault-key",
    *(f"database-{role}" for role in DATABASE_ROLES),
    *(f"redis-{row.process}" for row in USERS),
)
"""Files that hold a password each, or a key of 32 bytes where the name ends in `-key`."""


def _new(name: str) -> str:
    """A random password, or a random key as base64."""
    if name.endswith("-key"):
        return base64.b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_urlsafe(24)


def _registry(folder: Path) -> str:
    return f"apicurio.datasource.password={(folder / 'database-registry').read_text().strip()}\n"


def _redis_users(folder: Path) -> str:
    default = Settings.model_fields["redis_prefix"].default
    return acl_file(str(default), read_passwords(folder))


DERIVED: Final[dict[str, Callable[[Path], str]]] = {
    "registry.properties": _registry,
    "redis-users": _redis_users,
}
"""Files that follow from those of passwords: written again each time."""


def write(folder: Path) -> list[str]:
    """Write what is missing, and what follows from it; returns the names of new passwords."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = []
    for name in PASSWORDS:
        path = folder / name
        if not path.exists():
            path.write_text(_new(name) + "\n")
            made.append(name)
    for name, text in DERIVED.items():
        (folder / name).write_text(text(folder))
    for name in (*PASSWORDS, *DERIVED):
        (folder / name).chmod(0o644)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.secrets", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="Default: secrets.")
    given = parser.parse_args(arguments)
    made = write(given.folder)
    print(f"{given.folder}: {len(made)} new passwords, {len(PASSWORDS) - len(made)} kept")
    return 0


if __name__ == "__main__":
    sys.exit(main())
