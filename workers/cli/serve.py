"""`wardstream serve`."""

from typing import Annotated

import typer

from runtime.process.service import run_service
from workers.cli.configuration import read_settings
from workers.serving.process import run_board


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
) -> None:
    """Serve the live board and its REST API."""
    settings = read_settings()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    try:
        chosen = type(settings.serving).model_validate({**settings.serving.model_dump(), **given})
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    settings = settings.model_copy(update={"serving": chosen})
    raise typer.Exit(run_service("serving", run_board, settings))
