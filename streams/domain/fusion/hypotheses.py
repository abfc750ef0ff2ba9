"""What is believed about a floor: people, in groups, with hypotheses about each group.

A group holds people between whom something is undecided; what is believed of one group says
nothing about another, so the number of hypotheses does not grow with the floor. A hypothesis is
one row of each of the group's people, or none where it says that the person is not there.
Hypotheses that agree about a person share the row, so a row is predicted and compared with the
boxes once, however many hypotheses use it.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from streams.domain.fusion.ellipsoid import STATE_SIZE, X, Y
from streams.domain.fusion.jit import allocating, compiled
from streams.domain.fusion.settings import FusionSettings
from streams.domain.tracking.types import Indices, Matrix, Vector

NOBODY: Final = -1
NO_BOX: Final = -1

LABEL: Final = 0
NUMBER: Final = 1
FIRST_US: Final = 2
FACTS: Final = 3
"""What is known of a row besides the state: identity, number once reported, time of birth."""

_ALIKE_SIZE_M: Final = 0.1


class People(NamedTuple):
    """Rows of people; hypotheses refer to them.

    Attributes:
        means: State, shape `(K, 6)`: x, y (m), their velocities (m/s), height and radius (m).
        covariances: Shape `(K, 6, 6)`.
        existence: Probability that the person is there to be detected, shape `(K,)`.
        hidden: Probability that the person is there, but hidden from all cameras by something that
            is not known, shape `(K,)`.
        facts: Label, number and time of birth (us), shape `(K, FACTS)`.
        boxes: The person's box in each frame of the scan, by its row among all boxes, or `NO_BOX`,
            shape `(K, F)`.
        free: Rows that nobody uses; the first of `counters[FREE]` are meant, shape `(K,)`.
    """

    means: Matrix
    covariances: Matrix
    existence: Vector
    hidden: Vector
    facts: Indices
    boxes: Indices
    free: Indices


class Groups(NamedTuple):
    """Groups of people and the hypotheses about each, the best first.

    Attributes:
        columns: People of each group, shape `(G,)`; 0 where a group is gone.
        counts: Hypotheses of each group, shape `(G,)`.
        cells: Where the rows of each group begin in `rows`, shape `(G,)`.
        starts: Where the weights of each group begin in `weights`, shape `(G,)`.
        rows: Rows of `People` or `NOBODY`: for each hypothesis of a group, one for each person.
        weights: Log weight of each hypothesis relative to the group's best.
        counters: How much of each is filled: `GROUPS`, `ROWS`, `WEIGHTS`, `FREE`, `NEXT_LABEL`.
    """

    columns: Indices
    counts: Indices
    cells: Indices
    starts: Indices
    rows: Indices
    weights: Vector
    counters: Indices


GROUPS: Final = 0
ROWS: Final = 1
WEIGHTS: Final = 2
FREE: Final = 3
NEXT_LABEL: Final = 4
NEXT_NUMBER: Final = 5
COUNTERS: Final = 6


class Desk(NamedTuple):
    """Room to work in, for groups of so many people and hypotheses.

    Attributes:
        order: Shape `(M,)`.
        weights: Shape `(M,)`.
        pairs: Shape `(M, 2)`.
        columns: Shape `(2, N)`.
        rows: Shape `(M * N,)`.
        stamps: A mark for each row of people, all zero between uses.
        groups: Shape `(G,)`.
    """

    order: Indices
    weights: Vector
    pairs: Indices
    columns: Indices
    rows: Indices
    stamps: Indices
    groups: Indices


@allocating
def new_desk(hypotheses: int, columns: int, rows: int, groups: int) -> Desk:
    """Room for so many hypotheses and people of a group, rows of people, and groups."""
    return Desk(
        np.empty(hypotheses, np.int64),
        np.empty(hypotheses),
        np.empty((hypotheses, 2), np.int64),
        np.empty((2, columns), np.int64),
        np.empty(hypotheses * columns, np.int64),
        np.zeros(rows, np.int64),
        np.empty(groups, np.int64),
    )


@compiled
def take_row(people: People, groups: Groups) -> int:
    """A free row, or `NOBODY` where there is none."""
    left = groups.counters[FREE]
    if left == 0:
        return NOBODY
    groups.counters[FREE] = left - 1
    return int(people.free[left - 1])


@compiled
def free_row(people: People, groups: Groups, row: int) -> None:
    """Give a row back."""
    people.free[groups.counters[FREE]] = row
    groups.counters[FREE] += 1


@compiled
def copy_person(people: People, at: int, to: int) -> None:
    """Copy one row."""
    for i in range(STATE_SIZE):
        people.means[to, i] = people.means[at, i]
        for j in range(STATE_SIZE):
            people.covariances[to, i, j] = people.covariances[at, i, j]
    people.existence[to] = people.existence[at]
    people.hidden[to] = people.hidden[at]
    for i in range(FACTS):
        people.facts[to, i] = people.facts[at, i]
    for frame in range(people.boxes.shape[1]):
        people.boxes[to, frame] = people.boxes[at, frame]


@compiled
def distance_2(people: People, a: int, b: int) -> float:
    """Squared distance of two rows on the floor, m^2."""
    x = people.means[a, X] - people.means[b, X]
    y = people.means[a, Y] - people.means[b, Y]
    return float(x * x + y * y)


@compiled
def add_group(groups: Groups, columns: int, count: int) -> int:
    """A new group with room for so many people and hypotheses; the caller fills it in."""
    group = 0
    while group < groups.counters[GROUPS] and groups.columns[group] > 0:
        group += 1
    groups.counters[GROUPS] = max(groups.counters[GROUPS], group + 1)
    set_group(groups, group, columns, count)
    return group


@compiled
def set_group(groups: Groups, group: int, columns: int, count: int) -> None:
    """Give a group new room for so many people and hypotheses; the old one stays readable."""
    groups.columns[group] = columns
    groups.counts[group] = count
    groups.cells[group] = groups.counters[ROWS]
    groups.starts[group] = groups.counters[WEIGHTS]
    groups.counters[ROWS] += columns * count
    groups.counters[WEIGHTS] += count


@compiled
def make_room(groups: Groups, cells: int, weights: int, desk: Desk) -> None:
    """Make sure that so many cells and weights are free behind those in use.

    What no group uses any more is dropped, in place: groups move towards the beginning in the
    order in which they lie.
    """
    counters = groups.counters
    if counters[ROWS] + cells <= len(groups.rows) and counters[WEIGHTS] + weights <= len(
        groups.weights
    ):
        return
    count = counters[GROUPS]
    order, used = desk.groups, 0
    for group in range(count):
        if groups.columns[group] == 0:
            continue
        at = used
        while at > 0 and groups.cells[order[at - 1]] > groups.cells[group]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = group
        used += 1
    cell = start = 0
    for k in range(used):
        group = order[k]
        size = groups.columns[group] * groups.counts[group]
        for i in range(size):
            groups.rows[cell + i] = groups.rows[groups.cells[group] + i]
        for i in range(groups.counts[group]):
            groups.weights[start + i] = groups.weights[groups.starts[group] + i]
        groups.cells[group], groups.starts[group] = cell, start
        cell += size
        start += groups.counts[group]
    counters[ROWS], counters[WEIGHTS] = cell, start


@compiled
def merge_groups(groups: Groups, a: int, b: int, log_gap: float, desk: Desk) -> None:
    """Make one group of two: the best pairs of their hypotheses. `b` is gone after it."""
    columns_a, columns_b = groups.columns[a], groups.columns[b]
    pairs, weights = desk.pairs, desk.weights
    most, filled = len(weights), 0
    for i in range(groups.counts[a]):
        for k in range(groups.counts[b]):
            weight = groups.weights[groups.starts[a] + i] + groups.weights[groups.starts[b] + k]
            if weight < -log_gap or (filled == most and weight <= weights[most - 1]):
                break
            at = filled if filled < most else most - 1
            filled = at + 1
            while at > 0 and weights[at - 1] < weight:
                weights[at] = weights[at - 1]
                pairs[at, 0], pairs[at, 1] = pairs[at - 1, 0], pairs[at - 1, 1]
                at -= 1
            weights[at] = weight
            pairs[at, 0], pairs[at, 1] = i, k
    columns = columns_a + columns_b
    make_room(groups, columns * filled, filled, desk)
    cells_a, cells_b = groups.cells[a], groups.cells[b]
    set_group(groups, a, columns, filled)
    groups.columns[b] = groups.counts[b] = 0
    to = groups.cells[a]
    for k in range(filled):
        groups.weights[groups.starts[a] + k] = weights[k]
        for c in range(columns_a):
            groups.rows[to + c] = groups.rows[cells_a + pairs[k, 0] * columns_a + c]
        for c in range(columns_b):
            groups.rows[to + columns_a + c] = groups.rows[cells_b + pairs[k, 1] * columns_b + c]
        to += columns


@compiled
def forget_and_separate(people: People, groups: Groups, group: int, params: FusionSettings) -> None:
    """Take away people who are hardly there, and doubt two people in one place; in place."""
    reach = 1.2 * params.apart_m
    columns = groups.columns[group]
    for m in range(groups.counts[group]):
        first = groups.cells[group] + m * columns
        for i in range(columns):
            row = groups.rows[first + i]
            if row == NOBODY:
                continue
            # Sizes that no person has: the row follows something else.
            odd = people.means[row, 5] < 0.1 or people.means[row, 4] < 0.8
            there = people.existence[row] + people.hidden[row]
            if there < params.least_existence or odd:
                groups.rows[first + i] = NOBODY
                continue
            for j in range(i):
                other = groups.rows[first + j]
                if other == NOBODY:
                    continue
                square = distance_2(people, row, other)
                if square < reach * reach:
                    part = 1.0 - math.sqrt(square) / reach
                    groups.weights[groups.starts[group] + m] -= params.apart_penalty * part


@compiled
def _are_alike(
    people: People, groups: Groups, group: int, a: int, b: int, params: FusionSettings
) -> bool:
    """Whether two hypotheses are about the same people in the same places."""
    columns = groups.columns[group]
    first_a, first_b = groups.cells[group] + a * columns, groups.cells[group] + b * columns
    for i in range(columns):
        row, other = groups.rows[first_a + i], groups.rows[first_b + i]
        if row == other:
            continue
        if (
            min(row, other) == NOBODY
            or distance_2(people, row, other) >= params.alike_m * params.alike_m
            or abs(people.means[row, 4] - people.means[other, 4]) >= _ALIKE_SIZE_M
        ):
            return False
    return True


@compiled
def _keep_distinct(
    people: People, groups: Groups, group: int, params: FusionSettings, order: Indices
) -> int:
    """List a group's hypotheses by weight without those that are alike; returns how many."""
    start = groups.starts[group]
    for m in range(groups.counts[group]):
        at = m
        while at > 0 and groups.weights[start + order[at - 1]] < groups.weights[start + m]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = m
    best = groups.weights[start + order[0]]
    kept = 0
    for k in range(groups.counts[group]):
        m = order[k]
        if groups.weights[start + m] < best - params.log_gap:
            break
        new = True
        for other in range(kept):
            if _are_alike(people, groups, group, order[other], m, params):
                new = False
                break
        if new:
            order[kept] = m
            kept += 1
    return kept


