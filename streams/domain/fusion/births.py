"""New people, from boxes that nobody known explains.

Each free box proposes a person: its top, at the mean height, gives a place on the floor. The other
cameras then confirm the place by a free box of their own or speak against it. The best proposal
becomes a person and takes its boxes, and so on.
"""

import math
from typing import Final, NamedTuple

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
from streams.domain.fusion.hypotheses import NO_BOX, People
from streams.domain.fusion.jit import compiled
from streams.domain.fusion.measurement import IMPOSSIBLE, correct, edge_roots, is_near, log_density
from streams.domain.fusion.settings import FusionSettings
from streams.domain.fusion.view import MOST_BOXES, Scan, share_in_view
from streams.domain.fusion.visibility import (
    LEAST_IN_PICTURE,
    detection_rate,
    visible_shares,
    wrong_bottom_share,
)
from streams.domain.tracking.types import Flags, Indices, Matrix, Vector

MOST_BIRTHS: Final = 12
"""New people of one hypothesis in one scan; more come with the next scans."""

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


class Proposals(NamedTuple):
    """What each box proposes, shape `(F, B, ...)`.

    Attributes:
        odds: Log odds of the person; not a number until worked out.
        means: State.
        covariances: Its covariance.
        boxes: Row of the box in each frame, or `NO_BOX`.
        able: How many cameras could see the person.
    """

    odds: Matrix
    means: Matrix
    covariances: Matrix
    boxes: Indices
    able: Indices


class Outlines(NamedTuple):
    """Boxes of the people of one hypothesis in each frame, with room for those to come.

    Attributes:
        boxes: Shape `(F, N, 4)`, px.
        depths: Shape `(F, N)`.
    """

    boxes: Matrix
    depths: Matrix


