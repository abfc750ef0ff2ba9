"""`wardstream camera|floor|zone|staff|shift|requirement|unit import FILE`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from runtime.kafka.cluster import Cluster
from workers.cli import sealed
from workers.cli.calibrate import calibrate
from workers.cli.confirm import confirm
from workers.cli.desk import open_desk
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json, print_lines
from workers.operations.times import HELP, parse_time
from workers.registry.change import OnResize, Options
from workers.registry.importing import Imported, import_files
from workers.registry.rows import ROWS

_MOST_PRINTED: Final = 20
"""An import prints this many changed facts; a preview prints all."""

_TAKES_AWAY: Final = {
    "camera": "a camera's zones with their requirements and shifts",
    "zone": "a zone's requirements and shifts",
    "staff": "the shifts of a member of staff",
}
"""What `--cascade` takes away, by kind."""


def command(kind: str, plural: str) -> typer.Typer:
    """The commands of one kind of reference data."""
    app = typer.Typer(add_completion=False, no_args_is_help=True, help=f"Import {plural}.")

    @app.callback()
    def group() -> None:
        """Keep `import` a command of its own while it is the only one."""

    @app.command(name="import", help=f"Import {plural} from a file. {ROWS[kind].__doc__}")
    def import_(
        file: Annotated[
            Path, typer.Argument(help="CSV or workbook (.xlsx) with a header, YAML or JSON.")
        ],
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Print what would change; write nothing.")
        ] = False,
        recorded_at: Annotated[
            str, typer.Option(help=f"Only for recorded material not processed yet. {HELP}")
        ] = "",
        valid_from: Annotated[str, typer.Option(help=f"Default: recorded. {HELP}")] = "",
        replace: Annotated[
            bool,
            typer.Option("--replace", help="Remove what the file does not name and nothing needs."),
        ] = False,
        cascade: Annotated[
            bool,
            typer.Option(
                "--cascade",
                hidden=kind not in _TAKES_AWAY,
                help=f"With --replace: also remove {_TAKES_AWAY.get(kind, 'what rests on it')}.",
            ),
        ] = False,
        on_resize: Annotated[
            OnResize,
            typer.Option(
                hidden=kind != "camera",
                help="When a frame changes its size: refuse if zones, masks or a homography are "
                "drawn in the old one, scale the points of its zones, or keep them as they are.",
            ),
        ] = OnResize.REFUSE,
        json: Json = False,
    ) -> None:
        with exit_codes(), open_desk(audited=not dry_run) as desk:
            imported = import_files(
                {kind: file},
                desk,
                recorded_at_us=_time_us(recorded_at, desk.cluster),
                valid_from_us=_time_us(valid_from, desk.cluster),
                options=Options(replace=replace, cascade=cascade, on_resize=on_resize),
                dry_run=dry_run,
            )
        (_print_json if json else _print)(file.name, kind, imported)

    return app


def _time_us(text: str, cluster: Cluster) -> int | None:
    return parse_time(text, cluster.clock.now_us()) if text else None


def _print(name: str, kind: str, imported: Imported) -> None:
    rows = imported.rows[kind]
    typer.echo(f"{name}: {rows} row{'s' * (rows != 1)}, read as {imported.read_as[kind]}")
    most = _MOST_PRINTED if imported.written else len(imported.effects)
    print_lines(f"  {effect}" for effect in imported.effects[:most])
    if len(imported.effects) > most:
        typer.echo(f"  and {len(imported.effects) - most} more")
    print_lines(f"  note: {note}" for note in imported.notes)
    if not imported.written:
        counts = [f"{count} {what}" for what, count in imported.counts.items() if count]
        typer.echo(f"  {', '.join(counts)}")
    rest = "" if imported.written else ", not written: this is a preview"
    typer.echo(f"{name}: {imported.versions} new version{'s' * (imported.versions != 1)}{rest}")


def _print_json(name: str, kind: str, imported: Imported) -> None:
    print_json(effect.as_json() for effect in imported.effects)
    print_json({"note": note} for note in imported.notes)
    print_json(
        [
            {
                "file": name,
                "read_as": imported.read_as[kind],
                "rows": imported.rows[kind],
                "versions": imported.versions,
                **imported.counts,
                "written": imported.written,
            }
        ]
    )


camera = command("camera", "cameras")
sealed.add_command(camera, sealed.ADDRESS)
camera.command()(calibrate)
camera.command()(confirm)
floor = command("floor", "floors")
zone = command("zone", "zones")
staff = command("staff", "members of staff")
sealed.add_command(staff, sealed.NAME)
shift = command("shift", "shifts")
requirement = command("requirement", "how many staff a zone needs")
unit = command("unit", "units, in which rights are held")
reader = command("reader", "readers of badges")
badge_holder = command("badge", "badges, and whose they are")
role = command("role", "roles, and for which others they may stand in")
census = command("census", "how many people there are to care for")
rule = command("rule", "rules of alerts")
