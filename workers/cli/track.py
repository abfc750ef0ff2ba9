"""`wardstream track`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from models.evaluation.tracking import TrackScores
from runtime.errors import Stop
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json, print_lines
from workers.operations.scoring.boxes import track_file


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
    as_json: Json = False,
) -> None:
    """Track people in a MOTChallenge file of detections; score the tracks against ground truth.

    Confirmed tracks that have a detection in a frame are written. The tracker has the settings of
    the stream processor.
    """
    with exit_codes():
        try:
            done = track_file(
                detections,
                out,
                fps=fps,
                every=every,
                ground_truth=ground_truth,
                tracking=read_settings().tracking,
            )
        except (ValueError, OSError) as error:
            raise Stop(str(error)) from error
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
