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
from models.datasets.scores import Scale, to_unit_scores
from models.datasets.thinning import thin
from models.evaluation.distractors import without_distracted
from models.evaluation.tracking import TrackScores, evaluate_tracks
from streams.domain.settings import MovingTrackerSettings, TrackerSettings
from streams.domain.tracking.arrays import advance_boxes, warm_up
from streams.domain.tracking.checks import NO_BOXES, UnusableOutcome
from streams.domain.tracking.parameters import parameters_of
from streams.domain.tracking.state import TrackerState
from streams.domain.tracking.tables import TRACK_UPDATE, TrackState

FIRST_FRAME_US = 1_000_000
"""Event time of frame 1, microseconds."""

MOVES = 0.4
"""Likeness of the boxes' errors that only a moving camera has in the middle frame: at 5 to 30
frames a second it is 0.5 for a camera in the hand, and 0.25 or less for every fixed scene of the
benchmark. A camera that moves smoothly is not found so."""

MANY = 20
"""So many detections without any track are not what anybody meant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackingRun:
    """The result of tracking a file.

    Attributes:
        scale: How the file's scores were read, as one sentence.
        warnings: What the boxes say against the way the file was read, a sentence each.
        frames: Frames tracked.
        fps: Rate of the tracked frames, frames/s.
        detections: Detections in the tracked frames.
        seconds: Time that the tracker took, seconds.
        boxes: Boxes written.
        tracks: Tracks written.
        scores: Scores against the ground truth; None without one.
    """

    scale: str
    warnings: list[str]
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
    scale: Scale | None = None,
) -> TrackingRun:
    """Track a file of detections, write the tracks, and score them.

    Args:
        detections: `det.txt` of MOTChallenge.
        out: File to write the tracks to.
        fps: Rate of the file, frames/s.
        every: Use frames 1, 1 + N, 1 + 2 N ... only; time stays true.
        ground_truth: `gt.txt` to score against; None scores nothing.
        tracking: Settings of the tracker.
        scale: Scale of the file's scores; None recognises it.

    Raises:
        ValueError: A file cannot be read; the message names file, line and field.
    """
    read = read_detections(detections)
    truth = None if ground_truth is None else thin(read_ground_truth(ground_truth), every)
    uncounted = None if ground_truth is None else read_distractors(ground_truth)
    try:
        unit = to_unit_scores(read.scores, scale)
    except ValueError as error:
        raise ValueError(f"{detections}: {error}") from error
    found = thin(replace(read, scores=unit.scores), every)
    frames = range(1, int(found.frames.max(initial=0)) + 1, every)
    warm_up()
    started_s = time.perf_counter()
    likeness: list[float] = []
    tracks = follow(found, frames, fps, tracking, likeness=likeness)
    taken_s = time.perf_counter() - started_s
    write(out, tracks)
    counted = tracks if uncounted is None else without_distracted(*uncounted, tracks)
    return TrackingRun(
        scale=unit.explain(),
        warnings=[
            *([f"{unit.doubt}; give the scale with --scores"] if unit.doubt else []),
            *_nothing(found, tracks, tracking),
            *_moves(likeness, tracking),
        ],
        frames=len(frames),
        fps=fps / every,
        detections=len(found),
        seconds=taken_s,
        boxes=len(tracks),
        tracks=len(set(tracks.ids.tolist())),
        scores=None if truth is None else evaluate_tracks(truth, counted),
    )


def _nothing(found: BoxTable, tracks: BoxTable, settings: TrackerSettings) -> list[str]:
    """Why no track came of many detections."""
    if len(tracks) > 0 or len(found) < MANY:
        return []
    nothing = f"no track came of {len(found)} detections"
    most = float(found.scores.max())
    if most < settings.birth_score:
        return [
            (
                f"{nothing}: the highest score, as read, is {most:.3g}, and a track starts at "
                f"birth_score {settings.birth_score:g}; give the scale with --scores, or lower "
                "WARDSTREAM_TRACKING__BIRTH_SCORE"
            )
        ]
    return [
        (
            f"{nothing}: none was found again in the frames after; check --fps and the columns "
            "(frame, id, left, top, width, height, score)"
        )
    ]


def _moves(likeness: list[float], settings: TrackerSettings) -> list[str]:
    """Whether the boxes say that a camera moves which is not said to move."""
    if isinstance(settings, MovingTrackerSettings) or len(likeness) < MANY:
        return []
    middle = float(np.median(likeness))
    if middle < MOVES:
        return []
    share = f"{middle:.2f} or more of the errors of a frame's boxes are alike"
    return [f"this camera moves: in half of the frames {share}; give --mount moving"]


def follow(
    detections: BoxTable,
    frames: Iterable[int],
    fps: float,
    settings: TrackerSettings,
    *,
    seen_only: bool = False,
    likeness: list[float] | None = None,
) -> BoxTable:
    """Run the tracker over the frames of a sequence.

    Args:
        detections: Detections, with scores from 0 to 1.
        frames: Searched frames, in rising order; a frame without detections shows nobody.
        fps: Rate, frames/s; frame `n` is at `(n - 1) / fps` s.
        settings: Settings of the tracker.
        seen_only: Leave out the boxes of tracks that a frame does not show.
        likeness: Filled, unless None: what part of the boxes' errors is common to them, for each
            frame in which that is known.

    Returns:
        The boxes of confirmed tracks.

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
        if likeness is not None and state.summary["camera_energy"][0] > 0.0:
            likeness += (state.summary["camera_common"] / state.summary["camera_energy"]).tolist()
        shown = tracks["state"] == TrackState.CONFIRMED
        if seen_only:
            shown &= tracks["observed"]
        kept.append((np.full(np.count_nonzero(shown), frame), tracks[shown]))
    followed = np.concatenate([np.empty(0, TRACK_UPDATE), *(tracks for _, tracks in kept)])
    return table(
        np.concatenate([np.empty(0, np.int64), *(numbers for numbers, _ in kept)]),
        followed["track_id"],
        np.column_stack([followed[edge] for edge in ("x_min", "y_min", "x_max", "y_max")]),
        followed["score"],
    )
