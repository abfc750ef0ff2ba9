"""`wardstream relay`."""

import typer

from runtime.process.service import run_service
from workers.cli.configuration import read_settings
from workers.registry.editing.process import STAGE, run_relay


def relay() -> None:
    """Append edits of the registry to the topics; one works, and others stand by."""
    raise typer.Exit(run_service(STAGE, run_relay, read_settings()))
