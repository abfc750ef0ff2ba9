"""What commands print: a table for people, JSON lines for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runtime.redaction import redacted, redacted_value

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]

_PLAIN_WIDTH = 160
"""Width of a table that is not printed on a terminal, characters."""


def print_text(text: object) -> None:
    """Print a text without the credentials in it."""
    typer.echo(redacted(str(text)))


def print_error(text: object) -> None:
    """Print a text on standard error without the credentials in it."""
    typer.echo(redacted(str(text)), err=True)


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object per line."""
    for row in rows:
        typer.echo(json.dumps(redacted_value(row), ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, as wide as the terminal."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*(escape(redacted(str(value))) for value in row))
    Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False).print(table)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines of text."""
    for line in lines:
        print_text(line)
