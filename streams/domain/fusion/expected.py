"""What one camera sees of the people of a floor, before boxes are assigned to anybody."""

import math
from typing import Final, NamedTuple

import numpy as np

from streams.domain.fusion.assignments import (
    MOST_CHOICES,
    Choices,
    add_choice,
)
from streams.domain.fusion.ellipsoid import HEIGHT, RADIUS, STATE_SIZE, X, Y, box_and_slopes, box_of
from streams.domain.fusion.hypotheses import (
    GROUPS,
    NO_BOX,
    NOBODY,
    Groups,
    People,
)
from streams.domain.fusion.jit import allocating, compiled
from streams.domain.fusion.measurement import (
    IMPOSSIBLE,
    edge_roots,
    is_near,
    log_density,
)
from streams.domain.fusion.settings import FusionSettings
from streams.domain.fusion.view import Cameras, Scan, can_see, share_in_view
from streams.domain.fusion.visibility import (
    LEAST_IN_PICTURE,
    detection_rate,
    hides,
    visible_shares,
    wrong_bottom_share,
)
from streams.domain.tracking.types import Indices, Matrix, Vector

_WORST_COST: Final = 2.0
"""A box that costs more log odds than this against no box is not the person's."""


class Expected(NamedTuple):
    """What one camera sees, by row of people.

    Attributes:
        boxes: Expected box, px, shape `(K, 4)`.
        slopes: Its derivatives, shape `(K, 4, 4)`; where the row was compared with a box.
        depths: Depth, shape `(K,)`.
        shares: Share of the person that is in the picture, shape `(K,)`.
        missed: Log weight of a miss, shape `(K,)`.
        rates: Detection rate, shape `(K,)`.
        children: Row that takes over for each choice, or `NOBODY`, shape `(K, MOST_CHOICES)`.
        columns: The person of the group that a row is about, shape `(K,)`.
        stamps: The last walk that met the row, shape `(K,)`; the walks count up in the last entry.
        listed: Room for a list of rows, shape `(K,)`.
    """

    boxes: Matrix
    slopes: Matrix
    depths: Vector
    shares: Vector
    missed: Vector
    rates: Vector
    children: Indices
    columns: Indices
    stamps: Indices
    listed: Indices


class Fronts(NamedTuple):
    """Who may hide others in each frame: the people of the best hypotheses.

    Attributes:
        starts: First entry of each frame, shape `(F + 1,)`.
        boxes: Shape `(E, 4)`, px.
        depths: Shape `(E,)`.
        groups: Group of each, shape `(E,)`.
    """

    starts: Indices
    boxes: Matrix
    depths: Vector
    groups: Indices


class Work(NamedTuple):
    """Room to work in, for one camera with so many groups in view, people and boxes.

    Attributes:
        roots: Shape `(4, 4)`.
        update: Shape `(2, STATE_SIZE)`.
        box: Shape `(4,)`.
        slopes: Shape `(4, 4)`.
        outlines: Boxes of a person and of those who may hide the person, shape `(N, 4)`.
        losses: What each group in view loses at least by taking each box, shape `(G, B)`.
        slack: Shape `(M,)`.
        viewed: Groups in view, shape `(G,)`.
        parents: The group in view that each is to be merged with, shape `(G,)`.
        owners: The group in view to which each box belongs, shape `(B,)`.
        wanted: The person of a group who wants each box, shape `(B,)`.
        rows: Shape `(N,)`.
        members: Shape `(N,)`.
    """

    roots: Matrix
    update: Matrix
    box: Vector
    slopes: Matrix
    outlines: Matrix
    losses: Matrix
    slack: Vector
    viewed: Indices
    parents: Indices
    owners: Indices
    wanted: Indices
    rows: Indices
    members: Indices


