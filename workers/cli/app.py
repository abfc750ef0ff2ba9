"""`wardstream`: one command line for every process and every task.

A command is imported when it is run, completed or asked for help, but not when it is listed:
`wardstream --help` answers at once.
"""

import gc
import os
import sys
import traceback
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NamedTuple, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from runtime.errors import Stop
from runtime.process.libpq import drop_ignored
from runtime.redaction import redacted

PROGRAM: Final = "wardstream"
COMPLETING: Final = "_WARDSTREAM_COMPLETE"
"""Set by the shell when it asks for completions."""


class Entry(NamedTuple):
    """Where a command is, and what it is for.

    Attributes:
        module: Module that holds it.
        attribute: Its function, or its group of commands.
        summary: One line for a newcomer.
    """

    module: str
    attribute: str
    summary: str


SECTIONS: Final[dict[str, dict[str, Entry]]] = {
    "Try it on this machine": {
        "demo": Entry("workers.cli.demo", "demo", "Play a video through the whole pipeline."),
        "up": Entry("workers.cli.up", "up", "Start all services and processes in the background."),
        "down": Entry("workers.cli.up", "down", "Stop what `up` started."),
    },
    "Processes": {
        "ingest": Entry("workers.cli.ingest", "ingest", "Read cameras and videos."),
        "infer": Entry("workers.cli.infer", "infer", "Detect people in frames."),
        "guard": Entry("workers.cli.guard", "guard", "Notice cameras that moved or see nothing."),
        "clocks": Entry("workers.cli.clocks", "clocks", "Follow the cameras' clocks."),
        "stream": Entry("workers.cli.stream", "stream", "Track people, count zones and staff."),
        "relay": Entry("workers.cli.relay", "relay", "Append edits of the registry to Kafka."),
        "sink": Entry("workers.cli.sink", "app", "Write results to TimescaleDB or Redis."),
        "serve": Entry("workers.cli.serve", "serve", "Serve the live board and its API."),
        "watchdog": Entry("workers.cli.watchdog", "watchdog", "Raise alerts when data stops."),
    },
    "Reference data": {
        "camera": Entry("workers.cli.reference", "camera", "Import, calibrate, confirm cameras."),
        "floor": Entry("workers.cli.reference", "floor", "Import floors."),
        "zone": Entry("workers.cli.reference", "zone", "Import zones."),
        "staff": Entry("workers.cli.reference", "staff", "Import members of staff."),
        "shift": Entry("workers.cli.reference", "shift", "Import shifts."),
        "requirement": Entry(
            "workers.cli.reference", "requirement", "Import how many staff a zone needs."
        ),
        "unit": Entry("workers.cli.reference", "unit", "Import units, in which rights are held."),
        "reader": Entry("workers.cli.reference", "reader", "Import readers of badges."),
        "badge-holder": Entry(
            "workers.cli.reference", "badge_holder", "Import badges, and whose they are."
        ),
        "role": Entry("workers.cli.reference", "role", "Import roles, and who may stand in."),
        "census": Entry(
            "workers.cli.reference", "census", "Import how many people there are to care for."
        ),
        "rule": Entry("workers.cli.reference", "rule", "Import rules of alerts."),
        "badge": Entry("workers.cli.badges", "badge", "Import reads of badges, or make some up."),
        "vault": Entry("workers.cli.vault", "app", "Numbers of staff and badges, by pseudonym."),
        "edits": Entry("workers.cli.edits", "app", "Show who edited what."),
    },
    "Set up and maintain": {
        "topics": Entry("workers.cli.topics", "app", "Create and check the Kafka topics."),
        "registry": Entry("workers.cli.registry", "app", "Register and check the Avro schemas."),
        "db": Entry("workers.cli.db", "app", "Create, update and clean the database tables."),
        "doctor": Entry("workers.cli.doctor", "doctor", "Check every dependency."),
        "settings": Entry("workers.cli.settings", "settings", "Print every setting."),
        "alerts": Entry("workers.cli.alerts", "app", "Try rules of alerts over the past."),
        "notify": Entry(
            "workers.cli.notify", "app", "Send alerts to people; check and try where they are sent."
        ),
        "tail": Entry("workers.cli.tail", "tail", "Print the records of a topic."),
        "explain": Entry("workers.cli.explain", "explain", "Say why a zone has its figure."),
        "verify": Entry("workers.cli.verify", "app", "Check that the results are right."),
        "dlq": Entry("workers.cli.dlq", "app", "Handle records that could not be processed."),
        "audit": Entry("workers.cli.audit", "app", "Check and anchor the audit."),
        "backup": Entry("workers.cli.backup", "app", "Take, check and restore backups."),
        "rebuild": Entry("workers.cli.rebuild", "app", "Compute past results again."),
    },
    "Models": {
        "track": Entry("workers.cli.track", "track", "Track people in a file of detections."),
        "fuse": Entry("workers.cli.fuse", "fuse", "Fuse a floor's cameras in files of detections."),
        "score-map": Entry(
            "workers.cli.score_map", "score_map", "Fit a map of a model's scores, a model card."
        ),
        "experiment": Entry(
            "workers.cli.experiment", "app", "Fold the past again under other settings."
        ),
        "evaluate": Entry("workers.cli.evaluate", "evaluate", "Score detector and tracker."),
    },
}
"""Every command, in the order in which `wardstream --help` lists them."""

