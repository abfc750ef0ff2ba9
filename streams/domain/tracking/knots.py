"""Knots: rows and columns that admissible pairs connect, each a problem of its own.

Found by union-find with path halving (Tarjan & van Leeuwen 1984, doi:10.1145/62.2160).
"""

from typing import Final

import numpy as np

from streams.domain.tracking.jit import compiled
from streams.domain.tracking.types import Indices

NOBODY: Final = -1


@compiled
def find_knots(
    starts: Indices, columns: Indices, knot_of: Indices, knot_of_column: Indices
) -> None:
    """Name each knot after the lowest row in it.

    Args:
        starts: Shape `(N + 1,)`: the pairs that row `r` may make are those from `starts[r]` up to
            `starts[r + 1]`.
        columns: Column of each pair.
        knot_of: Shape `(N,)`, changed: a row that is asked about names itself, another holds -1;
            in the end the knot of each.
        knot_of_column: All -1, filled: the knot of each column.
    """
    for row in range(len(knot_of)):
        if knot_of[row] == NOBODY:
            continue
        for pair in range(starts[row], starts[row + 1]):
            before = knot_of_column[columns[pair]]
            if before == NOBODY:
                knot_of_column[columns[pair]] = row
            else:
                one, other = _root(knot_of, row), _root(knot_of, before)
                knot_of[max(one, other)] = min(one, other)
    for row in range(len(knot_of)):
        if knot_of[row] != NOBODY:
            knot_of[row] = _root(knot_of, row)
    for column in range(len(knot_of_column)):
        if knot_of_column[column] != NOBODY:
            knot_of_column[column] = knot_of[knot_of_column[column]]


@compiled
def _root(knot_of: Indices, row: int) -> int:
    """The row after which a row's knot is named so far; halves the way there."""
    while knot_of[row] != row:
        knot_of[row] = knot_of[knot_of[row]]
        row = knot_of[row]
    return row


@compiled
def by_knot(knot_of: Indices, knots: int) -> tuple[Indices, Indices]:
    """Gather members by knot.

    Args:
        knot_of: The knot of each member; -1 for none.
        knots: Names of knots are below it.

    Returns:
        Where each knot begins, shape `(knots + 1,)`, the last being the end; and the members in
        rising order.
    """
    begins = np.zeros(knots + 1, np.int64)
    for knot in knot_of:
        if knot != NOBODY:
            begins[knot + 1] += 1
    for knot in range(knots):
        begins[knot + 1] += begins[knot]
    members = np.empty(begins[knots], np.int64)
    ends = begins.copy()
    for member in range(len(knot_of)):
        knot = knot_of[member]
        if knot != NOBODY:
            members[ends[knot]] = member
            ends[knot] += 1
    return begins, members
