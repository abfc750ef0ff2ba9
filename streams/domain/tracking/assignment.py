"""Which pairs are made: those of greatest total score.

Pairs that compete with no other are made at once; each component of competing pairs is solved
exactly by shortest augmenting paths (Jonker & Volgenant 1987; rectangular as in Crouse 2016,
doi:10.1109/TAES.2016.140952). Of equal choices the lowest index is taken, so the callers bring
both sides into an order of their own.
"""

import numpy as np

from streams.domain.tracking.components import NOBODY, Pairs, find_components, members_of
from streams.domain.tracking.jit import compiled, entry
from streams.domain.tracking.types import Flags, Indices, Matrix, Vector

__all__ = ["NOBODY", "Pairs", "assign", "room_for_pairs"]


@compiled
def room_for_pairs(height: int, width: int) -> Pairs:
    """Arrays for as many pairs as there can be between some rows and columns."""
    starts = np.empty(height + 1, np.int64)
    return Pairs(starts, np.empty(height * width, np.int64), np.empty(height * width))


@entry
def assign(pairs: Pairs, width: int, matches: Indices) -> None:
    """Find the pairs whose sum of scores is greatest.

    Args:
        pairs: The candidates.
        width: Number of columns.
        matches: Shape `(N,)`, filled: the column given to each row, or `NOBODY`.
    """
    starts, columns, _ = pairs
    height = len(matches)
    degree = np.zeros(width, np.int64)
    for pair in range(starts[height]):
        degree[columns[pair]] += 1
    competing = False
    component_of = np.empty(height, np.int64)
    for row in range(height):
        first, count = starts[row], starts[row + 1] - starts[row]
        matches[row] = NOBODY
        component_of[row] = NOBODY
        if count == 1 and degree[columns[first]] == 1:
            matches[row] = columns[first]
        elif count > 0:
            component_of[row] = row
            competing = True
    if competing:
        _solve_components(pairs, width, component_of, matches)


@compiled
def _solve_components(pairs: Pairs, width: int, component_of: Indices, matches: Indices) -> None:
    """Solve each component by itself.

    Args:
        pairs: The candidates.
        width: Number of columns.
        component_of: Shape `(N,)`, changed: a row that competes names itself, another holds
            `NOBODY`.
        matches: Shape `(N,)`, filled for the rows that compete.
    """
    starts, columns, scores = pairs
    component_of_column = np.full(width, NOBODY)
    find_components(pairs, component_of, component_of_column)
    row_starts, rows_by_component = members_of(component_of, len(component_of))
    column_starts, columns_by_component = members_of(component_of_column, len(component_of))
    position_of = np.empty(width, np.int64)
    for component in range(len(component_of)):
        rows = rows_by_component[row_starts[component] : row_starts[component + 1]]
        if len(rows) == 0:
            continue
        own = columns_by_component[column_starts[component] : column_starts[component + 1]]
        for position in range(len(own)):
            position_of[own[position]] = position
        score = np.zeros((len(rows), len(own)))
        for i in range(len(rows)):
            for pair in range(starts[rows[i]], starts[rows[i] + 1]):
                score[i, position_of[columns[pair]]] = scores[pair]
        # `_solve` wants no more rows than columns: the other way round it is given the transpose.
        if len(rows) <= len(own):
            chosen = _solve(-score)
            for i in range(len(rows)):
                if score[i, chosen[i]] > 0.0:
                    matches[rows[i]] = own[chosen[i]]
        else:
            chosen = _solve(np.ascontiguousarray(-score.T))
            for j in range(len(own)):
                if score[chosen[j], j] > 0.0:
                    matches[rows[chosen[j]]] = own[j]


@compiled
def _solve(cost: Matrix) -> Indices:
    """Give each row a column of its own at the least total cost.

    Args:
        cost: Shape `(H, W)`, `H` at most `W`; 0 for a pair that stands for staying alone.
    """
    height, width = cost.shape
    match_of_row = np.full(height, NOBODY)
    if height == 1:
        match_of_row[0] = np.argmin(cost[0])
        return match_of_row
    row_price, column_price = np.zeros(height), np.zeros(width)
    match_of_column = np.full(width, NOBODY)
    shortest, parent = np.empty(width), np.empty(width, np.int64)
    seen = np.empty(width, np.bool_)
    for root in range(height):
        sink, distance = _reach(
            cost, root, row_price, column_price, match_of_column, shortest, parent, seen
        )
        row_price[root] += distance
        for j in range(width):
            if seen[j]:
                column_price[j] -= distance - shortest[j]
                if match_of_column[j] != NOBODY:
                    row_price[match_of_column[j]] += distance - shortest[j]
        while sink != NOBODY:  # augment: each column on the path takes the row before it
            i = parent[sink]
            match_of_column[sink] = i
            sink, match_of_row[i] = match_of_row[i], sink
    return match_of_row


@compiled
def _reach(
    cost: Matrix,
    root: int,
    row_price: Vector,
    column_price: Vector,
    match_of_column: Indices,
    shortest: Vector,
    parent: Indices,
    seen: Flags,
) -> tuple[int, float]:
    """Find the nearest free column from a row along alternating pairs (Dijkstra).

    Returns:
        The column and its distance; `shortest`, `parent` and `seen` hold the shortest paths.
    """
    width = cost.shape[1]
    for j in range(width):
        shortest[j] = np.inf
        seen[j] = False
    current, distance = root, 0.0
    while True:
        nearest, lowest = NOBODY, np.inf
        for j in range(width):
            if seen[j]:
                continue
            length = distance + cost[current, j] - row_price[current] - column_price[j]
            if length < shortest[j]:
                shortest[j] = length
                parent[j] = current
            # Of equally near columns a free one ends the search.
            if shortest[j] < lowest or (
                shortest[j] == lowest
                and match_of_column[j] == NOBODY
                and match_of_column[nearest] != NOBODY
            ):
                nearest, lowest = j, shortest[j]
        distance = lowest
        seen[nearest] = True
        if match_of_column[nearest] == NOBODY:
            return nearest, distance
        current = match_of_column[nearest]
