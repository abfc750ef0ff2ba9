"""One scan: all frames of one tick, camera by camera, over all hypotheses."""

import math

import numpy as np

from streams.domain.fusion.assignments import (
    MOST_CHOICES,
    Choices,
    Pool,
    add_assignments,
    add_choice,
    add_prices,
    auction,
    new_pool,
    no_choices,
    threshold,
)
from streams.domain.fusion.births import MOST_BIRTHS, give_birth
from streams.domain.fusion.ellipsoid import X, Y, box_and_slopes
from streams.domain.fusion.hypotheses import (
    NO_BOX,
    Hypotheses,
    People,
    best_distinct,
    compact,
    copy_person,
    empty_people,
    forget_and_separate,
)
from streams.domain.fusion.jit import compiled, entry
from streams.domain.fusion.measurement import (
    IMPOSSIBLE,
    correct,
    edge_roots,
    is_near,
    log_density,
)
from streams.domain.fusion.motion import predict
from streams.domain.fusion.settings import FusionSettings
from streams.domain.fusion.view import Scan, share_in_view
from streams.domain.fusion.visibility import (
    LEAST_IN_PICTURE,
    detection_rate,
    visible_shares,
    wrong_bottom_share,
)
from streams.domain.tracking.types import Flags, Matrix, Table, Vector

_WORST_COST: float = 2.0
"""A box that costs more log odds than this against no box is not the person's."""

_MOST_GAIN: float = 30.0
"""Log odds of existence that one box adds at most; keeps the exponential finite."""


@compiled
def _choose(
    scan: Scan,
    frame: int,
    people: People,
    row: int,
    outlines: Matrix,
    depths: Vector,
    count: int,
    at: int,
    slopes: Matrix,
    choices: Choices,
    params: FusionSettings,
) -> tuple[float, float]:
    """Fill in what a person may be in a camera; returns the log weight of a miss and the rate."""
    choices.counts[row] = 0
    width, height = scan.sizes[frame, 0], scan.sizes[frame, 1]
    box = outlines[at]
    mean = people.means[row]
    in_picture = share_in_view(scan, frame, mean[X], mean[Y], box, depths[at])
    rate = 0.0
    missed = 0.0
    if in_picture > LEAST_IN_PICTURE:
        visible, lower = visible_shares(outlines, depths, count, at, width, height)
        rate = detection_rate(visible, in_picture, params.most_detected)
        existence = people.existence[row]
        missed = math.log(1.0 - existence * rate)
        log_rate = math.log(rate) - math.log(params.clutter)
        odds = log_rate + math.log(existence) - missed
        roots, used = np.zeros((4, 4)), np.zeros(4, np.bool_)
        wrong_bottom = wrong_bottom_share(lower)
        compared = False
        for b in range(scan.counts[frame]):
            detected = scan.boxes[frame, b]
            if not is_near(detected, box):
                continue
            if not compared:
                edge_roots(box, slopes, people.covariances[row], params, roots)
                compared = True
            density = log_density(detected, box, roots, wrong_bottom, width, height, params, used)
            if density <= IMPOSSIBLE or -(odds + density) > _WORST_COST:
                continue
            bits = 0
            for edge in range(4):
                bits |= int(used[edge]) << edge
            add_choice(choices, row, b, -(odds + density), log_rate + density, bits)
    # No box is always among the choices, also where a dozen boxes are cheaper.
    if choices.counts[row] == MOST_CHOICES:
        choices.counts[row] -= 1
    add_choice(choices, row, NO_BOX, 0.0, 0.0, 0)
    return missed, rate


@compiled
def _rank(
    scan: Scan,
    frame: int,
    people: People,
    hypotheses: Hypotheses,
    choices: Choices,
    rates: Vector,
    params: FusionSettings,
) -> tuple[Pool, int]:
    """The best assignments of a camera's boxes over all hypotheses."""
    rows_of, counts = hypotheses.rows, hypotheses.counts
    total = len(people.existence)
    most = rows_of.shape[1]
    boxes, slopes = np.empty((total, 4)), np.empty((total, 4, 4))
    depths, missed = np.empty(total), np.zeros(total)
    drawn, judged = np.zeros(total, np.bool_), np.zeros(total, np.bool_)
    pool = new_pool(params.hypotheses, most)
    outlines, near = np.empty((most, 4)), np.empty(most)
    rows, members = np.empty(most, np.int64), np.empty(most, np.int64)
    prices = np.zeros(scan.counts[frame])
    filled = 0
    for m in range(len(counts)):
        count = counts[m]
        for i in range(count):
            row = rows_of[m, i]
            if not drawn[row]:
                drawn[row] = True
                depths[row] = box_and_slopes(
                    scan.projections[frame], people.means[row], boxes[row], slopes[row]
                )
            outlines[i] = boxes[row]
            near[i] = depths[row]
        weight, open_rows = hypotheses.weights[m], 0
        for i in range(count):
            row = rows_of[m, i]
            if not judged[row]:
                judged[row] = True
                # Who stands in front is taken from the first hypothesis that has the person.
                missed[row], rates[row] = _choose(
                    scan, frame, people, row, outlines, near, count, i, slopes[row], choices, params
                )
                if m > 0:
                    add_prices(choices, row, prices)
            weight += missed[row]
            if choices.counts[row] > 1:
                rows[open_rows] = row
                members[open_rows] = i
                open_rows += 1
        if m == 0:
            prices = auction(choices, rows[:open_rows], scan.counts[frame])
            for i in range(count):
                add_prices(choices, rows_of[m, i], prices)
        cheapest = -prices.sum()
        for k in range(open_rows):
            cheapest += choices.costs[rows[k], 0]
        if weight - cheapest > threshold(pool, filled, params.log_gap):
            filled = add_assignments(
                pool,
                filled,
                weight,
                m,
                rows[:open_rows],
                members[:open_rows],
                prices,
                choices,
                params.log_gap,
            )
    return pool, filled


