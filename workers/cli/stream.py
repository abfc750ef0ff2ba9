"""`wardstream stream`: the stream processor."""

import typer

from runtime.process.settings import Settings


def stream() -> None:
    """Turn detections into tracks, presence, zone occupancy and coverage."""
    from runtime.process.service import run_service  # noqa: PLC0415 - Faust is slow to import
    from streams.processor.app import run_stream  # noqa: PLC0415

    raise typer.Exit(run_service("stream", run_stream, Settings()))
