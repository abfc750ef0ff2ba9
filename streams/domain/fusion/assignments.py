"""The best joint assignments of people to the boxes of one camera, over all hypotheses.

Depth first with a bound (Land & Doig 1960): a branch ends where even the cheapest choice of all
remaining people would fall out of the best found so far. Boxes that several people want have a
price, from an auction (Bertsekas 1988). With it the cheapest choices nearly fit together, and the
bound is nearly exact; any price gives a bound that holds, so one auction serves all hypotheses.
Murty's ranking (1968) finds the same list by solving an assignment for each entry.
"""

from typing import Final, NamedTuple

import numpy as np

from streams.domain.fusion.jit import allocating, compiled
from streams.domain.tracking.types import Flags, Indices, Matrix, Vector

MOST_CHOICES: Final = 12
"""Choices of a person in one camera, the one without a box among them."""

MOST_VISITS: Final = 1000
"""Branches tried for one hypothesis; the cheapest come first."""

_MOST_BIDS: Final = 1000
_LEAST_BID: Final = 0.05
"""Log odds by which a bid raises a price at least, so that an auction ends."""


class Choices(NamedTuple):
    """What each person may be in one camera, the cheapest first.

    Attributes:
        counts: Choices of each person, shape `(K,)`.
        costs: Log odds lost against no box, the box's price added, shape `(K, MOST_CHOICES)`.
        boxes: Row of the box, or -1 for none, shape `(K, MOST_CHOICES)`.
        gains: Log odds gained for the person's existence, shape `(K, MOST_CHOICES)`.
        used: Which edges of the box count, as bits, shape `(K, MOST_CHOICES)`.
    """

    counts: Indices
    costs: Matrix
    boxes: Indices
    gains: Matrix
    used: Indices


class Pool(NamedTuple):
    """The best assignments so far.

    Attributes:
        weights: Log weights, falling, shape `(M,)`.
        order: Where the assignment of each weight is in the two others, shape `(M,)`.
        parents: The hypothesis each belongs to, shape `(M,)`.
        boxes: Box of each person with a box to choose, shape `(M, N)`.
    """

    weights: Vector
    order: Indices
    parents: Indices
    boxes: Indices


class Search(NamedTuple):
    """Room for the search of one hypothesis' assignments, for so many people and boxes.

    Attributes:
        cheapest: Least cost of all people from one on.
        tried: Choices tried.
        costs: Cost of the people before one.
        chosen: Box of each.
        taken: Which boxes are taken.
        prices: Prices of the boxes.
        owners: Who has each box in an auction.
        waiting: Who has none there.
    """

    cheapest: Vector
    tried: Indices
    costs: Vector
    chosen: Indices
    taken: Flags
    prices: Vector
    owners: Indices
    waiting: Indices


@allocating
def new_search(people: int, boxes: int) -> Search:
    """Room for so many people and boxes."""
    return Search(
        np.zeros(people + 1),
        np.zeros(people + 1, np.int64),
        np.zeros(people + 1),
        np.full(people + 1, -1, np.int64),
        np.zeros(boxes, np.bool_),
        np.zeros(boxes),
        np.full(boxes, -1, np.int64),
        np.zeros(people + 1, np.int64),
    )


@allocating
def no_choices(people: int) -> Choices:
    """Room for the choices of so many people."""
    return Choices(
        np.zeros(people, np.int64),
        np.empty((people, MOST_CHOICES)),
        np.empty((people, MOST_CHOICES), np.int64),
        np.empty((people, MOST_CHOICES)),
        np.empty((people, MOST_CHOICES), np.int64),
    )


@compiled
def add_choice(choices: Choices, row: int, box: int, cost: float, gain: float, used: int) -> None:
    """Add a choice in order of cost; beyond `MOST_CHOICES` the dearest is dropped."""
    count = choices.counts[row]
    if count == MOST_CHOICES:
        if choices.costs[row, count - 1] <= cost:
            return
        count -= 1
    at = count
    while at > 0 and choices.costs[row, at - 1] > cost:
        choices.costs[row, at] = choices.costs[row, at - 1]
        choices.boxes[row, at] = choices.boxes[row, at - 1]
        choices.gains[row, at] = choices.gains[row, at - 1]
        choices.used[row, at] = choices.used[row, at - 1]
        at -= 1
    choices.costs[row, at] = cost
    choices.boxes[row, at] = box
    choices.gains[row, at] = gain
    choices.used[row, at] = used
    choices.counts[row] = count + 1


