"""One step in compiled code: from the arrays of a state and of a scan to those after it."""

import math
from typing import Final, NamedTuple

import numpy as np

from streams.domain.fusion.assignments import new_pool, new_search, no_choices
from streams.domain.fusion.births import give_birth
from streams.domain.fusion.ellipsoid import HEIGHT, RADIUS, STATE_SIZE, X, Y, box_of
from streams.domain.fusion.expected import Fronts, new_expected, new_work
from streams.domain.fusion.hypotheses import (
    COUNTERS,
    FACTS,
    FIRST_US,
    FREE,
    GROUPS,
    NEXT_LABEL,
    NEXT_NUMBER,
    NO_BOX,
    NOBODY,
    NUMBER,
    ROWS,
    WEIGHTS,
    Desk,
    Groups,
    People,
    forget_and_separate,
    keep_best,
    new_desk,
)
from streams.domain.fusion.jit import allocating, compiled, entry
from streams.domain.fusion.motion import predict
from streams.domain.fusion.proposals import MOST_BIRTHS, no_proposals, nobody_new
from streams.domain.fusion.scan import take_frame
from streams.domain.fusion.settings import FusionSettings
from streams.domain.fusion.view import FROM_ABOVE, Cameras, Scan, can_see, share_in_view
from streams.domain.tracking.types import Indices, Matrix, Table, Vector

ROW_VALUES: Final = STATE_SIZE + STATE_SIZE * (STATE_SIZE + 1) // 2 + 2
"""Numbers kept of a row: the state, a half of its covariance, existence and hidden."""

REPORT_VALUES: Final = 4
"""Numbers reported of a person: x, y, standard deviation of the position, height; m."""

_SPARE_ROWS: Final = 1024
_LEAST_KEPT: Final = 1e-30
"""Existence of somebody unseen for very long; above 0 to have a logarithm."""

_REPORTED: Final = 0.5
_WHOLE: Final = 0.97
_IN_VIEW: Final = 0.1


class Kept(NamedTuple):
    """A state's arrays.

    Attributes:
        values: `ROW_VALUES` of each row of people, shape `(K, ROW_VALUES)`.
        facts: Label, number and time of birth of each row, shape `(K, FACTS)`.
        groups: People and hypotheses of each group, shape `(G, 2)`.
        rows: Rows of each group's hypotheses, one group after the other.
        weights: Log weights of each group's hypotheses, one group after the other.
        nexts: The next label and the next number, shape `(2,)`.
    """

    values: Matrix
    facts: Indices
    groups: Indices
    rows: Indices
    weights: Vector
    nexts: Indices


class Report(NamedTuple):
    """The people reported after a scan, by number.

    Attributes:
        facts: Label, number and time of birth, shape `(P, FACTS)`.
        values: `REPORT_VALUES`, shape `(P, REPORT_VALUES)`.
        counts: Boxes of each person, shape `(P,)`.
        frames: Frame of each box, person by person.
        boxes: Its row in the frame as given.
    """

    facts: Indices
    values: Matrix
    counts: Indices
    frames: Indices
    boxes: Indices


@allocating
def _room_for(kept: Kept, frames: int, columns: int, most: int) -> tuple[People, Groups]:
    """Room to work in, for a state with so many people."""
    rows = 4 * len(kept.values) + _SPARE_ROWS
    people = People(
        np.empty((rows, STATE_SIZE)),
        np.empty((rows, STATE_SIZE, STATE_SIZE)),
        np.empty(rows),
        np.empty(rows),
        np.empty((rows, FACTS), np.int64),
        np.empty((rows, frames), np.int64),
        np.empty(rows, np.int64),
    )
    room = 2 * (columns + MOST_BIRTHS) + 8
    groups = Groups(
        np.zeros(room, np.int64),
        np.zeros(room, np.int64),
        np.zeros(room, np.int64),
        np.zeros(room, np.int64),
        np.empty(len(kept.rows) + most * (2 * columns + 2 * MOST_BIRTHS), np.int64),
        np.empty(len(kept.weights) + most * (2 * columns + 2 * MOST_BIRTHS)),
        np.zeros(COUNTERS, np.int64),
    )
    return people, groups


