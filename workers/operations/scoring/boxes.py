"""Run the tracker on a MOTChallenge file, without Kafka or pixels, and score it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.datasets.motchallenge import (
    BoxTable,
    read_detections,
    read_distractors,
    read_ground_truth,
    table,
    write,
)
from models.datasets.scores import to_unit_scores
from models.datasets.thinning import thin
from models.evaluation.distractors import without_distracted
from models.evaluation.tracking import TrackScores, evaluate_tracks
from streams.domain.settings import TrackerSettings
from streams.domain.tracking.arrays import advance_boxes, warm_up
from streams.domain.tracking.checks import NO_BOXES, UnusableOutcome
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.tables import TRACK_UPDATE, TrackState

FIRST_FRAME_US = 1_000_000
"""Event time of frame 1, microseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackingRun:
    """The result of tracking a file.

    Attributes:
        scale: How the file's scores were read, as one sentence.
        frames: Frames tracked.
        fps: Rate of the tracked frames, frames/s.
        detections: Detections in the tracked frames.
        seconds: Time that the tracker took, seconds.
        boxes: Boxes written.
        tracks: Tracks written.
        scores: Scores against the ground truth; None without one.
    """

    scale: str
    frames: int
    fps: float
    detections: int
    seconds: float
    boxes: int
    tracks: int
    scores: TrackScores | None


def track_file(
    detections: Path,
    out: Path,
    *,
    fps: float,
    every: int,
    ground_truth: Path | None,
    tracking: TrackerSettings,
) -> TrackingRun:
    """Track a file of detections, write the tracks, and score them.

    Args:
        detections: `det.txt` of MOTChallenge.
        out: File to write the tracks to.
        fps: Rate of the file, frames/s.
        every: Use frames 1, 1 + N, 1 + 2 N ... only; time stays true.
        ground_truth: `gt.txt` to score against; None scores nothing.
        tracking: Settings of the tracker.

    Raises:
        ValueError: A file cannot be read; the message names file, line and field.
    """
    read = read_detections(detections)
    truth = None if ground_truth is None else thin(read_ground_truth(ground_truth), every)
    uncounted = None if ground_truth is None else read_distractors(ground_truth)
    unit = to_unit_scores(read.scores)
    found = thin(replace(read, scores=unit.scores), every)
    frames = range(1, int(found.frames.max(initial=0)) + 1, every)
    warm_up()
    started_s = time.perf_counter()
    tracks = follow(found, frames, fps, tracking)
    taken_s = time.perf_counter() - started_s
    write(out, tracks)
    counted = tracks if uncounted is None else without_distracted(*uncounted, tracks)
    return TrackingRun(
        scale=unit.explain(),
        frames=len(frames),
        fps=fps / every,
        detections=len(found),
        seconds=taken_s,
        boxes=len(tracks),
        tracks=len(set(tracks.ids.tolist())),
        scores=None if truth is None else evaluate_tracks(truth, counted),
    )


def follow(
    detections: BoxTable, frames: Iterable[int], fps: float, settings: TrackerSettings
) -> BoxTable:
    """Run the tracker over the frames of a sequence.

    Args:
        detections: Detections, with scores from 0 to 1.
        frames: Searched frames, in rising order; a frame without detections shows nobody.
        fps: Rate, frames/s; frame `n` is at `(n - 1) / fps` s.
        settings: Settings of the tracker.

    Returns:
        The boxes of confirmed tracks in the frames that hold one of their detections.

    Raises:
        ValueError: The tracker cannot use a detection; the message names its frame.
    """
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
        except UnusableOutcome as error:
            raise ValueError(f"frame {frame}: {error}") from error
        shown = (tracks["state"] == TrackState.CONFIRMED) & tracks["observed"]
        kept.append((np.full(np.count_nonzero(shown), frame), tracks[shown]))
    followed = np.concatenate([np.empty(0, TRACK_UPDATE), *(tracks for _, tracks in kept)])
    return table(
        np.concatenate([np.empty(0, np.int64), *(numbers for numbers, _ in kept)]),
        followed["track_id"],
        np.column_stack([followed[edge] for edge in ("x_min", "y_min", "x_max", "y_max")]),
        followed["score"],
    )
