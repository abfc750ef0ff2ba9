"""`wardstream db migrate|expire`."""

import typer

from runtime.clock import SystemClock
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json
from workers.operations.verification.tables import drop_expired
from workers.storage.timescale.migrate import migrate as apply_migrations

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Create, update and clean the database tables."
)


@app.command()
def migrate() -> None:
    """Bring the tables to this release."""
    with exit_codes():
        applied = apply_migrations(read_settings().database_address)
    typer.echo("\n".join(applied) if applied else "the database is up to date")


@app.command()
def expire(as_json: Json = False) -> None:
    """Delete rows older than their table keeps them; the sink does so every hour."""
    with exit_codes():
        dropped = drop_expired(read_settings().database_address, SystemClock().now_us())
    if as_json:
        print_json({"table": table, "chunks": n, "rows": rows} for table, n, rows in dropped)
        return
    for table, chunks, rows in dropped:
        typer.echo(f"{table}: {chunks} chunks dropped, {rows} more rows deleted")
