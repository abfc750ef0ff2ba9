"""Identity scores (Ristani et al., 2016)."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.evaluation.steps import Steps

OVERLAP = 0.5
"""A box and a person that overlap by less are no match."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Identity scores.

    Attributes:
        idf1: `2 IDTP / (people's boxes + tracks' boxes)`.
        id_recall: `IDTP / people's boxes`.
        id_precision: `IDTP / tracks' boxes`.
    """

    idf1: float
    id_recall: float
    id_precision: float


def identity(steps: Steps) -> Identity:
    """Give each person at most one track for the whole sequence, and count what fits.

    The pairing that leaves the fewest wrong boxes is the one that has the most right ones
    (`IDTP`), since each right box takes one from either side's wrong ones.
    """
    together = np.zeros((steps.people, steps.tracks))
    for step in steps:
        people, tracks = np.nonzero(step.overlaps >= OVERLAP)
        together[step.people[people], step.tracks[tracks]] += 1
    rows, columns = linear_sum_assignment(together, maximize=True)
    right = float(together[rows, columns].sum())
    people_boxes = int(steps.person_boxes.sum())
    track_boxes = int(steps.track_boxes.sum())
    return Identity(
        idf1=2 * right / max(1, people_boxes + track_boxes),
        id_recall=right / max(1, people_boxes),
        id_precision=right / max(1, track_boxes),
    )
