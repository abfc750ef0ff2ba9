"""New people, from boxes that nobody known explains.

Each free box that is not faint proposes a person: its top, at the mean height, gives a place on the
floor. The other cameras then confirm the place by a free box of their own or speak against it. The
best proposal becomes a person and takes its boxes, and so on.
"""

import math
from typing import Final

import numpy as np

from streams.domain.fusion.ellipsoid import (
    HEIGHT,
    RADIUS,
    STATE_SIZE,
    VX,
    VY,
    X,
    Y,
    box_and_slopes,
    box_of,
    head_on_floor,
)
from streams.domain.fusion.expected import Fronts, Work, copy_outline
from streams.domain.fusion.hypotheses import (
    FIRST_US,
    GROUPS,
    LABEL,
    NEXT_LABEL,
    NO_BOX,
    NOBODY,
    NUMBER,
    Desk,
    Groups,
    People,
    add_group,
    make_room,
    take_row,
)
from streams.domain.fusion.jit import compiled
from streams.domain.fusion.measurement import IMPOSSIBLE, correct, edge_roots, is_near, log_density
from streams.domain.fusion.proposals import MOST_BIRTHS, Newborn, Proposals
from streams.domain.fusion.settings import FusionSettings
from streams.domain.fusion.view import FROM_ABOVE, Cameras, Scan, can_see, share_in_view
from streams.domain.fusion.visibility import (
    LEAST_IN_PICTURE,
    detection_rate,
    hides,
    visible_shares,
    wrong_bottom_share,
)
from streams.domain.tracking.types import Flags, Indices, Matrix, Table, Vector

_STANDING: Final = 0
_SEATED: Final = 1
_BY_FEET: Final = 2
"""What a box is first taken for: the head of somebody of mean height who stands or who sits, or the
feet of somebody of any height."""

_ANY_HEIGHT_SD_M: Final = 0.15

_POSITION_SD_M: Final = 0.5
_OWN_ODDS: Final = 2.0
"""Log odds of the proposing box itself: a box more often shows a person than nobody."""

_SEES_WELL: Final = 0.5
"""A camera could confirm a person whom it would detect with this probability."""

_MOST_CONFIRMING: Final = 3
"""Cameras whose confirmation is asked of a new person; one that agrees brings up to 6 log odds."""

_CERTAIN_ODDS: Final = 6.0
"""Log odds above the least from which a new person exists with `_CERTAIN`."""

_CERTAIN: Final = 0.9

_LONE_EXISTENCE: Final = 0.3
"""Existence of a new person whom only one camera can see: it takes more than one box."""


@compiled
def _first_guess(
    projection: Matrix,
    box: Vector,
    guess: int,
    kind: int,
    mean: Vector,
    covariance: Matrix,
    params: FusionSettings,
) -> bool:
    """Fill in a person by one box, before any measurement; False if it is nowhere on the floor."""
    height = params.seated_height_m if guess == _SEATED else params.height_m
    height_sd = params.height_sd_m
    if guess == _SEATED:
        height_sd = params.seated_height_sd_m
    elif guess == _BY_FEET:
        height_sd = _ANY_HEIGHT_SD_M
    v, seen_height = box[1], 0.97 * height
    if guess == _BY_FEET:
        v, seen_height = box[3] - params.bottom_offset * (box[3] - box[1]), 0.0
    if kind == FROM_ABOVE:  # no edge is the head or the feet; the middle is that of the body
        v, seen_height = 0.5 * (box[1] + box[3]), 0.5 * height
    if not head_on_floor(projection, 0.5 * (box[0] + box[2]), v, seen_height, mean):
        return False
    for i in range(STATE_SIZE):
        for j in range(STATE_SIZE):
            covariance[i, j] = 0.0
    mean[VX] = mean[VY] = 0.0
    mean[HEIGHT], mean[RADIUS] = height, params.radius_m
    covariance[X, X] = covariance[Y, Y] = _POSITION_SD_M * _POSITION_SD_M
    covariance[VX, VX] = covariance[VY, VY] = params.speed_m_s * params.speed_m_s
    covariance[HEIGHT, HEIGHT] = height_sd * height_sd
    covariance[RADIUS, RADIUS] = params.radius_sd_m * params.radius_sd_m
    return True


