"""`wardstream evaluate`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from runtime.errors import Stop
from workers.cli.configuration import with_options
from workers.cli.errors import exit_codes
from workers.operations.scoring.clip import score_clip


def evaluate(
    video: Annotated[Path, typer.Option(help="The clip.")],
    ground_truth: Annotated[Path, typer.Option(help="MOTChallenge gt.txt of the clip.")],
    annotated_width: Annotated[
        int, typer.Option(help="Width of the picture that the ground truth is drawn in, px.")
    ] = 768,
    backend: Annotated[str, typer.Option(help="auto, openvino, onnx, yolo or hog.")] = "auto",
    weights: Annotated[str | None, typer.Option(help="Model weights: path or name.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for det.txt, tracks.txt and scores.json.")
    ] = None,
) -> None:
    """Score the detector and the tracker on a clip with ground truth; prints JSON.

    Printed are precision, recall and AP of detections, and HOTA, IDF1 and MOTA of tracks. Detector
    and tracker have the settings of the pipeline.
    """
    settings = with_options("inference", {"backend": backend, "weights": weights})
    with exit_codes():
        try:
            scores = score_clip(
                video, ground_truth, annotated_width=annotated_width, settings=settings, out=out
            )
        except (ValueError, OSError) as error:
            raise Stop(str(error)) from error
    typer.echo(json.dumps(scores, indent=2))