@compiled
def _first_guess(
    projection: Matrix,
    box: Vector,
    guess: int,
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
    spot = np.empty(2)
    if not head_on_floor(projection, 0.5 * (box[0] + box[2]), v, seen_height, spot):
        return False
    mean[:] = 0.0
    mean[X], mean[Y] = spot[0], spot[1]
    mean[HEIGHT], mean[RADIUS] = height, params.radius_m
    covariance[:] = 0.0
    covariance[X, X] = covariance[Y, Y] = _POSITION_SD_M * _POSITION_SD_M
    covariance[VX, VX] = covariance[VY, VY] = params.speed_m_s * params.speed_m_s
    covariance[HEIGHT, HEIGHT] = height_sd * height_sd
    covariance[RADIUS, RADIUS] = params.radius_sd_m * params.radius_sd_m
    return True


@compiled
def _is_apart(people: People, rows: Indices, known: int, mean: Vector, apart_m: float) -> bool:
    for i in range(known):
        x = people.means[rows[i], X] - mean[X]
        y = people.means[rows[i], Y] - mean[Y]
        if x * x + y * y < apart_m * apart_m:
            return False
    return True


@compiled
def _best_box(
    scan: Scan,
    frame: int,
    free: Flags,
    first: int,
    last: int,
    box: Vector,
    roots: Matrix,
    wrong_bottom: float,
    used: Flags,
    params: FusionSettings,
) -> tuple[int, float]:
    """The free box from `first` to before `last` that fits best, or `NO_BOX`, and its log density.

    Fills in which of its edges count.
    """
    best, chosen = IMPOSSIBLE, NO_BOX
    counting = np.zeros(4, np.bool_)
    width, height = scan.sizes[frame, 0], scan.sizes[frame, 1]
    for b in range(first, last):
        detected = scan.boxes[frame, b]
        if not free[frame, b] or not is_near(detected, box):
            continue
        density = log_density(detected, box, roots, wrong_bottom, width, height, params, counting)
        if density > best:
            best, chosen = density, b
            used[:] = counting
    return chosen, best


@compiled
def _propose(
    scan: Scan,
    free: Flags,
    outlines: Outlines,
    people: People,
    rows: Indices,
    known: int,
    own: int,
    at: int,
    guess: int,
    mean: Vector,
    covariance: Matrix,
    boxes: Indices,
    params: FusionSettings,
) -> tuple[float, int]:
    """Work out the person that a box proposes.

    Args:
        scan: The frames.
        free: Which boxes are free, shape `(F, B)`.
        outlines: Boxes of the known people; the row after them is used.
        people: All people.
        rows: Rows of the known people.
        known: Their number.
        own: Frame of the box.
        at: Row of the box.
        guess: What the box is taken for.
        mean: Filled.
        covariance: Filled.
        boxes: Filled, by frame.
        params: Settings.

    Returns:
        Log odds, or minus infinity where nobody can be added, and how many cameras could see the
        person.
    """
    box, slopes, roots = np.empty(4), np.empty((4, 4)), np.zeros((4, 4))
    used = np.zeros(4, np.bool_)
    boxes[:] = NO_BOX
    if not _first_guess(
        scan.projections[own], scan.boxes[own, at], guess, mean, covariance, params
    ):
        return -np.inf, 0
    odds, supporters, able = 0.0, 0, 0
    frames = len(scan.slots)
    for step in range(frames):
        frame = (own + step) % frames
        projection = scan.projections[frame]
        width, height = scan.sizes[frame, 0], scan.sizes[frame, 1]
        depth = box_and_slopes(projection, mean, box, slopes)
        in_picture = share_in_view(scan, frame, mean[X], mean[Y], box, depth)
        if in_picture <= LEAST_IN_PICTURE:
            if step == 0:
                return -np.inf, 0
            continue
        rate, wrong_bottom = 1.0, wrong_bottom_share(1.0)
        if step > 0:
            outlines.boxes[frame, known] = box
            outlines.depths[frame, known] = depth
            visible, lower = visible_shares(
                outlines.boxes[frame], outlines.depths[frame], known + 1, known, width, height
            )
            rate = detection_rate(visible, in_picture, params.most_detected)
            wrong_bottom = wrong_bottom_share(lower)
        if rate > _SEES_WELL:
            able += 1
        edge_roots(box, slopes, covariance, params, roots)
        first = at if step == 0 else 0
        last = at + 1 if step == 0 else scan.counts[frame]
        chosen, best = _best_box(
            scan, frame, free, first, last, box, roots, wrong_bottom, used, params
        )
        if step == 0:
            if chosen == NO_BOX:
                return -np.inf, 0
            gain = _OWN_ODDS
        else:
            missed = math.log(1.0 - rate)
            gain = math.log(rate) + best - math.log(params.clutter)
            if chosen == NO_BOX or gain <= missed:
                odds += missed
                continue
        odds += gain
        supporters += 1
        boxes[frame] = chosen
        correct(projection, mean, covariance, scan.boxes[frame, chosen], used, params)
        # Most free boxes are second boxes of somebody known; they end here.
        if not _is_apart(people, rows, known, mean, params.apart_m):
            return -np.inf, 0
    if supporters < min(2, able):
        return -np.inf, 0
    return odds, able


@compiled
def _draw(scan: Scan, state: Vector, outlines: Outlines, at: int) -> None:
    """Fill in a person's box in each frame."""
    for frame in range(len(scan.slots)):
        outlines.depths[frame, at] = box_of(
            scan.projections[frame],
            state[X],
            state[Y],
            state[HEIGHT],
            state[RADIUS],
            outlines.boxes[frame, at],
        )


@compiled
def _best_proposal(
    scan: Scan,
    free: Flags,
    outlines: Outlines,
    people: People,
    rows: Indices,
    known: int,
    proposals: Proposals,
    params: FusionSettings,
) -> tuple[int, int]:
    """Frame and row of the box with the best proposal, made where needed; -1 for none."""
    best, best_frame, best_box = -np.inf, -1, -1
    for frame in range(len(scan.slots)):
        for b in range(scan.counts[frame]):
            if not free[frame, b]:
                continue
            if np.isnan(proposals.odds[frame, b]):
                odds, able = -np.inf, 0
                for guess in (_STANDING, _SEATED, _BY_FEET):
                    odds, able = _propose(
                        scan,
                        free,
                        outlines,
                        people,
                        rows,
                        known,
                        frame,
                        b,
                        guess,
                        proposals.means[frame, b],
                        proposals.covariances[frame, b],
                        proposals.boxes[frame, b],
                        params,
                    )
                    # A guess by the feet fits nearly any box, so it has to fit well.
                    more = _CERTAIN_ODDS if guess == _BY_FEET else 0.0
                    if odds > _least_odds(able, params) + more:
                        break
                    odds = -np.inf
                proposals.odds[frame, b] = odds
                proposals.able[frame, b] = able
            if proposals.odds[frame, b] > best:
                best, best_frame, best_box = proposals.odds[frame, b], frame, b
    return best_frame, best_box


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
    rows: Indices,
    known: int,
    proposals: Proposals,
    params: FusionSettings,
) -> None:
    """Take back proposals that want a box now taken, or are too near to somebody now known."""
    frames = len(scan.slots)
    for frame in range(frames):
        for b in range(scan.counts[frame]):
            if not np.isfinite(proposals.odds[frame, b]):
                continue
            stale = not _is_apart(people, rows, known, proposals.means[frame, b], params.apart_m)
            for other in range(frames):
                wanted = proposals.boxes[frame, b, other]
                stale = stale or (wanted != NO_BOX and not free[other, wanted])
            if stale:
                proposals.odds[frame, b] = np.nan


