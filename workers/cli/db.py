"""`wardstream db migrate|roles|expire`."""

from pathlib import Path
from typing import Annotated

import typer

from runtime.clock import SystemClock
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json
from workers.operations.experiments.running import expire as expire_experiments
from workers.operations.installation import Installation
from workers.operations.verification.tables import drop_expired
from workers.storage.timescale.migrate import migrate as apply_migrations
from workers.storage.timescale.rights import PREFIX
from workers.storage.timescale.roles import make_roles, read_passwords

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Create, update and clean the database tables."
)


Prefix = Annotated[str, typer.Option(help="Leads the names of the roles.")]


@app.command()
def migrate(
    passwords: Annotated[
        Path | None,
        typer.Option(
            help="Also make the roles, with the passwords of this folder: see `db roles`."
        ),
    ] = None,
    prefix: Prefix = PREFIX,
) -> None:
    """Bring the tables to this release."""
    with exit_codes():
        address = read_settings().database_address
        applied = apply_migrations(address)
    typer.echo("\n".join(applied) if applied else "the database is up to date")
    if passwords is not None:
        _make_roles(address, passwords, prefix)


@app.command()
def roles(
    passwords: Annotated[
        Path | None,
        typer.Option(
            help="Folder with a file database-ROLE for each role that is given a password."
        ),
    ] = None,
    prefix: Prefix = PREFIX,
) -> None:
    """Make a role for each process and for analysts, with the least rights that work.

    Run it as the owner of the tables, after each migration. What a role holds beyond its row is
    taken away; a role without a file keeps its password.
    """
    _make_roles(read_settings().database_address, passwords, prefix)


def _make_roles(address: str, passwords: Path | None, prefix: str) -> None:
    with exit_codes():
        given = {} if passwords is None else read_passwords(passwords)
        made = make_roles(address, given, prefix)
    for one in made:
        new = "made" if one.created else "there"
        password = "its password set" if one.password else "its password left as it was"
        typer.echo(f"{one.role}: {new}, rights granted, {password}")


@app.command()
def expire(as_json: Json = False) -> None:
    """Delete rows older than their table keeps them; the sink does so every hour."""
    with exit_codes():
        settings = read_settings()
        dropped = drop_expired(settings.database_address, SystemClock().now_us())
        experiments = expire_experiments(
            Installation.of(settings, SystemClock()), settings.experiments
        )
    if as_json:
        print_json({"table": table, "chunks": n, "rows": rows} for table, n, rows in dropped)
        print_json({"experiment": one} for one in experiments)
        return
    for table, chunks, rows in dropped:
        typer.echo(f"{table}: {chunks} chunks dropped, {rows} more rows deleted")
    for one in experiments:
        typer.echo(f"experiment {one}: dropped with its files")
