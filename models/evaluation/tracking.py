"""How well people are followed: HOTA, CLEAR MOT and identity scores of one sequence."""

from dataclasses import dataclass

import numpy as np

from models.datasets.motchallenge import BoxTable
from models.evaluation.clear import Clear, clear
from models.evaluation.hota import Hota, hota
from models.evaluation.identity import Identity, identity
from models.evaluation.steps import steps_of


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackScores:
    """How well people are followed; shares from 0 to 1 (`mota` may be negative).

    Attributes:
        hota: Higher order tracking accuracy: `sqrt(deta * assa)`, mean over 19 overlaps.
        deta: Detection accuracy, mean over the overlaps.
        assa: Association accuracy, mean over the overlaps.
        idf1: Share of boxes whose track is the one that fits its person best over the whole
            sequence.
        mota: `1 - (misses + false boxes + identity switches) / people`.
        motp: Mean overlap of the matched boxes.
        id_switches: Times that a person's track changed.
        fragments: Times that a person was found again after having been lost.
        true_positives: Matched boxes at an overlap of 0.5.
        false_positives: Boxes that match no person.
        false_negatives: People, counted per frame, that no box matches.
        people: Identities in the ground truth.
        tracks: Identities in the results.
        mostly_tracked: People matched in more than 80 % of their frames.
        mostly_lost: People matched in less than 20 % of their frames.
    """

    hota: float
    deta: float
    assa: float
    idf1: float
    mota: float
    motp: float
    id_switches: int
    fragments: int
    true_positives: int
    false_positives: int
    false_negatives: int
    people: int
    tracks: int
    mostly_tracked: int
    mostly_lost: int


def evaluate_tracks(ground_truth: BoxTable, results: BoxTable) -> TrackScores:
    """Compare a tracker's results with the true tracks of one sequence.

    Args:
        ground_truth: The people; see `read_ground_truth` for which rows count.
        results: The tracks; scores are not used.

    Raises:
        ValueError: There is no ground truth, or an id is twice in a frame.
    """
    if len(ground_truth) == 0:
        raise ValueError("there is no ground truth to score against")
    steps = steps_of(ground_truth, results)
    alignment: Hota = hota(steps)
    accuracy: Clear = clear(steps)
    ownership: Identity = identity(steps)
    return TrackScores(
        hota=float(np.mean(alignment.hota)),
        deta=float(np.mean(alignment.deta)),
        assa=float(np.mean(alignment.assa)),
        idf1=ownership.idf1,
        mota=accuracy.mota,
        motp=accuracy.motp,
        id_switches=accuracy.id_switches,
        fragments=accuracy.fragments,
        true_positives=accuracy.true_positives,
        false_positives=accuracy.false_positives,
        false_negatives=accuracy.false_negatives,
        people=steps.people,
        tracks=steps.tracks,
        mostly_tracked=accuracy.mostly_tracked,
        mostly_lost=accuracy.mostly_lost,
    )
