"""Who carries which badge, when a person is the carrier of one badge at most.

Each badge has a distribution over people of its own. Together they are an assignment of badges to
people, weighted by the product of what each says; the probability of a pair is the sum over all
assignments with it, which `matching` finds.
"""

from collections.abc import Mapping

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
    badges = sorted(odds)
    names = [sorted(odds[badge]) for badge in badges]
    number_of = {name: number for number, name in enumerate(sorted({n for s in names for n in s}))}
    shares = shares_of(
        np.array([row for row, found in enumerate(names) for _ in found], np.int64),
        np.array([number_of[name] for found in names for name in found], np.int64),
        np.array(
            [
                odds[badge][name]
                for badge, found in zip(badges, names, strict=True)
                for name in found
            ]
        ),
    ).tolist()
    given = iter(shares)
    return {
        badge: {name: next(given) for name in found}
        for badge, found in zip(badges, names, strict=True)
    }


def warm_up() -> None:
    """Compile what finds them, or load it from its cache."""
    marginals({"": {"": 1.0}})
