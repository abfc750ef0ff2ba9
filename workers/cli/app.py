"""`wardstream`: one command line for every process and every task.

Commands import what they need when they run, so that `wardstream --help` answers at once.
"""

import os
import sys
from importlib import import_module
from typing import NoReturn

import typer

from runtime.errors import EXIT_STOP
from runtime.process import start_gate
from runtime.process.lean import load_structlog

COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("workers.local.demo.command", "demo", "Play a clip through the whole line, live."),
    "up": ("workers.cli.up", "up", "Start services and workers on this machine."),
    "down": ("workers.cli.up", "down", "Stop what `up` started."),
    "topics": ("workers.cli.topics", "app", "Create and check the topics."),
    "schemas": ("workers.cli.schemas", "app", "Register and check the schemas."),
    "migrate": ("workers.sinks.command", "migrate", "Bring the database to this version."),
    "ingest": ("workers.ingest.command", "ingest", "Cameras and clips to frames."),
    "infer": ("workers.inference.command", "infer", "Frames to detections."),
    "stream": ("workers.cli.stream", "stream", "Detections to tracks, zones, coverage."),
    "sink": ("workers.sinks.command", "app", "Write to TimescaleDB or Redis."),
    "serve": ("workers.serving.command", "serve", "REST API and live board."),
    "deadman": ("workers.watchdog.process", "deadman", "Tell what falls silent, from outside."),
    "camera": ("workers.registry.importing", "camera", "The camera registry."),
    "zone": ("workers.registry.importing", "zone", "The zone registry."),
    "staff": ("workers.registry.importing", "staff", "The staff registry."),
    "shift": ("workers.registry.importing", "shift", "The shift registry."),
    "requirement": ("workers.registry.importing", "requirement", "Required staff per zone."),
    "tail": ("workers.cli.tail", "tail", "Print a topic as JSON lines."),
    "dlq": ("workers.cli.dlq", "app", "What could not be processed: look, send again."),
    "verify": ("workers.cli.verify", "verify", "Compare the line with a one-process fold."),
    "backup": ("workers.cli.backup", "backup", "Copy what nothing else could give back."),
    "restore": ("workers.cli.backup", "restore", "Give a line back what a backup holds."),
    "rebuild": ("workers.cli.rebuild", "rebuild", "Fold again after a back-dated edit."),
    "track": ("workers.cli.track", "track", "Track a MOTChallenge file, and score it."),
    "evaluate": ("workers.cli.evaluate", "evaluate", "Score detections and tracks."),
    "doctor": ("workers.cli.doctor", "doctor", "Check every dependency."),
    "settings": ("workers.cli.settings", "settings", "Print every setting."),
}
"""Name of each command, where it is, and what it is for."""

HEAVY: dict[str, tuple[str, ...]] = {
    "infer": ("models.detectors.factory", "workers.inference.command"),
    "stream": ("runtime.process.service", "streams.processor.app"),
    "sink timescale": ("workers.sinks.timescale.sink",),
    "sink redis": ("workers.sinks.redis.sink",),
}
"""What a command will import when it runs: loaded while it waits at a start gate."""


def usage() -> str:
    """What `wardstream --help` prints."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:<{width}}{text}" for name, (_, _, text) in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: wardstream COMMAND [OPTIONS] [ARGS]...",
            "",
            "  Live and replayable ward occupancy and staffing coverage, on Kafka.",
            "  `wardstream COMMAND --help` tells more.",
            "",
            "Commands:",
            *lines,
        ]
    )


def load(name: str) -> typer.Typer:
    """Import one command as an application of its own.

    Raises:
        KeyError: There is no such command.
    """
    module, attribute, _ = COMMANDS[name]
    target = getattr(import_module(module), attribute)
    if isinstance(target, typer.Typer):
        return target
    single = typer.Typer(add_completion=False)
    single.command()(target)
    return single


def main(arguments: list[str] | None = None) -> NoReturn:
    """Entry point of the `wardstream` command; exits with the command's code."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in ("-h", "--help", "help"):
        typer.echo(usage())
        sys.exit(0)
    name, *rest = given
    if name not in COMMANDS:
        typer.echo(f"wardstream: no command {name!r}; `wardstream --help` lists them", err=True)
        sys.exit(EXIT_STOP)
    load_structlog()
    command = load(name)
    if os.environ.get(start_gate.VARIABLE):
        for module in HEAVY.get(" ".join([name, *rest[:1]]), HEAVY.get(name, ())):
            import_module(module)
        start_gate.wait_at_gate()
    command(args=rest, prog_name=f"wardstream {name}")
    sys.exit(0)


if __name__ == "__main__":
    main()
