"""Pooled scores of the benchmark are those that TrackEval combines over sequences."""

import numpy as np
import pytest

from models.datasets.motchallenge import BoxTable, table
from tests.bench.tracking.fast_scores import Scores, Truth, count, pool
from tests.bench.tracking.official import COMBINED, official
from tests.bench.tracking.sequences import Sequence

FIELDS = ("hota", "deta", "assa", "idf1", "mota", "recall", "id_switches", "fragments")


def walkers(seed: int, frames: int) -> tuple[Sequence, BoxTable]:
    """Five people in a row, and tracks that lose them and take one for another."""
    random = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(1, frames + 1), 5)
    people = np.tile(np.arange(1, 6), frames)
    left = 35.0 * people + 2.0 * numbers * (people % 2)
    boxes = np.column_stack([left, 0 * left + 10, left + 30, 0 * left + 90])
    truth = table(numbers, people, boxes, np.ones(len(left)))
    found = random.random(len(left)) < 0.85
    names = people + 5 * (numbers > random.integers(5, frames, 6)[people])
    shaken = boxes + random.normal(0, 3, boxes.shape)
    tracks = table(numbers[found], names[found], shaken[found], np.ones(found.sum()))
    name = f"hall-{seed}/made"
    return Sequence(name, f"hall-{seed}", 10.0, 1, frames, (640, 480), truth, truth), tracks


def values(scores: Scores) -> list[float]:
    return [getattr(scores, field) for field in FIELDS]


def test_each_sequence_and_all_together_are_as_trackeval_says() -> None:
    results = [walkers(1, 40), walkers(2, 25)]

    theirs = official(results)

    ours = [count(Truth.of(sequence.truth), tracks) for sequence, tracks in results]
    assert values(pool(ours)) == pytest.approx(values(theirs[COMBINED]), abs=1e-9)
    for (sequence, _), counts in zip(results, ours, strict=True):
        assert values(pool([counts])) == pytest.approx(values(theirs[sequence.name]), abs=1e-9)
    assert theirs[COMBINED].id_switches > 0
    assert theirs[COMBINED].fragments > 0