@allocating
def new_work(people: int, boxes: int, hypotheses: int) -> Work:
    """Room for so many people, boxes of a frame, and hypotheses of a group."""
    return Work(
        np.empty((4, 4)),
        np.empty((2, STATE_SIZE)),
        np.empty(4),
        np.empty((4, 4)),
        np.empty((2 * people + 2, 4)),
        np.empty((people, boxes)),
        np.empty(hypotheses),
        np.empty(people, np.int64),
        np.empty(people, np.int64),
        np.empty(boxes, np.int64),
        np.empty(boxes, np.int64),
        np.empty(people, np.int64),
        np.empty(people, np.int64),
    )


@compiled
def copy_outline(box: Vector, to: Vector) -> None:
    """Copy a person's box."""
    for edge in range(4):
        to[edge] = box[edge]


@allocating
def new_expected(rows: int) -> Expected:
    """Room for so many rows."""
    return Expected(
        np.empty((rows, 4)),
        np.empty((rows, 4, 4)),
        np.empty(rows),
        np.empty(rows),
        np.empty(rows),
        np.empty(rows),
        np.empty((rows, MOST_CHOICES), np.int64),
        np.empty(rows, np.int64),
        np.zeros(rows + 1, np.int64),
        np.empty(rows, np.int64),
    )


@compiled
def list_rows(groups: Groups, group: int, expected: Expected) -> int:
    """List the distinct rows of a group; returns how many."""
    stamps, listed = expected.stamps, expected.listed
    stamps[-1] += 1
    walk, found = stamps[-1], 0
    columns = groups.columns[group]
    at = groups.cells[group]
    for _ in range(groups.counts[group]):
        for c in range(columns):
            row = groups.rows[at + c]
            if row != NOBODY and stamps[row] != walk:
                stamps[row] = walk
                expected.columns[row] = c
                listed[found] = row
                found += 1
        at += columns
    return found


@compiled
def _draw(cameras: Cameras, slot: int, people: People, row: int, expected: Expected) -> float:
    """Fill in where a camera sees a person; returns the share that is in the picture."""
    mean = people.means[row]
    share = 0.0
    if can_see(cameras, slot, mean[X], mean[Y]):
        box = expected.boxes[row]
        depth = box_of(cameras.projections[slot], mean[X], mean[Y], mean[HEIGHT], mean[RADIUS], box)
        expected.depths[row] = depth
        share = share_in_view(cameras, slot, box, depth)
    expected.shares[row] = share
    return share


@compiled
def _choose(
    cameras: Cameras,
    scan: Scan,
    frame: int,
    people: People,
    row: int,
    visible: float,
    lower: float,
    expected: Expected,
    choices: Choices,
    roots: Matrix,
    params: FusionSettings,
) -> None:
    """Fill in what a person may be in a camera."""
    slot = scan.slots[frame]
    width, height = cameras.sizes[slot, 0], cameras.sizes[slot, 1]
    box = expected.boxes[row]
    rate = detection_rate(visible, expected.shares[row], params.most_detected)
    existence = people.existence[row]
    missed = math.log(1.0 - existence * rate)
    expected.missed[row], expected.rates[row] = missed, rate
    log_rate = math.log(rate / params.clutter)
    odds = math.log(rate / params.clutter * existence) - missed
    wrong_bottom = wrong_bottom_share(lower)
    choices.counts[row] = 0
    compared = False
    for b in range(scan.starts[frame], scan.starts[frame + 1]):
        detected = scan.boxes[b]
        if not is_near(detected, box, params):
            continue
        if not compared:
            box_and_slopes(cameras.projections[slot], people.means[row], box, expected.slopes[row])
            edge_roots(box, expected.slopes[row], people.covariances[row], params, roots)
            compared = True
        density, used = log_density(detected, box, roots, wrong_bottom, width, height, params)
        if density <= IMPOSSIBLE or -(odds + density) > _WORST_COST:
            continue
        gain = log_rate + density
        if scan.faint[b]:  # whatever is there, it goes on to look like a person
            gain = min(gain, -params.faint_odds)
        add_choice(choices, row, b - scan.starts[frame], -(odds + density), gain, used)
    # No box is always among the choices, also where a dozen boxes are cheaper.
    if choices.counts[row] == MOST_CHOICES:
        choices.counts[row] -= 1
    add_choice(choices, row, NO_BOX, 0.0, 0.0, 0)


