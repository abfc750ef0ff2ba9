"""A sequence frame by frame, in the form from which tracking scores are computed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.datasets.motchallenge import BoxTable
from models.detectors.boxes import iou

Floats = NDArray[np.float64]

Similarity = Callable[[Floats, Floats], Floats]
"""How alike `N` people and `M` tracks are, 0 to 1, shape `(N, M)`."""

ROUNDING = float(np.finfo(np.float64).eps)
"""Slack of comparisons with an overlap threshold, so that a box at it counts."""


@dataclass(frozen=True, slots=True)
class Step:
    """One frame.

    Attributes:
        people: Index of each person in it, shape `(N,)`.
        tracks: Index of each track in it, shape `(M,)`.
        overlaps: How alike each person and each track are, 0 to 1, shape `(N, M)`: boxes by
            intersection over union, points by nearness.
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


class Rows(NamedTuple):
    """People or tracks over time, in order of frame and then id.

    Attributes:
        frames: Frame of each row, shape `(N,)`.
        ids: Person or track of each row, shape `(N,)`.
        values: What is compared: a box or a point, shape `(N, K)`.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    values: Floats


def steps_of(ground_truth: BoxTable, results: BoxTable) -> Steps:
    """Put two tables of boxes side by side, frame by frame, with ids counted from 0.

    Raises:
        ValueError: An id is twice in a frame.
    """
    return steps_between(_rows(ground_truth), _rows(results), iou)


def steps_between(ground_truth: Rows, results: Rows, similarity: Similarity) -> Steps:
    """Put people and tracks side by side, frame by frame, with ids counted from 0.

    Raises:
        ValueError: An id is twice in a frame.
    """
    truth, person_boxes = _indexed(ground_truth, "ground truth")
    found, track_boxes = _indexed(results, "results")
    nothing = (np.empty(0, dtype=np.intp), np.empty((0, ground_truth.values.shape[1])))
    steps = []
    for frame in sorted(truth.keys() | found.keys()):
        people, people_at = truth.get(frame, nothing)
        tracks, tracks_at = found.get(frame, nothing)
        steps.append(Step(people, tracks, similarity(people_at, tracks_at)))
    return Steps(steps, len(person_boxes), len(track_boxes), person_boxes, track_boxes)


def _rows(boxes: BoxTable) -> Rows:
    return Rows(boxes.frames, boxes.ids, boxes.boxes)


def _indexed(
    rows: Rows, name: str
) -> tuple[dict[int, tuple[NDArray[np.intp], Floats]], NDArray[np.int64]]:
    """Each frame's identity indices and values, and the number of rows of each identity."""
    ids, counts = np.unique(rows.ids, return_counts=True)
    again = (np.diff(rows.frames) == 0) & (np.diff(rows.ids) == 0)
    if again.any():
        row = int(again.argmax())
        raise ValueError(f"{name}: id {rows.ids[row]} is twice in frame {rows.frames[row]}")
    indices = np.searchsorted(ids, rows.ids)
    numbers, starts = np.unique(rows.frames, return_index=True)
    ends = [*starts[1:].tolist(), len(rows.frames)][: len(starts)]
    frames = {
        frame: (indices[start:end], rows.values[start:end])
        for frame, start, end in zip(numbers.tolist(), starts.tolist(), ends, strict=True)
    }
    return frames, counts.astype(np.int64)
