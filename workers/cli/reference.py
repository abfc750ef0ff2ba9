"""`wardstream camera|floor|zone|staff|shift|requirement import FILE`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from workers.cli.connections import open_cluster
from workers.cli.errors import exit_codes
from workers.registry.importing import import_files
from workers.registry.rows import ROWS


def command(kind: str, plural: str) -> typer.Typer:
    """The commands of one kind of reference data."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, help=f"Import {plural}.")

    @app.callback()
    def group() -> None:
        """Keep `import` a command of its own while it is the only one."""

    @app.command(name="import", help=f"Import {plural} from a file. {ROWS[kind].__doc__}")
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
        with exit_codes():
            written = import_files(
                {kind: file},
                open_cluster(),
                recorded_at_us=_utc_us(recorded_at),
                valid_from_us=_utc_us(valid_from),
                replace=replace,
            )
        typer.echo(f"{file.name}: {written} new versions")

    return app


def _utc_us(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(aware.timestamp() * 1_000_000)


camera = command("camera", "cameras")
floor = command("floor", "floors")
zone = command("zone", "zones")
staff = command("staff", "members of staff")
shift = command("shift", "shifts")
requirement = command("requirement", "how many staff a zone needs")
