"""Role and staff reference of each person, with how likely they are, from evidence alone.

The schedule is no evidence and never enters. "Unknown" is a legal answer: a role or a name is given
only when it is likely enough. A badge says who its holder is, and not that the holder carries it,
so no name is surer than badges are with their holders.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from schemas.records.presence import EvidenceKind
from streams.domain.evidence.classes import NO_CLASSES, OTHER, Classes
from streams.domain.evidence.marginals import marginals_of
from streams.domain.evidence.readers import Badge
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import NOT_PEOPLE, BadgeState, EvidenceState, PersonState

MOST_CANDIDATES: Final = 5

_LEAST_SHOWN: Final = 0.01
_LEAST: Final = 1e-9


class Candidate(NamedTuple):
    """A member of staff whom a person may be.

    Attributes:
        staff_id: The member of staff.
        probability: 0 to 1, in steps of 1/1000 and rounded down, so that those of all candidates
            add up to 1 at most.
    """

    staff_id: str
    probability: float


class ReadNear(NamedTuple):
    """A read that speaks for who somebody is.

    Attributes:
        at_us: Event time, microseconds.
        reader_id: The reader.
        badge_id: Pseudonym of the badge.
        likelihood: How likely the reader would have read this person, 0 to 1, in steps of 1/1000.
    """

    at_us: int
    reader_id: str
    badge_id: str
    likelihood: float


class Identity(NamedTuple):
    """Who a person is, as far as evidence goes.

    Attributes:
        person_id: The person.
        role: Their role; empty when unknown.
        role_confidence: Probability of the role, or of the likeliest one when it is unknown.
        staff_id: The member of staff; None when unknown.
        confidence: Probability of that member of staff, or of the likeliest one.
        candidates: Members of staff whom they may be, the likeliest first.
        evidence: The last reads that speak for one of these, oldest first.
        wears: Whether what they wear says anything about the role.
        kinds: Kinds of evidence that the role rests on, sorted; none when it is unknown.
    """

    person_id: str
    role: str
    role_confidence: float
    staff_id: str | None
    confidence: float
    candidates: tuple[Candidate, ...]
    evidence: tuple[ReadNear, ...]
    wears: bool
    kinds: tuple[EvidenceKind, ...] = ()


def identities(
    state: EvidenceState,
    people: Sequence[str],
    badges: Mapping[str, Badge],
    settings: EvidenceSettings,
    classes: Classes = NO_CLASSES,
) -> list[Identity]:
    """Say of each person who they are, in order of their ids.

    Args:
        state: The floor's evidence.
        people: People who are on the floor now.
        badges: Badges in force, by pseudonym; of others nobody knows whose they are.
        settings: Rates.
        classes: What the classes say that a detector gives to people.
    """
    roles = sorted(
        {*settings.roles}
        | {holder.role for badge in badges.values() for holder in badge.holders if holder.role}
        | {role for role in classes.roles if role != OTHER}
    )
    plain = _Wears({}, {}, prior := _prior(settings.roles, roles), 1.0)
    likely = prior if settings.roles else _prior(classes.prior, roles)
    wears: dict[str, _Wears] = {}
    for name in sorted({*people}):
        person = state.people.get(name)
        found = None
        if person is not None and person.worn:
            found = classes.likelihoods(person.worn)
        wears[name] = plain if found is None else _worn(found, likely, classes)
    number_of = {name: number for number, name in enumerate(wears)}
    worn_by = list(wears.values())
    pairs: list[_Pair] = []
    rows: list[int] = []
    columns: list[int] = []
    odds: list[float] = []
    for row, badge_id in enumerate(sorted(state.badges)):
        badge = state.badges[badge_id]
        carriers = badge.carriers
        held = _holders(badges.get(badge_id, Badge(badge_id)), badge, state.at_us, settings)
        nobody = math.fsum([share for name, share in carriers.items() if name not in number_of])
        nobody = max(_LEAST, nobody)
        fits_plainly = _fits(held, plain)
        for name in sorted(carriers):
            number = number_of.get(name)
            if number is not None and name not in NOT_PEOPLE:
                worn = worn_by[number]
                fit = fits_plainly if worn is plain else _fits(held, worn)
                pairs.append(_Pair(badge_id, held, fit))
                rows.append(row)
                columns.append(number)
                odds.append(carriers[name] / nobody * fit / worn.alone)
    carried: list[list[tuple[_Pair, float]]] = [[] for _ in wears]
    for pair, number, share in zip(pairs, columns, marginals_of(rows, columns, odds), strict=True):
        carried[number].append((pair, share))
    return [
        _identity(name, shares, worn, state.people.get(name), settings, classes)
        for (name, worn), shares in zip(wears.items(), carried, strict=True)
    ]


class _Holder(NamedTuple):
    """Somebody who may carry a badge, and with which probability they do if anybody here does."""

    staff_id: str
    role: str
    share: float


class _Pair(NamedTuple):
    """A badge and somebody who may carry it, with the likelihood of what they wear if they do."""

    badge_id: str
    holders: Sequence[_Holder]
    fit: float


def _holders(
    badge: Badge, state: BadgeState, at_us: int, settings: EvidenceSettings
) -> list[_Holder]:
    holds = 1.0 - settings.lent
    if state.doubted_us is not None and at_us - state.doubted_us <= settings.doubt_us:
        holds = min(holds, settings.doubted_holder)
    if not badge.holders:
        return []
    share = holds / len(badge.holders)
    return [_Holder(one.staff_id, one.role, share) for one in sorted(badge.holders)]


class _Wears(NamedTuple):
    """What somebody wears.

    Attributes:
        by_role: Likelihood of it by role, at most 1; a role that is missing is as any `OTHER`.
        with_badge: The same, as far as it weighs against a badge.
        prior: Probability of each role before it.
        alone: Likelihood of it where nothing else is known.
    """

    by_role: Mapping[str, float]
    with_badge: Mapping[str, float]
    prior: Mapping[str, float]
    alone: float

    def of(self, role: str) -> float:
        """Likelihood of it where somebody has a role."""
        return self.by_role.get(role, self.by_role.get(OTHER, 1.0))

    def of_holder(self, role: str) -> float:
        """Likelihood of it where somebody carries the badge of one who has a role."""
        return self.with_badge.get(role, self.with_badge.get(OTHER, 1.0))


def _worn(found: Mapping[str, float], prior: Mapping[str, float], classes: Classes) -> _Wears:
    """What somebody wears, of classes that say something."""
    least = 1.0 / classes.against_badge
    rest = max(0.0, 1.0 - math.fsum(prior.values()))
    other = found[OTHER]
    likely = math.fsum(share * found.get(role, other) for role, share in prior.items())
    return _Wears(
        found,
        {role: max(least, likelihood) for role, likelihood in found.items()},
        prior,
        max(_LEAST, rest * other + likely),
    )


def _prior(given: Mapping[str, float], roles: Sequence[str]) -> dict[str, float]:
    """Probability of each role of somebody unknown; what lacks to 1 is of no role that is known."""
    total = math.fsum(given.get(role, 0.0) for role in roles)
    return {role: given.get(role, 0.0) / max(1.0, total) for role in roles}


def _fits(holders: Sequence[_Holder], worn: _Wears) -> float:
    """Likelihood of what somebody wears who carries a badge.

    Args:
        holders: Who may carry it.
        worn: What they wear.
    """
    rest = max(0.0, 1.0 - math.fsum([one.share for one in holders]))
    held = math.fsum([one.share * worn.of_holder(one.role) for one in holders])
    return max(_LEAST, held + rest * worn.alone)


def _identity(
    name: str,
    carried: Sequence[tuple[_Pair, float]],
    wears: _Wears,
    person: PersonState | None,
    settings: EvidenceSettings,
    classes: Classes,
) -> Identity:
    staff: dict[str, float] = {}
    # Of the same person by several badges: shares of exclusive cases, which add up.
    prior = wears.prior
    by_role = dict.fromkeys(prior, 0.0)
    by_badge = dict.fromkeys(prior, 0.0)
    unmatched = max(0.0, 1.0 - math.fsum([share for _, share in carried]))
    for (_, holders, fit), share in carried:
        held = 0.0
        for staff_id, role, holds in holders:
            each = share * holds * wears.of_holder(role) / fit
            staff[staff_id] = staff.get(staff_id, 0.0) + each
            if role:
                by_badge[role] += each
            held += each
        unmatched += max(0.0, share - held)
    for role in prior:
        by_role[role] = by_badge[role] + unmatched * prior[role] * wears.of(role) / wears.alone
    role, role_confidence = _likeliest(by_role)
    if role_confidence < settings.named_at:
        role = ""
    likeliest, confidence = _likeliest(staff)
    kinds: set[EvidenceKind] = set()
    if role and by_badge[role] >= _LEAST_SHOWN:
        kinds.add("BADGE")
    if role and person is not None:
        kinds |= classes.kinds(person.worn, role)
    # In a crowd, propagation may give shares whose sum is above 1.
    whole = max(1.0, math.fsum(staff.values()))
    candidates = sorted(
        (-math.floor(share / whole * 1000.0) / 1000.0, one)
        for one, share in staff.items()
        if share >= _LEAST_SHOWN
    )
    of_candidates = {
        pair.badge_id
        for pair, share in carried
        if share >= _LEAST_SHOWN  # a badge that somebody else carries speaks for nobody here
    }
    return Identity(
        person_id=name,
        role=role,
        role_confidence=round(min(1.0, role_confidence), 3),
        staff_id=likeliest if likeliest and confidence >= settings.named_at else None,
        confidence=round(min(1.0, confidence), 3),
        candidates=tuple(Candidate(one, -share) for share, one in candidates[:MOST_CANDIDATES]),
        evidence=tuple(
            ReadNear(*read)
            for read in ([] if person is None else person.reads)
            if read[2] in of_candidates
        ),
        wears=bool(wears.by_role),
        kinds=tuple(sorted(kinds)),
    )


def _likeliest(shares: Mapping[str, float]) -> tuple[str, float]:
    """The likeliest, the first by name of those that are equal; nobody where there is none."""
    if not shares:
        return "", 0.0
    most = max(shares.values())
    return min([one for one, share in shares.items() if share == most]), most
