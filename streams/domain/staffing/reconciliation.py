"""How many people are in a zone, from three counts that can each be wrong.

People who are seen now, entries less exits, and badges read there are counted independently. Each
is an interval by itself. Where all have a number in common, those are the numbers that are
possible; where they have not, somebody is wrong, and by how much is said instead of averaged away.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

MANY: Final = 2**31 - 1
"""Stands for an upper end that is not known."""

_MANY_CROSSINGS: Final = 2_000
"""From so many on, how many were missed is taken as normal."""


class Count(NamedTuple):
    """What one source says.

    Attributes:
        source: Its name.
        low: Least number of people that it allows, 0 or more.
        high: Most; `MANY` where it says nothing about that.
        likely: The one of them that it takes to be likeliest; None where it prefers none.
    """

    source: str
    low: int
    high: int
    likely: int | None = None


class Reconciled(NamedTuple):
    """What the sources say together.

    Attributes:
        low: Least number of people.
        high: Most; `MANY` where no source says.
        disagreement: People between the two sources that are farthest apart; 0 where all agree.
        agree: Sources that allow some number from `low` to `high` which as many as possible allow.
        apart: The other sources, which are to be trusted less.
    """

    low: int
    high: int
    disagreement: int
    agree: tuple[str, ...]
    apart: tuple[str, ...]


def by_head(seen: int, *, hidden: int = 0, is_whole: bool = True) -> Count:
    """People who are seen.

    Args:
        seen: People in the zone now.
        hidden: Of them, those who are not seen this moment and may have left.
        is_whole: Whether every camera of the zone reports; without one there may be more.
    """
    return Count("head", max(0, seen - hidden), seen if is_whole else MANY)


def by_flow(
    at_start: int,
    entries: int,
    exits: int,
    *,
    appeared: int = 0,
    lost: int = 0,
    missed: float = 0.02,
    sure: float = 0.99,
) -> Count:
    """Entries less exits since a time when the number was known.

    Everybody who appeared inside may have entered unseen, and everybody who was lost inside may
    have left unseen. Besides, each crossing is missed with probability `missed`, by itself, and
    nobody appears or is lost by it.

    Args:
        at_start: People at that time.
        entries: Entries since then.
        exits: Exits since then.
        appeared: People who were first seen inside since then.
        lost: People who were seen inside last, and not since.
        missed: How many crossings are missed, 0 to below 1.
        sure: How often the number is within the interval, at least.
    """
    people = at_start + entries - exits
    low = people - lost - most_missed(exits, missed, sure)
    high = people + appeared + most_missed(entries, missed, sure)
    return Count("flow", max(0, low), max(0, high), likely=max(0, people))


@lru_cache(maxsize=4096)
def most_missed(seen: int, missed: float, sure: float) -> int:
    """Most crossings that were missed beside those that were seen, at the given sureness.

    How many are missed until so many were seen has a negative binomial distribution. With many it
    is taken as a normal one, of three standard deviations.

    Args:
        seen: Crossings that were seen.
        missed: How many are missed, 0 to below 1.
        sure: How often no more are missed, where half of the rest is on the other side.
    """
    if seen > _MANY_CROSSINGS:
        return math.ceil((seen * missed + 3.0 * math.sqrt(seen * missed)) / (1.0 - missed))
    share = 1.0
    for _ in range(seen):
        share *= 1.0 - missed
    total, number = share, 0
    while total < 1.0 - (1.0 - sure) / 2.0:
        share *= missed * (seen + number) / (number + 1)
        number += 1
        total += share
    return number


def by_crossings(
    at_start: int, entries: int, exits: int, *, missed: float = 0.02, sure: float = 3.0
) -> Count:
    """Entries less exits, as releases found them that did not follow who appears or is lost.

    Each crossing is missed with probability `missed`, by itself, so the error grows with the root
    of their number. Entries and exits that are missed do not weigh alike when they are not as many,
    which the middle takes into account.

    Args:
        at_start: People at that time.
        entries: Entries since then.
        exits: Exits since then.
        missed: How many crossings are missed, 0 to below 1.
        sure: Width on either side, standard deviations.
    """
    found = 1.0 - missed
    middle = at_start + (entries - exits) / found
    half = sure * math.sqrt((entries + exits) * missed) / found
    return Count(
        "flow", max(0, math.ceil(middle - half - 1e-9)), max(0, math.floor(middle + half + 1e-9))
    )


def by_badges(badges: int, *, doubted: int = 0) -> Count:
    """Badges whose carriers are in the zone; everybody without a badge is not counted.

    Args:
        badges: Badges.
        doubted: Of them, those that may lie there, or that one person carries beside another one.
    """
    return Count("badges", max(0, badges - doubted), MANY)


def reconcile(counts: Sequence[Count]) -> Reconciled:
    """Find the numbers that as many sources as possible allow.

    If so many sources are right as can be right together, the true number is within the result.
    Where several ranges are allowed by equally many, the result spans them all. If several sources
    allow a number that one of them takes to be the likeliest, the sources that do not are apart;
    otherwise nothing says which sources are wrong.

    Args:
        counts: One or more, in any order; no source twice.

    Raises:
        ValueError: No count, or one whose least is above its most.
    """
    if not counts:
        raise ValueError("no count to reconcile")
    for count in counts:
        if not 0 <= count.low <= count.high:
            raise ValueError(f"{count.source}: {count.low} to {count.high} is no range")
    spans = [(count.low, count.high) for count in counts]
    ends = sorted({end for span in spans for end in span})
    allowed = [len([1 for low, high in spans if low <= end <= high]) for end in ends]
    most = max(allowed)
    best = [end for end, number in zip(ends, allowed, strict=True) if number == most]
    likely = {one.likely for one in counts if one.likely is not None}
    chosen = [
        number
        for number in sorted(likely)
        if 1 < len([1 for low, high in spans if low <= number <= high]) == most
    ]
    agree = sorted(
        [
            one.source
            for one in counts
            if [1 for end in chosen or best if one.low <= end <= one.high]
        ]
    )
    return Reconciled(
        low=best[0],
        high=best[-1],
        disagreement=max(0, max(spans)[0] - min([high for _, high in spans])),
        agree=tuple(agree),
        apart=tuple(sorted([one.source for one in counts if one.source not in agree])),
    )
