"""Who carries which badge, when a person is the carrier of one badge at most.

Each badge has a distribution over people of its own. Together they are an assignment of badges to
people, weighted by the product of what each says; the probability of a pair is the sum over all
assignments with it. That sum is exact where badges and people form no circle, and is otherwise
found by belief propagation, which converges for this problem (Williams and Lau, 2014).
"""

from collections.abc import Mapping
from typing import Final

Odds = Mapping[str, Mapping[str, float]]
"""By badge and person: how many times as likely the person is as that nobody here carries it."""

_ROUNDS: Final = 50
_SETTLED: Final = 1e-6


def marginals(odds: Odds) -> dict[str, dict[str, float]]:
    """The probability of each pair of a badge and a person.

    Args:
        odds: 0 or more, finite.

    Returns:
        By badge and person; what lacks to 1 for a badge is that nobody here carries it.
    """
    badges = sorted(odds)
    to_person: dict[str, dict[str, float]] = {}
    from_person = {badge: dict.fromkeys(sorted(odds[badge]), 1.0) for badge in badges}
    of_person: dict[str, list[str]] = {}
    for badge in badges:
        for person in from_person[badge]:
            of_person.setdefault(person, []).append(badge)
    for _ in range(_ROUNDS):
        for badge in badges:
            back = from_person[badge]
            weights = {person: odds[badge][person] * back[person] for person in back}
            total = 1.0 + sum(weights.values())
            to_person[badge] = {
                person: odds[badge][person] / max(total - weight, 1e-300)
                for person, weight in weights.items()
            }
        changed = 0.0
        for person in sorted(of_person):
            known = of_person[person]
            for badge in known:
                others = sum(to_person[other][person] for other in known if other != badge)
                answer = 1.0 / (1.0 + others)
                changed = max(changed, abs(answer - from_person[badge][person]))
                from_person[badge][person] = answer
        if changed < _SETTLED:
            break
    found = {}
    for badge in badges:
        back = from_person[badge]
        weights = {person: odds[badge][person] * back[person] for person in back}
        total = 1.0 + sum(weights.values())
        found[badge] = {person: weight / total for person, weight in weights.items()}
    return found
