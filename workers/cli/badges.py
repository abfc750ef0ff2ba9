"""`wardstream badge import FILE`."""

from pathlib import Path
from typing import Annotated

import typer

from runtime.audit import Act
from runtime.process.user import user_name
from workers.audit.commands import record_command
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json
from workers.operations.badges import import_reads
from workers.operations.times import HELP, parse_time

badge = typer.Typer(add_completion=False, no_args_is_help=True, help="Import reads of badges.")


@badge.callback()
def group() -> None:
    """Keep `import` a command of its own while it is the only one."""


@badge.command(name="import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV or workbook (.xlsx) with a header, YAML or JSON.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the file; write nothing.")
    ] = False,
    recorded_at: Annotated[
        str, typer.Option(help=f"Only for recorded material not processed yet. {HELP}")
    ] = "",
    json: Json = False,
) -> None:
    """Append what readers read to badge-reads.v1: all of a file, or nothing.

    Columns: reader_id, badge_id, read_at, floor_id, and x_m and y_m (with range_m) or zone_id;
    staff_ids for whose badge it is.
    """
    with exit_codes():
        cluster = open_cluster()
        recorded_us = parse_time(recorded_at, cluster.clock.now_us()) if recorded_at else None
        if not dry_run:
            record_command(cluster, Act("badge_reads.imported", file.name))
        found = import_reads(
            file, cluster, by=user_name(), recorded_at_us=recorded_us, dry_run=dry_run
        )
    if json:
        print_json([{"file": file.name, **found._asdict()}])
        return
    typer.echo(f"{file.name}: read as {found.read_as}")
    rest = "" if found.written else ", not written: this is a preview"
    typer.echo(
        f"{file.name}: {found.reads} reads of {found.badges} badges by {found.readers} readers"
        f"{rest}"
    )
