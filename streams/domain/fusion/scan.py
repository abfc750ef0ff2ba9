"""One scan: all frames of one tick, camera by camera, over all hypotheses."""

import math
from typing import Final

import numpy as np

from streams.domain.fusion.assignments import (
    Choices,
    Pool,
    Search,
    add_assignments,
    add_prices,
    auction,
    threshold,
)
from streams.domain.fusion.expected import Expected, Fronts, Work, find_viewed, judge, list_rows
from streams.domain.fusion.hypotheses import (
    NO_BOX,
    NOBODY,
    Desk,
    Groups,
    People,
    copy_person,
    free_row,
    make_room,
    merge_groups,
    set_group,
    take_row,
)
from streams.domain.fusion.jit import compiled
from streams.domain.fusion.measurement import (
    correct,
)
from streams.domain.fusion.settings import FusionSettings
from streams.domain.fusion.view import Cameras, Scan
from streams.domain.tracking.types import Indices, Matrix, Vector

_MOST_GAIN: Final = 30.0
"""Log odds of existence that one box adds at most; keeps the exponential finite."""

_SHARED: Final = -2
_UNWANTED: Final = -1


@compiled
def _claim(
    groups: Groups,
    group: int,
    expected: Expected,
    choices: Choices,
    losses: Vector,
    boxes: int,
    slack: Vector,
    log_gap: float,
) -> None:
    """Fill in what a group loses at least, against its best, by taking each box."""
    columns = groups.columns[group]
    count = groups.counts[group]
    best = -np.inf
    for m in range(count):
        weight = groups.weights[groups.starts[group] + m]
        at = groups.cells[group] + m * columns
        for c in range(columns):
            row = groups.rows[at + c]
            if row != NOBODY and choices.counts[row] > 0:
                weight += expected.missed[row] - choices.costs[row, 0]
        slack[m] = weight
        best = max(best, weight)
    for box in range(boxes):
        losses[box] = np.inf
    for m in range(count):
        loss = best - slack[m]
        if loss > log_gap:
            continue
        at = groups.cells[group] + m * columns
        for c in range(columns):
            row = groups.rows[at + c]
            if row == NOBODY:
                continue
            for k in range(choices.counts[row]):
                box = choices.boxes[row, k]
                if box != NO_BOX:
                    more = loss + choices.costs[row, k] - choices.costs[row, 0]
                    losses[box] = min(losses[box], more)


@compiled
def _root(parents: Indices, at: int) -> int:
    while parents[at] != at:
        at = parents[at]
    return at


@compiled
def _move_choice(choices: Choices, row: int, at: int, to: int) -> None:
    if to < at:
        choices.boxes[row, to] = choices.boxes[row, at]
        choices.costs[row, to] = choices.costs[row, at]
        choices.gains[row, to] = choices.gains[row, at]
        choices.used[row, to] = choices.used[row, at]


@compiled
def _leave_to_others(
    found: int,
    expected: Expected,
    choices: Choices,
    owners: Indices,
    own: int,
    wanted: Indices,
    boxes: int,
) -> bool:
    """Drop the choices of a group's rows that belong to other groups.

    Returns:
        Whether two people of the group want one box; `wanted` has who wants which.
    """
    contested = False
    for box in range(boxes):
        wanted[box] = _UNWANTED
    for k in range(found):
        row = expected.listed[k]
        kept = 0
        for i in range(choices.counts[row]):
            box = choices.boxes[row, i]
            if box != NO_BOX and owners[box] != own:
                continue
            _move_choice(choices, row, i, kept)
            kept += 1
            if box != NO_BOX:
                if wanted[box] == _UNWANTED:
                    wanted[box] = expected.columns[row]
                elif wanted[box] != expected.columns[row]:
                    wanted[box] = _SHARED
                    contested = True
        choices.counts[row] = kept
    return contested


@compiled
def _drop_beaten(
    found: int, expected: Expected, choices: Choices, wanted: Indices, quiet_gap: float
) -> None:
    """Drop choices that nobody contests and that another such choice of the person beats."""
    for k in range(found):
        row = expected.listed[k]
        kept, cheapest = 0, np.inf
        for i in range(choices.counts[row]):
            box = choices.boxes[row, i]
            if box == NO_BOX or wanted[box] != _SHARED:
                cost = choices.costs[row, i]
                cheapest = min(cheapest, cost)  # choices are in order of cost
                if cost > cheapest + quiet_gap:
                    continue
            _move_choice(choices, row, i, kept)
            kept += 1
        choices.counts[row] = kept