@compiled
def _restore(kept: Kept, people: People, groups: Groups, most: int) -> None:
    """Fill in a state's people and groups, with so many hypotheses of a group at most."""
    known, count = len(kept.values), len(kept.groups)
    for row in range(known):
        values = kept.values[row]
        for i in range(STATE_SIZE):
            people.means[row, i] = values[i]
        at = STATE_SIZE
        for i in range(STATE_SIZE):
            for j in range(i + 1):
                people.covariances[row, i, j] = people.covariances[row, j, i] = values[at]
                at += 1
        people.existence[row], people.hidden[row] = values[at], values[at + 1]
        for i in range(FACTS):
            people.facts[row, i] = kept.facts[row, i]
        for frame in range(people.boxes.shape[1]):
            people.boxes[row, frame] = NO_BOX
    cell = start = from_cell = from_start = 0
    for group in range(count):
        columns, hypotheses = kept.groups[group, 0], min(most, kept.groups[group, 1])
        groups.columns[group], groups.counts[group] = columns, hypotheses
        groups.cells[group], groups.starts[group] = cell, start
        for i in range(columns * hypotheses):
            groups.rows[cell + i] = kept.rows[from_cell + i]
        for i in range(hypotheses):
            groups.weights[start + i] = kept.weights[from_start + i]
        cell += columns * hypotheses
        start += hypotheses
        from_cell += columns * kept.groups[group, 1]  # settings may have kept more before
        from_start += kept.groups[group, 1]
    rows = len(people.free)
    for i in range(rows - known):
        people.free[i] = rows - 1 - i
    counters = groups.counters
    counters[GROUPS], counters[ROWS], counters[WEIGHTS] = count, cell, start
    counters[FREE] = rows - known
    counters[NEXT_LABEL], counters[NEXT_NUMBER] = kept.nexts[0], kept.nexts[1]


@compiled
def _renumber(groups: Groups, new_rows: Indices, used: Indices) -> None:
    """Give rows in use new numbers, by group; fills in how much of each array is used."""
    for group in range(groups.counters[GROUPS]):
        size = groups.columns[group] * groups.counts[group]
        if size == 0:
            continue
        used[1] += 1
        used[2] += size
        used[3] += groups.counts[group]
        for i in range(groups.cells[group], groups.cells[group] + size):
            row = groups.rows[i]
            if row != NOBODY and new_rows[row] == NOBODY:
                new_rows[row] = used[0]
                used[0] += 1


@compiled
def _keep(people: People, groups: Groups, new_rows: Indices, kept: Kept) -> None:
    """Fill in the state's arrays."""
    left = cells = weights = 0
    for group in range(groups.counters[GROUPS]):
        size = groups.columns[group] * groups.counts[group]
        if size == 0:
            continue
        kept.groups[left, 0], kept.groups[left, 1] = groups.columns[group], groups.counts[group]
        left += 1
        for i in range(groups.cells[group], groups.cells[group] + size):
            row = groups.rows[i]
            kept.rows[cells] = NOBODY if row == NOBODY else new_rows[row]
            cells += 1
        for i in range(groups.counts[group]):
            kept.weights[weights] = groups.weights[groups.starts[group] + i]
            weights += 1
    for row in range(len(new_rows)):
        to = new_rows[row]
        if to == NOBODY:
            continue
        for i in range(FACTS):
            kept.facts[to, i] = people.facts[row, i]
        values = kept.values[to]
        for i in range(STATE_SIZE):
            values[i] = people.means[row, i]
        at = STATE_SIZE
        for i in range(STATE_SIZE):
            for j in range(i + 1):
                values[at] = people.covariances[row, i, j]
                at += 1
        values[at], values[at + 1] = people.existence[row], people.hidden[row]
    kept.nexts[0] = groups.counters[NEXT_LABEL]
    kept.nexts[1] = groups.counters[NEXT_NUMBER]


@allocating
def _to_keep(people: People, groups: Groups, new_rows: Indices) -> Kept:
    """The state's arrays after a scan."""
    for row in range(len(new_rows)):
        new_rows[row] = NOBODY
    used = np.zeros(4, np.int64)
    _renumber(groups, new_rows, used)
    kept = Kept(
        np.empty((used[0], ROW_VALUES), np.float32),
        np.empty((used[0], FACTS), np.int64),
        np.empty((used[1], 2), np.int32),
        np.empty(used[2], np.int32),
        np.empty(used[3], np.float32),
        np.empty(2, np.int64),
    )
    _keep(people, groups, new_rows, kept)
    return kept


@compiled
def _comes_before(scan: Scan, a: int, b: int) -> bool:
    for edge in range(3, -1, -1):
        if scan.boxes[a, edge] != scan.boxes[b, edge]:
            return bool(scan.boxes[a, edge] < scan.boxes[b, edge])
    return bool(scan.faint[b] and not scan.faint[a])


