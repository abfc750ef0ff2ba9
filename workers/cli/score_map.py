"""`wardstream score-map`."""

from pathlib import Path
from typing import Annotated

import typer

from models.detectors.cards import SUFFIX, write_card
from runtime.errors import Stop
from workers.cli.configuration import with_options
from workers.cli.errors import exit_codes
from workers.operations.scoring.card import fit_card


def score_map(
    video: Annotated[Path, typer.Option(help="The clip.")],
    ground_truth: Annotated[Path, typer.Option(help="MOTChallenge gt.txt of the clip.")],
    annotated_width: Annotated[
        int, typer.Option(help="Width of the picture that the ground truth is drawn in, px.")
    ] = 768,
    frames: Annotated[int, typer.Option(help="Frames to fit on, from the first.", min=1)] = 400,
    backend: Annotated[str, typer.Option(help="auto, openvino, onnx, yolo or hog.")] = "auto",
    weights: Annotated[str | None, typer.Option(help="Model weights: path or name.")] = None,
    reference: Annotated[
        bool,
        typer.Option("--reference", help="The model is the one on whose scale scores are."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help=f"The card; STEM{SUFFIX} beside the weights is found.")
    ] = None,
) -> None:
    """Fit the map of a model's scores onto the scale of yolox_nano; writes a model card.

    Thresholds of the settings and of the tracker are on that scale, so a model with a card can
    replace another without new thresholds.
    """
    settings = with_options("inference", {"backend": backend, "weights": weights})
    with exit_codes():
        try:
            card = fit_card(
                video,
                ground_truth,
                frames=frames,
                annotated_width=annotated_width,
                settings=settings.inference,
                is_reference=reference,
            )
            target = out or Path(card.name + SUFFIX)
            write_card(target, card)
        except (ValueError, OSError) as error:
            raise Stop(str(error)) from error
    typer.echo(f"{target}: {card.name} {card.weights_sha256[:12]}, fitted on {card.fitted}")
