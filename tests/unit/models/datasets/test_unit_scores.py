"""Detection scores of any scale become shares of 1."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.datasets.scores import Scale, to_unit_scores

RANDOM = np.random.default_rng(1)
FILES: dict[Scale, NDArray[np.float64]] = {
    "unit": RANDOM.uniform(0.05, 0.99, 500),
    "percent": 100.0 * RANDOM.beta(4, 1, 500),
    "none": np.full(500, -1.0),
    "dpm": np.clip(RANDOM.normal(0.5, 0.9, 500), -0.5, 4.6),
    "acf": np.clip(RANDOM.normal(45.0, 28.0, 500), -0.8, 139.0),
    "logit": np.clip(RANDOM.normal(-1.0, 2.5, 500), -6.5, 5.5),
}
"""Scores as files of each scale have them."""


@pytest.mark.parametrize("scale", FILES)
def test_each_scale_is_recognised_by_its_distribution(scale: Scale) -> None:
    read = to_unit_scores(FILES[scale])

    assert read.scale == scale
    assert ((read.scores >= 0.0) & (read.scores <= 1.0)).all()
    assert f"scale {scale}, recognised by their distribution" in read.explain()
    assert read.doubt == ""


def test_probabilities_are_read_as_they_are() -> None:
    read = to_unit_scores(np.array([0.0, 0.31, 1.0]))

    assert read.scores.tolist() == [0.0, 0.31, 1.0]
    assert "scores are read as they are, from 0 to 1" in read.explain()


@pytest.mark.parametrize(
    ("off", "warned"),
    [(1.0000001, False), (-1e-9, False), (1.02, True), (1.05, True), (-0.03, True)],
)
def test_a_score_slightly_outside_0_to_1_changes_no_other(off: float, warned: bool) -> None:
    read = to_unit_scores(np.array([0.31, 0.9, off]))

    assert (read.scale, read.scores[:2].tolist()) == ("unit", [0.31, 0.9])
    assert read.scores[2] == np.clip(off, 0.0, 1.0)
    assert (read.doubt != "") == warned


@pytest.mark.parametrize("off", [3.2, -1.0, 97.0])
def test_a_score_far_outside_0_to_1_is_one_of_hundreds_and_gets_a_warning(off: float) -> None:
    read = to_unit_scores(np.append(FILES["unit"], off))

    assert read.scale == "unit"
    assert read.scores[:-1].tolist() == FILES["unit"].tolist()
    assert f"1 of 501 scores is outside 0 to 1, as {off:g}, and is taken as its ends" in read.doubt


@pytest.mark.parametrize("filler", [-1.0, 1.0, 100.0])
def test_the_filler_of_files_without_scores_is_no_score(filler: float) -> None:
    read = to_unit_scores(np.full(3, filler))

    assert (read.scores.tolist(), read.doubt) == ([1.0, 1.0, 1.0], "")
    assert "every row has the same" in read.explain()


@pytest.mark.parametrize("score", [0.0, 0.3, 0.9])
def test_one_score_from_0_to_below_1_in_every_row_is_taken_with_a_warning(score: float) -> None:
    read = to_unit_scores(np.full(3, score))

    assert (read.scale, read.scores.tolist()) == ("unit", [score] * 3)
    assert f"every row has the score {score:g}" in read.doubt
    assert to_unit_scores(np.full(3, score), "none").scores.tolist() == [1.0, 1.0, 1.0]


def test_another_value_in_every_row_is_no_score_and_gets_a_warning() -> None:
    read = to_unit_scores(np.full(3, 2.5))

    assert (read.scale, read.scores.tolist()) == ("none", [1.0, 1.0, 1.0])
    assert "every row has 2.5, which may be a score" in read.doubt


def test_the_score_of_a_single_detection_is_a_score() -> None:
    read = to_unit_scores(np.array([0.3]))

    assert (read.scores.tolist(), read.doubt) == ([0.3], "")


def test_the_flags_of_ground_truth_are_scores() -> None:
    assert to_unit_scores(np.array([0.0, 1.0, 1.0])).scores.tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "scores",
    [
        pytest.param([7.0, 25.0, 64.0], id="whole-numbers"),
        pytest.param([61.3, 88.8, 97.4], id="up-to-97.4"),
        pytest.param([40.0, 99.0, 100.0001], id="rounded-up"),
    ],
)
def test_percents_are_recognised(scores: list[float]) -> None:
    read = to_unit_scores(np.array(scores))

    assert (read.scale, read.doubt) == ("percent", "")
    assert read.scores == pytest.approx(np.array(scores) / 100.0, abs=1e-5)


@pytest.mark.parametrize(
    ("scores", "scale"),
    [
        pytest.param([5.5, 12.5, 64.5], "percent", id="percents-or-channel-features"),
        pytest.param([5.5, 12.5, 34.5], "acf", id="channel-features-or-percents"),
        pytest.param([0.1, 1.5, 4.2], "dpm", id="part-models-or-logits-above-0"),
        pytest.param([-0.9, 1.5, 4.2], "dpm", id="part-models-or-logits-above-a-threshold"),
        pytest.param([-5.1, -2.0, -0.1], "logit", id="logarithms"),
    ],
)
def test_a_distribution_that_two_scales_have_gets_a_warning(
    scores: list[float], scale: Scale
) -> None:
    read = to_unit_scores(np.array(scores))

    assert read.scale == scale
    assert read.doubt.startswith(f"scores from {scores[0]:g} to {scores[2]:g} ")
    assert to_unit_scores(np.array(scores), scale).doubt == ""


def test_logits_become_probabilities() -> None:
    read = to_unit_scores(np.array([-12.0, 0.0, np.log(3.0), 12.5]))

    assert read.scale == "logit"
    assert read.scores == pytest.approx([0.0, 0.5, 0.75, 1.0], abs=1e-5)
    assert "read as logits, 1 / (1 + exp(-s)) (scale logit" in read.explain()


@pytest.mark.parametrize(("scale", "middle", "high"), [("acf", 10.0, 50.0), ("dpm", -0.25, 0.67)])
def test_margins_keep_their_order_and_stay_between_0_and_1(
    scale: Scale, middle: float, high: float
) -> None:
    read = to_unit_scores(np.array([-900.0, -1.0, middle, high, 138.0, 9000.0]), scale)

    assert (np.diff(read.scores) >= 0).all()
    assert read.scores[0] == pytest.approx(0.0)
    assert read.scores[2] == 0.5
    assert read.scores[3] == pytest.approx(0.98, abs=0.005)
    assert read.scores[-1] == 1.0


def test_a_margin_does_not_depend_on_the_rest_of_the_file() -> None:
    alone = to_unit_scores(np.array([20.0, 30.0])).scores
    among = to_unit_scores(np.array([20.0, 30.0, 140.0, -1.0])).scores

    assert alone.tolist() == among[:2].tolist()


def test_a_scale_that_is_given_is_taken_whatever_the_scores_look_like() -> None:
    scores = np.array([0.2, 0.5, 0.9])

    assert to_unit_scores(scores, "percent").scores.tolist() == pytest.approx([0.002, 0.005, 0.009])
    assert to_unit_scores(scores, "none").scores.tolist() == [1.0, 1.0, 1.0]
    assert "as --scores asks" in to_unit_scores(scores, "dpm").explain()


def test_a_score_outside_the_scale_that_is_given_is_named() -> None:
    with pytest.raises(ValueError, match=r"score -0\.5 of detection 2 is outside 0 to 1"):
        to_unit_scores(np.array([0.2, -0.5]), "unit")


def test_an_empty_file_has_no_scores() -> None:
    assert to_unit_scores(np.empty(0)).scores.tolist() == []
