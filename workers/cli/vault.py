"""`wardstream vault …`: the vault of employee and badge numbers, and the erasure of people.

A number is read from standard input, never from the command line, which others can see.
"""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from runtime.audit import Act
from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.kafka.cluster import Cluster
from runtime.process.registry import keys_of
from runtime.process.settings import Settings
from runtime.process.user import user_name
from workers.audit.writer import AuditLog
from workers.cli.configuration import read_settings
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.registry.editing.database import Database
from workers.registry.editing.desk import EditingDesk
from workers.registry.editing.wanted import Origin
from workers.registry.vault.adopting import adopt as adopt_file
from workers.registry.vault.erasing import Eraser, NobodyKnown
from workers.registry.vault.erasures import SETTING as LIST
from workers.registry.vault.erasures import erasure_list
from workers.registry.vault.external import External, Kind, external_text
from workers.registry.vault.rotation import Rotation
from workers.registry.vault.vault import Vault

app: Final = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Employee and badge numbers, and the pseudonyms that stand for them.",
)

Reason = Annotated[str, typer.Option(help="Why; it is kept in the audit.")]


class Opened(NamedTuple):
    """The vault, as a command has it.

    Attributes:
        settings: Every setting.
        cluster: Where the topics are.
        database: Where the vault is.
        vault: The vault.
        audit: Where each act is recorded before it is done.
    """

    settings: Settings
    cluster: Cluster
    database: Database
    vault: Vault
    audit: AuditLog

    def record(self, action: str, subject: str, reason: str, detail: str = "") -> None:
        """Record an act of this user.

        Raises:
            Retry: The audit cannot be written.
        """
        self.audit.record_now(Act(action, subject, detail), actor=user_name(), why=reason)


@contextmanager
def opened_vault() -> Iterator[Opened]:
    """The vault of the installation that the settings name.

    Raises:
        Stop: The brokers refuse this user.
        typer.Exit: A setting cannot be used.
    """
    settings, cluster = read_settings(), open_cluster()
    with (
        AuditLog(cluster, "command") as audit,
        Database(settings.vault_address, "wardstream-vault") as database,
    ):
        vault = Vault(database, keys_of(settings.vault.key))
        yield Opened(settings, cluster, database, vault, audit)


@app.command()
def find(
    kind: Annotated[Kind, typer.Argument(help="Whose number it is.")],
    reason: Reason,
) -> None:
    """Print the pseudonym of a number; the number is read from standard input."""
    with exit_codes():
        external = External(kind, given_number())
        with opened_vault() as opened:
            found = opened.vault.find([external]).get(external)
            subject = f"{kind.topic.name}/{found or 'nobody'}"
            opened.record("vault.found", subject, stated(reason))
        if found is None:
            raise Stop(f"the vault has no pseudonym for this number of {kind}")
    typer.echo(found)


@app.command(name="open")
def open_(pseudonym: Annotated[str, typer.Argument(help="The pseudonym.")], reason: Reason) -> None:
    """Print the number that a pseudonym stands for."""
    with exit_codes():
        with opened_vault() as opened:
            opened.record("vault.opened", f"vault/{pseudonym[:100]}", stated(reason))
            entry = opened.vault.open(pseudonym)
        if entry is None:
            raise Stop("the vault does not have this pseudonym: it was not given here, or erased")
    typer.echo(entry.external.text)


@app.command()
def adopt(
    file: Annotated[
        Path, typer.Argument(help="CSV or workbook with the columns kind, number and pseudonym.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file; write nothing.")
    ] = False,
) -> None:
    """Take pseudonyms into the vault that somebody else gave before.

    For an installation that imported pseudonyms and is to import numbers from now on. Columns: kind
    (staff or badge), number, pseudonym.
    """
    with exit_codes(), opened_vault() as opened:
        now_us = opened.cluster.clock.now_us()

        def record(count: int) -> None:
            opened.record("vault.adopted", "vault", file.name, f"{count} pseudonyms")

        number = adopt_file(file, opened.vault, now_us, None if dry_run else record)
    rest = ", not written: this is a preview" if dry_run else ""
    typer.echo(f"{file.name}: {number} pseudonyms taken into the vault{rest}")


