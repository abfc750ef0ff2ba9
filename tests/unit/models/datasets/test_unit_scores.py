"""Detection scores of any scale become shares of 1."""

import numpy as np
import pytest

from models.datasets.scores import to_unit_scores


def test_probabilities_are_read_as_they_are() -> None:
    read = to_unit_scores(np.array([0.0, 0.31, 1.0]))

    assert read.scores.tolist() == [0.0, 0.31, 1.0]
    assert read.explain() == "scores are from 0 to 1 and read as they are"


@pytest.mark.parametrize("filler", [-1.0, 100.0])
def test_one_value_in_every_row_is_no_score(filler: float) -> None:
    read = to_unit_scores(np.full(3, filler))

    assert read.scores.tolist() == [1.0, 1.0, 1.0]
    assert "every score is the same" in read.explain()


def test_margins_keep_their_order_and_stay_between_0_and_1() -> None:
    read = to_unit_scores(np.array([-900.0, -0.7, 10.0, 30.0, 138.0, 9000.0]))

    assert read.scale == "margin"
    assert (np.diff(read.scores) > 0).all()
    assert read.scores[0] == pytest.approx(0.0)
    assert read.scores[2] == 0.5
    assert read.scores[-1] == 1.0


def test_a_margin_does_not_depend_on_the_rest_of_the_file() -> None:
    alone = to_unit_scores(np.array([20.0, 30.0])).scores
    among = to_unit_scores(np.array([20.0, 30.0, 140.0, -1.0])).scores

    assert alone.tolist() == among[:2].tolist()


def test_an_empty_file_has_no_scores() -> None:
    assert to_unit_scores(np.empty(0)).scores.tolist() == []
