"""`wardstream track`: run the tracker on a MOTChallenge file, without Kafka or pixels."""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import EXIT_STOP, Stop
from runtime.process.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.datasets.motchallenge import BoxTable
    from models.evaluation.tracking import TrackScores
    from streams.domain.settings import TrackerSettings

FIRST_FRAME_US = 1_000_000
"""Event time of frame 1, microseconds."""


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
) -> None:
    """Follow people through a file of detections; print scores where there is ground truth.

    Written are the confirmed tracks that have a detection in that frame. The tracker runs with
    the settings that the line runs with.
    """
    try:
        lines = run(detections, fps, out, ground_truth, every)
    except (Stop, ValueError, OSError) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(EXIT_STOP) from exc
    for line in lines:
        typer.echo(line)


def run(
    detections: Path, fps: float, out: Path, ground_truth: Path | None, every: int
) -> list[str]:
    """Track and score; returns what is printed.

    Raises:
        ValueError: A file cannot be read; names file, line and field.
    """
    from models.datasets.motchallenge import (  # noqa: PLC0415 - heavy
        read_detections,
        read_distractors,
        read_ground_truth,
        write,
    )
    from models.datasets.scores import to_unit_scores  # noqa: PLC0415
    from models.datasets.thinning import thin  # noqa: PLC0415
    from models.evaluation.distractors import without_distracted  # noqa: PLC0415
    from models.evaluation.tracking import evaluate_tracks  # noqa: PLC0415
    from streams.domain.settings import TrackerSettings  # noqa: PLC0415
    from streams.domain.tracking.arrays import warm_up  # noqa: PLC0415

    read = read_detections(detections)
    truth = None if ground_truth is None else thin(read_ground_truth(ground_truth), every)
    uncounted = None if ground_truth is None else read_distractors(ground_truth)
    unit = to_unit_scores(read.scores)
    found = thin(replace(read, scores=unit.scores), every)
    frames = range(1, int(found.frames.max(initial=0)) + 1, every)
    warm_up()
    started_s = time.perf_counter()
    tracks = follow(found, frames, fps, TrackerSettings(**Settings().tracking.model_dump()))
    taken_s = time.perf_counter() - started_s
    write(out, tracks)
    lines = [
        f"{detections}: {unit.explain()}",
        f"{len(frames)} frames at {fps / every:g} fps, {len(found)} detections, {taken_s:.2f} s",
        f"{out}: {len(tracks)} boxes of {len(set(tracks.ids.tolist()))} tracks",
    ]
    if truth is None:
        return lines
    if uncounted is not None:
        tracks = without_distracted(*uncounted, tracks)
    return [*lines, *_table_of(evaluate_tracks(truth, tracks))]


def follow(
    detections: "BoxTable", frames: "Iterable[int]", fps: float, settings: "TrackerSettings"
) -> "BoxTable":
    """Run the tracker over the frames of a sequence.

    Args:
        detections: Scores from 0 to 1.
        frames: The frames that were looked at, rising; a frame without detections shows nobody.
        fps: Frame `n` is at `(n - 1) / fps` s.
        settings: Of the tracker.

    Returns:
        The boxes of confirmed tracks in the frames that hold a detection of theirs.

    Raises:
        ValueError: A detection that no tracker can use; names its frame.
    """
    import numpy as np  # noqa: PLC0415 - heavy

    from models.datasets.motchallenge import table  # noqa: PLC0415
    from streams.domain.tracking import columns as c  # noqa: PLC0415
    from streams.domain.tracking.arrays import advance_boxes  # noqa: PLC0415
    from streams.domain.tracking.checks import NO_BOXES, UnusableOutcome  # noqa: PLC0415
    from streams.domain.tracking.parameters import parameters_of  # noqa: PLC0415
    from streams.domain.tracking.state import TrackerState  # noqa: PLC0415

    state, parameters = TrackerState(), parameters_of(settings)
    by_frame = {
        frame: np.column_stack([rows.boxes, rows.scores])
        for frame, rows in detections.by_frame().items()
    }
    kept = []
    for frame in frames:
        at_us = FIRST_FRAME_US + round((frame - 1) * 1_000_000 / fps)
        try:
            tracks = advance_boxes(state, at_us, by_frame.get(frame, NO_BOXES), parameters)
        except UnusableOutcome as exc:
            msg = f"frame {frame}: {exc}"
            raise ValueError(msg) from exc
        tracks = tracks[(tracks[:, c.OUT_LIFE] == c.CONFIRMED) & (tracks[:, c.OUT_OBSERVED] == 1)]
        kept.append(np.column_stack([np.full(len(tracks), frame), tracks]))
    rows = np.concatenate([np.empty((0, 1 + c.OUT)), *kept])
    followed = rows[:, 1:]
    return table(
        rows[:, 0].astype(np.int64),
        followed[:, c.OUT_ID].astype(np.int64),
        followed[:, c.OUT_X_MIN : c.OUT_Y_MAX + 1],
        followed[:, c.OUT_SCORE],
    )


def _table_of(scores: "TrackScores") -> list[str]:
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
