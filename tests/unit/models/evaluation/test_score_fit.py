"""A fitted map gives a model's boxes the score at which the reference's are people as often."""

import numpy as np
import pytest

from models.datasets.motchallenge import NO_ID, BoxTable, table
from models.evaluation.score_fit import SCORES, fit_score_map, judged, precision_curve

FRAMES = 400
PEOPLE = 5


def clip_with_people(seed: int, bend: float) -> tuple[BoxTable, BoxTable]:
    """People, and boxes of which a share `score ** bend` are on one."""
    chance = np.random.default_rng(seed)
    frames = np.repeat(np.arange(1, FRAMES + 1), PEOPLE)
    left = np.tile(np.arange(PEOPLE) * 100.0, FRAMES)
    people = np.column_stack([left, np.zeros_like(left), left + 40, np.full_like(left, 100.0)])
    scores = chance.uniform(0.02, 0.98, len(frames))
    on_one = chance.random(len(frames)) < scores**bend
    found = people + np.where(on_one, 0.0, 50.0)[:, None] * [1, 0, 1, 0]
    ids = np.full(len(frames), NO_ID)
    truth = table(frames, np.tile(np.arange(PEOPLE), FRAMES), people, np.ones(len(frames)))
    return truth, table(frames, ids, found, scores)


def test_precision_is_the_share_of_boxes_that_are_people() -> None:
    truth, found = clip_with_people(1, bend=2.0)

    curve = precision_curve(truth, found)

    assert (np.diff(curve) >= 0).all()
    inner = (SCORES > 0.1) & (SCORES < 0.9)
    assert np.abs(curve - SCORES**2)[inner].max() < 0.1


def test_the_map_leads_to_the_score_of_the_same_precision() -> None:
    own = precision_curve(*clip_with_people(2, bend=2.0))
    reference = precision_curve(*clip_with_people(3, bend=0.5))

    score_map = fit_score_map(own, reference)

    raw = np.linspace(0.4, 0.9, 6)
    np.testing.assert_allclose(score_map.apply(raw), raw**4, atol=0.12)


def test_the_reference_maps_onto_itself_where_its_precision_rises() -> None:
    curve = precision_curve(*clip_with_people(4, bend=1.0))

    score_map = fit_score_map(curve, curve)

    raw = np.linspace(0, 1, 11)
    np.testing.assert_allclose(score_map.apply(raw), raw, atol=0.08)


def test_a_box_is_a_person_once() -> None:
    truth, _ = clip_with_people(5, bend=1.0)
    one = truth.where(truth.frames == 1)
    twice = table(
        np.repeat(one.frames, 2),
        np.full(2 * len(one), NO_ID),
        np.repeat(one.boxes, 2, axis=0),
        np.linspace(0.1, 0.9, 2 * len(one)),
    )

    scores, hits = judged(one, twice)

    assert len(scores) == 2 * PEOPLE
    assert hits.sum() == PEOPLE


def test_too_few_boxes_are_refused_with_their_number() -> None:
    truth, found = clip_with_people(6, bend=1.0)

    with pytest.raises(ValueError, match=r"5 boxes, .* are too few"):
        precision_curve(truth, found.where(found.frames == 1))
    with pytest.raises(ValueError, match="too much alike"):
        precision_curve(truth, truth)