COMMANDS: Final = {name: entry for rows in SECTIONS.values() for name, entry in rows.items()}


def usage() -> str:
    """What `wardstream --help` prints."""
    width = max(map(len, COMMANDS)) + 2
    lines = [
        f"Usage: {PROGRAM} COMMAND [OPTIONS] [ARGS]...",
        "",
        "  Live and replayable ward occupancy and staffing coverage, on Kafka.",
        "",
        f"  {PROGRAM} COMMAND --help         explain a command",
        f"  {PROGRAM} --install-completion   complete commands and options in this shell",
    ]
    for title, rows in SECTIONS.items():
        lines += ["", f"{title}:"]
        lines += [f"  {name:<{width}}{entry.summary}" for name, entry in rows.items()]
    return "\n".join(lines)


def load(name: str) -> typer.Typer:
    """Import one command as an application of its own.

    Raises:
        KeyError: There is no such command.
    """
    entry = COMMANDS[name]
    target = getattr(_imported(entry.module), entry.attribute)
    if isinstance(target, typer.Typer):
        return target
    single = typer.Typer(add_completion=False)
    single.command()(target)
    return single


def _imported(module: str) -> ModuleType:
    """Import a module; what it defines stays, so no search for garbage looks at it."""
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.enable()
        gc.freeze()


class CommandTable(TyperGroup):
    """The commands of `COMMANDS`, each imported when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base's signature
        """Names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the base's signature
        """Import a command; None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        return get_command(load(cmd_name))

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: ARG002 - as above
        """Complete the name of a command without importing any."""
        names: dict[str, Any] = {
            name: TyperCommand(name, help=entry.summary) for name, entry in COMMANDS.items()
        }
        listed = TyperGroup(name=self.name, commands=names, params=self.params)
        return listed.shell_complete(typer.Context(listed), incomplete)


app = typer.Typer(name=PROGRAM, cls=CommandTable)


@app.callback()
def wardstream() -> None:
    """Live and replayable ward occupancy and staffing coverage, on Kafka."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Entry point of the `wardstream` command; exits with the command's code."""
    given = sys.argv[1:] if arguments is None else arguments
    if COMPLETING not in os.environ:
        if not given or given[0] in ("-h", "--help", "help"):
            typer.echo(usage())
            sys.exit(0)
        if not given[0].startswith("-") and given[0] not in COMMANDS:
            unknown = f"no command {given[0]!r}; `{PROGRAM} --help` lists them"
            typer.echo(f"{PROGRAM}: {unknown}", err=True)
            sys.exit(2)
    sys.exit(_run(given))


def _run(given: list[str]) -> int:
    """Run a command line; an error leaves without the credentials that are in its text."""
    drop_ignored()
    try:
        code = app(args=given, prog_name=PROGRAM, standalone_mode=False)
    except Stop as error:  # a setting that cannot be used
        typer.echo(f"{PROGRAM}: {redacted(str(error))}", err=True)
        return error.exit_code
    except typer.Abort:
        typer.echo("Aborted.", err=True)
        return 1
    except Exception as error:  # noqa: BLE001 - shown, without credentials
        return _shown(error)
    return code if isinstance(code, int) else 0


def _shown(error: Any) -> int:
    """Show a wrong command line as Typer does, and any other error with its trace."""
    if not hasattr(error, "format_message"):
        typer.echo(redacted(traceback.format_exc()), err=True, nl=False)
        return 1
    from typer.rich_utils import rich_format_error  # noqa: PLC0415 - slow to import

    error.message = redacted(error.message)
    rich_format_error(error)
    return int(error.exit_code)


if __name__ == "__main__":
    main()
