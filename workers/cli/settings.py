"""`wardstream settings`: every setting with its value, unit, default and effect."""

import typer
from pydantic import SecretStr

from runtime.process.settings import Settings, describe


def settings(
    effects: bool = typer.Option(True, help="Also print what each setting does."),
) -> None:
    """Print every setting: environment name, value, unit, default, effect."""
    values = Settings()
    for name, info in describe():
        value: object = values
        for part in name.split("."):
            value = getattr(value, part)
        extra = info.json_schema_extra
        unit = extra["unit"] if isinstance(extra, dict) else ""
        default = "" if value == info.default else f", default {_shown(info.default)}"
        variable = "WARDSTREAM_" + name.upper().replace(".", "__")
        typer.echo(f"{variable}={_shown(value)}  ({unit}{default})")
        if effects:
            typer.echo(f"    {info.description}")


def _shown(value: object) -> str:
    return "***" if isinstance(value, SecretStr) else str(value)