@app.command()
def rotate() -> None:
    """Hash and seal every entry again under the first key, then retire the older ones.

    Give WARDSTREAM_VAULT__KEY the new key first and the old one after it, restart the board with
    both, run this, then take the old key away everywhere. It may be ended at any time: the same
    command goes on.
    """
    with exit_codes(), opened_vault() as opened:
        clock, rotation = SystemClock(), Rotation(opened.database, opened.vault)
        opened.record("vault.rotated", "vault", "", f"to key {opened.vault.first.id.hex()}")
        started = rotation.start(clock.now_us())
        done, left = 0, rotation.left()
        typer.echo(f"{'new key' if started else 'the same key as before'}: {left} entries to go")
        while not rotation.end(clock.now_us()):
            done += rotation.step()
            typer.echo(f"{done} of {left} entries are under the new key")
    typer.echo("done: older keys are retired, and open nothing; take them out of the setting")


@app.command(name="start-list")
def start_list() -> None:
    """Make the list of erasures, where WARDSTREAM_VAULT__ERASURES says, unless there is one.

    Do this once. A list that was lost is put back, and not made anew: it would know nobody.
    """
    with exit_codes():
        erasures = erasure_list(read_settings().vault.erasures)
        if erasures is None:
            raise Stop(f"no list of erasures is set: name a file ({LIST})")
        there = erasures.is_there
        erasures.create()
        number = len(erasures.read().erased)
    typer.echo(f"{erasures}: {'there already' if there else 'made'}, {number} pseudonyms erased")


@app.command()
def erase(
    staff_id: Annotated[str, typer.Argument(help="Pseudonym of the member of staff.")],
    reason: Reason,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would go; destroy nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person for good: number, name, badges, and shifts that have not ended.

    What was stays, under a pseudonym that nobody can open. Nothing brings the person back.
    """
    with exit_codes(), opened_vault() as opened, opened_eraser(opened) as (eraser, desk):
        origin = Origin(author=user_name(), via="command", note=stated(reason))
        desk.registered()
        try:
            found = eraser.erase(staff_id, origin, dry_run=True)
            goes = f"{len(found.badges)} badges, {len(found.shifts)} shifts to come"
            if dry_run:
                typer.echo(f"{staff_id}: would go with {goes}; nothing was destroyed")
                return
            if not yes and not typer.confirm(f"Erase {staff_id} with {goes}, for good?"):
                raise typer.Exit(1)
            found = eraser.erase(staff_id, origin)
        except NobodyKnown as error:
            raise Stop(str(error)) from error
        _append(desk, found.edit_id)
    typer.echo(f"{staff_id}: erased, with {goes}")


@app.command()
def complete() -> None:
    """Erase everybody of the list who is there: after a crash, or a restore by other means."""
    with exit_codes(), opened_vault() as opened, opened_eraser(opened) as (eraser, desk):
        desk.registered()
        number, edit_id = eraser.complete(user_name())
        _append(desk, edit_id)
    rest = "nothing of them was registered" if edit_id is None else f"taken out by edit {edit_id}"
    typer.echo(f"{number} pseudonyms of the list stand for nobody; {rest}")


@contextmanager
def opened_eraser(opened: Opened) -> Iterator[tuple[Eraser, EditingDesk]]:
    """What erases people, and the desk whose edits it makes."""
    address, cluster = opened.settings.database_address, opened.cluster
    erasures = erasure_list(opened.settings.vault.erasures)
    with EditingDesk(cluster, address, recorder=opened.audit) as desk:
        yield Eraser(desk.store, opened.vault, erasures, opened.audit, cluster.clock), desk


def _append(desk: EditingDesk, edit_id: int | None) -> None:
    """Wait until the topics have an edit, or what a command that was killed left to append.

    Raises:
        Retry: They do not have it in time.
    """
    desk.append(edit_id or desk.store.newest_edit())


def given_number() -> str:
    """The number on standard input; asked for without showing it where a person types.

    Raises:
        Stop: There is none.
    """
    text = getpass.getpass("number: ") if sys.stdin.isatty() else sys.stdin.readline()
    try:
        return external_text(text)
    except ValueError:
        raise Stop("no number on standard input: pipe it in, or type it") from None


def stated(reason: str) -> str:
    """A reason that says something.

    Raises:
        Stop: It is empty.
    """
    if not reason.strip():
        raise Stop("--reason is empty: say why; it is kept in the audit")
    return reason.strip()
