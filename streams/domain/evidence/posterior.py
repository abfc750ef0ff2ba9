"""The probability of each role and of each member of staff, person by person, in compiled code.

Badges are carried by people of a floor, by others or by nobody; `matching` finds who carries which.
What a holder's badge says of the carrier, and what clothes say, are added up here in one order.
"""

import math
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence import matching
from streams.domain.evidence.matching import gather, shares_of
from streams.domain.jit import Compiler

Indices: TypeAlias = NDArray[np.int64]
Vector: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float64]
IndexMatrix: TypeAlias = NDArray[np.int64]

MOST_CANDIDATES: Final = 5

LEAST_SHOWN: Final = 0.01
LEAST: Final = 1e-9

_ABSENT: Final = -1.0
"""Stands for the probability of who is no candidate at all."""

_compiler: Final = Compiler("posterior", [Path(__file__), Path(matching.__file__)])


class Carried(NamedTuple):
    """Who may carry the badges of a floor; the badges in order of their ids.

    Attributes:
        ends: The carriers of badge `b` are those up to `ends[b]`, shape `(B,)`.
        people: Number of each carrier among the people, shape `(C,)`; -1 for anybody else.
        shares: Probability of each carrier, shape `(C,)`.
    """

    ends: Indices
    people: Indices
    shares: Vector


class Held(NamedTuple):
    """Whose these badges are.

    Attributes:
        ends: The holders of badge `b` are those up to `ends[b]`, shape `(B,)`.
        staff: Number of each holder among the staff, shape `(H,)`.
        roles: Number of their role, shape `(H,)`; one more than the last for none.
        shares: How likely the carrier of the badge is that holder, shape `(H,)`.
    """

    ends: Indices
    staff: Indices
    roles: Indices
    shares: Vector


class Worn(NamedTuple):
    """What people wear.

    Attributes:
        numbers: What each person wears, shape `(P,)`.
        with_badge: Likelihood of that where somebody carries the badge of one who has a role, shape
            `(W, R + 1)`; the last is that of one without a role.
        of_role: Likelihood of it where somebody has a role, shape `(W, R)`.
        prior: Probability of each role before it, shape `(W, R)`.
        alone: Likelihood of it where nothing else is known, shape `(W,)`.
    """

    numbers: Indices
    with_badge: Matrix
    of_role: Matrix
    prior: Matrix
    alone: Vector


class Posterior(NamedTuple):
    """What is known of each person.

    Attributes:
        role: The likeliest role, shape `(P,)`; the first of those that are equal, -1 for none.
        role_share: Its probability.
        by_badge: What badges add to that.
        staff: The likeliest member of staff, shape `(P,)`; the first of those that are equal, -1
            for nobody.
        staff_share: Their probability.
        candidates: Members of staff whom they may be, the likeliest first, shape `(P, 5)`; -1 for
            no more.
        shown: Probability of each, in steps of 1/1000, rounded down.
    """

    role: Indices
    role_share: Vector
    by_badge: Vector
    staff: Indices
    staff_share: Vector
    candidates: IndexMatrix
    shown: Matrix


@_compiler.entry
def posterior(carried: Carried, held: Held, worn: Worn, staff_count: int) -> Posterior:
    """Find roles and names.

    Args:
        carried: Who may carry the badges.
        held: Whose they are.
        worn: What people wear.
        staff_count: How many holders there are.
    """
    rows, columns, odds, fits = _pairs(carried, held, worn)
    shares = shares_of(rows, columns, odds)
    count, role_count = len(worn.numbers), worn.prior.shape[1]
    found = Posterior(
        np.full(count, -1, np.int64),
        np.zeros(count),
        np.zeros(count),
        np.full(count, -1, np.int64),
        np.zeros(count),
        np.full((count, MOST_CANDIDATES), -1, np.int64),
        np.zeros((count, MOST_CANDIDATES)),
    )
    staff = np.full(staff_count, _ABSENT)
    by_badge = np.zeros(role_count)
    starts, members = gather(columns, count)
    for person in range(count):
        wears = worn.numbers[person]
        pairs = members[starts[person] : starts[person + 1]]
        unmatched = max(0.0, 1.0 - total(shares[pairs]))
        for pair in pairs:
            row, here = rows[pair], 0.0
            for holder in range(held.ends[row - 1] if row > 0 else 0, held.ends[row]):
                role, who = held.roles[holder], held.staff[holder]
                # Of the same person by several badges: shares of exclusive cases, which add up.
                each = (
                    shares[pair] * held.shares[holder] * worn.with_badge[wears, role] / fits[pair]
                )
                staff[who] = each if staff[who] < 0.0 else staff[who] + each
                if role < role_count:
                    by_badge[role] += each
                here += each
            unmatched += max(0.0, shares[pair] - here)
        for role in range(role_count):
            prior, likelihood = worn.prior[wears, role], worn.of_role[wears, role]
            share = by_badge[role] + unmatched * prior * likelihood / worn.alone[wears]
            if found.role[person] < 0 or share > found.role_share[person]:
                found.role[person], found.role_share[person] = role, share
                found.by_badge[person] = by_badge[role]
        if len(pairs) > 0:
            _name(found, person, staff)
            staff[:] = _ABSENT
            by_badge[:] = 0.0
    return found


