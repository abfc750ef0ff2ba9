"""`wardstream stream`."""

import typer

from runtime.process.service import run_service
from runtime.process.settings import Settings
from streams.processor.app import run_stream


def stream() -> None:
    """Turn detections into tracks, presence, zone occupancy and staffing coverage."""
    raise typer.Exit(run_service("stream", run_stream, Settings()))
