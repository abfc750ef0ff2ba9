"""One Keycloak for all pytest workers of a run: the first test that needs it starts it.

It runs in a process of its own that ends with the run. Each test takes a gate to it: the address
of the gate is part of the issuer's name, so that a test may shut its gate, and the provider is
away for its board alone.
"""

import fcntl
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

from deploy.keycloak.realm import Realm, User, new_secret
from tests.support.waiting import eventually
from workers.local.logins import users_of

READY_S = 240.0
ANYWHERE = "http://127.0.0.1:1/"
"""Address of a board in the realm as it is imported; tests add clients of their own."""

UNIT = "east"
USERS = {user.name: user.roles for user in users_of(UNIT)}
"""Access roles of each user."""


@dataclass(frozen=True)
class Provider:
    """How to reach the Keycloak of a run, and what it takes.

    Attributes:
        passwords: Password of each user.
        board_secret: Secret of the client for boards.
        machine_secret: Secret of the client for programs.
        administration: Secret of the client that may change the realm.
        port: Port of the server.
        process: Id of the process that holds it.
    """

    passwords: dict[str, str] = field(default_factory=dict)
    board_secret: str = field(default_factory=new_secret)
    machine_secret: str = field(default_factory=new_secret)
    administration: str = field(default_factory=new_secret)
    port: int = 0
    process: int = 0

    @classmethod
    def new(cls) -> Self:
        """One with new passwords, which runs nowhere yet."""
        return cls(passwords={name: new_secret() for name in USERS})

    def at_port(self, port: int) -> Self:
        """The same, which runs."""
        return replace(self, port=port, process=os.getpid())

    def write(self, folder: Path) -> None:
        """Write it for the other workers, in one step."""
        temporary = folder / ".provider.json"
        temporary.write_text(json.dumps(asdict(self)))
        temporary.rename(_file(folder))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The one that runs; None while there is none."""
        with suppress(FileNotFoundError):
            return cls(**json.loads(_file(folder).read_text()))
        return None


def realm_of(provider: Provider) -> Realm:
    """The realm of the tests."""
    return Realm(
        board_url=ANYWHERE,
        users=[
            User(name=name, roles=roles, password=provider.passwords[name])
            for name, roles in USERS.items()
        ],
        board_secret=provider.board_secret,
        machine_secret=provider.machine_secret,
        administration=provider.administration,
        device_poll_s=1,
    )


def provider_of(folder: Path, run: int) -> Provider:
    """The Keycloak of this run, started unless another worker has done so.

    Args:
        folder: Folder that all workers of the run share.
        run: Process with which it ends.
    """
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the others wait until it is ready
        if (found := Provider.read(folder)) is not None:
            return found
        log = folder / "holder.log"
        with log.open("wb") as output:
            holder = subprocess.Popen(
                [sys.executable, "-m", f"{__name__}_program", str(folder), str(run)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def ready() -> Provider | None:
            assert holder.poll() is None, f"Keycloak did not start:\n{log.read_text()}"
            return Provider.read(folder)

        found = eventually(ready, READY_S, "Keycloak starts")
        assert found is not None
        return found


def _file(folder: Path) -> Path:
    return folder / "provider.json"
