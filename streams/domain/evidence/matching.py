"""The share of each pair of a badge and a person among all assignments, in compiled code.

An assignment chooses for each row one of its pairs or none, so that no column is chosen twice; its
weight is the product of the odds of its pairs. The share of a pair is the weight of all assignments
with it among the weight of all. Badges and people stand for rows and columns, either way.

The sum is found row by row, over the sets of columns that are taken among those which earlier rows
and later rows share: their number is 2 to the greatest number of such columns at one time, which is
small where badges and people form a few circles. Where it is above `MOST_OPEN`, belief propagation
answers instead, which converges for this problem (Williams and Lau, 2014) and is near the sum.

All sums are in one order, and every number is 0 or more and none is subtracted, so a share is right
to the last few bits however near to 0 or 1 it is.
"""

from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.domain.jit import Compiler

Indices: TypeAlias = NDArray[np.int64]
Vector: TypeAlias = NDArray[np.float64]

MOST_OPEN: Final = 8
"""Columns that rows share at one time, at most, where the sum is found."""

ROUNDS: Final = 50
SETTLED: Final = 1e-6
"""Propagation ends after so many rounds, or when no message changes by more."""

_compiler: Final = Compiler("matching", [Path(__file__)])


class _Problem(NamedTuple):
    """Badges and people that hang together, either as rows and the others as columns.

    Attributes:
        rows: Row of each pair, shape `(P,)`.
        columns: Column of each pair, shape `(P,)`.
        odds: Odds of each pair, shape `(P,)`.
        starts: The pairs of row `r` are `by_row[starts[r]:starts[r + 1]]`.
        by_row: Pairs, row by row, in rising order.
        degrees: Number of pairs of each column.
    """

    rows: Indices
    columns: Indices
    odds: Vector
    starts: Indices
    by_row: Indices
    degrees: Indices


@_compiler.entry
def shares_of(badges: Indices, people: Indices, odds: Vector) -> Vector:
    """The share of each pair.

    Args:
        badges: Badge of each pair, shape `(P,)`: 0 or more, rising.
        people: Person of each pair, shape `(P,)`: 0 or more, rising within a badge.
        odds: 0 or more, at most 1e15, shape `(P,)`: how many times as likely the pair is as that
            nobody carries the badge.

    Returns:
        Shape `(P,)`.
    """
    shares = np.zeros(len(odds))
    roots = _components(badges, people)
    starts, members = gather(roots, len(odds))
    for root in range(len(odds)):
        if starts[root] < starts[root + 1]:
            _share_out(members[starts[root] : starts[root + 1]], badges, people, odds, shares)
    return shares


@_compiler.compiled
def _components(badges: Indices, people: Indices) -> Indices:
    """The first pair of each pair's component; pairs of one badge or person are in one."""
    roots = np.empty(len(badges), np.int64)
    for pair in range(len(badges)):
        roots[pair] = pair
    _tie(badges, roots)
    _tie(people, roots)
    for pair in range(len(badges)):
        roots[pair] = _root(roots, pair)
    return roots


@_compiler.compiled
def _tie(names: Indices, roots: Indices) -> None:
    """Join the components of all pairs of one name."""
    first_of = np.zeros(_count(names), np.int64)  # one more than the first pair of a name
    for pair in range(len(names)):
        first = first_of[names[pair]] - 1
        if first < 0:
            first_of[names[pair]] = pair + 1
        else:
            here, there = _root(roots, pair), _root(roots, first)
            roots[max(here, there)] = min(here, there)


@_compiler.compiled
def _count(names: Indices) -> int:
    """One more than the greatest."""
    count = 0
    for name in names:
        count = max(count, name + 1)
    return count


@_compiler.compiled
def _root(roots: Indices, pair: int) -> int:
    while roots[pair] != pair:
        roots[pair] = roots[roots[pair]]
        pair = roots[pair]
    return pair


@_compiler.compiled
def gather(groups: Indices, count: int) -> tuple[Indices, Indices]:
    """Where the members of each group start, shape `(count + 1,)`, and the members, rising."""
    starts = np.zeros(count + 1, np.int64)
    for group in groups:
        starts[group + 1] += 1
    for group in range(count):
        starts[group + 1] += starts[group]
    members = np.empty(len(groups), np.int64)
    ends = starts.copy()
    for member in range(len(groups)):
        members[ends[groups[member]]] = member
        ends[groups[member]] += 1
    return starts, members


@_compiler.compiled
def _share_out(
    pairs: Indices, badges: Indices, people: Indices, odds: Vector, shares: Vector
) -> None:
    own = np.empty(len(pairs))
    for index in range(len(pairs)):
        own[index] = odds[pairs[index]]
    by_badge = _problem(_numbered(badges, pairs), _numbered(people, pairs), own)
    order, width = _plan(by_badge)
    if width <= MOST_OPEN:
        found = _summed(by_badge, order, width)
    else:
        by_person = _problem(by_badge.columns, by_badge.rows, own)
        order, width = _plan(by_person)
        if width <= MOST_OPEN:
            found = _summed(by_person, order, width)
        else:
            found = _propagated(by_badge, by_person)
    for index in range(len(pairs)):
        shares[pairs[index]] = found[index]


