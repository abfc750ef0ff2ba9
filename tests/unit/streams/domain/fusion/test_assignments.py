"""The ranking of joint assignments, against all of them tried one by one."""

from collections.abc import Callable, Iterable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.fusion import assignments as a

NONE = -1
GAP = 20.2  # no sum of costs is just there, where rounding would decide
COSTS = st.one_of(st.none(), st.integers(-60, 8).map(lambda tenths: tenths / 2))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda boxes: st.lists(
            st.lists(COSTS, min_size=boxes, max_size=boxes), min_size=1, max_size=5
        )
    ),
    st.sampled_from([1, 3, 40]),
)
def test_the_pool_holds_the_best_assignments(costs: list[list[float | None]], size: int) -> None:
    best = sorted(
        total for total in map(cost_of(costs), every_assignment(costs)) if total is not None
    )
    kept = [total for total in best if total < best[0] + GAP][:size]

    pool, filled = rank(costs, size, log_gap=GAP)
    # What was found before a much better one is left out by the reader of the pool.
    filled = int((pool.weights[:filled] > pool.weights[0] - GAP).sum())

    assert -pool.weights[:filled] == pytest.approx(kept)
    for entry in range(filled):
        chosen = pool.boxes[pool.order[entry]]
        assert cost_of(costs)(tuple(chosen)) == pytest.approx(-pool.weights[entry])


def test_who_has_more_to_lose_keeps_a_box_that_two_want() -> None:
    pool, filled = rank([[-9.0, -1.0], [-8.0, -7.0]], 1, log_gap=5.0)

    assert filled == 1
    assert list(pool.boxes[pool.order[0]]) == [0, 1]


def test_a_dozen_choices_keep_the_cheapest() -> None:
    choices = a.no_choices(1)
    for box in range(30):
        a.add_choice(choices, 0, box, float((box * 7) % 30), 0.0, 0)

    assert list(choices.costs[0]) == list(range(a.MOST_CHOICES))


def rank(costs: list[list[float | None]], size: int, log_gap: float) -> tuple[a.Pool, int]:
    choices = a.no_choices(len(costs))
    for row, of_row in enumerate(costs):
        for box, cost in enumerate(of_row):
            if cost is not None:
                a.add_choice(choices, row, box, cost, 0.0, 0)
        a.add_choice(choices, row, NONE, 0.0, 0.0, 0)
    rows = np.array([row for row in range(len(costs)) if choices.counts[row] > 1], np.int64)
    boxes = len(costs[0])
    search = a.new_search(len(costs), boxes)
    a.auction(choices, rows, len(rows), search, boxes)
    for row in range(len(costs)):
        a.add_prices(choices, row, search.prices)
    pool = a.new_pool(size, len(costs))
    filled = a.add_assignments(
        pool, 0, 0.0, 0, rows, rows.copy(), len(rows), boxes, choices, log_gap, search
    )
    return pool, filled


def every_assignment(costs: list[list[float | None]]) -> Iterable[tuple[int, ...]]:
    return product(range(-1, len(costs[0])), repeat=len(costs))


def cost_of(costs: list[list[float | None]]) -> Callable[[tuple[int, ...]], float | None]:
    def total(chosen: tuple[int, ...]) -> float | None:
        """Cost of an assignment; None where a box is taken twice or cannot be chosen."""
        boxes = [box for box in chosen if box != NONE]
        if len(set(boxes)) < len(boxes):
            return None
        found = [costs[row][box] for row, box in enumerate(chosen) if box != NONE]
        return None if None in found else sum(cost for cost in found if cost is not None)

    return total
