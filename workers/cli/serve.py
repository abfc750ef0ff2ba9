"""`wardstream serve`."""

from typing import Annotated

import typer

from runtime.process.service import run_service
from workers.cli.configuration import with_options
from workers.serving.process import run_board


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
) -> None:
    """Serve the live board and its REST API."""
    settings = with_options("serving", {"host": host, "port": port})
    raise typer.Exit(run_service("serving", run_board, settings))
