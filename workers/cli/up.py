"""`wardstream up` and `down`: the line on this machine, behind the terminal."""

import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import httpx
import typer

from deploy.local.detached import down as stop_detached
from deploy.local.detached import up as start_detached
from deploy.local.errors import LaunchError
from runtime.errors import EXIT_REPLAY, EXIT_STOP, Retry, Stop
from schemas.registry import RegistryUnavailable

RUN_DIR = Path(".wardstream/line")
_READY_S = 90.0
_POLL_S = 0.2

RunDir = Annotated[Path, typer.Option(help="Where data and logs lie.")]


def up(
    port: Annotated[int, typer.Option(help="Port of the board; another when it is taken.")] = 8080,
    run_dir: RunDir = RUN_DIR,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay in this terminal until Ctrl-C.")
    ] = False,
) -> None:
    """Start Kafka, registry, TimescaleDB, Redis and all processes but ingest.

    Data of the last time is kept. The settings by which other commands find the line are left
    in `environment` of the run directory, ready to be sourced.
    """
    try:
        if foreground:
            _hold(run_dir, port)
            return
        command = [sys.executable, "-m", "workers.cli", "up", "--foreground"]
        command += ["--port", str(port), "--run-dir", str(run_dir)]
        start_detached(run_dir, command)
        address = _wait_for_board(run_dir)
    except (LaunchError, Stop) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_STOP) from exc
    except (Retry, RegistryUnavailable) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_REPLAY) from exc
    typer.echo(f"live board at {address}")
    typer.echo(f"source {run_dir / 'environment'}    # then any wardstream command finds it")
    typer.echo("wardstream down                        # stops everything")


def down(run_dir: RunDir = RUN_DIR) -> None:
    """Stop what `up` started; data stays."""
    stopped = stop_detached(run_dir)
    typer.echo("stopped" if stopped else f"nothing runs in {run_dir}")


def _hold(run_dir: Path, port: int) -> None:
    """Run the line until a signal."""
    from workers.local.demo.options import choose_port  # noqa: PLC0415 - loads the whole line
    from workers.local.pipeline import LocalPipeline  # noqa: PLC0415

    chosen = choose_port(port)
    (run_dir / "environment").unlink(missing_ok=True)
    line = LocalPipeline(
        run_dir, environment={"WARDSTREAM_SERVING__PORT": str(chosen)}, report=typer.echo
    )
    with line:
        line.begin()
        line.start_deadman()
        lines = [f"export {k}={shlex.quote(v)}" for k, v in sorted(line.environment.items())]
        environment = run_dir / "environment"
        environment.touch(mode=0o600)
        environment.write_text("\n".join(lines) + "\n")
        typer.echo(f"live board at http://127.0.0.1:{chosen}/")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while line.supervisor.failure is None:
                time.sleep(_POLL_S)
        except KeyboardInterrupt:
            return
        raise LaunchError(line.supervisor.failure)


def _wait_for_board(run_dir: Path) -> str:
    """Wait until the board answers; returns its address.

    Raises:
        LaunchError: It does not in time.
    """
    deadline = time.monotonic() + _READY_S
    environment = run_dir / "environment"
    while time.monotonic() < deadline:
        if environment.exists():
            text = environment.read_text()
            port = text.partition("WARDSTREAM_SERVING__PORT=")[2].split("\n")[0]
            address = f"http://127.0.0.1:{port}/"
            try:
                if httpx.get(address, timeout=1.0).is_success:
                    return address
            except httpx.HTTPError:
                pass
        time.sleep(_POLL_S)
    msg = f"The board did not answer within {_READY_S:.0f} s: see {run_dir / 'launcher.log'}."
    raise LaunchError(msg)