@_compiler.compiled
def _pairs(carried: Carried, held: Held, worn: Worn) -> tuple[Indices, Indices, Vector, Vector]:
    """The pairs of a badge and a person.

    Returns:
        Badge, person, odds, and the likelihood of what they wear if they carry it.
    """
    rows = np.empty(len(carried.people), np.int64)
    columns = np.empty(len(carried.people), np.int64)
    odds = np.empty(len(carried.people))
    fits = np.empty(len(carried.people))
    known = np.empty(len(worn.alone))
    count = start = first = 0
    for row in range(len(carried.ends)):
        end, last = carried.ends[row], held.ends[row]
        here = carried.people[start:end]
        order = np.argsort(here)
        away = 0
        while away < len(order) and here[order[away]] < 0:
            away += 1
        nobody = max(LEAST, total(carried.shares[start:end][order[:away]]))
        known[:] = -1.0
        for at in order[away:]:
            wears = worn.numbers[here[at]]
            if known[wears] < 0.0:
                known[wears] = _fit(held, first, last, worn, wears)
            rows[count], columns[count] = row, here[at]
            fits[count] = known[wears]
            share = carried.shares[start + at]
            odds[count] = share / nobody * known[wears] / worn.alone[wears]
            count += 1
        start, first = end, last
    return rows[:count], columns[:count], odds[:count], fits[:count]


@_compiler.compiled
def _fit(held: Held, first: int, last: int, worn: Worn, wears: int) -> float:
    """Likelihood of what somebody wears who carries a badge."""
    rest = max(0.0, 1.0 - total(held.shares[first:last]))
    each = np.empty(last - first)
    for holder in range(first, last):
        likelihood = worn.with_badge[wears, held.roles[holder]]
        each[holder - first] = held.shares[holder] * likelihood
    return max(LEAST, total(each) + rest * float(worn.alone[wears]))


@_compiler.compiled
def _name(found: Posterior, person: int, staff: Vector) -> None:
    """The likeliest member of staff, and those who are shown."""
    for who in range(len(staff)):
        if staff[who] >= 0.0 and (
            found.staff[person] < 0 or staff[who] > found.staff_share[person]
        ):
            found.staff[person], found.staff_share[person] = who, staff[who]
    # In a crowd, propagation may give shares whose sum is above 1.
    whole = max(1.0, total(staff[staff >= 0.0]))
    for who in range(len(staff)):
        if staff[who] < LEAST_SHOWN:
            continue
        share = math.floor(staff[who] / whole * 1000.0) / 1000.0
        at = MOST_CANDIDATES
        while at > 0 and (
            found.candidates[person, at - 1] < 0 or found.shown[person, at - 1] < share
        ):
            at -= 1
        for other in range(MOST_CANDIDATES - 1, at, -1):
            found.candidates[person, other] = found.candidates[person, other - 1]
            found.shown[person, other] = found.shown[person, other - 1]
        if at < MOST_CANDIDATES:
            found.candidates[person, at], found.shown[person, at] = who, share


@_compiler.compiled
def total(values: Vector) -> float:
    """The sum, rounded once, as `math.fsum` gives it: in any order, the same."""
    parts = np.empty(len(values) + 1)
    count = 0
    for value in values:
        kept, more = 0, value
        for at in range(count):
            less = parts[at]
            if abs(more) < abs(less):
                more, less = less, more
            summed = more + less
            left = less - (summed - more)
            if left != 0.0:
                parts[kept] = left
                kept += 1
            more = summed
        parts[kept] = more
        count = kept + 1
    if count == 0:
        return 0.0
    count -= 1
    whole, left = parts[count], 0.0
    while count > 0:
        count -= 1
        before = whole
        whole = before + parts[count]
        left = parts[count] - (whole - before)
        if left != 0.0:
            break
    # Half of the last bit is rounded to even only where nothing smaller is left.
    if count > 0 and (
        (left < 0.0 and parts[count - 1] < 0.0) or (left > 0.0 and parts[count - 1] > 0.0)
    ):
        twice = left * 2.0
        more = whole + twice
        if twice == more - whole:
            whole = more
    return float(whole)


@_compiler.entry
def sum_of(values: Vector) -> float:
    """`total`, called from Python."""
    return total(values)