@compiled
def _rank(
    groups: Groups,
    group: int,
    found: int,
    contested: bool,
    expected: Expected,
    choices: Choices,
    boxes: int,
    pool: Pool,
    search: Search,
    rows: Indices,
    members: Indices,
    params: FusionSettings,
) -> int:
    """The best assignments of a camera's boxes over all hypotheses of a group; returns how many."""
    columns = groups.columns[group]
    for box in range(boxes):
        search.prices[box] = 0.0
    filled = 0
    for m in range(groups.counts[group]):
        at = groups.cells[group] + m * columns
        weight, open_rows = groups.weights[groups.starts[group] + m], 0
        for c in range(columns):
            row = groups.rows[at + c]
            if row == NOBODY:
                continue
            weight += expected.missed[row]
            if choices.counts[row] > 1:
                rows[open_rows] = row
                members[open_rows] = c
                open_rows += 1
            elif choices.counts[row] == 1:
                weight -= choices.costs[row, 0]  # nobody else wants the box
        if m == 0 and contested:
            auction(choices, rows, open_rows, search, boxes)
            for k in range(found):
                add_prices(choices, expected.listed[k], search.prices)
        cheapest = 0.0
        for box in range(boxes):
            cheapest -= search.prices[box]
        for k in range(open_rows):
            cheapest += choices.costs[rows[k], 0]
        if weight - cheapest > threshold(pool, filled, params.log_gap):
            filled = add_assignments(
                pool,
                filled,
                weight,
                m,
                rows,
                members,
                open_rows,
                boxes,
                choices,
                params.log_gap,
                search,
            )
    kept = 0
    while kept < filled and pool.weights[kept] >= pool.weights[0] - params.log_gap:
        kept += 1
    return kept


@compiled
def _see(
    scan: Scan,
    frame: int,
    people: People,
    row: int,
    to: int,
    choice: int,
    expected: Expected,
    choices: Choices,
    update: Matrix,
    params: FusionSettings,
) -> None:
    """Fill in a person after a camera has seen a box of the person, or has not."""
    if to != row:
        copy_person(people, row, to)
    existence, rate = people.existence[row], expected.rates[row]
    box = choices.boxes[row, choice]
    if box == NO_BOX:
        people.existence[to] = existence * (1.0 - rate) / (1.0 - existence * rate)
        people.hidden[to] = people.hidden[row] / (1.0 - existence * rate)
        return
    correct(
        expected.boxes[row],
        expected.slopes[row],
        people.means[to],
        people.covariances[to],
        scan.boxes[scan.starts[frame] + box],
        choices.used[row, choice],
        params,
        update,
    )
    seen = existence * math.exp(min(choices.gains[row, choice], _MOST_GAIN))
    whole = seen + 1.0 - existence
    people.hidden[to] = min(people.hidden[row] / whole, 1.0 - params.most_existence)
    people.existence[to] = min(seen / whole, params.most_existence)
    people.boxes[to, frame] = box


@compiled
def _child_of(
    people: People, groups: Groups, row: int, box: int, expected: Expected, choices: Choices
) -> int:
    """The row of a person after a choice; a new one if need be, `NOBODY` where there is none.

    The first choice that a row is asked for takes the row itself.
    """
    choice, count = 0, choices.counts[row]
    if count > 1:
        while choices.boxes[row, choice] != box:
            choice += 1
    child = expected.children[row, choice]
    if child != NOBODY:
        return int(child)
    used = False
    for i in range(count):
        used = used or expected.children[row, i] != NOBODY
    child = take_row(people, groups) if used else row
    expected.children[row, choice] = child
    return int(child)


