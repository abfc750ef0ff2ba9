"""Sets of time obey the laws of sets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.intervals import (
    Interval,
    contains,
    difference,
    intersection,
    length_us,
    union,
)

MOMENTS = st.integers(-20, 40)
SETS = st.lists(st.tuples(MOMENTS, MOMENTS), max_size=8)


def moments(intervals: list[Interval] | tuple[Interval, ...]) -> set[int]:
    """Every moment of a set of intervals, one by one: the slow oracle."""
    return {at for start, ends in intervals for at in range(start, ends)}


@given(SETS, SETS)
def test_each_operation_is_that_of_sets_of_moments(a: list[Interval], b: list[Interval]) -> None:
    assert moments(union([*a, *b])) == moments(a) | moments(b)
    assert moments(difference(a, b)) == moments(a) - moments(b)
    assert moments(intersection(a, b)) == moments(a) & moments(b)
    assert length_us(a) == len(moments(a))


@given(SETS, SETS)
def test_every_result_is_sorted_and_its_intervals_neither_overlap_nor_touch(
    a: list[Interval], b: list[Interval]
) -> None:
    for found in (union(a), difference(a, b), intersection(a, b)):
        assert all(start < ends for start, ends in found)
        assert all(one[1] < other[0] for one, other in pairwise(found))


@given(SETS, SETS, SETS, st.randoms(use_true_random=False))
def test_order_and_grouping_change_nothing(
    a: list[Interval], b: list[Interval], c: list[Interval], dice: object
) -> None:
    mixed = [*a, *b, *c]
    dice.shuffle(mixed)  # type: ignore[attr-defined]

    assert union(mixed) == union([*union([*a, *b]), *c]) == union([*a, *union([*b, *c])])
    assert difference(difference(a, b), c) == difference(a, [*c, *b])
    assert union([*difference(a, b), *intersection(a, b)]) == union(a)
    assert union(union(a)) == union(a)


@given(SETS, MOMENTS)
def test_a_moment_is_in_a_set_or_it_is_not(a: list[Interval], at: int) -> None:
    assert contains(a, at) == contains(union(a), at) == (at in moments(a))
