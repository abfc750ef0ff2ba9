"""What somebody wears says which role they have: a detector's class, or a uniform's colour."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import EvidenceState, PersonState

Confusion = Mapping[str, Mapping[str, float]]
"""By true role, the probability of each class that a model or a colour may show."""


class Worn(NamedTuple):
    """A class that was seen on a person.

    Attributes:
        person_id: The person.
        shown: The class.
    """

    person_id: str
    shown: str


_LEAST = 1e-3


def take_worn(
    state: EvidenceState, worn: Sequence[Worn], confusion: Confusion, settings: EvidenceSettings
) -> None:
    """Take in what people wear at the state's event time, in any order.

    Frames that follow each other show the same clothes in the same light: they count by the time
    between them, as one look for each `independent_us`.

    Args:
        state: The floor's evidence, changed in place.
        worn: Classes of this tick; of people who are reported.
        confusion: How often each role shows each class.
        settings: Limits.
    """
    shown: dict[str, list[str]] = {}
    for one in worn:
        shown.setdefault(one.person_id, []).append(one.shown)
    roles = sorted(confusion)
    for person_id in sorted(shown):
        person = state.people.get(person_id)
        if person is None:
            continue
        since_us = (
            settings.independent_us
            if person.worn_us is None
            else min(settings.independent_us, state.at_us - person.worn_us)
        )
        person.worn_us = state.at_us
        classes = sorted(shown[person_id])
        weight = since_us / settings.independent_us / len(classes)
        found = {
            role: person.roles.get(role, 0.0)
            + weight
            * math.fsum(math.log(max(_LEAST, confusion[role].get(one, 0.0))) for one in classes)
            for role in roles
        }
        person.roles = _limited(found, settings.role_limit)


def fade(person: PersonState, passed_us: int, settings: EvidenceSettings) -> None:
    """Let time pass for what somebody wears."""
    if person.roles:
        kept = math.exp(-passed_us / settings.role_forget_us)
        person.roles = {role: kept * weight for role, weight in person.roles.items()}


def likelihoods(person: PersonState | None, roles: Sequence[str]) -> dict[str, float]:
    """Likelihood of what somebody wears, by role; 1 where nothing is known."""
    known = {} if person is None else person.roles
    return {role: math.exp(known.get(role, 0.0)) for role in roles}


def _limited(found: Mapping[str, float], limit: float) -> dict[str, float]:
    """Weights whose largest is 0 and whose smallest is at least `-limit`."""
    most = max(found.values(), default=0.0)
    return {role: max(-limit, found[role] - most) for role in sorted(found)}