@_compiler.compiled
def _numbered(names: Indices, pairs: Indices) -> Indices:
    """Numbers of the names of some pairs, from 0 in order of first appearance."""
    number_of = np.zeros(_count(names), np.int64)  # one more than the number
    numbers = np.empty(len(pairs), np.int64)
    known = 0
    for index in range(len(pairs)):
        name = names[pairs[index]]
        if number_of[name] == 0:
            known += 1
            number_of[name] = known
        numbers[index] = number_of[name] - 1
    return numbers


@_compiler.compiled
def _problem(rows: Indices, columns: Indices, odds: Vector) -> _Problem:
    starts, by_row = gather(rows, _count(rows))
    degrees = np.zeros(_count(columns), np.int64)
    for column in columns:
        degrees[column] += 1
    return _Problem(rows, columns, odds, starts, by_row, degrees)


@_compiler.compiled
def _plan(problem: _Problem) -> tuple[Indices, int]:
    """An order of rows in which few columns are open: some rows of theirs done, others not.

    Returns:
        The order, and the most columns that are open while a row is chosen; one more than
        `MOST_OPEN` as soon as it is above it, with an order that is not complete.
    """
    count = len(problem.starts) - 1
    order = np.empty(count, np.int64)
    left = problem.degrees.copy()
    is_done = np.zeros(count, np.int64)
    opened = width = 0
    for turn in range(count):
        best, best_new, best_ended = -1, 0, 0
        for row in range(count):
            if is_done[row]:
                continue
            new = ended = 0
            for at in range(problem.starts[row], problem.starts[row + 1]):
                column = problem.columns[problem.by_row[at]]
                if problem.degrees[column] > 1:
                    new += left[column] == problem.degrees[column]
                    ended += left[column] == 1
            more, least = new - ended, best_new - best_ended
            if best < 0 or more < least or (more == least and new < best_new):
                best, best_new, best_ended = row, new, ended
        order[turn] = best
        is_done[best] = 1
        for at in range(problem.starts[best], problem.starts[best + 1]):
            left[problem.columns[problem.by_row[at]]] -= 1
        width = max(width, opened + best_new)
        opened += best_new - best_ended
        if width > MOST_OPEN:
            return order, MOST_OPEN + 1
    return order, width


@_compiler.compiled
def _summed(problem: _Problem, order: Indices, width: int) -> Vector:
    """The shares by the sum over all assignments.

    Args:
        problem: The pairs.
        order: Rows in the order in which they are chosen for.
        width: The most columns that are open at one time; each has one bit while it is.
    """
    bits, is_last = _bits(problem, order)
    # Weight of all choices for the rows so far, by the open columns that they take.
    before = np.zeros((len(order) + 1, 1 << width))
    before[0, 0] = 1.0
    for turn in range(len(order)):
        _step(problem, bits, is_last, order[turn], before[turn], before[turn + 1])
    found = np.zeros(len(problem.odds))
    # Weight of all choices for the rows to come, by the open columns that are taken.
    after = np.zeros(1 << width)
    after[0] = 1.0
    for turn in range(len(order) - 1, -1, -1):
        row = order[turn]
        for at in range(problem.starts[row], problem.starts[row + 1]):
            pair = problem.by_row[at]
            if bits[pair] and is_last[pair]:
                for taken in range(len(after)):
                    if not taken & bits[pair]:
                        after[taken | bits[pair]] = after[taken]
        _share_row(problem, bits, row, before[turn], after, found)
        _step_back(problem, bits, row, after)
    return found


@_compiler.compiled
def _alone(problem: _Problem, bits: Indices, row: int) -> float:
    """Weight of the choices for a row that take no column from others."""
    weight = 1.0
    for at in range(problem.starts[row], problem.starts[row + 1]):
        if bits[problem.by_row[at]] == 0:
            weight += problem.odds[problem.by_row[at]]
    return weight


@_compiler.compiled
def _step(
    problem: _Problem, bits: Indices, is_last: Indices, row: int, here: Vector, there: Vector
) -> None:
    """Choose for one more row.

    Args:
        problem: The pairs.
        bits: Bits of their columns.
        is_last: 1 where no later row has the column.
        row: The row.
        here: Weights before it, by the columns taken.
        there: All 0; filled with the weights after it.
    """
    alone = _alone(problem, bits, row)
    pairs = problem.by_row[problem.starts[row] : problem.starts[row + 1]]
    for taken in range(len(here)):
        if here[taken] > 0.0:
            there[taken] += alone * here[taken]
            for pair in pairs:
                if bits[pair] and not taken & bits[pair]:
                    there[taken | bits[pair]] += problem.odds[pair] * here[taken]
    for pair in pairs:
        if bits[pair] and is_last[pair]:
            for taken in range(len(there)):
                if not taken & bits[pair]:
                    there[taken] += there[taken | bits[pair]]
                    there[taken | bits[pair]] = 0.0
    _scale(there)


