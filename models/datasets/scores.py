"""Detection scores of any scale, read as shares of 1.

Files of MOTChallenge format hold whatever their detector gave: probabilities (Faster R-CNN, YOLO),
margins from about -1 to 140 (the aggregate channel features of MOT15), -1 or 1 in every row where
there is none. A tracker's thresholds need one scale.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Scale = Literal["unit", "none", "margin"]

MARGIN_MIDDLE = 10.0
"""Margin that reads as 0.5: on MOT15's training scenes about one public box in four at this margin
is a person, and so is one of Faster R-CNN's at a score of 0.5."""

MARGIN_SPREAD = 10.0
"""Margin that moves the odds by a factor of e; it brings 30 to 0.88 and 50 to 0.98, where boxes of
either detector are people about as often."""


class UnitScores(NamedTuple):
    """Scores from 0 to 1.

    Attributes:
        scores: Shape `(N,)`.
        scale: How they were read.
    """

    scores: NDArray[np.float64]
    scale: Scale

    def explain(self) -> str:
        """How they were read, in one sentence."""
        return {
            "unit": "scores are from 0 to 1 and read as they are",
            "none": "every score is the same and outside 0 to 1: there are none, so 1 is taken",
            "margin": (
                f"scores go beyond 0 to 1: read as margins, 1 / (1 + exp(({MARGIN_MIDDLE:g} - s)"
                f" / {MARGIN_SPREAD:g}))"
            ),
        }[self.scale]


def to_unit_scores(scores: NDArray[np.float64]) -> UnitScores:
    """Bring a file's scores to 0 to 1, by what is in the file.

    All from 0 to 1: as they are. All the same outside (-1 in every row): none, so 1. Otherwise
    margins of a boosted detector, through a logistic curve that is the same for every file, so
    that a frame's scores do not depend on frames to come.
    """
    if len(scores) == 0 or (scores.min() >= 0.0 and scores.max() <= 1.0):
        return UnitScores(scores, "unit")
    if scores.min() == scores.max():
        return UnitScores(np.ones_like(scores), "none")
    odds = (MARGIN_MIDDLE - scores) / MARGIN_SPREAD
    return UnitScores(1.0 / (1.0 + np.exp(np.clip(odds, -500.0, 500.0))), "margin")
