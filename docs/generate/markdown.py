"""Markdown tables."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; a pipe within a cell is escaped."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(value: object) -> str:
    """Text of one cell."""
    return str(value).replace("|", "\\|").replace("\n", " ").strip()


def code(value: object) -> str:
    """Text as code; nothing for nothing."""
    return f"`{value}`" if str(value) else ""
