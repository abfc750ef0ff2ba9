import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.reconciliation import (
    MANY,
    Count,
    Reconciled,
    by_badges,
    by_flow,
    by_head,
    reconcile,
)

COUNTS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6)), min_size=1, max_size=4).map(
    lambda drawn: [
        Count(f"s{number}", low, low + width) for number, (low, width) in enumerate(drawn)
    ]
)


def possible(counts: list[Count]) -> list[int]:
    """Every number that as many sources as possible allow, tried one by one."""
    allowed = [sum(one.low <= number <= one.high for one in counts) for number in range(20)]
    return [number for number, found in enumerate(allowed) if found == max(allowed)]


@given(COUNTS)
def test_it_spans_the_numbers_that_most_sources_allow(counts: list[Count]) -> None:
    found = reconcile(counts)

    assert (found.low, found.high) == (min(possible(counts)), max(possible(counts)))


@given(COUNTS, st.randoms(use_true_random=False))
def test_the_order_of_sources_makes_no_difference(counts: Any, order: Any) -> None:
    assert reconcile(counts) == reconcile(order.sample(counts, len(counts)))


@given(COUNTS, st.integers(0, 18))
def test_when_all_are_right_the_truth_is_within_and_nobody_disagrees(
    counts: list[Count], truth: int
) -> None:
    right = [one._replace(low=min(one.low, truth), high=max(one.high, truth)) for one in counts]

    found = reconcile(right)

    assert found.low <= truth <= found.high
    assert found.disagreement == 0
    assert found.apart == ()


@given(COUNTS)
def test_they_disagree_exactly_when_no_number_is_allowed_by_all(counts: list[Count]) -> None:
    common = [n for n in range(20) if all(one.low <= n <= one.high for one in counts)]

    assert (reconcile(counts).disagreement == 0) == bool(common)


def test_more_badges_than_heads_are_a_disagreement() -> None:
    found = reconcile([by_head(3), by_flow(0, 3, 0, missed=0.0), by_badges(5)])

    assert found == Reconciled(3, 3, 2, ("flow", "head"), ("badges",))


def test_a_silent_camera_leaves_the_upper_end_to_the_flow() -> None:
    assert reconcile([by_head(3, is_whole=False), by_flow(0, 5, 0, missed=0.0)]).high == 5
    assert reconcile([by_head(3, is_whole=False)]).high == MANY


def test_two_that_contradict_each_other_are_both_possible() -> None:
    found = reconcile([by_head(3), by_flow(0, 7, 0, missed=0.0)])

    assert (found.low, found.high, found.disagreement) == (3, 7, 4)
    assert found.apart == ()


def test_the_flow_holds_the_truth_about_as_often_as_it_says() -> None:
    """Entries and exits of which a twentieth is missed, 400 times."""
    dice, held = random.Random(5), 0
    for _ in range(400):
        truth = entries = exits = 0
        for _ in range(120):
            leaves = truth > 0 and dice.random() < 0.45
            truth += -1 if leaves else 1
            if dice.random() >= 0.05:
                exits, entries = exits + leaves, entries + (not leaves)
        count = by_flow(0, entries, exits, missed=0.05)
        held += count.low <= truth <= count.high

    assert held >= 392


@pytest.mark.parametrize("counts", [[], [Count("head", 3, 2)], [Count("head", -1, 2)]])
def test_what_is_no_count_is_refused(counts: Any) -> None:
    with pytest.raises(ValueError, match=r"count|range"):
        reconcile(counts)
