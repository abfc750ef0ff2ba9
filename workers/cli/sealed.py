"""`wardstream camera address CAMERA`, `wardstream staff name STAFF`: texts that are kept sealed."""

import getpass
import sys
from typing import Annotated, Final, NamedTuple

import typer

from runtime.audit import Act
from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.process.registry import keys_of
from runtime.process.user import user_name
from workers.audit.writer import AuditLog
from workers.cli.configuration import read_settings
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.registry.editing.database import Database
from workers.registry.editing.sealed import ADDRESSES, NAMES, SealedTexts, Table


class SealedCommand(NamedTuple):
    """A command that keeps a sealed text.

    Attributes:
        name: The command.
        table: Where the texts are kept.
        argument: What the argument names.
        summary: What it does.
    """

    name: str
    table: Table
    argument: str
    summary: str


ADDRESS: Final = SealedCommand(
    "address",
    ADDRESSES,
    "Camera id as registered.",
    "Keep the stream address of a camera, sealed; it is read from standard input.",
)
NAME: Final = SealedCommand(
    "name",
    NAMES,
    "Pseudonym of the member of staff.",
    "Keep the name of a member of staff, sealed; it is read from standard input.",
)


def add_command(app: typer.Typer, command: SealedCommand) -> None:
    """Add a command to those of its kind."""

    @app.command(name=command.name, help=command.summary)
    def keep(
        identity: Annotated[str, typer.Argument(help=command.argument)],
        remove: Annotated[bool, typer.Option("--remove", help="Remove it instead.")] = False,
    ) -> None:
        with exit_codes():
            text = "" if remove else _given(command.name)
            _keep(command, identity, text)
        typer.echo(f"{command.name} of {identity} {'removed' if remove else 'kept, sealed'}")


def _given(name: str) -> str:
    """The text on standard input; asked for without showing it where a person types.

    Raises:
        Stop: There is none.
    """
    text = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise Stop(f"no {name} on standard input: pipe it in, or type it; --remove removes it")
    return text.strip()


def _keep(command: SealedCommand, identity: str, text: str) -> None:
    settings, clock = read_settings(), SystemClock()
    sections = {ADDRESSES: settings.registry.address_key, NAMES: settings.registry.name_key}
    user = user_name()
    outcome = "set" if text else "removed"
    act = Act(f"registry.{command.name}_{outcome}", f"{command.table.topic.name}/{identity}")
    with (
        AuditLog(open_cluster(), "command") as audit,
        Database(settings.database_address, "wardstream-command") as database,
    ):
        audit.record_now(act, actor=user)
        texts = SealedTexts(database, command.table, keys_of(sections[command.table]))
        texts.put(identity, text, by=user, now_us=clock.now_us())
