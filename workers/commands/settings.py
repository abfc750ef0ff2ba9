"""`wardstream settings`: every setting with its value, unit, default and effect."""

import typer
from pydantic import BaseModel, SecretStr
from rich.console import Console
from rich.table import Table

from runtime.settings import Settings, describe


def settings(
    effects: bool = typer.Option(True, help="Also print what each setting does."),
) -> None:
    """Print every setting: value, unit, default, effect."""
    values = Settings()
    table = Table("setting", "value", "unit", "default", *(["effect"] if effects else []))
    for name, info in describe():
        value: object = values
        for part in name.split("."):
            value = getattr(value, part)
        extra = info.json_schema_extra
        unit = str(extra["unit"]) if isinstance(extra, dict) else ""
        row = [name, _shown(value), unit, _shown(info.default)]
        table.add_row(*row, *([info.description or ""] if effects else []))
    Console(width=None if effects else 120).print(table)


def _shown(value: object) -> str:
    if isinstance(value, SecretStr | BaseModel):
        return "***"
    return str(value)
