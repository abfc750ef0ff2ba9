"""Who belongs to whom: the pairs of greatest total worth.

Pairs that compete with no other are made at once; each knot of competing pairs is solved exactly
by shortest augmenting paths (Jonker & Volgenant 1987; rectangular as in Crouse 2016,
doi:10.1109/TAES.2016.140952). Of equal choices the lowest index is taken, so the callers bring
both sides into an order of their own.
"""

from typing import Final

import numpy as np

from streams.domain.tracking.jit import compiled, entry
from streams.domain.tracking.types import Flags, Indices, Matrix, Vector

NOBODY: Final = -1


@entry
def assign(worth: Matrix, mates: Indices) -> None:
    """Find the pairs whose sum of worths is greatest.

    Args:
        worth: Shape `(N, M)`; a pair may be made only where it is above 0.
        mates: Shape `(N,)`, filled: the column given to each row, or -1.
    """
    rows, columns = worth.shape
    for row in range(rows):
        mates[row] = NOBODY
    row_degree, last = np.zeros(rows, np.int64), np.empty(rows, np.int64)
    column_degree = np.zeros(columns, np.int64)
    for row in range(rows):
        for column in range(columns):
            if worth[row, column] > 0.0:
                column_degree[column] += 1
                row_degree[row] += 1
                last[row] = column
    row_done = np.zeros(rows, np.bool_)
    for row in range(rows):
        if row_degree[row] == 0:
            row_done[row] = True
        elif row_degree[row] == 1 and column_degree[last[row]] == 1:
            mates[row] = last[row]
            row_done[row] = True
    column_done = np.zeros(columns, np.bool_)
    knot_rows = np.empty(rows, np.int64)
    knot_columns = np.empty(columns, np.int64)
    for start in range(rows):
        if not row_done[start]:
            height, width = _knot(worth, start, row_done, column_done, knot_rows, knot_columns)
            _solve(worth, knot_rows[:height], knot_columns[:width], mates)


@compiled
def _knot(
    worth: Matrix,
    start: int,
    row_done: Flags,
    column_done: Flags,
    knot_rows: Indices,
    knot_columns: Indices,
) -> tuple[int, int]:
    """Collect what is connected with a row by admissible pairs, in rising order."""
    rows, columns = worth.shape
    knot_rows[0] = start
    row_done[start] = True
    height, width, next_row = 1, 0, 0
    while next_row < height:
        row = knot_rows[next_row]
        next_row += 1
        for column in range(columns):
            if worth[row, column] > 0.0 and not column_done[column]:
                column_done[column] = True
                knot_columns[width] = column
                width += 1
                for other in range(rows):
                    if worth[other, column] > 0.0 and not row_done[other]:
                        row_done[other] = True
                        knot_rows[height] = other
                        height += 1
    _sort(knot_rows, height)
    _sort(knot_columns, width)
    return height, width


@compiled
def _sort(values: Indices, count: int) -> None:
    """Sort the first `count` values in place."""
    for k in range(1, count):
        value = values[k]
        place = k
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value


@compiled
def _solve(worth: Matrix, rows: Indices, columns: Indices, mates: Indices) -> None:
    """Solve one knot exactly; a pair without worth stands for staying alone."""
    turned = len(rows) > len(columns)
    left, right = (columns, rows) if turned else (rows, columns)
    height, width = len(left), len(right)
    cost = np.empty((height, width))
    for i in range(height):
        for j in range(width):
            value = worth[right[j], left[i]] if turned else worth[left[i], right[j]]
            cost[i, j] = -max(value, 0.0)
    left_price, right_price = np.zeros(height), np.zeros(width)
    left_mate, right_mate = np.empty(height, np.int64), np.empty(width, np.int64)
    for i in range(height):
        left_mate[i] = NOBODY
    for j in range(width):
        right_mate[j] = NOBODY
    shortest, parent = np.empty(width), np.empty(width, np.int64)
    seen = np.empty(width, np.bool_)
    for root in range(height):
        sink, reached = _reach(
            cost, root, left_price, right_price, right_mate, shortest, parent, seen
        )
        left_price[root] += reached
        for j in range(width):
            if seen[j]:
                right_price[j] -= reached - shortest[j]
                if right_mate[j] != NOBODY:
                    left_price[right_mate[j]] += reached - shortest[j]
        while sink != NOBODY:  # turn the path round: each on it takes the one before
            i = parent[sink]
            right_mate[sink] = i
            sink, left_mate[i] = left_mate[i], sink
    for i in range(height):
        row = right[left_mate[i]] if turned else left[i]
        column = left[i] if turned else right[left_mate[i]]
        if worth[row, column] > 0.0:
            mates[row] = column


@compiled
def _reach(
    cost: Matrix,
    root: int,
    left_price: Vector,
    right_price: Vector,
    right_mate: Indices,
    shortest: Vector,
    parent: Indices,
    seen: Flags,
) -> tuple[int, float]:
    """Find the nearest free column from a row along alternating pairs (Dijkstra).

    Returns:
        The column and its distance; `shortest`, `parent` and `seen` hold the tree behind it.
    """
    width = cost.shape[1]
    for j in range(width):
        shortest[j] = np.inf
        seen[j] = False
    current, reached = root, 0.0
    while True:
        nearest, lowest = NOBODY, np.inf
        for j in range(width):
            if seen[j]:
                continue
            length = reached + cost[current, j] - left_price[current] - right_price[j]
            if length < shortest[j]:
                shortest[j] = length
                parent[j] = current
            # Of equally near columns a free one ends the search.
            if shortest[j] < lowest or (
                shortest[j] == lowest and right_mate[j] == NOBODY and right_mate[nearest] != NOBODY
            ):
                nearest, lowest = j, shortest[j]
        reached = lowest
        seen[nearest] = True
        if right_mate[nearest] == NOBODY:
            return nearest, reached
        current = right_mate[nearest]
