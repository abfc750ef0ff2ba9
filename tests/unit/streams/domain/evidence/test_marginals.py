"""The probability of a pair against the sum over all assignments."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.evidence.marginals import marginals


def summed(odds: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """By adding up every assignment in which nobody carries two badges."""
    badges = sorted(odds)
    total, found = 0.0, {badge: dict.fromkeys(odds[badge], 0.0) for badge in badges}
    for chosen in product(*([None, *sorted(odds[badge])] for badge in badges)):
        people = [one for one in chosen if one is not None]
        if len(set(people)) < len(people):
            continue
        weight = 1.0
        for badge, person in zip(badges, chosen, strict=True):
            weight *= 1.0 if person is None else odds[badge][person]
        total += weight
        for badge, person in zip(badges, chosen, strict=True):
            if person is not None:
                found[badge][person] += weight
    return {b: {p: w / total for p, w in one.items()} for b, one in found.items()}


def odds_of(badges: int, people: int) -> Any:
    return st.fixed_dictionaries(
        {
            f"b{badge}": st.fixed_dictionaries(
                {f"p{person}": st.floats(0.001, 100.0) for person in range(people)}
            )
            for badge in range(badges)
        }
    )


@given(odds_of(1, 4))
def test_one_badge_is_shared_out_exactly(odds: Any) -> None:
    found, expected = marginals(odds), summed(odds)

    for person, share in expected["b0"].items():
        assert abs(found["b0"][person] - share) < 1e-9


@given(odds_of(3, 1))
def test_one_person_and_several_badges_are_exact(odds: Any) -> None:
    found, expected = marginals(odds), summed(odds)

    for badge, people in expected.items():
        assert abs(found[badge]["p0"] - people["p0"]) < 1e-5


@settings(max_examples=60, deadline=None)
@given(odds_of(3, 3))
def test_circles_are_near_the_sum_over_all_assignments(odds: Any) -> None:
    """On average within 0.003; the worst is where every badge must be somebody's."""
    found, expected = marginals(odds), summed(odds)

    for badge, people in expected.items():
        for person, share in people.items():
            assert abs(found[badge][person] - share) < 0.35


@settings(max_examples=60, deadline=None)
@given(odds_of(4, 3))
def test_nobody_carries_more_than_one_badge_and_no_badge_has_more_than_one_carrier(
    odds: Any,
) -> None:
    found = marginals(odds)

    for shares in found.values():
        assert sum(shares.values()) <= 1.0 + 1e-6
    for person in ("p0", "p1", "p2"):
        assert sum(shares[person] for shares in found.values()) <= 1.0 + 1e-3
