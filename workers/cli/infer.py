"""`wardstream infer`."""

from typing import Annotated, Any

import typer

from models.detectors.factory import Backend
from runtime.process.service import run_service
from workers.cli.configuration import with_options
from workers.inference.process import STAGE, Mode, run_inference


def infer(
    *,
    backend: Annotated[
        Backend | None, typer.Option(help="Detector backend; auto takes the fastest that runs.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Model weights: a path, or a name to be found.")
    ] = None,
    mode: Annotated[
        Mode | None, typer.Option(help="record infers every frame, live the newest per camera.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of the network.")] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Frames inferred together at most.")
    ] = None,
    score_threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Boxes that score less are dropped.")
    ] = None,
) -> None:
    """Detect people in frames: frames.captured.v1 to detections.made.v1.

    Options win over settings.
    """
    given: dict[str, Any] = {
        "backend": backend,
        "weights": weights,
        "mode": mode,
        "threads": threads,
        "batch_size": batch_size,
        "score_threshold": score_threshold,
    }
    settings = with_options("inference", given)
    raise typer.Exit(run_service(STAGE, run_inference, settings))
