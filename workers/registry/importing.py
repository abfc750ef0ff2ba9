"""`wardstream camera|zone|staff|shift|requirement import FILE`."""

import getpass
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from runtime.clock import Clock, SystemClock
from runtime.errors import EXIT_STOP, Retry
from runtime.facts.log import APPEND_WITHIN_US, Fact, FactLog
from runtime.facts.writer import FactWriter
from runtime.process.settings import Settings
from schemas.registry import RegistryUnavailable, SchemaRegistry
from schemas.topics import CAMERAS, FLOORS
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.files import ImportRefused, read_rows
from workers.registry.rows import ROWS


def import_files(
    files: Mapping[str, Path],
    settings: Settings,
    *,
    recorded_at_us: int | None = None,
    valid_from_us: int | None = None,
    replace: bool = False,
) -> int:
    """Import files into the registry, all or none; returns how many versions were written.

    Args:
        files: By kind, a key of `ROWS`; later ones may refer to earlier ones.
        settings: Where broker and schema registry are.
        recorded_at_us: When the facts were recorded; now when None. An earlier time is for
            recorded material whose events have not been processed yet.
        valid_from_us: From when they hold; as recorded when None.
        replace: Remove facts that a file does not name.

    Raises:
        ImportRefused: A file is wrong; nothing was written.
        Retry: The broker is out of reach or too slow, or another import ran at the same time;
            the message says whether nothing was written.
        RegistryUnavailable: The schema registry is out of reach.
    """
    rows = {kind: read_rows(path, ROWS[kind]) for kind, path in files.items()}
    clock = SystemClock()
    registry = SchemaRegistry(settings.registry_url)
    with FactWriter(settings, registry, clock) as writer:
        registered = _registered(settings, registry, clock)
        topics = [ROWS[kind].topic for kind in rows]
        writer.prepare([*topics, FLOORS] if CAMERAS in topics else topics)
        # From here on nothing is slow: readers count on facts recorded now being appended soon.
        recorded = clock.now_us() if recorded_at_us is None else recorded_at_us
        stamp = Stamp(
            valid_from_us=recorded if valid_from_us is None else valid_from_us,
            recorded_at_us=recorded,
            recorded_by=getpass.getuser(),
        )
        facts: list[Fact] = []
        for some in rows.values():
            new = edits(some, registered, stamp, replace=replace)
            registered.add(new)
            facts += new
        return writer.publish(
            facts,
            append_by_us=recorded + APPEND_WITHIN_US if recorded_at_us is None else None,
        )


def _registered(settings: Settings, registry: SchemaRegistry, clock: Clock) -> Registered:
    """What the log says now; ask after claiming the right to write to it."""
    log = FactLog(settings, registry, clock)
    try:
        registered = Registered()
        registered.add(log.sync())
    finally:
        log.close()
    return registered


def command(kind: str) -> typer.Typer:
    """The sub-command of one kind."""
    app = typer.Typer(no_args_is_help=True, help=f"The {kind} registry.")

    @app.callback()
    def group() -> None:
        """Keep `import` a sub-command even while it is the only one."""

    @app.command(name="import", help=(ROWS[kind].__doc__ or "").strip())
    def import_(
        file: Annotated[Path, typer.Argument(help="CSV with a header, or YAML.")],
        recorded_at: Annotated[
            datetime | None,
            typer.Option(help="UTC; only for recorded material not processed yet."),
        ] = None,
        valid_from: Annotated[datetime | None, typer.Option(help="UTC; default: recorded.")] = None,
        replace: Annotated[
            bool, typer.Option("--replace", help="Remove what the file does not name.")
        ] = False,
    ) -> None:
        try:
            written = import_files(
                {kind: file},
                Settings(),
                recorded_at_us=_utc_us(recorded_at),
                valid_from_us=_utc_us(valid_from),
                replace=replace,
            )
        except (ImportRefused, Retry, RegistryUnavailable) as exc:
            typer.echo(str(exc), err=True)
            raise typer.Exit(EXIT_STOP) from exc
        typer.echo(f"{file.name}: {written} new versions")

    return app


def _utc_us(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(aware.timestamp() * 1_000_000)


camera = command("camera")
zone = command("zone")
staff = command("staff")
shift = command("shift")
requirement = command("requirement")
