"""Boxes per score bin, and what follows from them at any threshold."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.comparison.arms import Arm, Truth
from models.comparison.blocks import Units
from models.comparison.matching import hits, pairs_of
from models.evaluation import detection
from models.evaluation.detection import IOU_THRESHOLDS

Floats = NDArray[np.float64]

BINS = 200
POINTS = 100
"""Precision is read at recalls of 0, 1/100, ... 1, as in `models.evaluation.detection`."""


class Bins(NamedTuple):
    """Boxes of one arm, by score.

    Attributes:
        right: Boxes that find a person, by overlap and bin of the score, shape `(U, T, BINS)`.
        boxes: All boxes, shape `(U, BINS)`.
        people: People, shape `(U,)`.
    """

    right: Floats
    boxes: Floats
    people: Floats


class AtThreshold(NamedTuple):
    """One arm with one threshold.

    Attributes:
        threshold: Score from which boxes count.
        precision: Share of the boxes that are people; 0 when there are none.
        recall: Share of the people that are found; NaN when there are none.
        f1: `2 true positives / (boxes + people)`; NaN when there are neither.
        true_positives: Boxes that find a person.
        false_positives: The other boxes.
        false_negatives: People without a box.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    true_positives: int
    false_positives: int
    false_negatives: int


def bin_of(scores: Floats) -> NDArray[np.int64]:
    """The bin of each score; a threshold of `k / BINS` keeps the bins from `k` on."""
    return np.minimum(BINS - 1, np.floor(scores * BINS + 1e-9)).astype(np.int64)


def bins_of(arm: Arm, truth: Truth, units: Units) -> tuple[Bins, Floats]:
    """Count an arm's boxes in each unit, at COCO's ten overlaps.

    Returns:
        The counts, and average precision by each box's own score, shape `(T,)`; NaN without people.
    """
    found, people = arm.found, truth.people
    pairs = pairs_of(found, people, len(arm.frames), float(IOU_THRESHOLDS[0]))
    cell = units.of_row[found.frames] * BINS + bin_of(found.scores)
    cells = len(units) * BINS
    boxes = np.bincount(cell, minlength=cells).reshape(len(units), BINS)
    right = np.empty((len(units), len(IOU_THRESHOLDS), BINS))
    right_boxes = np.zeros((len(found.frames), len(IOU_THRESHOLDS)), dtype=bool)
    for level, threshold in enumerate(IOU_THRESHOLDS):
        own = hits(pairs, float(threshold))[0]
        right_boxes[own, level] = True
        right[:, level] = np.bincount(cell[own], minlength=cells).reshape(len(units), BINS)
    of_people = np.bincount(units.of_row[people.frames], minlength=len(units))
    exact = np.full(len(IOU_THRESHOLDS), np.nan)
    if len(people.frames):
        exact = detection.average_precisions(found.scores, right_boxes, len(people.frames))
    return Bins(right, boxes.astype(float), of_people.astype(float)), exact


def average_precisions(
    right: NDArray[np.floating], boxes: NDArray[np.floating], people: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Average precision from totals of bins, many at once.

    Args:
        right: Shape `(R, T, BINS)`.
        boxes: Shape `(R, BINS)`.
        people: Shape `(R,)`.

    Returns:
        Shape `(R, T)`; NaN without people.
    """
    found = np.cumsum(right[..., ::-1], axis=-1)
    counted = np.cumsum(boxes[..., ::-1], axis=-1)[:, None, :]
    precision = found / np.maximum(counted, 1e-9)
    envelope = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = found / people[:, None, None]
    passed = np.floor(recall * POINTS + 1e-4) + 1
    points = np.diff(passed, axis=-1, prepend=0.0)
    return np.asarray((envelope * points).sum(axis=-1) / (POINTS + 1))


def at_threshold(bins: Bins, threshold: float) -> AtThreshold:
    """What an arm would have found with another threshold, without its boxes.

    Raises:
        ValueError: The threshold is not between 0 and 1.
    """
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"a threshold is from 0 to 1, and this one is {threshold}")
    first = round(threshold * BINS)
    right = int(bins.right[:, 0, first:].sum())
    boxes = int(bins.boxes[:, first:].sum())
    people = int(bins.people.sum())
    return AtThreshold(
        threshold=first / BINS,
        precision=right / max(1, boxes),
        recall=right / people if people else float("nan"),
        f1=2 * right / (boxes + people) if boxes + people else float("nan"),
        true_positives=right,
        false_positives=boxes - right,
        false_negatives=people - right,
    )
