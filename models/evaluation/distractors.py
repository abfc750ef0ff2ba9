"""Tracks of distractors, which are removed before scoring, as in MOT16 and later.

Annotators mark some as distractors: people on vehicles, people who never move, pictures of people,
reflections. To follow one is neither right nor wrong.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.datasets.motchallenge import BoxTable
from models.detectors.boxes import iou
from models.evaluation.steps import ROUNDING

OVERLAP = 0.5
"""A box that overlaps an annotation by less is not on it."""


def without_distracted(
    annotated: BoxTable, distractors: NDArray[np.bool_], results: BoxTable
) -> BoxTable:
    """Leave out the boxes that are on distractors.

    In each frame boxes and annotations of every kind are assigned to each other by overlap, so
    that a box on a person beside a distractor is kept.

    Args:
        annotated: All annotations, whether they count or not.
        distractors: Whether each annotation is a distractor, shape `(N,)`.
        results: The tracks.
    """
    stays = np.ones(len(results), dtype=bool)
    starts = np.searchsorted(annotated.frames, results.frames, side="left")
    ends = np.searchsorted(annotated.frames, results.frames, side="right")
    first = np.flatnonzero(np.diff(results.frames, prepend=0))
    for start, end in zip(first, [*first[1:], len(results)], strict=False):
        rows = slice(starts[start], ends[start])
        overlaps = iou(annotated.boxes[rows], results.boxes[start:end])
        overlaps[overlaps < OVERLAP - ROUNDING] = 0.0
        there, box = linear_sum_assignment(overlaps, maximize=True)
        on_one = (overlaps[there, box] > ROUNDING) & distractors[rows][there]
        stays[start + box[on_one]] = False
    return results.where(stays)
