"""`wardstream fuse`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, cast

import typer

from models.datasets.scores import Scale
from models.evaluation.floor import FloorScores
from runtime.errors import Stop
from workers.cli.configuration import read_settings
from workers.cli.errors import exit_codes
from workers.cli.output import Json, print_json, print_table, print_text
from workers.cli.scales import Scores
from workers.operations.scoring.fusing import fuse_files, parse_area, parse_detections


def fuse(
    cameras: Annotated[
        Path, typer.Option(help="JSON: each camera's 3x4 matrix, homography or pose.")
    ],
    detections: Annotated[
        list[str],
        typer.Option(
            metavar="CAM=DET.txt",
            help="A camera and its det.txt: frame, -1, left, top, width, height, score. Repeat it.",
        ),
    ],
    fps: Annotated[float, typer.Option(help="Frames per second of every file.")],
    out: Annotated[Path, typer.Option(help="Where frame, id, x, y (m), cameras are written.")],
    ground_truth: Annotated[
        Path | None, typer.Option(help="Frame, id, x, y in metres to score against.")
    ] = None,
    area: Annotated[
        str | None,
        typer.Option(
            metavar="X_MIN,Y_MIN,X_MAX,Y_MAX",
            help="Annotated part of the floor, metres: results outside are not scored.",
        ),
    ] = None,
    scores: Annotated[
        Scores,
        typer.Option(help="Scale of the scores, as for `track`; auto recognises it."),
    ] = Scores.auto,
    as_json: Json = False,
) -> None:
    """Fuse the cameras of a floor: one row for each person and frame, in metres.

    The fusion decides on each frame by what came before, and changes nothing afterwards. Frame `n`
    of all cameras is at the same time. The settings are those of the stream processor.
    """
    settings = read_settings()
    with exit_codes():
        try:
            done = fuse_files(
                cameras,
                parse_detections(detections),
                out,
                fps=fps,
                ground_truth=ground_truth,
                area=None if area is None else parse_area(area),
                scale=None if scores is Scores.auto else cast("Scale", scores.value),
                settings=settings.fusion,
            )
        except (ValueError, OSError) as error:
            raise Stop(str(error)) from error
    for warning in done.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if as_json:
        print_json([{"cameras_file": str(cameras), "out": str(out), **asdict(done)}])
        return
    print_text(
        f"{done.frames} frames at {done.fps:g} fps of {', '.join(done.cameras)}: "
        f"{done.detections} detections, {done.seconds:.2f} s, "
        f"{done.us_per_camera_frame:.0f} us a camera frame"
    )
    if done.left_out:
        print_text(f"without detections, and left out: {', '.join(done.left_out)}")
    print_text(f"{out}: {done.rows} rows of {done.people} people")
    if done.scores is not None:
        print_table(*_table(done.scores))


def _table(scores: FloorScores) -> tuple[list[str], list[list[str]]]:
    shares = {
        "HOTA": scores.hota,
        "DetA": scores.deta,
        "AssA": scores.assa,
        "IDF1": scores.idf1,
        "MOTA": scores.mota,
    }
    error = "" if scores.median_error_m is None else f"{scores.median_error_m:.3f}"
    others = {
        "IDSW": str(scores.id_switches),
        "Frag": str(scores.fragments),
        "median error, m": error,
        "count error": f"{scores.count_error:.2f}",
    }
    values = [*(f"{100 * share:.1f}" for share in shares.values()), *others.values()]
    return [*shares, *others], [values]
