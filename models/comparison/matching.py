"""Which boxes find a person, over all frames at once.

The rule is that of `models.evaluation.detection.match`, which goes frame by frame; here the boxes
of one rank are matched in all frames together, so that there are as many steps as the fullest
frame has boxes.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.comparison.arms import BoxesOfFrames
from models.detectors.boxes import area


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a box and a person of one frame that overlap enough for the least threshold.

    Attributes:
        rank: Rank of the box in its frame by score, from 0, shape `(P,)`.
        box: Shape `(P,)`.
        person: Shape `(P,)`.
        overlap: Intersection over union, shape `(P,)`.
        boxes: Number of boxes.
        people: Number of people.
    """

    rank: NDArray[np.int64]
    box: NDArray[np.int64]
    person: NDArray[np.int64]
    overlap: NDArray[np.float64]
    boxes: int
    people: int


def pairs_of(found: BoxesOfFrames, people: BoxesOfFrames, frames: int, least: float) -> Pairs:
    """Every box beside every person of its frame, those with an overlap of `least` or more."""
    counts = np.bincount(people.frames, minlength=frames)
    starts = np.cumsum(counts) - counts
    of_box = counts[found.frames]
    box = np.repeat(np.arange(len(found.frames)), of_box)
    offset = np.arange(len(box)) - np.repeat(np.cumsum(of_box) - of_box, of_box)
    person = starts[found.frames[box]] + offset
    overlap = _overlap(found.boxes[box], people.boxes[person])
    near = overlap >= least
    box, person, overlap = box[near], person[near], overlap[near]
    rank = _ranks(found)
    # Best overlap first; of equal ones the last person, as pycocotools takes.
    order = np.lexsort((-person, -overlap, box, rank[box]))
    box, person, overlap = box[order], person[order], overlap[order]
    return Pairs(rank[box], box, person, overlap, len(found.frames), len(people.frames))


def hits(pairs: Pairs, threshold: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The boxes that find a person at an overlap, and the person that each finds.

    Best score first, each box takes the free person that it overlaps most.
    """
    enough = pairs.overlap >= threshold
    rank, box, person = pairs.rank[enough], pairs.box[enough], pairs.person[enough]
    taken = np.zeros(pairs.people, dtype=bool)
    found_boxes, found_people = [], []
    limits = np.searchsorted(rank, np.arange(int(rank[-1]) + 2)) if len(rank) else np.zeros(1, int)
    for start, end in pairwise(limits.tolist()):
        free = ~taken[person[start:end]]
        boxes, first = np.unique(box[start:end][free], return_index=True)
        people = person[start:end][free][first]
        taken[people] = True
        found_boxes.append(boxes)
        found_people.append(people)
    nothing = np.empty(0, dtype=np.int64)
    return np.concatenate([nothing, *found_boxes]), np.concatenate([nothing, *found_people])


def _ranks(found: BoxesOfFrames) -> NDArray[np.int64]:
    order = np.lexsort((-found.scores, found.frames))
    first = np.searchsorted(found.frames, found.frames)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order)) - first
    return ranks


def _overlap(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.minimum(first[:, 2:], second[:, 2:]) - np.maximum(first[:, :2], second[:, :2])
    sides = np.maximum(sides, 0.0)
    shared = sides[:, 0] * sides[:, 1]
    union = area(first) + area(second) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))
