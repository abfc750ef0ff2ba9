"""`wardstream settings`."""

from typing import Annotated

import typer
from pydantic import SecretStr

from runtime.process.settings import describe
from workers.cli.configuration import read_settings
from workers.cli.output import Json, print_json, print_text


def settings(
    effects: Annotated[bool, typer.Option(help="Also print what each setting does.")] = True,
    as_json: Json = False,
) -> None:
    """Print every setting: environment variable, value, unit, default and effect."""
    values = read_settings()
    for name, info in describe():
        value: object = values
        for part in name.split("."):
            value = getattr(value, part)
        extra = info.json_schema_extra
        unit = extra["unit"] if isinstance(extra, dict) else ""
        variable = "WARDSTREAM_" + name.upper().replace(".", "__")
        if as_json:
            row = {
                "name": name,
                "variable": variable,
                "value": _shown(value),
                "unit": unit,
                "default": _shown(info.default),
                "effect": info.description,
            }
            print_json([row])
            continue
        default = "" if value == info.default else f", default {_shown(info.default)}"
        print_text(f"{variable}={_shown(value)}  ({unit}{default})")
        if effects:
            typer.echo(f"    {info.description}")


def _shown(value: object) -> str:
    return "***" if isinstance(value, SecretStr) else str(value)
