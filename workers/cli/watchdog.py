"""`wardstream watchdog`."""

import typer

from runtime.process.service import run_service
from runtime.process.settings import Settings
from workers.watchdog.process import STAGE, run_watchdog


def watchdog() -> None:
    """Watch the pipeline from outside: raise an alert when a camera or a process falls silent."""
    raise typer.Exit(run_service(STAGE, run_watchdog, Settings()))
