"""Who belongs to whom: the pairs of greatest total worth.

Pairs that compete with no other are made at once; each knot of competing pairs is solved exactly
by shortest augmenting paths (Jonker & Volgenant 1987; rectangular as in Crouse 2016,
doi:10.1109/TAES.2016.140952). Of equal choices the lowest index is taken, so the callers bring
both sides into an order of their own.
"""

from typing import Final

import numpy as np

from streams.domain.tracking.jit import compiled
from streams.domain.tracking.types import Flags, Indices, Matrix

NOBODY: Final = -1


@compiled
def assign(worth: Matrix, mates: Indices) -> None:
    """Find the pairs whose sum of worths is greatest.

    Args:
        worth: Shape `(N, M)`; a pair may be made only where it is above 0.
        mates: Shape `(N,)`, filled: the column given to each row, or -1.
    """
    rows, columns = worth.shape
    mates[:] = NOBODY
    degree = np.zeros(columns, np.int64)
    for row in range(rows):
        for column in range(columns):
            if worth[row, column] > 0.0:
                degree[column] += 1
    row_done = np.zeros(rows, np.bool_)
    for row in range(rows):
        only = NOBODY
        count = 0
        for column in range(columns):
            if worth[row, column] > 0.0:
                count += 1
                only = column
        if count == 0:
            row_done[row] = True
        elif count == 1 and degree[only] == 1:
            mates[row] = only
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
    knot_rows[:height].sort()
    knot_columns[:width].sort()
    return height, width


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
            cost[i, j] = -value if value > 0.0 else 0.0
    left_price = np.zeros(height)
    right_price = np.zeros(width)
    left_mate = np.full(height, NOBODY, np.int64)
    right_mate = np.full(width, NOBODY, np.int64)
    shortest = np.empty(width)
    parent = np.empty(width, np.int64)
    seen_left = np.empty(height, np.bool_)
    seen_right = np.empty(width, np.bool_)
    for root in range(height):
        shortest[:] = np.inf
        parent[:] = NOBODY
        seen_left[:] = False
        seen_right[:] = False
        current, sink, reached = root, NOBODY, 0.0
        while sink == NOBODY:
            seen_left[current] = True
            nearest, lowest = NOBODY, np.inf
            for j in range(width):
                if seen_right[j]:
                    continue
                reduced = reached + cost[current, j] - left_price[current] - right_price[j]
                if reduced < shortest[j]:
                    shortest[j] = reduced
                    parent[j] = current
                # Among equally near ones a free one ends the search.
                if shortest[j] < lowest or (shortest[j] == lowest and right_mate[j] == NOBODY):
                    if shortest[j] < lowest or right_mate[nearest] != NOBODY:
                        nearest = j
                    lowest = shortest[j]
            reached = lowest
            seen_right[nearest] = True
            if right_mate[nearest] == NOBODY:
                sink = nearest
            else:
                current = right_mate[nearest]
        left_price[root] += reached
        for i in range(height):
            if seen_left[i] and i != root:
                left_price[i] += reached - shortest[left_mate[i]]
        for j in range(width):
            if seen_right[j]:
                right_price[j] -= reached - shortest[j]
        while True:
            i = parent[sink]
            right_mate[sink] = i
            sink, left_mate[i] = left_mate[i], sink
            if i == root:
                break
    for i in range(height):
        row = right[left_mate[i]] if turned else left[i]
        column = left[i] if turned else right[left_mate[i]]
        if worth[row, column] > 0.0:
            mates[row] = column
