"""Logins on this machine, to try them: a Keycloak with one user for each access role.

Passwords, secrets and keys are new with each start. What runs is for trying alone: people are let
in by a provider of their own.
"""

import base64
import secrets
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from deploy.keycloak.realm import MACHINE, Realm, User, new_secret
from deploy.local import keycloak
from deploy.local.guard import Guard
from deploy.local.keeper import Keeper
from deploy.local.ports import claim, free_ports
from deploy.local.process import Process, Program
from deploy.local.state import make_run_dir
from runtime.clock import Clock, SystemClock
from workers.access.rights import AccessRole

READY_S = 240.0
STOP_S = 15.0
_NO_PERSON = frozenset({AccessRole.WALL, AccessRole.BADGE_SYSTEM})
_EARLY_S = 15.0
"""A program asks for its next token so long before the last one ends, s."""


def users_of(unit: str) -> list[User]:
    """One user for each role of people in all units; a coordinator and a wall display of one."""
    everywhere = [role for role in AccessRole if role not in _NO_PERSON]
    return [
        *(User(name=role, roles=[role]) for role in everywhere),
        User(name=f"{unit}-coordinator", roles=[f"{AccessRole.COORDINATOR}:{unit}"]),
        User(name=AccessRole.WALL, roles=[f"{AccessRole.WALL}:{unit}"]),
    ]


class LocalLogins:
    """A provider beside a local pipeline; it ends with the `with` block.

    One that dies is started again on its port, with the same users, keys and logins.

    Args:
        run_dir: Run directory of the pipeline.
        board_port: Port of the board.
        unit: Unit to which some of the users are bound.
        report: Receives each step as a short message.

    Attributes:
        users: Who can log in.
        board_url: Address of the board.
    """

    def __init__(
        self, run_dir: Path, board_port: int, unit: str, report: Callable[[str], None]
    ) -> None:
        self._run_dir = run_dir.resolve()
        self._report = report
        self._guard: Guard | None = None
        self._program: Program | None = None
        self._process: Process | None = None
        self._keeper: Keeper[str] = Keeper(self, report)
        self.users = users_of(unit)
        self.board_url = f"http://127.0.0.1:{board_port}/"
        self._board_secret, self._machine_secret = new_secret(), new_secret()
        self._realm = Realm(
            board_url=self.board_url,
            users=self.users,
            board_secret=self._board_secret,
            machine_secret=self._machine_secret,
        )
        self._port = self._same_port()
        self._installed = Path()

    @property
    def environment(self) -> dict[str, str]:
        """Settings of the board; secrets are in files that only this user reads."""
        return {
            "WARDSTREAM_LOGIN__ISSUER": keycloak.issuer(self._port),
            "WARDSTREAM_LOGIN__PUBLIC_URL": self.board_url,
            "WARDSTREAM_LOGIN__CLIENT_SECRET_FILE": str(self._folder / "client-secret"),
            "WARDSTREAM_LOGIN__SESSION_KEY_FILE": str(self._folder / "session-key"),
        }

    @property
    def auth(self) -> httpx.Auth:
        """What a program of this machine sends to the board, as a viewer."""
        return MachineTokens(keycloak.issuer(self._port), self._machine_secret)

    def install(self) -> Self:
        """Fetch and build the provider, unless it is there.

        Raises:
            InstallError: Java, Maven or the network is missing.
        """
        self._report("preparing Keycloak (fetched once, 177 MB)")
        self._installed = keycloak.install()
        return self

    def wait_ready(self) -> None:
        """Wait until people can log in.

        Raises:
            LaunchError: The provider ended or did not answer in time.
        """
        assert self._process is not None
        self._process.wait_until(lambda: keycloak.answers(self._port), READY_S)

    def lines(self) -> list[str]:
        """One line for each user: its access roles, its name and its password."""
        rows = [(", ".join(user.roles), user.name, user.password) for user in self.users]
        head = ("access roles", "user", "password")
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(3)]
        return [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in [head, *rows]
        ]

    def __enter__(self) -> Self:
        make_run_dir(self._run_dir)
        folder = self._folder
        kept = folder / "port"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        kept.write_text(str(self._port))
        _write(folder / "client-secret", self._board_secret)
        _write(folder / "session-key", base64.b64encode(secrets.token_bytes(32)).decode())
        _write(folder / "users", "\n".join([*self.lines(), ""]))
        self._program = keycloak.server(
            self._installed, folder, self._port, self._realm.representation()
        )
        self._report("starting Keycloak")
        self._guard = Guard()
        self.start_again(self._program.name)
        self._keeper.__enter__()
        return self

    @property
    def failure(self) -> str | None:
        """Why the provider was given up, else None."""
        return self._keeper.failure

    def ended(self) -> list[str]:
        """The provider's name, where it ended by itself."""
        process = self._process
        return [process.program.name] if process and process.exit_status is not None else []

    def start_again(self, _name: str) -> None:
        """Start the provider on its port and data, without waiting for its answer."""
        assert self._program is not None
        assert self._guard is not None
        self._process = Process(self._program, self._run_dir / "logs" / "keycloak.log", self._guard)

    def tail(self, _name: str) -> str:
        """The last lines that it wrote since its latest start."""
        return "" if self._process is None else self._process.tail()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._keeper.__exit__()
            self._process.stop(STOP_S)
        if self._guard is not None:
            self._guard.close()

    @property
    def _folder(self) -> Path:
        return folder_of(self._run_dir)

    def _same_port(self) -> int:
        """The port of the last run if it is free: it is part of every subject's name."""
        kept = self._folder / "port"
        if kept.exists() and kept.read_text().isdigit() and claim(int(kept.read_text())):
            return int(kept.read_text())
        return free_ports(1)[0]


def folder_of(run_dir: Path) -> Path:
    """Folder of a run directory with the provider of logins; `users` in it lists who can."""
    return run_dir / "login"


class MachineTokens(httpx.Auth):
    """Access tokens for a program, by client credentials; asked for again before they end.

    Args:
        issuer: The provider.
        secret: Secret of the client for programs.
        clock: Source of the time.
        client: Id of that client.
    """

    requires_response_body = True

    def __init__(
        self, issuer: str, secret: str, clock: Clock | None = None, client: str = MACHINE
    ) -> None:
        self._url = f"{issuer}/protocol/openid-connect/token"
        self._client_id = client
        self._secret = secret
        self._clock = clock or SystemClock()
        self._token = ""
        self._until_s = 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token to a request."""
        now_s = self._clock.monotonic_s()
        if now_s >= self._until_s:
            answer = yield httpx.Request(
                "POST",
                self._url,
                data={
                    "grant_type": "client_credentials",
                    "client_id": self._client_id,
                    "client_secret": self._secret,
                },
            )
            if answer.is_success:
                tokens = answer.json()
                self._token = tokens["access_token"]
                self._until_s = now_s + max(1.0, float(tokens["expires_in"]) - _EARLY_S)
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