@compiled
def judge(
    cameras: Cameras,
    scan: Scan,
    frame: int,
    people: People,
    groups: Groups,
    group: int,
    fronts: Fronts,
    expected: Expected,
    choices: Choices,
    work: Work,
    params: FusionSettings,
) -> None:
    """Fill in what each row of a group may be in a camera.

    Who stands in front is taken from the first hypothesis that has the row, and from the best
    hypotheses of the other groups.
    """
    outlines = work.outlines
    slot = scan.slots[frame]
    width, height = cameras.sizes[slot, 0], cameras.sizes[slot, 1]
    expected.stamps[-1] += 1
    walk = expected.stamps[-1]
    columns = groups.columns[group]
    first_front, last_front = fronts.starts[frame], fronts.starts[frame + 1]
    for m in range(groups.counts[group]):
        at = groups.cells[group] + m * columns
        for c in range(columns):
            row = groups.rows[at + c]
            if row == NOBODY or expected.stamps[row] == walk:
                continue
            expected.stamps[row] = walk
            if expected.shares[row] <= LEAST_IN_PICTURE:
                choices.counts[row] = 0
                expected.missed[row] = expected.rates[row] = 0.0
                continue
            box, depth = expected.boxes[row], expected.depths[row]
            copy_outline(box, outlines[0])
            count = 0
            for k in range(first_front, last_front):
                if fronts.groups[k] != group and hides(
                    fronts.boxes[k], fronts.depths[k], box, depth
                ):
                    count += 1
                    copy_outline(fronts.boxes[k], outlines[count])
            for i in range(columns):
                other = groups.rows[at + i]
                if (
                    i != c
                    and other != NOBODY
                    and expected.shares[other] > 0.0
                    and hides(expected.boxes[other], expected.depths[other], box, depth)
                ):
                    count += 1
                    copy_outline(expected.boxes[other], outlines[count])
            visible, lower = visible_shares(outlines, count, width, height)
            _choose(
                cameras,
                scan,
                frame,
                people,
                row,
                visible,
                lower,
                expected,
                choices,
                work.roots,
                params,
            )


@compiled
def _is_in_view(
    cameras: Cameras,
    slot: int,
    people: People,
    groups: Groups,
    group: int,
    expected: Expected,
) -> bool:
    """Fill in where a camera sees the rows of a group; whether it sees any."""
    found = list_rows(groups, group, expected)
    seen = False
    for k in range(found):
        share = _draw(cameras, slot, people, expected.listed[k], expected)
        seen = seen or share > LEAST_IN_PICTURE
    return seen


@compiled
def find_viewed(
    cameras: Cameras,
    scan: Scan,
    frame: int,
    people: People,
    groups: Groups,
    fronts: Fronts,
    expected: Expected,
    viewed: Indices,
) -> int:
    """List the groups that a camera sees, and who is in front of others; returns how many."""
    slot = scan.slots[frame]
    count, front = 0, fronts.starts[frame]
    for group in range(groups.counters[GROUPS]):
        if groups.columns[group] == 0 or not _is_in_view(
            cameras, slot, people, groups, group, expected
        ):
            continue
        viewed[count] = group
        count += 1
        for c in range(groups.columns[group]):
            row = groups.rows[groups.cells[group] + c]
            if row != NOBODY and expected.shares[row] > 0.0:
                copy_outline(expected.boxes[row], fronts.boxes[front])
                fronts.depths[front] = expected.depths[row]
                fronts.groups[front] = group
                front += 1
    fronts.starts[frame + 1] = front
    return count
