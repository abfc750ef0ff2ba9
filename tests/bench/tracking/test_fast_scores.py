"""The benchmark's fast scores are those of `models.evaluation`, which are TrackEval's."""

import numpy as np
import pytest

from models.datasets.motchallenge import BoxTable, table
from models.evaluation.tracking import evaluate_tracks
from tests.bench.tracking.fast_scores import Scores, Truth, count, pool

SHARED = ("hota", "deta", "assa", "idf1", "mota", "id_switches", "fragments")


def scene(seed: int) -> tuple[BoxTable, BoxTable]:
    """People who cross, and tracks that lose them, swap them and follow nobody."""
    random = np.random.default_rng(seed)
    truth, found = [], []
    for person in range(1, 8):
        first, last = np.sort(random.integers(1, 80, 2))
        start, step = random.uniform(0, 250, 2), random.normal(0, 3, 2)
        name = person
        for frame in range(first, last + 1):
            x, y = start + step * (frame - first)
            truth.append((frame, person, [x, y, x + 30, y + 80]))
            if random.random() < 0.05:
                name = int(random.integers(1, 30))
            if random.random() < 0.85:
                shaken = np.array([x, y, x + 30, y + 80]) + random.normal(0, 4, 4)
                found.append((frame, name, shaken.tolist()))
    held = {(frame, name): box for frame, name, box in found}
    found = [(frame, name, box) for (frame, name), box in held.items()]
    return as_table(truth), as_table(found)


def as_table(rows: list[tuple[int, int, list[float]]]) -> BoxTable:
    frames, ids, boxes = zip(*rows, strict=True)
    return table(np.array(frames), np.array(ids), np.array(boxes), np.ones(len(rows)))


def of(scores: object) -> dict[str, float]:
    return {name: getattr(scores, name) for name in SHARED}


@pytest.mark.parametrize("seed", range(8))
def test_they_agree_on_a_sequence(seed: int) -> None:
    truth, found = scene(seed)

    fast = pool([count(Truth.of(truth), found)])

    exact = evaluate_tracks(truth, found)
    assert of(fast) == pytest.approx(of(exact), abs=1e-9)
    assert fast.recall == pytest.approx(exact.true_positives / len(truth))
    assert exact.id_switches > 0


def test_no_tracks_at_all() -> None:
    truth, found = scene(1)

    fast = pool([count(Truth.of(truth), found.where(found.frames < 0))])

    assert fast == Scores(0, 0, 0, 0, 0, 0, 0, 0)


def test_several_sequences_pool_as_one_long_one() -> None:
    """Sequences after each other, with people and tracks of their own, are what pooling means."""
    parts = [scene(seed) for seed in (3, 4)]
    shifted = [
        [
            table(one.frames + 1000 * n, one.ids + 1000 * n, one.boxes, one.scores)
            for n, one in enumerate(side)
        ]
        for side in zip(*parts, strict=True)
    ]
    truth, found = (
        table(
            *(
                np.concatenate([getattr(one, column) for one in side])
                for column in ("frames", "ids", "boxes", "scores")
            )
        )
        for side in shifted
    )

    pooled = pool([count(Truth.of(one), other) for one, other in parts])

    assert of(pooled) == pytest.approx(of(evaluate_tracks(truth, found)), abs=1e-9)
