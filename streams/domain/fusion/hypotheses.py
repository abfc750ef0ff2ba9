"""What is believed about a floor: people, and hypotheses about which are there.

A hypothesis is a set of people. Hypotheses that agree about a person share the row, so a row is
predicted and compared with the boxes once, however many hypotheses use it.
"""

from typing import Final, NamedTuple

import numpy as np

from streams.domain.fusion.ellipsoid import STATE_SIZE, X, Y
from streams.domain.fusion.jit import compiled
from streams.domain.fusion.settings import FusionSettings
from streams.domain.tracking.types import Indices, Matrix, Vector

NO_BOX: Final = -1

_ALIKE_SIZE_M: Final = 0.1


class People(NamedTuple):
    """Rows of people; hypotheses refer to them.

    Attributes:
        means: State, shape `(K, 6)`: x, y (m), their velocities (m/s), height and radius (m).
        covariances: Shape `(K, 6, 6)`.
        existence: Probability that the person is there, shape `(K,)`.
        labels: Identity, shape `(K,)`: rows of different hypotheses with one label are one person.
        first_us: Event time of birth, microseconds, shape `(K,)`.
        boxes: Row of the person's box in each camera of the present scan, or `NO_BOX`, shape
            `(K, C)`.
    """

    means: Matrix
    covariances: Matrix
    existence: Vector
    labels: Indices
    first_us: Indices
    boxes: Indices


class Hypotheses(NamedTuple):
    """Sets of people with their weights, the best first.

    Attributes:
        rows: Rows of `People`, shape `(M, N)`; the first `counts[m]` of a row are filled.
        counts: People of each hypothesis, shape `(M,)`.
        weights: Log weight relative to the best, shape `(M,)`.
    """

    rows: Indices
    counts: Indices
    weights: Vector


def nobody(cameras: int) -> tuple[People, Hypotheses]:
    """The belief before the first scan: one hypothesis, an empty floor."""
    people = People(
        np.zeros((0, STATE_SIZE)),
        np.zeros((0, STATE_SIZE, STATE_SIZE)),
        np.zeros(0),
        np.zeros(0, np.int64),
        np.zeros(0, np.int64),
        np.zeros((0, cameras), np.int64),
    )
    return people, Hypotheses(np.zeros((1, 0), np.int64), np.zeros(1, np.int64), np.zeros(1))


def copy_of(people: People, hypotheses: Hypotheses) -> tuple[People, Hypotheses]:
    """The same belief in arrays of its own."""
    return (
        People(
            people.means.copy(),
            people.covariances.copy(),
            people.existence.copy(),
            people.labels.copy(),
            people.first_us.copy(),
            people.boxes.copy(),
        ),
        Hypotheses(hypotheses.rows.copy(), hypotheses.counts.copy(), hypotheses.weights.copy()),
    )


@compiled
def empty_people(count: int, cameras: int) -> People:
    """Rows to be filled."""
    return People(
        np.empty((count, STATE_SIZE)),
        np.empty((count, STATE_SIZE, STATE_SIZE)),
        np.empty(count),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty((count, cameras), np.int64),
    )


@compiled
def copy_person(source: People, at: int, target: People, to: int) -> None:
    """Copy one row."""
    target.means[to] = source.means[at]
    target.covariances[to] = source.covariances[at]
    target.existence[to] = source.existence[at]
    target.labels[to] = source.labels[at]
    target.first_us[to] = source.first_us[at]
    target.boxes[to] = source.boxes[at]


@compiled
def distance_2(people: People, a: int, b: int) -> float:
    """Squared distance of two rows on the floor, m^2."""
    x = people.means[a, X] - people.means[b, X]
    y = people.means[a, Y] - people.means[b, Y]
    return float(x * x + y * y)


@compiled
def forget_and_separate(people: People, hypotheses: Hypotheses, params: FusionSettings) -> None:
    """Take away people who are hardly there, and doubt two people in one place; in place."""
    reach = 1.2 * params.apart_m
    for m in range(len(hypotheses.counts)):
        rows = hypotheses.rows[m]
        kept = 0
        for i in range(hypotheses.counts[m]):
            row = rows[i]
            # Sizes that no person has: the row follows something else.
            odd = people.means[row, 5] < 0.1 or people.means[row, 4] < 0.8
            if people.existence[row] >= params.least_existence and not odd:
                rows[kept] = row
                kept += 1
        hypotheses.counts[m] = kept
        for i in range(kept):
            for j in range(i):
                square = distance_2(people, rows[i], rows[j])
                if square < reach * reach:
                    part = 1.0 - np.sqrt(square) / reach
                    hypotheses.weights[m] -= params.apart_penalty * part


@compiled
def _are_alike(
    people: People, hypotheses: Hypotheses, a: int, b: int, params: FusionSettings
) -> bool:
    """Whether two hypotheses are about the same people in the same places."""
    count = hypotheses.counts[a]
    if count != hypotheses.counts[b]:
        return False
    for i in range(count):
        row = hypotheses.rows[a, i]
        found = False
        for k in range(count):
            # People keep their order, so the match is nearly always at the same place.
            other = hypotheses.rows[b, (i + k) % count]
            if people.labels[row] == people.labels[other]:
                size = people.means[row, 4] - people.means[other, 4]
                found = row == other or (
                    distance_2(people, row, other) < params.alike_m * params.alike_m
                    and abs(size) < _ALIKE_SIZE_M
                )
                break
        if not found:
            return False
    return True


@compiled
def best_distinct(
    people: People, hypotheses: Hypotheses, params: FusionSettings
) -> tuple[People, Hypotheses]:
    """The hypotheses by weight without those that are alike, and the people whom they use."""
    order = np.argsort(-hypotheses.weights, kind="mergesort")
    kept = np.empty(len(order), np.int64)
    count = 0
    for m in order:
        if count and hypotheses.weights[m] < hypotheses.weights[kept[0]] - params.log_gap:
            break
        new = True
        for k in range(count):
            if _are_alike(people, hypotheses, kept[k], m, params):
                new = False
                break
        if new:
            kept[count] = m
            count += 1
    return compact(people, hypotheses, kept[:count])


@compiled
def compact(people: People, hypotheses: Hypotheses, kept: Indices) -> tuple[People, Hypotheses]:
    """Some of the hypotheses, in the given order, and only the people whom they use."""
    new_row = np.full(len(people.existence), -1, np.int64)
    used = most = 0
    for m in kept:
        most = max(most, hypotheses.counts[m])
        for i in range(hypotheses.counts[m]):
            row = hypotheses.rows[m, i]
            if new_row[row] < 0:
                new_row[row] = used
                used += 1
    left = empty_people(used, people.boxes.shape[1])
    for row in range(len(new_row)):
        if new_row[row] >= 0:
            copy_person(people, row, left, new_row[row])
    rows = np.zeros((len(kept), most), np.int64)
    counts = np.empty(len(kept), np.int64)
    weights = np.empty(len(kept))
    for k in range(len(kept)):
        m = kept[k]
        counts[k] = hypotheses.counts[m]
        weights[k] = hypotheses.weights[m] - hypotheses.weights[kept[0]]
        for i in range(counts[k]):
            rows[k, i] = new_row[hypotheses.rows[m, i]]
    return left, Hypotheses(rows, counts, weights)