@compiled
def _cheapest(choices: Choices, row: int, prices: Vector) -> tuple[int, float]:
    """The cheapest choice of a person at some prices, and what the second one is dearer."""
    best, second, chosen = np.inf, np.inf, -1
    for at in range(choices.counts[row]):
        box, cost = choices.boxes[row, at], choices.costs[row, at]
        if box >= 0:
            cost += prices[box]
        if cost < best:
            best, second, chosen = cost, best, box
        elif cost < second:
            second = cost
    return chosen, second - best


@compiled
def auction(choices: Choices, rows: Indices, count: int, search: Search, boxes: int) -> None:
    """Find least prices at which each of some people gets about the cheapest choice.

    Of two who want a box, the one with more to lose by the second choice keeps it, at the price at
    which the other one gives up. Fills in the first `boxes` of the prices of `search`.
    """
    prices, owners, waiting = search.prices, search.owners, search.waiting
    for box in range(boxes):
        prices[box] = 0.0
        owners[box] = -1
    for k in range(count):
        waiting[k] = rows[count - 1 - k]
    left = count
    for _ in range(_MOST_BIDS):
        if left == 0:
            break
        row = waiting[left - 1]
        box, to_lose = _cheapest(choices, row, prices)
        if box < 0:
            left -= 1
        elif owners[box] < 0:
            owners[box] = row
            left -= 1
        else:
            owned, owner_loses = _cheapest(choices, owners[box], prices)
            if owned != box:  # what the owner has became too dear meanwhile
                owner_loses = 0.0
            if to_lose > owner_loses:
                waiting[left - 1] = owners[box]
                owners[box] = row
            prices[box] += min(to_lose, owner_loses) + _LEAST_BID


@compiled
def add_prices(choices: Choices, row: int, prices: Vector) -> None:
    """Add the boxes' prices to a person's costs, and sort the choices by them."""
    for at in range(choices.counts[row]):
        box, cost = choices.boxes[row, at], choices.costs[row, at]
        gain, used = choices.gains[row, at], choices.used[row, at]
        if box >= 0:
            cost += prices[box]
        to = at
        while to > 0 and choices.costs[row, to - 1] > cost:
            choices.costs[row, to] = choices.costs[row, to - 1]
            choices.boxes[row, to] = choices.boxes[row, to - 1]
            choices.gains[row, to] = choices.gains[row, to - 1]
            choices.used[row, to] = choices.used[row, to - 1]
            to -= 1
        choices.costs[row, to] = cost
        choices.boxes[row, to] = box
        choices.gains[row, to] = gain
        choices.used[row, to] = used


@allocating
def new_pool(size: int, people: int) -> Pool:
    """An empty pool for so many assignments of so many people."""
    return Pool(
        np.zeros(size),
        np.arange(size),
        np.zeros(size, np.int64),
        np.full((size, people), -1, np.int64),
    )


@compiled
def threshold(pool: Pool, filled: int, log_gap: float) -> float:
    """Log weight that an assignment must exceed to enter a pool."""
    if filled == 0:
        return -np.inf
    least = pool.weights[0] - log_gap
    if filled == len(pool.weights):
        least = max(least, pool.weights[filled - 1])
    return float(least)


@compiled
def _insert(
    pool: Pool,
    filled: int,
    weight: float,
    parent: int,
    members: Indices,
    chosen: Indices,
    count: int,
) -> int:
    """Insert an assignment by weight; returns how many the pool holds."""
    if filled < len(pool.weights):
        at = filled
        filled += 1
    else:
        at = filled - 1
    own = pool.order[at]  # free, or of the assignment that drops out
    while at > 0 and pool.weights[at - 1] < weight:
        pool.weights[at] = pool.weights[at - 1]
        pool.order[at] = pool.order[at - 1]
        at -= 1
    pool.weights[at] = weight
    pool.order[at] = own
    pool.parents[own] = parent
    for k in range(count):
        pool.boxes[own, members[k]] = chosen[k]
    return filled


