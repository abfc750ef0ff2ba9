"""`wardstream backup take|check|restore`."""

from typing import Annotated

import typer

from runtime.clock import SystemClock
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.installations import open_installation
from workers.cli.output import print_text
from workers.operations.backup import take as backups
from workers.operations.backup.expiring import expire as delete_old
from workers.operations.backup.expiring import folder_of
from workers.operations.backup.restore import restore as restore_backup
from workers.operations.times import HELP, parse_time, show_time

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Take, check and restore backups."
)

Uri = Annotated[str, typer.Argument(metavar="URI", help="Where the backup is: file:// or s3://.")]


@app.command()
def take(
    uri: Annotated[str, typer.Argument(metavar="URI", help="A new place: file:// or s3://.")],
    since: Annotated[str | None, typer.Option(help=f"Leave older rows out: {HELP}")] = None,
    keep_all: Annotated[
        bool, typer.Option("--keep-all", help="Delete no older backup afterwards.")
    ] = False,
) -> None:
    """Copy tables, reference data, audit, checkpoints and schemas; the pipeline may run.

    Topics of frames, detections and derived records are not copied: their rows are. Backups beside
    this one that are older than `backup.keep_days` are deleted once it is whole.
    """
    clock = SystemClock()
    with exit_codes():
        made = backups.take(
            open_installation(clock),
            uri,
            since_us=None if since is None else parse_time(since, clock.now_us()),
            report=print_text,
        )
        print_text(f"backup of {show_time(made.made_us)} is whole: {uri}")
        folder = folder_of(uri)
        if folder is not None and not keep_all:
            days = read_settings().backup.keep_days
            now_us = clock.now_us()
            delete_old(folder, made.topic_prefix, now_us, days, print_text, own=made)


@app.command()
def expire(
    folder: Annotated[str, typer.Argument(metavar="URI", help="Folder in which backups lie.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would go; delete nothing.")
    ] = False,
) -> None:
    """Delete backups of this run older than `backup.keep_days`, but never the newest whole one."""
    clock = SystemClock()
    with exit_codes():
        settings = read_settings()
        gone = delete_old(
            folder.rstrip("/"),
            settings.topic_prefix,
            clock.now_us(),
            settings.backup.keep_days,
            print_text,
            dry_run=dry_run,
        )
    print_text(f"{len(gone)} backups {'would go' if dry_run else 'are gone'}")


@app.command()
def check(uri: Uri) -> None:
    """Read a backup and compare it with what was written."""
    with exit_codes():
        made = backups.check(uri, print_text)
    print_text(f"backup of {show_time(made.made_us)} is what was written")


@app.command()
def restore(
    uri: Uri,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite rows and checkpoints that are there.")
    ] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on although rows will be missing for good.")
    ] = False,
    without_erasures: Annotated[
        bool,
        typer.Option(
            "--without-erasures",
            help="Go on although the list of erasures is missing: who was erased comes back.",
        ),
    ] = False,
    replication: Annotated[int, typer.Option(help="Copies of each partition of new topics.")] = 1,
) -> None:
    """Put back what is missing, and count it again. Stop every process first."""
    with exit_codes():
        made = restore_backup(
            open_installation(),
            uri,
            replace=replace,
            accept_loss=accept_loss,
            accept_no_erasures=without_erasures,
            replication=replication,
            report=print_text,
        )
    print_text(f"everything of the backup of {show_time(made.made_us)} is there")
