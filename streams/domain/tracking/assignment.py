"""Who belongs to whom: the pairs of greatest total worth.

Pairs that compete with no other are made at once; each knot of competing pairs is solved exactly
by shortest augmenting paths (Jonker & Volgenant 1987; rectangular as in Crouse 2016,
doi:10.1109/TAES.2016.140952). Of equal choices the lowest index is taken, so the callers bring
both sides into an order of their own.
"""

import numpy as np

from streams.domain.tracking.jit import compiled, entry
from streams.domain.tracking.knots import NOBODY, by_knot, find_knots
from streams.domain.tracking.types import Flags, Indices, Matrix, Vector


@entry
def assign(starts: Indices, columns: Indices, worths: Vector, width: int, mates: Indices) -> None:
    """Find the pairs whose sum of worths is greatest.

    Args:
        starts: Shape `(N + 1,)`: the pairs that row `r` may make are those from `starts[r]` up to
            `starts[r + 1]`.
        columns: Column of each pair.
        worths: Worth of each pair, above 0.
        width: Number of columns.
        mates: Shape `(N,)`, filled: the column given to each row, or -1.
    """
    height = len(mates)
    degree = np.zeros(width, np.int64)
    for pair in range(starts[height]):
        degree[columns[pair]] += 1
    competing = False
    knot_of = np.empty(height, np.int64)
    for row in range(height):
        first, pairs = starts[row], starts[row + 1] - starts[row]
        mates[row] = NOBODY
        knot_of[row] = NOBODY
        if pairs == 1 and degree[columns[first]] == 1:
            mates[row] = columns[first]
        elif pairs > 0:
            knot_of[row] = row
            competing = True
    if competing:
        _solve_knots(starts, columns, worths, width, knot_of, mates)


@compiled
def _solve_knots(
    starts: Indices,
    columns: Indices,
    worths: Vector,
    width: int,
    knot_of: Indices,
    mates: Indices,
) -> None:
    """Solve each knot for itself.

    Args:
        starts: See `assign`.
        columns: See `assign`.
        worths: See `assign`.
        width: See `assign`.
        knot_of: Shape `(N,)`, changed: a row that competes names itself, another holds -1.
        mates: See `assign`; filled for the rows in knots.
    """
    knot_of_column = np.full(width, NOBODY)
    find_knots(starts, columns, knot_of, knot_of_column)
    row_begins, knot_rows = by_knot(knot_of, len(knot_of))
    column_begins, knot_columns = by_knot(knot_of_column, len(knot_of))
    place_of = np.empty(width, np.int64)
    for knot in range(len(knot_of)):
        its_rows = knot_rows[row_begins[knot] : row_begins[knot + 1]]
        if len(its_rows) == 0:
            continue
        its_columns = knot_columns[column_begins[knot] : column_begins[knot + 1]]
        for place in range(len(its_columns)):
            place_of[its_columns[place]] = place
        worth = np.zeros((len(its_rows), len(its_columns)))
        for place in range(len(its_rows)):
            row = its_rows[place]
            for pair in range(starts[row], starts[row + 1]):
                worth[place, place_of[columns[pair]]] = worths[pair]
        if len(its_rows) <= len(its_columns):
            chosen = _solve(-worth)
            for place in range(len(its_rows)):
                if worth[place, chosen[place]] > 0.0:
                    mates[its_rows[place]] = its_columns[chosen[place]]
        else:
            chosen = _solve(np.ascontiguousarray(-worth.T))
            for place in range(len(its_columns)):
                if worth[chosen[place], place] > 0.0:
                    mates[its_rows[chosen[place]]] = its_columns[place]


@compiled
def _solve(cost: Matrix) -> Indices:
    """Give each row a column of its own at the least total cost.

    Args:
        cost: Shape `(H, W)`, `H` at most `W`; 0 for a pair that stands for staying alone.
    """
    height, width = cost.shape
    left_mate = np.full(height, NOBODY)
    if height == 1:
        left_mate[0] = np.argmin(cost[0])
        return left_mate
    left_price, right_price = np.zeros(height), np.zeros(width)
    right_mate = np.full(width, NOBODY)
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
    return left_mate


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