@compiled
def _sort(scan: Scan, order: Indices, in_order: Scan) -> None:
    """Sort the boxes of each frame by where they are: in which order they come has no effect."""
    for frame in range(len(scan.slots)):
        for i in range(scan.starts[frame] + 1, scan.starts[frame + 1]):
            own, at = order[i], i
            while at > scan.starts[frame] and _comes_before(scan, own, order[at - 1]):
                order[at] = order[at - 1]
                at -= 1
            order[at] = own
    for b in range(len(scan.boxes)):
        in_order.faint[b] = scan.faint[order[b]]
        for edge in range(4):
            in_order.boxes[b, edge] = scan.boxes[order[b], edge]


@compiled
def _is_due(
    cameras: Cameras, people: People, row: int, time_us: int, box: Vector, params: FusionSettings
) -> bool:
    """Whether a person is seen whole by enough cameras, or has waited long enough."""
    if time_us - people.facts[row, FIRST_US] >= params.whole_wait_s * 1e6:
        return True
    mean = people.means[row]
    whole = in_view = 0
    for slot in range(len(cameras.sizes)):
        if not can_see(cameras, slot, mean[X], mean[Y]):
            continue
        depth = box_of(cameras.projections[slot], mean[X], mean[Y], mean[HEIGHT], mean[RADIUS], box)
        share = share_in_view(cameras, slot, box, depth)
        whole += int(share > _WHOLE)
        # A camera above people seldom has the whole of one in its picture.
        in_view += int(share > (_WHOLE if cameras.kinds[slot] == FROM_ABOVE else _IN_VIEW))
    return whole >= min(params.whole_views, in_view)


@compiled
def _comes_sooner(people: People, a: int, b: int) -> bool:
    """By birth, and born in one scan by position: the order of cameras has no effect on numbers."""
    if people.facts[a, FIRST_US] != people.facts[b, FIRST_US]:
        return bool(people.facts[a, FIRST_US] < people.facts[b, FIRST_US])
    for i in range(STATE_SIZE):
        if people.means[a, i] != people.means[b, i]:
            return bool(people.means[a, i] < people.means[b, i])
    return False


@compiled
def _number(people: People, groups: Groups, group: int, column: int) -> None:
    """Give a person the next number, in all hypotheses."""
    number = groups.counters[NEXT_NUMBER]
    groups.counters[NEXT_NUMBER] = number + 1
    for m in range(groups.counts[group]):
        row = groups.rows[groups.cells[group] + m * groups.columns[group] + column]
        if row != NOBODY:
            people.facts[row, NUMBER] = number


@compiled
def _choose_reported(
    cameras: Cameras,
    people: People,
    groups: Groups,
    rows: Indices,
    time_us: int,
    box: Vector,
    params: FusionSettings,
) -> int:
    """List the rows of the people to report, by number; those reported first get one."""
    found = 0
    for group in range(groups.counters[GROUPS]):
        for c in range(groups.columns[group]):
            row = groups.rows[groups.cells[group] + c]
            if row == NOBODY or people.existence[row] <= _REPORTED:
                continue
            at = found
            while at > 0 and _comes_sooner(people, row, rows[at - 1, 0]):
                for i in range(3):
                    rows[at, i] = rows[at - 1, i]
                at -= 1
            rows[at, 0], rows[at, 1], rows[at, 2] = row, group, c
            found += 1
    numbered = 0
    for k in range(found):
        row = rows[k, 0]
        if people.facts[row, NUMBER] == 0:
            if not _is_due(cameras, people, row, time_us, box, params):
                continue
            _number(people, groups, rows[k, 1], rows[k, 2])
        at = numbered
        while at > 0 and people.facts[rows[at - 1, 0], NUMBER] > people.facts[row, NUMBER]:
            rows[at, 0] = rows[at - 1, 0]
            at -= 1
        rows[at, 0] = row
        numbered += 1
    return numbered


@compiled
def _boxes_of(people: People, rows: Indices, count: int) -> int:
    found = 0
    for k in range(count):
        for frame in range(people.boxes.shape[1]):
            found += int(people.boxes[rows[k, 0], frame] != NO_BOX)
    return found