@compiled
def _part(groups: Groups, group: int, kept: int, desk: Desk) -> int:
    """Find the people about whom the kept hypotheses agree; returns how many the others are.

    Fills in the first row of `desk.columns` with the row of each person about whom they agree, and
    the second with the others.
    """
    order, parted, staying = desk.order, desk.columns[0], desk.columns[1]
    columns, first = groups.columns[group], groups.cells[group]
    left = 0
    for c in range(columns):
        row = groups.rows[first + order[0] * columns + c]
        same = True
        for k in range(1, kept):
            same = same and groups.rows[first + order[k] * columns + c] == row
        parted[c] = NOBODY
        if same:
            parted[c] = row
        else:
            staying[left] = c
            left += 1
    return left


@compiled
def _free_unused(people: People, groups: Groups, group: int, used: Indices) -> None:
    """Give back a group's rows that are not marked, and take the stamps away."""
    first = groups.cells[group]
    last = first + groups.columns[group] * groups.counts[group]
    for k in range(first, last):
        row = groups.rows[k]
        if row != NOBODY and used[row] == 0:
            used[row] = 1
            free_row(people, groups, row)
    for k in range(first, last):
        if groups.rows[k] != NOBODY:
            used[groups.rows[k]] = 0


@compiled
def keep_best(
    people: People, groups: Groups, group: int, params: FusionSettings, desk: Desk
) -> None:
    """Keep a group's best hypotheses without those that are alike, and part whom all agree about.

    Args:
        people: All people.
        groups: All groups.
        group: The group.
        params: Settings.
        desk: Room to work in.
    """
    weights, rows, used = desk.weights, desk.rows, desk.stamps
    order, parted, staying = desk.order, desk.columns[0], desk.columns[1]
    columns, first, start = groups.columns[group], groups.cells[group], groups.starts[group]
    kept = _keep_distinct(people, groups, group, params, order)
    left = _part(groups, group, kept, desk)
    for k in range(kept):
        weights[k] = groups.weights[start + order[k]] - groups.weights[start + order[0]]
        for i in range(left):
            row = groups.rows[first + order[k] * columns + staying[i]]
            rows[k * left + i] = row
            if row != NOBODY:
                used[row] = 1
    for c in range(columns):
        if parted[c] != NOBODY:
            used[parted[c]] = 1
    _free_unused(people, groups, group, used)
    groups.columns[group] = groups.counts[group] = 0
    make_room(groups, kept * left + columns, kept + columns, desk)
    if left > 0:
        set_group(groups, group, left, kept)
        for k in range(kept):
            groups.weights[groups.starts[group] + k] = weights[k]
        for i in range(kept * left):
            groups.rows[groups.cells[group] + i] = rows[i]
    for c in range(columns):
        if parted[c] != NOBODY:
            to = add_group(groups, 1, 1)
            groups.rows[groups.cells[to]] = parted[c]
            groups.weights[groups.starts[to]] = 0.0
