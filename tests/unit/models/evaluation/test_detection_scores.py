"""Precision, recall and average precision in cases that can be counted by hand."""

import numpy as np
import pytest

from models.datasets.motchallenge import BoxTable, table
from models.evaluation.detection import evaluate_detections

PERSON = [0.0, 0, 10, 20]
FAR = [100.0, 0, 110, 20]


def boxes(*rows: tuple[int, list[float], float]) -> BoxTable:
    frames, corners, scores = zip(*rows, strict=True) if rows else ((), (), ())
    return table(
        np.array(frames, dtype=int),
        np.arange(len(rows)),
        np.array(corners, dtype=float).reshape(-1, 4),
        np.array(scores, dtype=float),
    )


def test_a_perfect_detector_scores_one() -> None:
    truth = boxes((1, PERSON, 1), (1, FAR, 1), (3, PERSON, 1))

    scores = evaluate_detections(truth, truth)

    assert (scores.ap, scores.ap50, scores.precision, scores.recall) == (1, 1, 1, 1)
    assert (scores.true_positives, scores.frames) == (3, 2)


def test_a_blind_detector_scores_nothing() -> None:
    scores = evaluate_detections(boxes((1, PERSON, 1), (1, FAR, 1)), boxes())

    assert (scores.ap, scores.ap50, scores.precision, scores.recall) == (0, 0, 0, 0)
    assert scores.false_negatives == 2


def test_a_second_box_on_a_person_is_wrong() -> None:
    scores = evaluate_detections(boxes((1, PERSON, 1)), boxes((1, PERSON, 0.9), (1, PERSON, 0.8)))

    assert (scores.precision, scores.recall) == (0.5, 1)
    assert scores.ap50 == 1  # it comes after all people were found


def test_a_wrong_box_before_a_right_one_halves_the_precision_up_to_there() -> None:
    scores = evaluate_detections(boxes((1, PERSON, 1)), boxes((1, FAR, 0.9), (1, PERSON, 0.8)))

    assert scores.ap50 == pytest.approx(0.5)


def test_half_of_the_people_found_is_half_of_the_area() -> None:
    scores = evaluate_detections(boxes((1, PERSON, 1), (1, FAR, 1)), boxes((1, PERSON, 0.9)))

    assert scores.ap50 == pytest.approx(51 / 101)  # recalls of 0, 0.01, ... 0.5


def test_a_box_in_another_frame_finds_nobody() -> None:
    scores = evaluate_detections(boxes((1, PERSON, 1)), boxes((2, PERSON, 0.9)))

    assert (scores.true_positives, scores.false_positives, scores.false_negatives) == (0, 1, 1)


def test_overlap_of_three_quarters_counts_at_six_of_ten_overlaps() -> None:
    scores = evaluate_detections(boxes((1, PERSON, 1)), boxes((1, [0.0, 0, 10, 15], 0.9)))

    assert scores.ap50 == 1
    assert scores.ap == pytest.approx(0.6)  # at 0.50, 0.55, ... 0.75


def test_precision_and_recall_are_those_at_the_threshold() -> None:
    truth = boxes((1, PERSON, 1), (2, PERSON, 1))
    found = boxes((1, PERSON, 0.6), (1, FAR, 0.4), (2, PERSON, 0.2))

    high = evaluate_detections(truth, found, score_threshold=0.5)
    low = evaluate_detections(truth, found, score_threshold=0.1)

    assert (high.precision, high.recall) == (1, 0.5)
    assert low.precision == pytest.approx(2 / 3)
    assert low.recall == 1
    assert high.ap == low.ap


def test_nothing_can_be_scored_without_ground_truth() -> None:
    with pytest.raises(ValueError, match="no ground truth"):
        evaluate_detections(boxes(), boxes((1, PERSON, 1)))
