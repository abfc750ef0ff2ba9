"""Sets of time as sorted intervals that neither overlap nor touch: the algebra of shifts.

An interval is `(starts_us, ends_us)`, UTC microseconds, end exclusive; one that does not end after
it starts is empty. Every function takes intervals in any order and gives them back in normal form,
so two sets are the same time when they are equal.
"""

from collections.abc import Iterable
from typing import TypeAlias

Interval: TypeAlias = tuple[int, int]
Intervals: TypeAlias = tuple[Interval, ...]


def union(intervals: Iterable[Interval]) -> Intervals:
    """All of the time in any of them.

    >>> union([(5, 9), (1, 3), (3, 4), (7, 7)])
    ((1, 4), (5, 9))
    """
    merged: list[Interval] = []
    for starts_us, ends_us in sorted(intervals):
        if starts_us >= ends_us:
            continue
        if merged and starts_us <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends_us))
        else:
            merged.append((starts_us, ends_us))
    return tuple(merged)


def difference(intervals: Iterable[Interval], cut: Iterable[Interval]) -> Intervals:
    """The time in some of the first and in none of the others.

    >>> difference([(0, 10)], [(2, 3), (8, 20)])
    ((0, 2), (3, 8))
    """
    left: list[Interval] = []
    holes = union(cut)
    for starts_us, ends_us in union(intervals):
        kept_from_us = starts_us
        for hole_starts_us, hole_ends_us in holes:
            if hole_ends_us <= kept_from_us:
                continue
            if hole_starts_us >= ends_us:
                break
            if kept_from_us < hole_starts_us:
                left.append((kept_from_us, hole_starts_us))
            kept_from_us = hole_ends_us
        if kept_from_us < ends_us:
            left.append((kept_from_us, ends_us))
    return tuple(left)


def intersection(intervals: Iterable[Interval], others: Iterable[Interval]) -> Intervals:
    """The time in some of both.

    >>> intersection([(0, 4), (6, 9)], [(3, 7)])
    ((3, 4), (6, 7))
    """
    first = union(intervals)
    return difference(first, difference(first, others))


def length_us(intervals: Iterable[Interval]) -> int:
    """How much time they hold together, counted once, microseconds."""
    return sum(ends_us - starts_us for starts_us, ends_us in union(intervals))


def contains(intervals: Iterable[Interval], at_us: int) -> bool:
    """Whether a moment is in one of them."""
    return any(starts_us <= at_us < ends_us for starts_us, ends_us in intervals)
