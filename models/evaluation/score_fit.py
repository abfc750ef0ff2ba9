"""Fit the score map of a model: the same score, the same share of boxes that are people.

Among boxes of about one raw score some share are people. The map gives that raw score the score at
which yolox_nano's boxes are people as often, on the same kind of pictures.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from models.datasets.motchallenge import BoxTable
from models.detectors.boxes import iou
from models.detectors.score_map import ScoreMap
from models.evaluation.detection import match

POINTS: Final = np.linspace(0.0, 1.0, 21)
"""Raw scores of a map's points."""

SCORES: Final = np.linspace(0.0, 1.0, 101)
"""Raw scores at which precision is estimated."""

OVERLAP = 0.5
"""A box is a person when it overlaps one of its own by this much."""

WIDTH = 0.04
"""Width (standard deviation) of the window of scores over which precision is a mean. With 400
frames of the demo's clip some 100 boxes weigh in at each score."""

LEAST_SLOPE = 0.02
"""Share of the identity that is mixed in, so that a map rises where precision does not."""

FEWEST_BOXES = 200

Curve = NDArray[np.float64]
"""Precision at each of `SCORES`, rising, shape `(101,)`."""


def precision_curve(ground_truth: BoxTable, detections: BoxTable) -> Curve:
    """How often boxes of each raw score are people.

    Args:
        ground_truth: The people.
        detections: All boxes that the model gave, with raw scores, however low.

    Raises:
        ValueError: There are too few boxes, or only people or only others.
    """
    scores, hits = judged(ground_truth, detections)
    if len(scores) < FEWEST_BOXES or hits.all() or not hits.any():
        raise ValueError(
            f"{len(scores)} boxes, {int(hits.sum())} on people, are too few or too much "
            f"alike to fit a score map: give a clip with at least {FEWEST_BOXES} boxes"
        )
    weights = np.exp(-0.5 * ((scores[None, :] - SCORES[:, None]) / WIDTH) ** 2)
    nearest = np.abs(scores[None, :] - SCORES[:, None]).min(axis=1)
    share = (weights * hits).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-12)
    seen = nearest < 2 * WIDTH
    share = np.interp(SCORES, SCORES[seen], share[seen])
    return np.asarray(isotonic_regression(share).x)


def judged(
    ground_truth: BoxTable, detections: BoxTable
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The scores of all boxes, and whether each is a person, frame by frame."""
    truth = ground_truth.by_frame()
    scores, hits = [np.empty(0)], [np.empty(0, dtype=bool)]
    for frame, found in detections.by_frame().items():
        order = np.argsort(-found.scores, kind="stable")
        people = truth[frame].boxes if frame in truth else np.empty((0, 4))
        scores.append(found.scores[order])
        hits.append(match(iou(found.boxes[order], people), [OVERLAP])[:, 0])
    return np.concatenate(scores), np.concatenate(hits)


def fit_score_map(own: Curve, reference: Curve) -> ScoreMap:
    """The map under which a model's precision at each score is the reference's.

    Args:
        own: Precision at each raw score.
        reference: Precision of the reference model at each of its scores.
    """
    rising = reference + 1e-6 * np.arange(len(reference))
    mapped = np.interp(own, rising, SCORES)
    at_points = np.interp(POINTS, SCORES, mapped)
    at_points[0], at_points[-1] = 0.0, 1.0
    mixed = (1.0 - LEAST_SLOPE) * at_points + LEAST_SLOPE * POINTS
    return ScoreMap.of(
        [(round(raw, 4), round(score, 4)) for raw, score in zip(POINTS, mixed, strict=True)]
    )