@compiled
def _is_apart(
    people: People, rows: Indices, first: int, last: int, mean: Vector, apart_m: float
) -> bool:
    for k in range(first, last):
        row = rows[k]
        x = people.means[row, X] - mean[X]
        y = people.means[row, Y] - mean[Y]
        if x * x + y * y < apart_m * apart_m:
            return False
    return True


@compiled
def _shares_of(
    fronts: Fronts,
    newborn: Newborn,
    frame: int,
    box: Vector,
    depth: float,
    width: float,
    height: float,
    work: Work,
) -> tuple[float, float]:
    """The visible share of somebody new, and of the lower half."""
    outlines = work.outlines
    copy_outline(box, outlines[0])
    count = 0
    for k in range(fronts.starts[frame], fronts.starts[frame + 1]):
        if hides(fronts.boxes[k], fronts.depths[k], box, depth):
            count += 1
            copy_outline(fronts.boxes[k], outlines[count])
    for k in range(newborn.counts[1]):
        if hides(newborn.boxes[k, frame], newborn.depths[k, frame], box, depth):
            count += 1
            copy_outline(newborn.boxes[k, frame], outlines[count])
    return visible_shares(outlines, count, width, height)


@compiled
def _best_box(
    projection: Matrix,
    size: Vector,
    boxes: Matrix,
    free: Flags,
    first: int,
    last: int,
    wrong_bottom: float,
    mean: Vector,
    covariance: Matrix,
    work: Work,
    params: FusionSettings,
) -> tuple[float, int, int]:
    """The free box from `first` to before `last` that fits a person best.

    Returns:
        Its log density, the box or `NO_BOX`, and which of its edges count, as bits.
    """
    best, chosen, used = IMPOSSIBLE, NO_BOX, 0
    box, slopes, roots = work.box, work.slopes, work.roots
    compared = False
    for b in range(first, last):
        if not free[b] or not is_near(boxes[b], box, params):
            continue
        if not compared:
            box_and_slopes(projection, mean, box, slopes)
            edge_roots(box, slopes, covariance, params, roots)
            compared = True
        density, edges = log_density(boxes[b], box, roots, wrong_bottom, size[0], size[1], params)
        if density > best:
            best, chosen, used = density, b, edges
    return best, chosen, used


@compiled
def _share_of(cameras: Cameras, slot: int, mean: Vector, box: Vector) -> tuple[float, float]:
    """Fill in where a camera sees somebody; returns the depth and the share in the picture."""
    if not can_see(cameras, slot, mean[X], mean[Y]):
        return -1.0, 0.0
    depth = box_of(cameras.projections[slot], mean[X], mean[Y], mean[HEIGHT], mean[RADIUS], box)
    return depth, share_in_view(cameras, slot, box, depth)


