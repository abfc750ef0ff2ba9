"""Role and staff reference of each person, with how likely they are, from evidence alone.

The schedule is no evidence and never enters. "Unknown" is a legal answer: a role or a name is given
only when it is likely enough. A badge says who its holder is, and not that the holder carries it,
so no name is surer than badges are with their holders.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np

from schemas.records.presence import EvidenceKind
from streams.domain.evidence.classes import NO_CLASSES, OTHER, Classes
from streams.domain.evidence.lending import lent
from streams.domain.evidence.posterior import LEAST, LEAST_SHOWN, Carried, Held, Worn, posterior
from streams.domain.evidence.readers import Badge, Holder
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import EvidenceState


class Candidate(NamedTuple):
    """A member of staff whom a person may be.

    Attributes:
        staff_id: The member of staff.
        probability: 0 to 1, in steps of 1/1000 and rounded down, so that those of all candidates
            add up to 1 at most.
    """

    staff_id: str
    probability: float


class Identity(NamedTuple):
    """Who a person is, as far as evidence goes.

    Attributes:
        person_id: The person.
        role: Their role; empty when unknown.
        role_confidence: Probability of the role, or of the likeliest one when it is unknown.
        staff_id: The member of staff; None when unknown.
        confidence: Probability of that member of staff, or of the likeliest one.
        candidates: Members of staff whom they may be, the likeliest first.
        wears: Whether what they wear says anything about the role.
        kinds: Kinds of evidence that the role rests on, sorted; none when it is unknown.
    """

    person_id: str
    role: str
    role_confidence: float
    staff_id: str | None
    confidence: float
    candidates: tuple[Candidate, ...]
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
    names = sorted({*people})
    badge_ids = sorted(state.badges)
    holders = [
        sorted(badges[badge_id].holders) if badge_id in badges else [] for badge_id in badge_ids
    ]
    roles = sorted(
        {*settings.roles}
        | {holder.role for badge in badges.values() for holder in badge.holders if holder.role}
        | {role for role in classes.roles if role != OTHER}
    )
    staff_ids = sorted({one.staff_id for each in holders for one in each})
    wears, numbers = _what_people_wear(state, names, roles, settings, classes)
    found = posterior(
        _carried(state, badge_ids, names),
        _held(state, badge_ids, holders, staff_ids, roles, settings),
        _table_of(wears, numbers, roles),
        len(staff_ids),
    )
    identified: list[Identity] = []
    for name, number, role_at, sure, by_badge, staff_at, likely, who, shown in zip(
        names, numbers, *(column.tolist() for column in found), strict=True
    ):
        role = roles[role_at] if sure >= settings.named_at else ""
        kinds: tuple[EvidenceKind, ...] = ()
        if role:
            kinds = ("BADGE",) if by_badge >= LEAST_SHOWN else ()
            if classes.shown and name in state.people:
                kinds = tuple(sorted({*kinds, *classes.kinds(state.people[name].worn, role)}))
        candidates: tuple[Candidate, ...] = ()
        if who[0] >= 0:
            some = [staff_ids[one] for one in who if one >= 0]
            candidates = tuple(map(Candidate, some, shown))
        identified.append(
            Identity(
                name,
                role,
                min(1.0, sure),
                (staff_ids[staff_at] or None) if likely >= settings.named_at else None,
                min(1.0, likely),
                candidates,
                bool(wears[number].by_role),
                kinds,
            )
        )
    return identified


def _carried(state: EvidenceState, badge_ids: Sequence[str], names: Sequence[str]) -> Carried:
    """Who may carry the badges of a floor."""
    carriers = [state.badges[badge_id].carriers for badge_id in badge_ids]
    number_of = {name: number for number, name in enumerate(names)}
    people = [number_of.get(name, -1) for each in carriers for name in each]
    return Carried(
        np.array([*accumulate(map(len, carriers))], np.int64),
        np.array(people, np.int64),
        np.array([*chain.from_iterable(each.values() for each in carriers)], np.float64),
    )


def _held(
    state: EvidenceState,
    badge_ids: Sequence[str],
    holders: Sequence[Sequence[Holder]],
    staff_ids: Sequence[str],
    roles: Sequence[str],
    settings: EvidenceSettings,
) -> Held:
    """Whose the badges of a floor are."""
    staff_at = {staff_id: number for number, staff_id in enumerate(staff_ids)}
    role_at = {role: number for number, role in enumerate((*roles, ""))}
    shares: list[float] = []
    with_holder = 1.0 - lent(state, settings)
    for badge_id, each in zip(badge_ids, holders, strict=True):
        doubted_us, holds = state.badges[badge_id].doubted_us, with_holder
        if doubted_us is not None and state.at_us - doubted_us <= settings.doubt_us:
            holds = min(holds, settings.doubted_holder)
        shares += [holds / len(each)] * len(each) if each else ()
    return Held(
        np.array([*accumulate(map(len, holders))], np.int64),
        np.array([staff_at[one.staff_id] for each in holders for one in each], np.int64),
        np.array([role_at[one.role] for each in holders for one in each], np.int64),
        np.array(shares, np.float64),
    )


def _what_people_wear(
    state: EvidenceState,
    names: Sequence[str],
    roles: Sequence[str],
    settings: EvidenceSettings,
    classes: Classes,
) -> tuple[list["_Wears"], list[int]]:
    """What there is to wear, the first what says nothing; and which of it each person wears."""
    prior = _prior(settings.roles, roles)
    wears = [_Wears({}, {}, prior, 1.0)]
    if not classes.shown:
        return wears, [0] * len(names)
    likely = prior if settings.roles else _prior(classes.prior, roles)
    numbers = []
    for name in names:
        person = state.people.get(name)
        found = None
        if person is not None and person.worn:
            found = classes.likelihoods(person.worn)
        numbers.append(0 if found is None else len(wears))
        if found is not None:
            wears.append(_worn(found, likely, classes))
    return wears, numbers


def _table_of(wears: Sequence["_Wears"], numbers: Sequence[int], roles: Sequence[str]) -> Worn:
    """What people wear, as arrays."""
    return Worn(
        np.array(numbers, np.int64),
        np.array([[one.of_holder(role) for role in (*roles, "")] for one in wears], np.float64),
        np.array([[one.of(role) for role in roles] for one in wears], np.float64),
        np.array([[one.prior[role] for role in roles] for one in wears], np.float64),
        np.array([one.alone for one in wears], np.float64),
    )


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
        max(LEAST, rest * other + likely),
    )


def _prior(given: Mapping[str, float], roles: Sequence[str]) -> dict[str, float]:
    """Probability of each role of somebody unknown; what lacks to 1 is of no role that is known."""
    total = math.fsum(given.get(role, 0.0) for role in roles)
    return {role: given.get(role, 0.0) / max(1.0, total) for role in roles}


def warm_up() -> None:
    """Compile what finds them, or load it from its cache."""
    identities(EvidenceState(), [], {}, EvidenceSettings())