@compiled
def _write(people: People, rows: Indices, starts: Indices, order: Indices, report: Report) -> None:
    """Fill in a report."""
    taken = 0
    for k in range(len(report.facts)):
        row = rows[k, 0]
        for i in range(FACTS):
            report.facts[k, i] = people.facts[row, i]
        variance = people.covariances[row, X, X] + people.covariances[row, Y, Y]
        report.values[k, 0], report.values[k, 1] = people.means[row, X], people.means[row, Y]
        report.values[k, 2] = math.sqrt(variance / 2.0)
        report.values[k, 3] = people.means[row, HEIGHT]
        report.counts[k] = -taken
        for frame in range(len(starts) - 1):
            box = people.boxes[row, frame]
            if box != NO_BOX:
                report.frames[taken] = frame
                report.boxes[taken] = order[starts[frame] + box] - starts[frame]
                taken += 1
        report.counts[k] += taken


@compiled
def _predict(people: People, known: int, dt_s: float, params: FusionSettings) -> None:
    """Move everybody on by a time."""
    staying = math.exp(-dt_s / params.stay_s)
    hiding = 1.0 - math.exp(-dt_s / params.hide_s)
    showing = 1.0 - math.exp(-dt_s / params.show_s)
    for row in range(known):
        predict(people.means[row], people.covariances[row], dt_s, params)
        seen, hidden = people.existence[row] * staying, people.hidden[row] * staying
        people.existence[row] = max(seen * (1.0 - hiding) + hidden * showing, _LEAST_KEPT)
        people.hidden[row] = hidden * (1.0 - showing) + seen * hiding


@compiled
def _tidy_all(people: People, groups: Groups, desk: Desk, params: FusionSettings) -> None:
    for group in range(groups.counters[GROUPS]):
        if groups.columns[group] > 0:
            forget_and_separate(people, groups, group, params)
            keep_best(people, groups, group, params, desk)


@entry
def take_in(
    cameras: Cameras,
    scan: Scan,
    kept: Kept,
    dt_s: float,
    time_us: int,
    parameters: Table[FusionSettings],
) -> tuple[Kept, Report]:
    """What is believed after a scan, and whom to report.

    Args:
        cameras: The floor's cameras.
        scan: The frames.
        kept: The state before; not changed.
        dt_s: Time since the scan before, s.
        time_us: Event time of the scan, microseconds.
        parameters: Records of `PARAMETERS`, by kind of camera.
    """
    params = parameters[0]
    frames, total = len(scan.slots), len(scan.boxes)
    columns = most = 0
    for group in range(len(kept.groups)):
        columns += kept.groups[group, 0]
    for frame in range(frames):
        most = max(most, scan.starts[frame + 1] - scan.starts[frame])
    order = np.arange(total)
    ordered = Scan(scan.slots, scan.starts, np.empty((total, 4)), np.empty(total, np.bool_))
    _sort(scan, order, ordered)
    people, groups = _room_for(kept, frames, columns, params.hypotheses)
    _restore(kept, people, groups, params.hypotheses)
    _predict(people, len(kept.values), dt_s, params)
    fronts = Fronts(
        np.zeros(frames + 1, np.int64),
        np.empty((frames * columns, 4)),
        np.empty(frames * columns),
        np.empty(frames * columns, np.int64),
    )
    rows, everybody = len(people.existence), columns + MOST_BIRTHS
    expected, choices = new_expected(rows), no_choices(rows)
    pool, search = new_pool(params.hypotheses, columns), new_search(columns, most)
    work = new_work(everybody, most, params.hypotheses)
    desk = new_desk(params.hypotheses, columns, rows, len(groups.columns))
    for frame in range(frames):
        take_frame(
            cameras,
            ordered,
            frame,
            people,
            groups,
            fronts,
            expected,
            choices,
            pool,
            search,
            work,
            desk,
            parameters[cameras.kinds[scan.slots[frame]]],
        )
    _tidy_all(people, groups, desk, params)
    give_birth(
        cameras,
        ordered,
        people,
        groups,
        fronts,
        np.ones(total, np.bool_),
        no_proposals(total, frames),
        nobody_new(columns, frames),
        time_us,
        work,
        desk,
        parameters,
    )
    chosen = np.empty((everybody, 3), np.int64)
    count = _choose_reported(cameras, people, groups, chosen, time_us, work.box, params)
    report = Report(
        np.empty((count, FACTS), np.int64),
        np.empty((count, REPORT_VALUES)),
        np.empty(count, np.int64),
        np.empty(_boxes_of(people, chosen, count), np.int64),
        np.empty(_boxes_of(people, chosen, count), np.int64),
    )
    _write(people, chosen, scan.starts, order, report)
    return _to_keep(people, groups, desk.stamps), report