@compiled
def _see(
    scan: Scan,
    frame: int,
    people: People,
    row: int,
    box: int,
    rate: float,
    choices: Choices,
    seen: People,
    to: int,
    params: FusionSettings,
) -> None:
    """Fill in a person after a camera has seen a box of the person, or has not."""
    copy_person(people, row, seen, to)
    existence = people.existence[row]
    if box == NO_BOX:
        seen.existence[to] = existence * (1.0 - rate) / (1.0 - existence * rate)
        return
    at = 0
    while choices.boxes[row, at] != box:
        at += 1
    used: Flags = np.zeros(4, np.bool_)
    for edge in range(4):
        used[edge] = bool((choices.used[row, at] >> edge) & 1)
    correct(
        scan.projections[frame],
        seen.means[to],
        seen.covariances[to],
        scan.boxes[frame, box],
        used,
        params,
    )
    odds = existence / (1.0 - existence) * math.exp(min(choices.gains[row, at], _MOST_GAIN))
    seen.existence[to] = min(odds / (1.0 + odds), params.most_existence)
    seen.boxes[to, scan.slots[frame]] = box


@compiled
def _after_camera(
    scan: Scan, frame: int, people: People, hypotheses: Hypotheses, params: FusionSettings
) -> tuple[People, Hypotheses]:
    """What is believed after one camera."""
    total = len(people.existence)
    choices = no_choices(total)
    rates = np.zeros(total)
    pool, filled = _rank(scan, frame, people, hypotheses, choices, rates, params)
    kept = 0
    while kept < filled and pool.weights[kept] >= pool.weights[0] - params.log_gap:
        kept += 1
    most = hypotheses.rows.shape[1]
    children = np.full((total, scan.counts[frame] + 1), -1, np.int64)
    rows, counts = np.zeros((kept, most), np.int64), np.empty(kept, np.int64)
    weights = np.empty(kept)
    used = 0
    for k in range(kept):
        at = pool.order[k]
        parent = pool.parents[at]
        counts[k] = hypotheses.counts[parent]
        weights[k] = pool.weights[k] - pool.weights[0]
        for i in range(counts[k]):
            row, box = hypotheses.rows[parent, i], pool.boxes[at, i]
            if children[row, box + 1] < 0:
                children[row, box + 1] = used
                used += 1
            rows[k, i] = children[row, box + 1]
    seen = empty_people(used, people.boxes.shape[1])
    for row in range(total):
        for at in range(scan.counts[frame] + 1):
            to = children[row, at]
            if to >= 0:
                _see(scan, frame, people, row, at - 1, rates[row], choices, seen, to, params)
    return seen, Hypotheses(rows, counts, weights)


@compiled
def _with_births(
    scan: Scan,
    people: People,
    hypotheses: Hypotheses,
    time_us: int,
    label_base: int,
    params: FusionSettings,
) -> tuple[People, Hypotheses]:
    """The belief with the new people of each hypothesis."""
    frames, most_boxes = scan.boxes.shape[0], scan.boxes.shape[1]
    total, most = len(people.existence), hypotheses.rows.shape[1]
    kept = len(hypotheses.counts)
    grown = empty_people(total + kept * MOST_BIRTHS, people.boxes.shape[1])
    for row in range(total):
        copy_person(people, row, grown, row)
    rows = np.zeros((kept, most + MOST_BIRTHS), np.int64)
    counts = hypotheses.counts.copy()
    filled = total
    for m in range(kept):
        rows[m, :most] = hypotheses.rows[m]
        free = np.zeros((frames, most_boxes), np.bool_)
        left = 0
        for frame in range(frames):
            free[frame, : scan.counts[frame]] = True
            left += scan.counts[frame]
        for i in range(counts[m]):
            for frame in range(frames):
                box = people.boxes[rows[m, i], scan.slots[frame]]
                if box != NO_BOX:
                    free[frame, box] = False
                    left -= 1
        if left:
            added = give_birth(
                scan, free, grown, rows[m], counts[m], filled, label_base, time_us, params
            )
            counts[m] += added
            filled += added
    everybody = People(
        grown.means[:filled],
        grown.covariances[:filled],
        grown.existence[:filled],
        grown.labels[:filled],
        grown.first_us[:filled],
        grown.boxes[:filled],
    )
    return everybody, Hypotheses(rows, counts, hypotheses.weights)


@entry
def take_in(
    scan: Scan,
    people: People,
    hypotheses: Hypotheses,
    dt_s: float,
    time_us: int,
    label_base: int,
    parameters: Table[FusionSettings],
) -> tuple[People, Hypotheses]:
    """What is believed after a scan.

    Args:
        scan: Its frames.
        people: People before it; changed.
        hypotheses: Hypotheses before it; changed.
        dt_s: Time since the scan before, s.
        time_us: Event time of the scan, microseconds.
        label_base: Smallest label of its new people.
        parameters: One record of `PARAMETERS`.
    """
    params = parameters[0]
    staying = math.exp(-dt_s / params.stay_s)
    for row in range(len(people.existence)):
        predict(people.means[row], people.covariances[row], dt_s, params)
        people.existence[row] *= staying
        people.boxes[row] = NO_BOX
    for frame in range(len(scan.slots)):
        people, hypotheses = _after_camera(scan, frame, people, hypotheses, params)
    forget_and_separate(people, hypotheses, params)
    people, hypotheses = best_distinct(people, hypotheses, params)
    people, hypotheses = _with_births(scan, people, hypotheses, time_us, label_base, params)
    return compact(people, hypotheses, np.arange(len(hypotheses.counts)))
