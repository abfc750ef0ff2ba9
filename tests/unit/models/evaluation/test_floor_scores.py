"""Scores on a floor equal TrackEval's for the same distances, and those published for cmc."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trackeval

from models.datasets.floor import Area, FloorTable, floor_table, read_floor
from models.evaluation.floor import evaluate_floor

ANNOTATED = Area(1.5, float("-inf"), 6.5, float("inf"))
"""The part of cmc's room in which results are scored."""


def generate(seed: int) -> tuple[FloorTable, FloorTable]:
    """People who walk in a small room, and results that shake, miss, invent and swap."""
    random = np.random.default_rng(seed)
    truth: list[tuple[int, int, float, float]] = []
    found: list[tuple[int, int, float, float]] = []
    for person in range(1, 9):
        first, last = sorted(random.integers(1, 60, 2).tolist())
        x, y = random.uniform(0, 5, 2)
        step = random.normal(0, 0.1, 2)
        number = person
        for frame in range(first, last + 1):
            x, y = x + step[0], y + step[1]
            truth.append((frame, person, x, y))
            if random.random() < 0.05:
                number += 20
            if random.random() < 0.85:
                off = random.normal(0, 0.3, 2)
                found.append((frame, number, x + off[0], y + off[1]))
    found += [
        (frame, 1000 + index, *random.uniform(0, 5, 2))
        for index, frame in enumerate(random.integers(1, 70, 30).tolist())
    ]

    def as_table(rows: list[tuple[int, int, float, float]]) -> FloorTable:
        return floor_table(
            np.array([row[0] for row in rows]),
            np.array([row[1] for row in rows]),
            np.array([row[2:] for row in rows]),
        )

    return as_table(truth), as_table(found)


def trackeval_on_points(truth: FloorTable, found: FloorTable) -> dict[str, Any]:
    """TrackEval's own metrics, with `max(0, 1 - distance / 1 m)` as its similarity."""
    people, truth_ids = np.unique(truth.ids, return_inverse=True)
    tracks, found_ids = np.unique(found.ids, return_inverse=True)
    data: dict[str, Any] = {
        "num_gt_ids": len(people),
        "num_tracker_ids": len(tracks),
        "num_gt_dets": len(truth),
        "num_tracker_dets": len(found),
        "gt_ids": [],
        "tracker_ids": [],
        "similarity_scores": [],
    }
    last = int(max(truth.frames.max(), found.frames.max(initial=0)))
    for frame in range(1, last + 1):
        a, b = truth.frames == frame, found.frames == frame
        data["gt_ids"].append(truth_ids[a])
        data["tracker_ids"].append(found_ids[b])
        apart = np.linalg.norm(truth.points[a][:, None] - found.points[b][None], axis=2)
        data["similarity_scores"].append(np.maximum(0.0, 1.0 - apart))
    data["num_timesteps"] = last
    quiet = {"PRINT_CONFIG": False}
    return {
        "HOTA": trackeval.metrics.HOTA().eval_sequence(data),
        "CLEAR": trackeval.metrics.CLEAR(quiet).eval_sequence(data),
        "Identity": trackeval.metrics.Identity(quiet).eval_sequence(data),
    }


def must_agree(truth: FloorTable, found: FloorTable) -> None:
    ours = evaluate_floor(truth, found)
    theirs = trackeval_on_points(truth, found)
    expected = {
        "hota": np.mean(theirs["HOTA"]["HOTA"]),
        "deta": np.mean(theirs["HOTA"]["DetA"]),
        "assa": np.mean(theirs["HOTA"]["AssA"]),
        "idf1": theirs["Identity"]["IDF1"],
        "mota": theirs["CLEAR"]["MOTA"],
        "id_switches": theirs["CLEAR"]["IDSW"],
        "fragments": theirs["CLEAR"]["Frag"],
        "true_positives": theirs["CLEAR"]["CLR_TP"],
        "false_positives": theirs["CLEAR"]["CLR_FP"],
        "false_negatives": theirs["CLEAR"]["CLR_FN"],
    }
    assert {name: getattr(ours, name) for name in expected} == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_scores_are_those_of_trackeval_on_generated_walks(seed: int) -> None:
    truth, found = generate(seed)

    must_agree(truth, found)

    scores = evaluate_floor(truth, found)
    assert 0.1 < scores.hota < 0.9
    assert scores.id_switches > 0
    assert scores.false_positives > 0
    assert scores.false_negatives > 0


@pytest.mark.parametrize(
    ("room", "hota", "idf1", "switches", "median_m", "count_error"),
    [("CMC1", 92.0, 100.0, 0, 0.077, 0.0), ("CMC2", 81.4, 96.7, 25, 0.123, 0.09)],
)
def test_the_published_results_of_cmc_have_the_published_scores(
    data_dir: Path | None,
    room: str,
    hota: float,
    idf1: float,
    switches: int,
    median_m: float,
    count_error: float,
) -> None:
    if data_dir is None or not (data_dir / "cmc" / room).is_dir():
        pytest.skip("there are no recordings beside the project (../shared/data)")
    truth = read_floor(data_dir / "cmc" / room / "floor_gt.txt")
    found = read_floor(data_dir / "cmc" / room / "floor_published.txt")

    scores = evaluate_floor(truth, found, ANNOTATED)

    assert 100 * scores.hota == pytest.approx(hota, abs=0.05)
    assert 100 * scores.idf1 == pytest.approx(idf1, abs=0.05)
    assert scores.id_switches == switches
    assert scores.median_error_m == pytest.approx(median_m, abs=0.0005)
    assert scores.count_error == pytest.approx(count_error, abs=0.005)
    must_agree(truth, found.where(ANNOTATED.holds(found.points)))


def test_results_outside_the_area_are_not_scored() -> None:
    truth = floor_table(np.array([1, 2]), np.array([1, 1]), np.array([[2.0, 1.0], [2.1, 1.0]]))
    found = floor_table(
        np.array([1, 2, 2]), np.array([5, 5, 6]), np.array([[2.0, 1.0], [2.1, 1.0], [0.2, 1.0]])
    )

    assert evaluate_floor(truth, found).false_positives == 1
    scores = evaluate_floor(truth, found, ANNOTATED)
    assert (scores.mota, scores.idf1, scores.count_error) == (1.0, 1.0, 0.0)


def test_without_any_result_there_is_no_median() -> None:
    truth = floor_table(np.array([1]), np.array([1]), np.array([[2.0, 1.0]]))
    nothing = floor_table(np.empty(0, int), np.empty(0, int), np.empty((0, 2)))

    scores = evaluate_floor(truth, nothing)

    assert (scores.hota, scores.median_error_m, scores.count_error) == (0.0, None, 1.0)


def test_without_people_there_is_nothing_to_score() -> None:
    nothing = floor_table(np.empty(0, int), np.empty(0, int), np.empty((0, 2)))

    with pytest.raises(ValueError, match="no ground truth"):
        evaluate_floor(nothing, nothing)