@_compiler.compiled
def _share_row(
    problem: _Problem, bits: Indices, row: int, here: Vector, after: Vector, found: Vector
) -> None:
    """The shares of the pairs of one row, from the weights before it and after it."""
    free = 0.0
    for taken in range(len(here)):
        free += here[taken] * after[taken]
    total = _alone(problem, bits, row) * free
    pairs = problem.by_row[problem.starts[row] : problem.starts[row + 1]]
    for pair in pairs:
        weight = free
        if bits[pair]:
            weight = 0.0
            for taken in range(len(here)):
                if not taken & bits[pair]:
                    weight += here[taken] * after[taken | bits[pair]]
            total += problem.odds[pair] * weight
        found[pair] = problem.odds[pair] * weight
    for pair in pairs:
        found[pair] /= total


@_compiler.compiled
def _step_back(problem: _Problem, bits: Indices, row: int, after: Vector) -> None:
    """Take the choices for one more row into the weights of those to come."""
    alone = _alone(problem, bits, row)
    pairs = problem.by_row[problem.starts[row] : problem.starts[row + 1]]
    for taken in range(len(after)):  # rising, so what is read still is that of the rows after it
        weight = alone * after[taken]
        for pair in pairs:
            if bits[pair] and not taken & bits[pair]:
                weight += problem.odds[pair] * after[taken | bits[pair]]
        after[taken] = weight
    _scale(after)


@_compiler.compiled
def _scale(weights: Vector) -> None:
    most = 0.0
    for weight in weights:
        most = max(most, weight)
    for index in range(len(weights)):
        weights[index] /= most


@_compiler.compiled
def _bits(problem: _Problem, order: Indices) -> tuple[Indices, Indices]:
    """The bit of each pair's column, and 1 where no later row has the column.

    A column of one row has none, which is 0. A bit is used again by columns that open later.
    """
    bits = np.zeros(len(problem.odds), np.int64)
    is_last = np.zeros(len(problem.odds), np.int64)
    bit_of = np.zeros(len(problem.degrees), np.int64)
    left = problem.degrees.copy()
    used = 0
    for row in order:
        pairs = problem.by_row[problem.starts[row] : problem.starts[row + 1]]
        for pair in pairs:
            column = problem.columns[pair]
            if problem.degrees[column] > 1:
                if bit_of[column] == 0:
                    bit = 1
                    while used & bit:
                        bit <<= 1
                    bit_of[column] = bit
                    used |= bit
                bits[pair] = bit_of[column]
        for pair in pairs:
            column = problem.columns[pair]
            left[column] -= 1
            if left[column] == 0:
                is_last[pair] = 1
                used &= ~bit_of[column]
    return bits, is_last


@_compiler.compiled
def _propagated(by_badge: _Problem, by_person: _Problem) -> Vector:
    """The shares by messages between badges and people, along each pair."""
    odds = by_badge.odds
    back = np.ones(len(odds))
    forth = np.zeros(len(odds))
    weights = np.empty(len(odds))
    for _ in range(ROUNDS):
        for pair in range(len(odds)):
            weights[pair] = odds[pair] * back[pair]
        _others(by_badge, weights, forth)
        for pair in range(len(odds)):
            weights[pair] = odds[pair] / (1.0 + forth[pair])
        _others(by_person, weights, forth)
        changed = 0.0
        for pair in range(len(odds)):
            answer = 1.0 / (1.0 + forth[pair])
            changed = max(changed, abs(answer - back[pair]))
            back[pair] = answer
        if changed < SETTLED:
            break
    shares = np.empty(len(odds))
    for pair in range(len(odds)):
        weights[pair] = odds[pair] * back[pair]
    _others(by_badge, weights, forth)
    for pair in range(len(odds)):
        shares[pair] = weights[pair] / (1.0 + forth[pair] + weights[pair])
    for column in range(len(by_person.starts) - 1):  # messages that have not settled may say more
        pairs = by_person.by_row[by_person.starts[column] : by_person.starts[column + 1]]
        total = 0.0
        for pair in pairs:
            total += shares[pair]
        for pair in pairs:
            shares[pair] /= max(1.0, total)
    return shares


@_compiler.compiled
def _others(problem: _Problem, weights: Vector, sums: Vector) -> None:
    """For each pair, the sum of the weights of the other pairs of its row, without subtracting."""
    for row in range(len(problem.starts) - 1):
        first, end = problem.starts[row], problem.starts[row + 1]
        so_far = 0.0
        for at in range(first, end):
            sums[problem.by_row[at]] = so_far
            so_far += weights[problem.by_row[at]]
        so_far = 0.0
        for at in range(end - 1, first - 1, -1):
            sums[problem.by_row[at]] += so_far
            so_far += weights[problem.by_row[at]]
