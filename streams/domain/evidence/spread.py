"""The few people who are likely to carry a badge, and how much is left for all others.

Most carriers of a badge are unlikely, and most questions are answered without a look at them. What
is found of a badge holds as long as its carriers are the same object, so nothing changes carriers
in place once they are a badge's.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from streams.domain.evidence.state import LYING, NOT_PEOPLE, UNSEEN, BadgeState

_LIKELY: Final = 0.01


class Spread(NamedTuple):
    """How the probability of a badge is spread over its carriers.

    Attributes:
        first: The likeliest carrier; the first of those that are equal.
        most: How likely that is, 0 to 1.
        likely: People who are likely, each with the probability.
        names: Their ids.
        each: Probability below which that of every other person is.
        others: Probability of all other people together, at least.
        lying: Probability that the badge lies near a reader.
        unseen: Probability that somebody unseen carries it.
    """

    first: str
    most: float
    likely: list[tuple[str, float]]
    names: list[str]
    each: float
    others: float
    lying: float
    unseen: float


class Kept:
    """What was found of a badge, as long as its carriers are the same object.

    Attributes:
        carriers: The carriers.
        spread: How the badge is spread over them.
        found: Zones in which the badge is or may be, each with a carrier.
        depends_on: People on whose zones that depends.
        at_us: Event time at which it was found or held still, microseconds; before it, no time.
        until_us: Event time until which it holds if nobody moves, microseconds.
    """

    __slots__ = ("at_us", "carriers", "depends_on", "found", "spread", "until_us")

    def __init__(self, carriers: dict[str, float]) -> None:
        self.carriers = carriers
        self.spread = _spread(carriers)
        self.found: Sequence[tuple[str, str]] = ()
        self.depends_on: Iterable[str] = ()
        self.at_us = -1
        self.until_us = -1


def kept_of(badge: BadgeState) -> Kept:
    """What was found of a badge so far."""
    kept: Kept | None = badge.kept
    if kept is None or kept.carriers is not badge.carriers:
        kept = Kept(badge.carriers)
        badge.keep(kept)
    return kept


def _spread(carriers: dict[str, float]) -> Spread:
    first = max(carriers, key=carriers.__getitem__)
    likely = [one for one in carriers.items() if one[1] >= _LIKELY and one[0] not in NOT_PEOPLE]
    names = [name for name, _ in likely]
    lying, unseen = carriers.get(LYING, 0.0), carriers.get(UNSEEN, 0.0)
    others = sum(carriers.values()) - lying - unseen - sum([share for _, share in likely])
    return Spread(first, carriers[first], likely, names, _LIKELY, max(0.0, others), lying, unseen)
