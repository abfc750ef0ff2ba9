"""Read the settings of a command, and change them by its options."""

from typing import Any

import typer
from pydantic import ValidationError

from runtime.process.load import load_settings
from runtime.process.refusal import SettingsRefused, right_form
from runtime.process.settings import Settings, known_settings
from runtime.redaction import redacted


def read_settings() -> Settings:
    """Read all settings from the environment and the file.

    Raises:
        typer.Exit: A setting cannot be used; standard error has a sentence for each.
    """
    try:
        return load_settings()
    except SettingsRefused as error:
        typer.echo(redacted(str(error)), err=True)
        raise typer.Exit(error.exit_code) from error


def with_options(section: str, options: dict[str, Any]) -> Settings:
    """The settings, with options of the command line in place of those of a section.

    Args:
        section: Name of the section.
        options: Value by name; None leaves the setting as it is.

    Raises:
        typer.BadParameter: An option is not what the setting can be.
        typer.Exit: As `read_settings`.
    """
    settings = read_settings()
    old = getattr(settings, section)
    given = {name: value for name, value in options.items() if value is not None}
    try:
        chosen = type(old).model_validate({**old.model_dump(exclude_unset=True), **given})
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        form = right_form(known_settings()[f"{section}.{name}"])
        raise typer.BadParameter(
            f"{redacted(repr(given[name]))} is not {form}", param_hint=f"--{name.replace('_', '-')}"
        ) from error
    return settings.model_copy(update={section: chosen})
