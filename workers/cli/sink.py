"""`wardstream sink timescale|redis`."""

import typer

from runtime.process.service import run_service
from workers.cli.configuration import read_settings
from workers.sinks.process import run_redis, run_timescale
from workers.stages import SINK_REDIS, SINK_TIMESCALE

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Write results to TimescaleDB or Redis."
)


@app.command()
def timescale() -> None:
    """Write tracks, positions, zone events, occupancy and coverage to TimescaleDB."""
    raise typer.Exit(run_service(SINK_TIMESCALE, run_timescale, read_settings()))


@app.command()
def redis() -> None:
    """Keep the live values in Redis, and a stream of their changes."""
    raise typer.Exit(run_service(SINK_REDIS, run_redis, read_settings()))
