"""`wardstream stream`."""

import typer

from runtime.process.service import run_service
from streams.processor.app import run_stream
from workers.cli.configuration import read_settings


def stream() -> None:
    """Turn detections into tracks, presence, zone occupancy and staffing coverage."""
    raise typer.Exit(run_service("stream", run_stream, read_settings()))
