"""CLEAR MOT (Bernardin and Stiefelhagen, 2008) as the MOTChallenge scores it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.evaluation.steps import ROUNDING, Steps

OVERLAP = 0.5
"""A box and a person that overlap by less are no match."""

_NONE = -1
_KEEP = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Clear:
    """See `TrackScores` for what each means.

    Attributes:
        overlaps: Overlap of each matched box with its person, shape `(true_positives,)`.
    """

    mota: float
    motp: float
    id_switches: int
    fragments: int
    true_positives: int
    false_positives: int
    false_negatives: int
    mostly_tracked: int
    mostly_lost: int
    overlaps: NDArray[np.float64]


def clear(steps: Steps) -> Clear:
    """CLEAR MOT of one sequence.

    A match of the frame before is kept while it is good enough; the other boxes are assigned by
    overlap. "The frame before" is the last one in which there were both people and tracks: that
    is how TrackEval counts, and it matters for fragments and for what is kept, not for switches.
    """
    last_track = np.full(steps.people, _NONE)
    track_before = np.full(steps.people, _NONE)
    times_found = np.zeros(steps.people, dtype=np.int64)
    frames_matched = np.zeros(steps.people, dtype=np.int64)
    overlaps = [np.empty(0)]
    switches = 0
    for step in steps:
        if len(step.people) == 0 or len(step.tracks) == 0:
            continue
        weights = step.overlaps + _KEEP * (track_before[step.people, None] == step.tracks)
        weights[step.overlaps < OVERLAP - ROUNDING] = 0.0
        rows, columns = linear_sum_assignment(weights, maximize=True)
        real = weights[rows, columns] > ROUNDING
        rows, columns = rows[real], columns[real]
        people, tracks = step.people[rows], step.tracks[columns]

        known = last_track[people] != _NONE
        switches += int((known & (last_track[people] != tracks)).sum())
        times_found[people] += track_before[people] == _NONE
        frames_matched[people] += 1
        last_track[people] = tracks
        track_before[:] = _NONE
        track_before[people] = tracks
        overlaps.append(step.overlaps[rows, columns])

    of_matched = np.concatenate(overlaps)
    matched = len(of_matched)
    boxes = int(steps.person_boxes.sum())
    false_boxes = int(steps.track_boxes.sum()) - matched
    share = frames_matched / steps.person_boxes
    return Clear(
        mota=(matched - false_boxes - switches) / max(1, boxes),
        motp=float(of_matched.sum()) / max(1, matched),
        id_switches=switches,
        fragments=int(np.maximum(times_found - 1, 0).sum()),
        true_positives=matched,
        false_positives=false_boxes,
        false_negatives=boxes - matched,
        mostly_tracked=int((share > 0.8).sum()),
        mostly_lost=int((share < 0.2).sum()),
        overlaps=of_matched,
    )
