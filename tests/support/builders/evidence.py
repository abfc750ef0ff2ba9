"""What a floor's evidence is given at a tick, written person by person."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from streams.domain.evidence.people import People
from streams.domain.evidence.step import Moment


class Seen(NamedTuple):
    """A person at a tick.

    Attributes:
        person_id: Id of the person.
        x_m: Position, metres of the floor; NaN where it is not known.
        y_m: Position, metres of the floor; NaN where it is not known.
        position_sd_m: Standard deviation of the position in either direction, m.
        zone_ids: Zones in which they are.
    """

    person_id: str
    x_m: float
    y_m: float
    position_sd_m: float = 0.2
    zone_ids: Sequence[str] = ()


def people_of(seen: Iterable[Seen]) -> People:
    """People in any order, as evidence has them."""
    ordered = sorted(seen, key=lambda one: one.person_id)
    return People(*map(list, zip(*ordered, strict=True))) if ordered else People([], [], [], [], [])


def moment(at_us: int, seen: Iterable[Seen], *others: Any, **named: Any) -> Moment:
    """What is known at the end of a tick; the rest is as in `Moment`."""
    return Moment(at_us, people_of(seen), *others, **named)
