"""Connected components of the graph of candidate pairs, each an assignment problem of its own.

Found by union-find with path halving (Tarjan & van Leeuwen 1984, doi:10.1145/62.2160).
"""

from typing import Final, NamedTuple

import numpy as np

from streams.domain.tracking.jit import compiled
from streams.domain.tracking.types import Indices, Vector

NOBODY: Final = -1


class Pairs(NamedTuple):
    """Candidate pairs of rows and columns: a sparse matrix of scores in CSR form.

    Attributes:
        starts: Shape `(N + 1,)`: the pairs of row `r` are those from `starts[r]` up to
            `starts[r + 1]`.
        columns: Column of each pair.
        scores: Score of each pair, above 0.
    """

    starts: Indices
    columns: Indices
    scores: Vector


@compiled
def find_components(pairs: Pairs, component_of: Indices, component_of_column: Indices) -> None:
    """Name each component after its lowest row.

    Args:
        pairs: The candidates.
        component_of: Shape `(N,)`, changed: a row that is asked about names itself, another holds
            `NOBODY`; in the end the component of each.
        component_of_column: All `NOBODY`, filled: the component of each column.
    """
    starts, columns, _ = pairs
    for row in range(len(component_of)):
        if component_of[row] == NOBODY:
            continue
        for pair in range(starts[row], starts[row + 1]):
            before = component_of_column[columns[pair]]
            if before == NOBODY:
                component_of_column[columns[pair]] = row
            else:
                one, other = _root(component_of, row), _root(component_of, before)
                component_of[max(one, other)] = min(one, other)
    for row in range(len(component_of)):
        if component_of[row] != NOBODY:
            component_of[row] = _root(component_of, row)
    for column in range(len(component_of_column)):
        if component_of_column[column] != NOBODY:
            component_of_column[column] = component_of[component_of_column[column]]


@compiled
def _root(parent: Indices, row: int) -> int:
    """The row after which a row's component is named so far; halves the path to it."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@compiled
def members_of(component_of: Indices, count: int) -> tuple[Indices, Indices]:
    """Gather members by component (a counting sort).

    Args:
        component_of: The component of each member; `NOBODY` for none.
        count: Names of components are below it.

    Returns:
        Where each component starts, shape `(count + 1,)`, the last being the end; and the members
        in rising order.
    """
    starts = np.zeros(count + 1, np.int64)
    for component in component_of:
        if component != NOBODY:
            starts[component + 1] += 1
    for component in range(count):
        starts[component + 1] += starts[component]
    members = np.empty(starts[count], np.int64)
    ends = starts.copy()
    for member in range(len(component_of)):
        component = component_of[member]
        if component != NOBODY:
            members[ends[component]] = member
            ends[component] += 1
    return starts, members