@compiled
def _propose(
    cameras: Cameras,
    scan: Scan,
    free: Flags,
    fronts: Fronts,
    people: People,
    newborn: Newborn,
    own: int,
    at: int,
    guess: int,
    mean: Vector,
    covariance: Matrix,
    boxes: Indices,
    work: Work,
    parameters: Table[FusionSettings],
) -> tuple[float, int]:
    """Work out the person that a box proposes.

    Args:
        cameras: The cameras.
        scan: The frames.
        free: Which boxes are free, shape `(B,)`.
        fronts: Who may hide others.
        people: All people.
        newborn: Who is known.
        own: Frame of the box.
        at: The box among all boxes.
        guess: What the box is taken for.
        mean: Filled.
        covariance: Filled.
        boxes: Filled, by frame.
        work: Room to work in.
        parameters: Settings, by kind of camera.

    Returns:
        Log odds, or minus infinity where nobody can be added, and how many cameras could see the
        person.
    """
    box, slopes, update = work.box, work.slopes, work.update
    slot, frames = scan.slots[own], len(scan.slots)
    projection, size = cameras.projections[slot], cameras.sizes[slot]
    kind = cameras.kinds[slot]
    params = parameters[kind]
    if not _first_guess(projection, scan.boxes[at], guess, kind, mean, covariance, params):
        return -np.inf, 0
    for frame in range(frames):
        boxes[frame] = NO_BOX
    depth, share = _share_of(cameras, slot, mean, box)
    wrong = wrong_bottom_share(1.0)
    _, chosen, used = _best_box(
        projection, size, scan.boxes, free, at, at + 1, wrong, mean, covariance, work, params
    )
    if chosen == NO_BOX or share <= LEAST_IN_PICTURE:
        return -np.inf, 0
    boxes[own] = at - scan.starts[own]
    correct(box, slopes, mean, covariance, scan.boxes[at], used, params, update)
    odds, supporters, able = _OWN_ODDS, 1, 1
    # Most free boxes are second boxes of somebody known; they end here.
    if not _is_apart(people, newborn.rows, 0, newborn.counts[0], mean, params.apart_m):
        return -np.inf, 0
    for step in range(1, frames):
        frame = (own + step) % frames
        slot = scan.slots[frame]
        projection, size = cameras.projections[slot], cameras.sizes[slot]
        params = parameters[cameras.kinds[slot]]
        depth, share = _share_of(cameras, slot, mean, box)
        if share <= LEAST_IN_PICTURE:
            continue
        visible, lower = _shares_of(fronts, newborn, frame, box, depth, size[0], size[1], work)
        rate = detection_rate(visible, share, params.most_detected)
        able += int(rate > _SEES_WELL)
        first, last, wrong = scan.starts[frame], scan.starts[frame + 1], wrong_bottom_share(lower)
        best, chosen, used = _best_box(
            projection, size, scan.boxes, free, first, last, wrong, mean, covariance, work, params
        )
        missed = math.log(1.0 - rate)
        gain = math.log(rate / params.clutter) + best
        if chosen != NO_BOX and scan.faint[chosen]:
            gain -= params.faint_odds
        if chosen == NO_BOX or gain <= missed:
            odds += missed
            continue
        odds += gain
        supporters += 1
        boxes[frame] = chosen - first
        correct(box, slopes, mean, covariance, scan.boxes[chosen], used, params, update)
        if not _is_apart(people, newborn.rows, 0, newborn.counts[0], mean, params.apart_m):
            return -np.inf, 0
    if supporters < min(2, able):
        return -np.inf, 0
    return odds, able


@compiled
def _best_proposal(
    cameras: Cameras,
    scan: Scan,
    free: Flags,
    fronts: Fronts,
    people: People,
    newborn: Newborn,
    proposals: Proposals,
    work: Work,
    parameters: Table[FusionSettings],
) -> int:
    """The box with the best proposal, made where needed; -1 for none."""
    best, chosen = -np.inf, -1
    params = parameters[0]
    for frame in range(len(scan.slots)):
        for b in range(scan.starts[frame], scan.starts[frame + 1]):
            if not free[b] or scan.faint[b]:
                continue
            if math.isnan(proposals.odds[b]):
                odds, able = -np.inf, 0
                for guess in (_STANDING, _SEATED, _BY_FEET):
                    odds, able = _propose(
                        cameras,
                        scan,
                        free,
                        fronts,
                        people,
                        newborn,
                        frame,
                        b,
                        guess,
                        proposals.means[b],
                        proposals.covariances[b],
                        proposals.boxes[b],
                        work,
                        parameters,
                    )
                    # A guess by the feet fits nearly any box, so it has to fit well.
                    more = _CERTAIN_ODDS if guess == _BY_FEET else 0.0
                    if odds > _least_odds(able, params) + more:
                        break
                    odds = -np.inf
                proposals.odds[b] = odds
                proposals.able[b] = able
            if proposals.odds[b] > best:
                best, chosen = proposals.odds[b], b
    return chosen


@compiled
def _least_odds(able: int, params: FusionSettings) -> float:
    """Log odds that a new person needs, by the number of cameras that could confirm it."""
    return params.birth_odds * max(0, min(able - 1, _MOST_CONFIRMING))


