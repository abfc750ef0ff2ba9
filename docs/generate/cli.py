"""The page of the command line, from the commands themselves."""

from collections.abc import Iterator
from typing import Any, Final

import typer
from typer.main import get_command

from workers.cli import errors
from workers.cli.app import PROGRAM, SECTIONS, load

_HEAD: Final = f"""\
# The command line

Every process and every task is a command of `{PROGRAM}`. `{PROGRAM} --help` lists them and
`{PROGRAM} COMMAND --help` explains one. `{PROGRAM} --install-completion` completes commands and
options in bash, zsh, fish and PowerShell.

## Exit codes

{{codes}}

A supervisor starts a process again that ended with 75, and leaves one alone that ended with 78.
"""


def page() -> str:
    """The whole page."""
    codes = (errors.__doc__ or "").split("\n\n", 1)[1].strip()
    lines = [_HEAD.format(codes=codes)]
    for title, rows in SECTIONS.items():
        lines += [f"## {title}", ""]
        for name in rows:
            lines += _described(get_command(load(name)), name)
    return "\n".join(lines).rstrip() + "\n"


def _described(command: Any, name: str) -> Iterator[str]:
    """Lines about a command, and about those below it."""
    with typer.Context(command, info_name=f"{PROGRAM} {name}") as context:
        below = getattr(command, "commands", {})
        own = not below or command.invoke_without_command
        yield f"### {name}"
        yield ""
        yield from _paragraphs(command.help or "")
        if own:
            pieces = " ".join(command.collect_usage_pieces(context))
            yield f"`{PROGRAM} {name} {pieces}`"
            yield ""
            yield from _parameters(command, context)
    for word, one in below.items():
        yield from _described(one, f"{name} {word}")


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield " ".join(paragraph.split())
        yield ""


def _parameters(command: Any, context: Any) -> Iterator[str]:
    rows = [
        record
        for parameter in command.get_params(context)
        if "--help" not in parameter.opts and (record := _record(parameter, context)) is not None
    ]
    if not rows:
        return
    yield "| option | meaning |"
    yield "|---|---|"
    for names, meaning in rows:
        yield f"| `{names}` | {meaning} |"
    yield ""


def _record(parameter: Any, context: Any) -> tuple[str, str] | None:
    record = parameter.get_help_record(context)
    if record is None:
        return None
    names, meaning = (" ".join(part.split()).replace("|", "\\|") for part in record)
    return names, meaning
