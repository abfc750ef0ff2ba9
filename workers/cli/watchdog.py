"""`wardstream watchdog`."""

import typer

from runtime.process.service import run_service
from workers.cli.configuration import read_settings
from workers.watchdog.process import STAGE, run_watchdog


def watchdog() -> None:
    """Watch the pipeline from outside: raise an alert when a camera or a process falls silent."""
    raise typer.Exit(run_service(STAGE, run_watchdog, read_settings()))