@compiled
def _take_over(
    scan: Scan,
    frame: int,
    people: People,
    groups: Groups,
    group: int,
    found: int,
    kept: int,
    pool: Pool,
    expected: Expected,
    choices: Choices,
    update: Matrix,
    desk: Desk,
    params: FusionSettings,
) -> None:
    """Put a group's best assignments in the place of its hypotheses."""
    columns = groups.columns[group]
    make_room(groups, kept * columns, kept, desk)
    first = groups.cells[group]
    for k in range(found):
        for i in range(max(1, choices.counts[expected.listed[k]])):
            expected.children[expected.listed[k], i] = NOBODY
    set_group(groups, group, columns, kept)
    taken = 0
    for k in range(kept):
        at = pool.order[k]
        old = first + pool.parents[at] * columns
        new = groups.cells[group] + taken * columns
        fits = True
        for c in range(columns):
            to = row = groups.rows[old + c]
            if row != NOBODY:
                to = _child_of(people, groups, row, pool.boxes[at, c], expected, choices)
                fits = fits and to != NOBODY
            groups.rows[new + c] = to
        if fits:  # there are rows enough, save in crowds beyond measure
            groups.weights[groups.starts[group] + taken] = pool.weights[k] - pool.weights[0]
            taken += 1
    groups.counts[group] = taken
    for k in range(found):
        _see_all(scan, frame, people, groups, expected.listed[k], expected, choices, update, params)


@compiled
def _see_all(
    scan: Scan,
    frame: int,
    people: People,
    groups: Groups,
    row: int,
    expected: Expected,
    choices: Choices,
    update: Matrix,
    params: FusionSettings,
) -> None:
    """Fill in the rows that take over from one, which is the last to change."""
    own, used = NOBODY, False
    for i in range(max(1, choices.counts[row])):
        to = expected.children[row, i]
        if to == row:
            own = i
        elif to != NOBODY:
            _see(scan, frame, people, row, to, i, expected, choices, update, params)
        used = used or to != NOBODY
    if own != NOBODY and choices.counts[row] > 0:
        _see(scan, frame, people, row, row, own, expected, choices, update, params)
    if not used:
        free_row(people, groups, row)


@compiled
def _divide(count: int, boxes: int, work: Work, params: FusionSettings) -> None:
    """Decide which of the groups in view are to be merged, and to which each box belongs.

    A box that two groups want is decided between them, unless one has to lose so much by it that
    it is the other's anyway.
    """
    losses, parents, owners = work.losses, work.parents, work.owners
    for v in range(count):
        parents[v] = v
    for b in range(boxes):
        owner = -1
        for v in range(count):
            if losses[v, b] < np.inf and (owner < 0 or losses[v, b] < losses[owner, b]):
                owner = v
        owners[b] = owner
        if owner < 0:
            continue
        for v in range(count):
            if v != owner and losses[v, b] + losses[owner, b] < params.merge_gap:
                one, other = _root(parents, v), _root(parents, owner)
                parents[max(one, other)] = min(one, other)
    for b in range(boxes):
        if owners[b] >= 0:
            owners[b] = _root(parents, owners[b])


@compiled
def take_frame(
    cameras: Cameras,
    scan: Scan,
    frame: int,
    people: People,
    groups: Groups,
    fronts: Fronts,
    expected: Expected,
    choices: Choices,
    pool: Pool,
    search: Search,
    work: Work,
    desk: Desk,
    params: FusionSettings,
) -> None:
    """Take in what one camera sees, in place."""
    boxes = scan.starts[frame + 1] - scan.starts[frame]
    viewed, parents = work.viewed, work.parents
    count = find_viewed(cameras, scan, frame, people, groups, fronts, expected, viewed)
    for v in range(count):
        judge(
            cameras, scan, frame, people, groups, viewed[v], fronts, expected, choices, work, params
        )
        _claim(
            groups, viewed[v], expected, choices, work.losses[v], boxes, work.slack, params.log_gap
        )
    _divide(count, boxes, work, params)
    for v in range(count):
        root = _root(parents, v)
        if root != v:
            merge_groups(groups, viewed[root], viewed[v], params.log_gap, desk)
    for v in range(count):
        if parents[v] != v:
            continue
        group = viewed[v]
        found = list_rows(groups, group, expected)
        contested = _leave_to_others(found, expected, choices, work.owners, v, work.wanted, boxes)
        _drop_beaten(found, expected, choices, work.wanted, params.quiet_gap)
        kept = _rank(
            groups,
            group,
            found,
            contested,
            expected,
            choices,
            boxes,
            pool,
            search,
            work.rows,
            work.members,
            params,
        )
        _take_over(
            scan,
            frame,
            people,
            groups,
            group,
            found,
            kept,
            pool,
            expected,
            choices,
            work.update,
            desk,
            params,
        )