@compiled
def _first_existence(odds: float, able: int, params: FusionSettings) -> float:
    if able < 2:
        return min(_LONE_EXISTENCE, params.first_existence)
    if odds > _least_odds(able, params) + _CERTAIN_ODDS:
        return max(_CERTAIN, params.first_existence)
    return params.first_existence


@compiled
def _withdraw(
    scan: Scan,
    free: Flags,
    people: People,
    newborn: Newborn,
    proposals: Proposals,
    params: FusionSettings,
) -> None:
    """Take back proposals that want a box now taken, or are too near to somebody now known."""
    last = newborn.counts[0]
    for b in range(len(free)):
        if not math.isfinite(proposals.odds[b]):
            continue
        stale = not _is_apart(
            people, newborn.rows, last - 1, last, proposals.means[b], params.apart_m
        )
        for other in range(len(scan.slots)):
            wanted = proposals.boxes[b, other]
            stale = stale or (wanted != NO_BOX and not free[scan.starts[other] + wanted])
        if stale:
            proposals.odds[b] = np.nan


@compiled
def _list_known(scan: Scan, people: People, groups: Groups, free: Flags, rows: Indices) -> int:
    """List the people of the best hypotheses and mark their boxes; returns how many they are."""
    known = 0
    for group in range(groups.counters[GROUPS]):
        for c in range(groups.columns[group]):
            row = groups.rows[groups.cells[group] + c]
            if row == NOBODY:
                continue
            rows[known] = row
            known += 1
            for frame in range(len(scan.slots)):
                box = people.boxes[row, frame]
                if box != NO_BOX:
                    free[scan.starts[frame] + box] = False
    return known


@compiled
def give_birth(
    cameras: Cameras,
    scan: Scan,
    people: People,
    groups: Groups,
    fronts: Fronts,
    free: Flags,
    proposals: Proposals,
    newborn: Newborn,
    time_us: int,
    work: Work,
    desk: Desk,
    parameters: Table[FusionSettings],
) -> None:
    """Add new people, each a group, by boxes that the best hypotheses leave free; in place.

    Args:
        cameras: The cameras.
        scan: The frames.
        people: All people.
        groups: All groups.
        fronts: Who may hide others.
        free: True for each box; changed.
        proposals: From `no_proposals`.
        newborn: From `nobody_new`.
        time_us: Event time of the scan, microseconds.
        work: Room to work in.
        desk: Room to work in.
        parameters: Settings, by kind of camera.
    """
    params = parameters[0]
    frames = len(scan.slots)
    newborn.counts[0] = known = _list_known(scan, people, groups, free, newborn.rows)
    for added in range(MOST_BIRTHS):
        b = _best_proposal(
            cameras, scan, free, fronts, people, newborn, proposals, work, parameters
        )
        row = NOBODY if b < 0 else take_row(people, groups)
        if row == NOBODY:
            break
        mean = people.means[row]
        for i in range(STATE_SIZE):
            mean[i] = proposals.means[b, i]
            for j in range(STATE_SIZE):
                people.covariances[row, i, j] = proposals.covariances[b, i, j]
        people.hidden[row] = 0.0
        people.existence[row] = _first_existence(proposals.odds[b], proposals.able[b], params)
        people.facts[row, LABEL] = groups.counters[NEXT_LABEL]
        people.facts[row, NUMBER] = 0
        people.facts[row, FIRST_US] = time_us
        groups.counters[NEXT_LABEL] += 1
        for frame in range(frames):
            box = proposals.boxes[b, frame]
            people.boxes[row, frame] = box
            if box != NO_BOX:
                free[scan.starts[frame] + box] = False
            newborn.depths[added, frame] = box_of(
                cameras.projections[scan.slots[frame]],
                mean[X],
                mean[Y],
                mean[HEIGHT],
                mean[RADIUS],
                newborn.boxes[added, frame],
            )
        newborn.rows[known + added] = row
        newborn.counts[0] += 1
        newborn.counts[1] += 1
        make_room(groups, 1, 1, desk)
        group = add_group(groups, 1, 1)
        groups.rows[groups.cells[group]] = row
        groups.weights[groups.starts[group]] = 0.0
        _withdraw(scan, free, people, newborn, proposals, params)
