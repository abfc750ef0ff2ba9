"""The probability of a pair against the sum over all assignments."""

import os
import random
import subprocess
import sys
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.evidence.marginals import marginals
from streams.domain.evidence.matching import MOST_OPEN
from tests.support.paths import ROOT

Odds = dict[str, dict[str, Any]]


def weight_of_all(odds: Odds) -> Any:
    """The weight of all assignments in which nobody carries two badges, badge by badge."""
    badges = sorted(odds)
    later = [{p for b in badges[n:] for p in odds[b]} for n in range(len(badges) + 1)]
    weights: dict[frozenset[str], Any] = {frozenset(): 1}
    for number, badge in enumerate(badges):
        following: dict[frozenset[str], Any] = {}
        for taken, weight in weights.items():
            for person, one in [("", 1), *odds[badge].items()]:
                if person not in taken:
                    kept = (taken | {person}) & later[number + 1]
                    following[kept] = following.get(kept, 0) + weight * one
        weights = following
    return sum(weights.values())


def summed(odds: Odds) -> Odds:
    """By adding up every assignment in which nobody carries two badges."""
    total = weight_of_all(odds)
    found: Odds = {}
    for badge, people in odds.items():
        found[badge] = {}
        for person, one in people.items():
            rest = {
                other: {name: w for name, w in whom.items() if name != person}
                for other, whom in odds.items()
                if other != badge
            }
            found[badge][person] = float(one * weight_of_all(rest) / total)
    return found


def assert_same(found: Odds, expected: Odds) -> None:
    assert {badge: list(people) for badge, people in found.items()} == {
        badge: sorted(expected[badge]) for badge in sorted(expected)
    }
    for badge, people in expected.items():
        assert found[badge] == pytest.approx(people, rel=1e-12, abs=0)


def odds_of(badges: int, people: int, least: float = -9.0, most: float = 12.0) -> Any:
    """Some pairs of some badges and people, from next to impossible to next to certain."""
    some = st.dictionaries(
        st.integers(0, people - 1).map("p{}".format),
        st.floats(least, most).map(lambda power: 10.0**power) | st.just(0.0),
    )
    return st.dictionaries(st.integers(0, badges - 1).map("b{}".format), some)


@settings(max_examples=80, deadline=None)
@given(odds_of(5, 5))
def test_a_share_is_the_sum_over_all_assignments(odds: Odds) -> None:
    assert_same(marginals(odds), summed(odds))


@pytest.mark.parametrize("turned", [False, True], ids=["many-people", "many-badges"])
def test_few_badges_or_few_people_are_exact_however_many_the_others_are(turned: bool) -> None:
    chance = random.Random(5)
    table = [[10.0 ** chance.uniform(-3, 9) for _ in range(12)] for _ in range(4)]
    if turned:
        table = [list(column) for column in zip(*table, strict=True)]
    odds = {
        f"b{row:02}": {f"p{column:02}": one for column, one in enumerate(found)}
        for row, found in enumerate(table)
    }

    assert_same(marginals(odds), summed(odds))


def chain(badges: int, one: float) -> Odds:
    """Each badge is of one of two people who stand side by side, in a long row."""
    return {f"b{n:03}": {f"p{n:03}": one, f"p{n + 1:03}": one / 3.0} for n in range(badges)}


def test_a_long_row_of_people_who_may_have_each_others_badges_is_exact() -> None:
    """Their product is more than a float holds."""
    odds = chain(30, 1e12)
    exactly = {b: {p: Fraction(one) for p, one in found.items()} for b, found in odds.items()}

    assert_same(marginals(odds), summed(exactly))


def test_no_order_of_badges_and_people_changes_a_bit() -> None:
    chance = random.Random(3)
    odds = {
        f"b{row}": {f"p{n}": 10.0 ** chance.uniform(-3, 6) for n in chance.sample(range(12), 4)}
        for row in range(9)
    }
    mixed = {
        badge: dict(chance.sample(sorted(odds[badge].items()), len(odds[badge])))
        for badge in chance.sample(sorted(odds), len(odds))
    }

    assert marginals(mixed) == marginals(odds)


def test_who_has_no_tie_to_others_changes_no_bit_of_their_shares() -> None:
    one, other = chain(3, 50.0), {"c": {"q": 2.0, "r": 0.1}, "d": {"q": 3.0}}

    assert marginals(one | other) == marginals(one) | marginals(other)


def crowd(badges: int, people: int, seed: int) -> Odds:
    """Everybody may have every badge: too many for the sum."""
    chance = random.Random(seed)
    return {
        f"b{row:02}": {f"p{n:02}": 10.0 ** chance.uniform(-4, 3) for n in range(people)}
        for row in range(badges)
    }


def test_a_crowd_is_near_the_sum_over_all_assignments() -> None:
    odds = crowd(MOST_OPEN + 1, MOST_OPEN + 1, 1)
    found, expected = marginals(odds), summed(odds)

    off = [
        abs(found[b][p] - share) for b, people in expected.items() for p, share in people.items()
    ]
    assert sum(off) / len(off) < 0.01
    assert max(off) < 0.2


def test_nobody_in_a_crowd_carries_more_than_one_badge() -> None:
    found = marginals(crowd(60, 60, 7))

    for shares in found.values():
        assert sum(shares.values()) <= 1.0 + 1e-9
    for person in found["b00"]:
        assert sum(shares[person] for shares in found.values()) <= 1.0 + 1e-9


PLAINLY = """
import random
from streams.domain.evidence.marginals import marginals
chance, found = random.Random(9), []
for badges, people, each in [(14, 16, 4), (3, 3, 2), (12, 12, 12)]:
    odds = {
        f"b{row}": {
            f"p{n}": 10.0 ** chance.uniform(-4, 9) for n in chance.sample(range(people), each)
        }
        for row in range(badges)
    }
    found.append(marginals(odds))
"""


def test_compiled_code_gives_the_same_bits_as_plain_code() -> None:
    def plainly() -> str:
        script = PLAINLY + "print(found)"
        return subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    compiled: dict[str, Any] = {}
    exec(PLAINLY, compiled)

    assert plainly() == str(compiled["found"])
