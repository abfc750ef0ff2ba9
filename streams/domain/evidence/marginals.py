"""Who carries which badge, when a person is the carrier of one badge at most.

Each badge has a distribution over people of its own. Together they are an assignment of badges to
people, weighted by the product of what each says; the probability of a pair is the sum over all
assignments with it, which `matching` finds.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from streams.domain.evidence.matching import shares_of

Odds = Mapping[str, Mapping[str, float]]
"""By badge and person: how many times as likely the person is as that nobody here carries it."""


def marginals(odds: Odds) -> dict[str, dict[str, float]]:
    """The probability of each pair of a badge and a person.

    Args:
        odds: 0 or more, at most 1e15.

    Returns:
        By badge and person, in their order; what lacks to 1 for a badge is that nobody here
        carries it.
    """
    number_of = {
        name: number
        for number, name in enumerate(sorted({n for one in odds.values() for n in one}))
    }
    pairs = [(badge, name) for badge in sorted(odds) for name in sorted(odds[badge])]
    found: dict[str, dict[str, float]] = {badge: {} for badge in sorted(odds)}
    badge_numbers = {badge: number for number, badge in enumerate(found)}
    shares = marginals_of(
        [badge_numbers[badge] for badge, _ in pairs],
        [number_of[name] for _, name in pairs],
        [odds[badge][name] for badge, name in pairs],
    )
    for (badge, name), share in zip(pairs, shares, strict=True):
        found[badge][name] = share
    return found


def marginals_of(
    badges: Sequence[int], people: Sequence[int], odds: Sequence[float]
) -> list[float]:
    """The same, pair by pair.

    Args:
        badges: Badge of each pair: 0 or more, rising.
        people: Person of each pair: 0 or more, rising within a badge.
        odds: Odds of each pair.
    """
    shares: list[float] = shares_of(
        np.array(badges, np.int64), np.array(people, np.int64), np.array(odds, np.float64)
    ).tolist()
    return shares
