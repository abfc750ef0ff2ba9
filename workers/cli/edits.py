"""`wardstream edits list|show`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from runtime.clock import SystemClock
from runtime.errors import Stop
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json, print_table
from workers.registry.editing.database import Database
from workers.registry.editing.store import RegistryStore
from workers.registry.editing.wanted import Edit, Version
from workers.registry.registered import kind_of

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Show who edited what in the registry."
)


@app.command(name="list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most edits to print.")] = 20,
    before: Annotated[int | None, typer.Option(help="Only edits before this one, by id.")] = None,
    as_json: Json = False,
) -> None:
    """Print the newest edits."""
    with exit_codes(), _database() as database:
        edits = RegistryStore(database, SystemClock()).edits(before=before, limit=limit)
    if as_json:
        print_json(map(_row, edits))
        return
    print_table(
        ("edit", "at (UTC)", "by", "through", "versions", "of", "state"),
        (
            (
                edit.edit_id,
                _time(edit.at_us),
                edit.author,
                edit.via,
                edit.versions,
                ", ".join(map(str, edit.keys[:3])) + (" …" if edit.versions > 3 else ""),
                "waits" if edit.appended_at_us is None else "appended",
            )
            for edit in edits
        ),
    )


@app.command()
def show(
    edit_id: Annotated[int, typer.Argument(help="Id of the edit, from `edits list`.")],
    as_json: Json = False,
) -> None:
    """Print the versions that an edit made."""
    with exit_codes(), _database() as database:
        found = RegistryStore(database, SystemClock()).edit(edit_id)
        if found is None:
            raise Stop(f"edit {edit_id}: there is no such edit; `wardstream edits list` shows them")
    edit, versions = found
    if as_json:
        print_json([_row(edit), *map(_version, versions)])
        return
    undoes = f", undoes edit {edit.reverses}" if edit.reverses else ""
    typer.echo(f"edit {edit.edit_id} by {edit.author} at {_time(edit.at_us)} UTC{undoes}")
    print_table(
        ("fact", "version", "removed", "recorded (UTC)"),
        (
            (
                version.key,
                version.version,
                "yes" if version.removed else "",
                _time(version.record["recorded_at_us"] or None),
            )
            for version in versions
        ),
    )


def _database() -> Database:
    return Database(read_settings().database_address, "wardstream-command")


def _row(edit: Edit) -> dict[str, Any]:
    return {
        "edit_id": edit.edit_id,
        "at": _time(edit.at_us),
        "author": edit.author,
        "via": edit.via,
        "note": edit.note,
        "reverses": edit.reverses,
        "versions": edit.versions,
        "appended_at": _time(edit.appended_at_us),
    }


def _version(version: Version) -> dict[str, Any]:
    return {
        "kind": kind_of(version.key.topic),
        "id": version.key.identity,
        "version": version.version,
        "removed": version.removed,
        "record": version.record,
    }


def _time(at_us: int | None) -> str:
    if at_us is None:
        return ""
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