@compiled
def _to_lose(choices: Choices, row: int) -> float:
    return float(choices.costs[row, 1] - choices.costs[row, 0])


@compiled
def _sort_by_loss(choices: Choices, rows: Indices, members: Indices, count: int) -> None:
    """Put those last who lose least by their second choice, in place.

    The last ones vary first. So the first assignments found are the best ones, and the bound cuts
    off nearly all others.
    """
    for i in range(1, count):
        at = i
        while at > 0 and _to_lose(choices, rows[at - 1]) < _to_lose(choices, rows[at]):
            rows[at - 1], rows[at] = rows[at], rows[at - 1]
            members[at - 1], members[at] = members[at], members[at - 1]
            at -= 1


@compiled
def _next_choice(choices: Choices, row: int, at: int, taken: Flags, dearest: float) -> int:
    """The next choice whose box is not taken; the number of choices where there is none.

    Args:
        choices: What each may be, the cheapest first.
        row: The person.
        at: First choice that was not tried.
        taken: Boxes that others have.
        dearest: Cost from which a choice is too dear.
    """
    count = int(choices.counts[row])
    while at < count:
        if choices.costs[row, at] >= dearest:  # all later ones are dearer
            return count
        box = choices.boxes[row, at]
        if box < 0 or not taken[box]:
            return at
        at += 1
    return count


@compiled
def add_assignments(
    pool: Pool,
    filled: int,
    weight: float,
    parent: int,
    rows: Indices,
    members: Indices,
    count: int,
    boxes: int,
    choices: Choices,
    log_gap: float,
    search: Search,
) -> int:
    """Add the best assignments of one hypothesis to the pool; returns how many it holds.

    Args:
        pool: Assignments so far.
        filled: How many.
        weight: Log weight of the hypothesis when nobody has a box.
        parent: The hypothesis.
        rows: People with a box to choose; reordered with `members`.
        members: Where they are among the people of the hypothesis.
        count: How many they are.
        boxes: Boxes of the camera.
        choices: What each may be, prices added.
        log_gap: Log weight below the best at which an assignment is dropped.
        search: Prices of the boxes, and room to work in.
    """
    _sort_by_loss(choices, rows, members, count)
    # Of all people from here on, less all prices: a box that nobody takes gives its price back.
    cheapest, tried, cost, chosen = search.cheapest, search.tried, search.costs, search.chosen
    taken, prices = search.taken, search.prices
    cheapest[count] = 0.0
    for box in range(boxes):
        cheapest[count] -= prices[box]
        taken[box] = False
    for level in range(count - 1, -1, -1):
        cheapest[level] = cheapest[level + 1] + choices.costs[rows[level], 0]
        chosen[level] = -1
    tried[0], cost[0] = 0, 0.0
    level = visits = 0
    least = threshold(pool, filled, log_gap)
    while level >= 0 and visits < MOST_VISITS:
        visits += 1
        if level == count:
            total = weight - cost[count]
            for k in range(count):
                if chosen[k] >= 0:
                    total += prices[chosen[k]]
            if total > least:
                filled = _insert(pool, filled, total, parent, members, chosen, count)
                least = threshold(pool, filled, log_gap)
        else:
            row = rows[level]
            dearest = weight - least - cost[level] - cheapest[level + 1]
            at = _next_choice(choices, row, tried[level], taken, dearest)
            tried[level] = at + 1
            if at < choices.counts[row]:
                box = choices.boxes[row, at]
                chosen[level] = box
                if box >= 0:
                    taken[box] = True
                cost[level + 1] = cost[level] + choices.costs[row, at]
                level += 1
                tried[level] = 0
                continue
        level -= 1
        if level >= 0 and chosen[level] >= 0:
            taken[chosen[level]] = False
            chosen[level] = -1
    return filled
