"""How well people are found: precision, recall and average precision, as COCO defines them.

Every ground truth box counts, whatever its size, and so does every prediction: there is no
limit per frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.motchallenge import BoxTable
from models.detectors.boxes import iou

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""COCO's; the first is that of `ap50`, precision and recall."""

RECALL_POINTS = np.linspace(0.0, 1.0, 101)

SCORE_THRESHOLD = 0.3
"""Default threshold at which precision and recall are given. A convention, not fitted to any
clip: average precision is the figure without one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionScores:
    """How well people are found.

    Attributes:
        ap: Mean of the average precision over overlaps of 0.50, 0.55, ... 0.95.
        ap50: Average precision at an overlap of 0.5: the area under precision over recall, read
            at 101 points.
        precision: Share of the boxes at or above `score_threshold` that are people; 0 when
            there are none.
        recall: Share of the people that are found at or above `score_threshold`.
        score_threshold: Score from which boxes count for precision, recall and the counts.
        true_positives: Boxes that overlap a person of their own by 0.5 or more.
        false_positives: The other boxes.
        false_negatives: People without a box.
        frames: Frames in which there is a person or a box.
    """

    ap: float
    ap50: float
    precision: float
    recall: float
    score_threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    frames: int


def evaluate_detections(
    ground_truth: BoxTable, predictions: BoxTable, *, score_threshold: float = SCORE_THRESHOLD
) -> DetectionScores:
    """Compare predicted boxes with the true ones.

    In each frame the predictions, best score first, each take the free person they overlap
    most, if that is enough.

    Args:
        ground_truth: The people; see `read_ground_truth` for which rows count.
        predictions: All boxes that the detector gave, with scores, however low.
        score_threshold: Score from which boxes count for precision and recall.

    Raises:
        ValueError: There is no ground truth.
    """
    if len(ground_truth) == 0:
        raise ValueError("there is no ground truth to score against")
    truth, predicted = ground_truth.by_frame(), predictions.by_frame()
    frames = sorted(truth.keys() | predicted.keys())
    scores: list[NDArray[np.float64]] = []
    hits: list[NDArray[np.bool_]] = []
    no_people = np.empty((0, 4))
    for frame in frames:
        if frame not in predicted:
            continue
        found = predicted[frame]
        order = np.argsort(-found.scores, kind="stable")
        people = truth[frame].boxes if frame in truth else no_people
        scores.append(found.scores[order])
        hits.append(match(iou(found.boxes[order], people), IOU_THRESHOLDS))
    all_scores = np.concatenate([*scores, np.empty(0)])
    all_hits = np.concatenate([*hits, np.empty((0, len(IOU_THRESHOLDS)), dtype=bool)])
    precisions = average_precisions(all_scores, all_hits, len(ground_truth))
    counted = all_hits[all_scores >= score_threshold, 0]
    true_positives = int(counted.sum())
    return DetectionScores(
        ap=float(precisions.mean()),
        ap50=float(precisions[0]),
        precision=true_positives / max(1, len(counted)),
        recall=true_positives / len(ground_truth),
        score_threshold=score_threshold,
        true_positives=true_positives,
        false_positives=len(counted) - true_positives,
        false_negatives=len(ground_truth) - true_positives,
        frames=len(frames),
    )


def match(
    overlaps: NDArray[np.float64], thresholds: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which predictions of a frame find a person.

    Args:
        overlaps: Overlap of each prediction, best score first, with each person, shape `(N, M)`.
        thresholds: Overlaps that are enough, shape `(T,)`.

    Returns:
        Shape `(N, T)`.
    """
    hits = np.zeros((len(overlaps), len(thresholds)), dtype=bool)
    if overlaps.shape[1] == 0:
        return hits
    for column, threshold in enumerate(thresholds):
        free = overlaps.copy()
        for row in range(len(free)):
            # Of equal overlaps the last is taken, as pycocotools does.
            person = free.shape[1] - 1 - int(free[row, ::-1].argmax())
            if free[row, person] >= threshold:
                hits[row, column] = True
                free[:, person] = -1.0
    return hits


def average_precisions(
    scores: NDArray[np.float64], hits: NDArray[np.bool_], people: int
) -> NDArray[np.float64]:
    """Average precision at each overlap.

    Precision at a recall is the best at that recall or any higher one.

    Args:
        scores: Score of each prediction, shape `(N,)`.
        hits: Whether each prediction finds a person at each overlap, shape `(N, T)`.
        people: Number of people, at least 1.

    Returns:
        Shape `(T,)`.
    """
    order = np.argsort(-scores, kind="stable")
    true_positives = np.cumsum(hits[order], axis=0)
    recalls = true_positives / people
    precisions = true_positives / np.arange(1, len(order) + 1)[:, None]
    envelope = np.maximum.accumulate(precisions[::-1], axis=0)[::-1]
    result = np.zeros(hits.shape[1])
    for column in range(hits.shape[1]):
        ranks = np.searchsorted(recalls[:, column], RECALL_POINTS, side="left")
        found = ranks < len(order)
        result[column] = envelope[ranks[found], column].sum() / len(RECALL_POINTS)
    return result