@compiled
def give_birth(
    scan: Scan,
    free: Flags,
    people: People,
    rows: Indices,
    known: int,
    first_new: int,
    label_base: int,
    time_us: int,
    params: FusionSettings,
) -> int:
    """Add the new people of one hypothesis; returns how many.

    Args:
        scan: The frames.
        free: Boxes that no person of the hypothesis has, shape `(F, B)`; changed.
        people: All people; new ones go into the rows from `first_new` on.
        rows: Rows of the hypothesis' people, with room for `MOST_BIRTHS` more; added to.
        known: People of the hypothesis.
        first_new: First free row of `people`.
        label_base: Added to the place of the proposing box to make a label.
        time_us: Event time of the scan, microseconds.
        params: Settings.
    """
    frames, most = free.shape
    outlines = Outlines(
        np.zeros((frames, known + MOST_BIRTHS + 1, 4)), np.zeros((frames, known + MOST_BIRTHS + 1))
    )
    for i in range(known):
        _draw(scan, people.means[rows[i]], outlines, i)
    proposals = Proposals(
        np.full((frames, most), np.nan),
        np.empty((frames, most, STATE_SIZE)),
        np.empty((frames, most, STATE_SIZE, STATE_SIZE)),
        np.empty((frames, most, frames), np.int64),
        np.zeros((frames, most), np.int64),
    )
    added = 0
    while added < MOST_BIRTHS:
        count = known + added
        frame, b = _best_proposal(scan, free, outlines, people, rows, count, proposals, params)
        if frame < 0:
            break
        row = first_new + added
        people.means[row] = proposals.means[frame, b]
        people.covariances[row] = proposals.covariances[frame, b]
        people.existence[row] = _first_existence(
            proposals.odds[frame, b], proposals.able[frame, b], params
        )
        people.first_us[row] = time_us
        people.boxes[row] = NO_BOX
        people.labels[row] = 0
        for other in range(frames):
            taken = proposals.boxes[frame, b, other]
            if taken != NO_BOX:
                slot = scan.slots[other]
                people.boxes[row, slot] = taken
                free[other, taken] = False
                if people.labels[row] == 0:
                    people.labels[row] = label_base + slot * MOST_BOXES + taken
        _draw(scan, people.means[row], outlines, count)
        rows[count] = row
        added += 1
        _withdraw(scan, free, people, rows, count + 1, proposals, params)
    return added
