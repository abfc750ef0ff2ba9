"""`wardstream guard`."""

import typer

from runtime.process.service import run_service
from workers.cli.configuration import read_settings
from workers.guard.process import STAGE, run_guard


def guard() -> None:
    """Compare each camera's view with how it should be: moved, covered, dark, frozen, blurred."""
    raise typer.Exit(run_service(STAGE, run_guard, read_settings()))
