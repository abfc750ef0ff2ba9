"""`wardstream up` and `down`."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.detached import down as stop
from deploy.local.errors import LaunchError
from runtime.errors import Stop
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.output import print_text
from workers.local.detached import hold, start
from workers.local.logins import folder_of

RUN_DIR = Path(".wardstream/line")

RunDir = Annotated[Path, typer.Option(help="Where data and logs are kept.")]


def up(
    port: Annotated[int, typer.Option(help="Port of the board; another when it is taken.")] = 8080,
    run_dir: RunDir = RUN_DIR,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay in this terminal until Ctrl-C.")
    ] = False,
    login: Annotated[
        bool,
        typer.Option("--login", help="Start Keycloak with one user per access role, to try it."),
    ] = False,
) -> None:
    """Start Kafka, registry, TimescaleDB, Redis and every process but ingest.

    Data of the last run is kept. `environment` in the run directory holds the settings by which
    other commands find this pipeline, ready to be sourced.
    """
    read_settings()  # refuses wrong ones before anything starts
    with exit_codes():
        try:
            if foreground:
                hold(run_dir, port, print_text, login=login)
                return
            address = start(run_dir, port, login=login)
        except LaunchError as error:
            raise Stop(str(error)) from error
    typer.echo(f"live board at {address}")
    if login:
        typer.echo((folder_of(run_dir) / "users").read_text())
    use_it = ["source", str(run_dir / "environment")]
    stop_it = ["wardstream", "down"] + ([] if run_dir == RUN_DIR else ["--run-dir", str(run_dir)])
    commands = {
        shlex.join(use_it): "then any wardstream command finds it",
        shlex.join(stop_it): "stops everything",
    }
    width = max(map(len, commands)) + 4
    for command, meaning in commands.items():
        typer.echo(f"{command:<{width}}# {meaning}")


def down(run_dir: RunDir = RUN_DIR) -> None:
    """Stop what `up` started; data stays."""
    stopped = stop(run_dir)
    typer.echo("stopped" if stopped else f"nothing runs in {run_dir}")
