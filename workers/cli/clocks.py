"""`wardstream clocks`."""

import typer

from runtime.process.service import run_service
from workers.cli.configuration import read_settings
from workers.clocks.process import STAGE, run_clocks


def clocks() -> None:
    """Follow each camera's clock, and decide how the floor dates its pictures."""
    raise typer.Exit(run_service(STAGE, run_clocks, read_settings()))
