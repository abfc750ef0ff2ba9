"""Read the settings of a command, or report each that cannot be used in one sentence."""

import typer
from pydantic import ValidationError
from pydantic_settings.exceptions import SettingsError

from runtime.errors import EXIT_STOP
from runtime.process.settings import Settings


def read_settings() -> Settings:
    """Read all settings from the environment and the file.

    Raises:
        typer.Exit: A setting cannot be used; standard error names it and never shows its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            name = ".".join(map(str, fault["loc"]))
            message = fault["msg"].removeprefix("Value error, ")
            typer.echo(f"{name}: {message}" if name else message, err=True)
        raise typer.Exit(EXIT_STOP) from error
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_STOP) from error
