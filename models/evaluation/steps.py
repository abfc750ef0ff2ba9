"""A sequence frame by frame, in the form from which tracking scores are computed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.motchallenge import BoxTable
from models.detectors.boxes import iou

ROUNDING = float(np.finfo(np.float64).eps)
"""Slack of comparisons with an overlap threshold, so that a box at it counts."""


@dataclass(frozen=True, slots=True)
class Step:
    """One frame.

    Attributes:
        people: Index of each person in it, shape `(N,)`.
        tracks: Index of each track in it, shape `(M,)`.
        overlaps: Intersection over union of each person with each track, shape `(N, M)`.
    """

    people: NDArray[np.intp]
    tracks: NDArray[np.intp]
    overlaps: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Steps:
    """A sequence: its frames in order, those without anything left out.

    Attributes:
        people: Number of identities in the ground truth, `P`.
        tracks: Number of identities in the results, `T`.
        person_boxes: Boxes of each person, shape `(P,)`.
        track_boxes: Boxes of each track, shape `(T,)`.
    """

    steps: list[Step]
    people: int
    tracks: int
    person_boxes: NDArray[np.int64]
    track_boxes: NDArray[np.int64]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)


def steps_of(ground_truth: BoxTable, results: BoxTable) -> Steps:
    """Put two tables side by side, frame by frame, with ids counted from 0.

    Raises:
        ValueError: An id is twice in a frame.
    """
    truth, person_boxes = _indexed(ground_truth, "ground truth")
    found, track_boxes = _indexed(results, "results")
    nothing = (np.empty(0, dtype=np.intp), np.empty((0, 4)))
    steps = []
    for frame in sorted(truth.keys() | found.keys()):
        people, people_at = truth.get(frame, nothing)
        tracks, tracks_at = found.get(frame, nothing)
        steps.append(Step(people, tracks, iou(people_at, tracks_at)))
    return Steps(steps, len(person_boxes), len(track_boxes), person_boxes, track_boxes)


def _indexed(
    boxes: BoxTable, name: str
) -> tuple[dict[int, tuple[NDArray[np.intp], NDArray[np.float64]]], NDArray[np.int64]]:
    """Each frame's identity indices and boxes, and the number of boxes of each identity."""
    ids, counts = np.unique(boxes.ids, return_counts=True)
    again = (np.diff(boxes.frames) == 0) & (np.diff(boxes.ids) == 0)
    if again.any():
        row = int(again.argmax())
        raise ValueError(f"{name}: id {boxes.ids[row]} is twice in frame {boxes.frames[row]}")
    frames: dict[int, tuple[NDArray[np.intp], NDArray[np.float64]]] = {}
    for frame, rows in boxes.by_frame().items():
        frames[frame] = (np.searchsorted(ids, rows.ids), rows.boxes)
    return frames, counts.astype(np.int64)
