"""`wardstream badge import FILE` and `wardstream badge simulate`."""

import math
from pathlib import Path
from typing import Annotated, Final

import typer

from runtime.audit import Act
from runtime.clock import Clock
from runtime.errors import Stop
from runtime.process.user import user_name
from schemas.topics import BADGE_READS
from workers.audit.commands import record_command
from workers.cli.configuration import read_settings
from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json
from workers.operations.badges import import_reads
from workers.operations.simulated_reads import Badges, SimulatedReads
from workers.operations.times import HELP, parse_time
from workers.registry.editing.database import Database
from workers.registry.vault.door import doors_of

_REPORT_S: Final = 1.0

badge = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Import reads of badges, or make some up."
)


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
        settings = read_settings()
        with Database(settings.vault_address, "wardstream-vault") as database:
            found = import_reads(
                file,
                cluster,
                by=user_name(),
                recorded_at_us=recorded_us,
                dry_run=dry_run,
                doors=doors_of(settings.vault, database, cluster.clock),
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


@badge.command()
def simulate(
    floor: Annotated[
        list[str] | None, typer.Option(help="Floor; repeat for more. All when left out.")
    ] = None,
    coverage: Annotated[
        float, typer.Option(min=0, max=1, help="Share of people who carry a badge.")
    ] = 0.8,
    missed: Annotated[
        float, typer.Option(min=0, max=1, help="Share of reads that readers miss.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(help="Another one gives other people other badges.")] = 1,
    seconds: Annotated[
        float | None, typer.Option(help="End after this many seconds; else with Ctrl-C.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask whether this run may hold made-up reads.")
    ] = False,
) -> None:
    """Make up reads of badges for the people whom a running pipeline sees: for a demo or a test.

    Readers stand in the middle of zones; people carry badges of the registered staff by chance.
    Reads, readers and badges are called simulated, but count as evidence like any others.
    """
    with exit_codes():
        cluster = open_cluster()
        made_up = SimulatedReads(
            cluster, floor or (), Badges(seed=seed, coverage=coverage, missed=missed)
        )
        floors = sorted({one.floor_id for one in made_up.ward.readers})
        if not floors:
            raise Stop("no zone is registered there, so there is no place for a reader")
        question = f"Add made-up reads to {cluster.name(BADGE_READS)}? They stay, and name people."
        if not yes and not typer.confirm(question):
            raise typer.Exit(1)
        detail = f"seed {seed}, coverage {coverage:g}"
        record_command(cluster, Act("badge_reads.simulated", ", ".join(floors)[:300], detail))
        readers = len(made_up.ward.readers)
        typer.echo(f"simulated: {readers} readers on {', '.join(floors)}; Ctrl-C ends")
        _follow(made_up, cluster.clock, seconds)


def _follow(made_up: SimulatedReads, clock: Clock, seconds: float | None) -> None:
    """Say each second what was made up, until the time is over or somebody ends it."""
    ends_s = math.inf if seconds is None else clock.monotonic_s() + seconds
    shown, complained = 0, ""
    made_up.start()
    try:
        while clock.monotonic_s() < ends_s:
            clock.sleep(_REPORT_S)
            if made_up.sent > shown:
                latest = ", ".join(sorted({one["badge_id"] for one in made_up.latest}))
                typer.echo(f"simulated: {made_up.sent} reads; latest of {latest}")
                shown = made_up.sent
            if made_up.error != complained:
                complained = made_up.error
                typer.echo(f"simulated: {complained or 'goes on'}", err=True)
    except KeyboardInterrupt:
        pass
    finally:
        made_up.close()
    typer.echo(f"simulated: {made_up.sent} reads were sent")
    if made_up.old and not made_up.sent:
        typer.echo(
            "simulated: presence is older than the clock: reads count only while people are live",
            err=True,
        )
