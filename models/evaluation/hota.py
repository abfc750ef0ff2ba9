"""Higher order tracking accuracy (Luiten et al., IJCV 2021)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.evaluation.steps import ROUNDING, Steps

OVERLAPS = np.arange(0.05, 0.99, 0.05)
"""The 19 overlaps at which a box may count as found, 0.05 to 0.95."""


@dataclass(frozen=True, slots=True)
class Hota:
    """The scores at each of `OVERLAPS`, shape `(19,)`.

    Attributes:
        hota: `sqrt(deta * assa)`.
        deta: Matched boxes as a share of all boxes of people and tracks.
        assa: Mean over matched boxes of how much their person and their track have in common:
            frames matched with each other, as a share of the frames of either.
    """

    hota: NDArray[np.float64]
    deta: NDArray[np.float64]
    assa: NDArray[np.float64]


def hota(steps: Steps) -> Hota:
    """HOTA of one sequence.

    Frames are matched so that people keep the track that fits them over the whole sequence:
    the assignment's weight is overlap times that global fit.
    """
    fit = _global_fit(steps)
    matches = np.zeros((len(OVERLAPS), steps.people, steps.tracks))
    for step in steps:
        weights = fit[np.ix_(step.people, step.tracks)] * step.overlaps
        rows, columns = linear_sum_assignment(weights, maximize=True)
        enough = step.overlaps[rows, columns] >= OVERLAPS[:, None] - ROUNDING
        for level, picked in enumerate(enough):
            matches[level, step.people[rows[picked]], step.tracks[columns[picked]]] += 1
    found = matches.sum(axis=(1, 2))
    either = steps.person_boxes.sum() + steps.track_boxes.sum() - found
    deta = found / np.maximum(1, either)
    frames_of_either = steps.person_boxes[:, None] + steps.track_boxes[None, :] - matches
    in_common = matches / np.maximum(1, frames_of_either)
    assa = (matches * in_common).sum(axis=(1, 2)) / np.maximum(1, found)
    return Hota(np.sqrt(deta * assa), deta, assa)


def _global_fit(steps: Steps) -> NDArray[np.float64]:
    """How well each person and track agree over the sequence, before boxes are matched.

    A frame adds to a pair its overlap as a share of all overlaps that either has in that frame.

    Returns:
        Shape `(P, T)`, 0 to 1.
    """
    together = np.zeros((steps.people, steps.tracks))
    for step in steps:
        overlaps = step.overlaps
        of_either = overlaps.sum(axis=0)[None, :] + overlaps.sum(axis=1)[:, None] - overlaps
        share = np.divide(
            overlaps, of_either, out=np.zeros_like(overlaps), where=of_either > ROUNDING
        )
        together[np.ix_(step.people, step.tracks)] += share
    apart = steps.person_boxes[:, None] + steps.track_boxes[None, :] - together
    return np.asarray(together / apart)
