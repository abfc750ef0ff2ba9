import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from streams.domain.tracking.assignment import NOBODY, Pairs, assign

scores = st.tuples(st.integers(0, 5), st.integers(0, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-3, 4).map(lambda n: n / 4))
)
"""Coarse scores, so that many choices are equal; about half of the pairs are impossible."""


def assigned(score: Any) -> Any:
    score = np.asarray(score, dtype=np.float64)
    rows, columns = np.nonzero(score > 0.0)
    starts = np.searchsorted(rows, np.arange(len(score) + 1))
    matches = np.empty(len(score), np.int64)
    assign(Pairs(starts, columns, score[rows, columns]), score.shape[1], matches)
    return matches.tolist()


def total(score: Any, matches: Any) -> Any:
    return sum(score[row, column] for row, column in enumerate(matches) if column != NOBODY)


def best(score: Any) -> Any:
    """Greatest sum of scores above 0, by trying every assignment."""
    columns = [*range(score.shape[1]), *[NOBODY] * len(score)]
    return max(
        sum(max(0.0, score[row, column]) for row, column in enumerate(chosen) if column != NOBODY)
        for chosen in itertools.permutations(columns, len(score))
    )


@settings(deadline=None, max_examples=100)
@given(score=scores)
def test_no_assignment_has_a_greater_sum(score: Any) -> None:
    matches = assigned(score)

    assert total(score, matches) == pytest.approx(best(score))
    made = [column for column in matches if column != NOBODY]
    assert len(made) == len(set(made))
    assert all(score[row, column] > 0 for row, column in enumerate(matches) if column != NOBODY)


@pytest.mark.parametrize("shape", [(40, 40), (25, 60), (60, 25), (1, 30), (200, 200)])
def test_a_crowd_is_assigned_as_well_as_by_scipy(shape: Any) -> None:
    random = np.random.default_rng(shape[0] * 1000 + shape[1])
    score = random.uniform(-3.0, 1.0, shape)

    rows, columns = linear_sum_assignment(np.maximum(score, 0.0), maximize=True)

    assert total(score, assigned(score)) == pytest.approx(np.maximum(score, 0)[rows, columns].sum())


def test_a_pair_without_a_score_is_not_made() -> None:
    assert assigned([[0.0, -1.0], [-0.5, 0.25]]) == [NOBODY, 1]


def test_one_good_pair_is_not_given_up_for_two_poor_ones() -> None:
    assert assigned([[0.8, 0.1], [0.1, -1.0]]) == [0, NOBODY]


def test_of_equal_choices_the_same_is_taken_every_time() -> None:
    twins = np.full((3, 3), 0.5)

    first = assigned(twins)

    assert sorted(first) == [0, 1, 2]
    assert all(assigned(twins) == first for _ in range(20))
