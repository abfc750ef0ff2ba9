"""`wardstream track`."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, cast

import typer

from models.datasets.scores import Scale
from models.evaluation.tracking import TrackScores
from runtime.errors import Stop
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json, print_lines
from workers.cli.scales import Scores
from workers.operations.scoring.boxes import track_file


class Mount(StrEnum):
    """How a camera is mounted."""

    fixed = "fixed"
    moving = "moving"


def track(
    detections: Annotated[
        Path, typer.Option(help="det.txt: frame, -1, left, top, width, height, score.")
    ],
    fps: Annotated[float, typer.Option(help="Frames per second of the file.", min=0.01)],
    out: Annotated[Path, typer.Option(help="Where the tracks are written.")],
    ground_truth: Annotated[
        Path | None, typer.Option(help="MOTChallenge gt.txt to score against.")
    ] = None,
    every: Annotated[
        int, typer.Option(help="Use frames 1, 1 + N, 1 + 2 N ... only; time stays true.", min=1)
    ] = 1,
    mount: Annotated[
        Mount, typer.Option(help="How the camera is mounted: it stays, or it moves.")
    ] = Mount.fixed,
    scores: Annotated[
        Scores,
        typer.Option(
            help="Scale of the scores: 0 to 1, percent, none, margins of part models (MOT17's "
            "DPM) or of channel features (MOT15's ACF), logits; auto recognises it."
        ),
    ] = Scores.auto,
    as_json: Json = False,
) -> None:
    """Track people in a MOTChallenge file of detections; score the tracks against ground truth.

    Confirmed tracks are written; for a moment they coast where a frame does not show them. The
    tracker has the settings of the stream processor for a camera that is mounted so.
    """
    settings = read_settings()
    tracking = settings.tracking if mount is Mount.fixed else settings.tracking_moving
    with exit_codes():
        try:
            done = track_file(
                detections,
                out,
                fps=fps,
                every=every,
                ground_truth=ground_truth,
                tracking=tracking,
                scale=None if scores is Scores.auto else cast("Scale", scores.value),
            )
        except (ValueError, OSError) as error:
            raise Stop(str(error)) from error
    for warning in done.warnings:
        typer.echo(f"warning: {detections}: {warning}", err=True)
    if as_json:
        print_json([{"detections": str(detections), "out": str(out), **asdict(done)}])
        return
    counts = f"{done.frames} frames at {done.fps:g} fps, {done.detections} detections"
    typer.echo(f"{detections}: {done.scale}")
    typer.echo(f"{counts}, {done.seconds:.2f} s")
    typer.echo(f"{out}: {done.boxes} boxes of {done.tracks} tracks")
    if done.scores is not None:
        print_lines(_table(done.scores))


def _table(scores: TrackScores) -> list[str]:
    shares = {
        "HOTA": scores.hota,
        "DetA": scores.deta,
        "AssA": scores.assa,
        "IDF1": scores.idf1,
        "MOTA": scores.mota,
    }
    names = [*shares, "IDSW", "Frag"]
    values = [f"{100 * share:.3f}" for share in shares.values()]
    values += [str(scores.id_switches), str(scores.fragments)]
    return [
        " ".join(f"{name:>8}" for name in names),
        " ".join(f"{value:>8}" for value in values),
    ]
