"""How well people are followed on a floor: the tracking scores, with metres for overlaps.

A person and a result are as similar as they are near: `max(0, 1 - distance / 1 m)`. So a result
within 0.5 m of a person is a match for MOTA and IDF1, and HOTA is the mean over distances from
0.95 to 0.05 m.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.datasets.floor import Area, FloorTable
from models.evaluation.clear import Clear, clear
from models.evaluation.hota import Hota, hota
from models.evaluation.identity import Identity, identity
from models.evaluation.steps import Rows, steps_between

REACH_M = 1.0
"""Distance at which a person and a result have nothing in common, metres."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FloorScores:
    """How well people are followed on a floor; shares from 0 to 1 (`mota` may be negative).

    Attributes:
        hota: Higher order tracking accuracy: `sqrt(deta * assa)`, mean over 19 similarities.
        deta: Detection accuracy, mean over the similarities.
        assa: Association accuracy, mean over the similarities.
        idf1: Share of points whose track is the one that fits its person best over the whole
            sequence.
        mota: `1 - (misses + false points + identity switches) / people`.
        id_switches: Times that a person's track changed.
        fragments: Times that a person was found again after having been lost.
        true_positives: Results within 0.5 m of their person.
        false_positives: Results that match no person.
        false_negatives: People, counted per frame, that no result matches.
        people: Identities in the ground truth.
        tracks: Identities in the results.
        median_error_m: Median distance of the true positives from their person, metres; None
            without any.
        count_error: Mean over the frames, from the first to the last of the ground truth, of how
            far the number of results is from the number of people.
    """

    hota: float
    deta: float
    assa: float
    idf1: float
    mota: float
    id_switches: int
    fragments: int
    true_positives: int
    false_positives: int
    false_negatives: int
    people: int
    tracks: int
    median_error_m: float | None
    count_error: float


def evaluate_floor(
    ground_truth: FloorTable, results: FloorTable, area: Area | None = None
) -> FloorScores:
    """Compare results on a floor with where people were.

    Args:
        ground_truth: The people.
        results: The tracks.
        area: The part of the floor that is annotated; results outside are not scored.

    Raises:
        ValueError: There is no ground truth, or an id is twice in a frame.
    """
    if len(ground_truth) == 0:
        raise ValueError("there is no ground truth to score against")
    if area is not None:
        results = results.where(area.holds(results.points))
    steps = steps_between(_rows(ground_truth), _rows(results), nearness)
    alignment: Hota = hota(steps)
    accuracy: Clear = clear(steps)
    ownership: Identity = identity(steps)
    distances = (1.0 - accuracy.overlaps) * REACH_M
    return FloorScores(
        hota=float(np.mean(alignment.hota)),
        deta=float(np.mean(alignment.deta)),
        assa=float(np.mean(alignment.assa)),
        idf1=ownership.idf1,
        mota=accuracy.mota,
        id_switches=accuracy.id_switches,
        fragments=accuracy.fragments,
        true_positives=accuracy.true_positives,
        false_positives=accuracy.false_positives,
        false_negatives=accuracy.false_negatives,
        people=steps.people,
        tracks=steps.tracks,
        median_error_m=float(np.median(distances)) if len(distances) else None,
        count_error=_count_error(ground_truth.frames, results.frames),
    )


def nearness(people: NDArray[np.float64], tracks: NDArray[np.float64]) -> NDArray[np.float64]:
    """`max(0, 1 - distance / 1 m)` of points, shapes `(N, 2)` and `(M, 2)`; shape `(N, M)`."""
    apart = people[:, None, :] - tracks[None, :, :]
    return np.asarray(np.maximum(0.0, 1.0 - np.sqrt((apart**2).sum(axis=2)) / REACH_M))


def _rows(points: FloorTable) -> Rows:
    return Rows(points.frames, points.ids, points.points)


def _count_error(people: NDArray[np.int64], tracks: NDArray[np.int64]) -> float:
    first, last = int(people.min()), int(people.max())
    tracks = tracks[(tracks >= first) & (tracks <= last)]
    frames = last - first + 1
    there = np.bincount(people - first, minlength=frames)
    found = np.bincount(tracks - first, minlength=frames)
    return float(np.abs(there - found).mean())
