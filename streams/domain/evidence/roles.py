"""Which classes a detector gives to people: what they wear, or what it takes them for."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import EvidenceState, PersonState

MOST_LOOKS: Final = 6.0
"""So many looks weigh at most, so that what somebody wears now soon outweighs what they wore."""


class Worn(NamedTuple):
    """A class that was seen on a person.

    Attributes:
        person_id: The person.
        shown: The class.
    """

    person_id: str
    shown: str


def note_looks(state: EvidenceState, worn: Sequence[Worn], at_us: int) -> None:
    """Note which classes were seen on people, in any order, until they are weighed.

    Args:
        state: The floor's evidence, changed in place.
        worn: Classes of one tick; of people who are reported.
        at_us: Event time of its end, microseconds.
    """
    for one in sorted(worn):
        person = state.people.setdefault(one.person_id, PersonState(at_us))
        person.looks[one.shown] = person.looks.get(one.shown, 0) + 1


def take_looks(state: EvidenceState, settings: EvidenceSettings) -> None:
    """Weigh the looks that were noted, at the state's event time.

    Frames that follow each other show the same clothes in the same light, and so do cameras that
    look at one moment: all together, they count by the time since the last, as one look for each
    `independent_us`.

    Args:
        state: The floor's evidence, changed in place.
        settings: Limits.
    """
    for person in [one for one in state.people.values() if one.looks]:
        since_us = settings.independent_us
        if person.worn_us is not None:
            since_us = min(since_us, state.at_us - person.worn_us)
        person.worn_us = state.at_us
        each = since_us / settings.independent_us / sum(person.looks.values())
        for shown, count in sorted(person.looks.items()):
            person.worn[shown] = person.worn.get(shown, 0.0) + each * count
        person.looks = {}
        keep_looks(person, MOST_LOOKS)


def keep_looks(person: PersonState, most: float) -> None:
    """Let what somebody wears weigh so many looks at most."""
    looks = math.fsum(person.worn.values())
    if looks > most:
        person.worn = {shown: most / looks * n for shown, n in sorted(person.worn.items())}


def fade(person: PersonState, passed_us: int, settings: EvidenceSettings) -> None:
    """Let time pass for what somebody wears."""
    if person.worn:
        kept = math.exp(-passed_us / settings.role_forget_us)
        person.worn = {shown: kept * looks for shown, looks in person.worn.items()}
        if math.fsum(person.worn.values()) < _LEAST_LOOKS:
            person.worn = {}


_LEAST_LOOKS: Final = 0.01
