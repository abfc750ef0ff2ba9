"""Who fills which place, against every assignment that there is."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.staffing.assignment import assign, ordered
from streams.domain.staffing.coverage import Plan, coverage

ROLES = ("assistant", "doctor", "nurse", "porter")
NOBODY = ""

People = tuple[str, ...]


def plan(required: dict[str, int], covers: Any, priority: Any = (), least: Any = None) -> Plan:
    return Plan(
        0,
        1,
        required=required,
        least_required=least,
        covers=covers,
        priority=tuple(priority),
    )


def every_assignment(
    people: People, required: dict[str, int], covers: Any
) -> Iterator[dict[tuple[str, str], int]]:
    """How many of each role fill places of each, person by person, without duplicates."""
    found: set[tuple[tuple[tuple[str, str], int], ...]] = {()}
    for role in people:
        choices = [one for one in required if one == role or one in covers.get(role, ())]
        grown = set(found)
        for filled in found:
            so_far = dict(filled)
            for post in choices:
                if sum(n for (_, to), n in so_far.items() if to == post) < required[post]:
                    more = so_far | {(role, post): so_far.get((role, post), 0) + 1}
                    grown.add(tuple(sorted(more.items())))
        found = grown
    yield from (dict(filled) for filled in found)


def best(people: People, required: dict[str, int], covers: Any, priority: Any) -> Any:
    """What the five aims leave of all assignments: empty places, stand-ins and lent, by role."""
    roles = ordered([*people, *required], priority)

    def result(filled: dict[tuple[str, str], int]) -> tuple[list[int], list[int], list[int]]:
        empty = [
            required.get(one, 0) - sum(n for (_, to), n in filled.items() if to == one)
            for one in roles
        ]
        lent = [sum(n for (a, b), n in filled.items() if a == one != b) for one in roles]
        standing = [sum(n for (a, b), n in filled.items() if b == one != a) for one in roles]
        return empty, lent, standing

    def aims(filled: dict[tuple[str, str], int]) -> Any:
        empty, lent, standing = result(filled)
        return sum(empty), empty, sum(lent), lent, standing

    empty, lent, standing = result(min(every_assignment(people, required, covers), key=aims))
    return tuple(
        {role: n for role, n in zip(roles, numbers, strict=True) if n}
        for numbers in (empty, standing, lent)
    )


def counted(people: People) -> dict[str, int]:
    return {role: people.count(role) for role in people if role}


def check(people: People, required: dict[str, int], covers: Any, priority: Any) -> None:
    found = assign(counted(people), required, covers, priority)

    assert found[:3] == best(people, required, covers, priority)
    for counts, is_lent in ((found.lent, True), (found.standing_in, False)):
        sums: dict[str, int] = {}
        for own, filled, count in found.pairs:
            assert filled in covers[own]
            role = own if is_lent else filled
            sums[role] = sums.get(role, 0) + count
        assert sums == counts


@st.composite
def wards(draw: st.DrawFn, people: int = 8) -> Any:
    count = draw(st.integers(1, 4))
    roles = ROLES[:count]
    present = tuple(draw(st.lists(st.sampled_from(roles), max_size=people)))
    required = draw(st.dictionaries(st.sampled_from(roles), st.integers(0, 4)))
    covers = draw(
        st.dictionaries(st.sampled_from(roles), st.lists(st.sampled_from(roles), max_size=3))
    )
    priority = draw(st.permutations(roles).map(lambda order: order[: draw(st.integers(0, count))]))
    return present, required, covers, priority


@settings(max_examples=250, deadline=None)
@given(wards())
def test_it_is_the_best_of_all_assignments_up_to_eight_people_and_four_roles(ward: Any) -> None:
    check(*ward)


def test_it_is_the_best_of_all_assignments_of_every_small_ward() -> None:
    """Three roles: every relation, every count of people up to 2 and of places up to 2."""
    roles = ROLES[:3]
    pairs = [(a, b) for a in roles for b in roles if a != b]
    for chosen in product((False, True), repeat=len(pairs)):
        covers: dict[str, list[str]] = {}
        for (a, b), yes in zip(pairs, chosen, strict=True):
            if yes:
                covers.setdefault(a, []).append(b)
        for counts in ((2, 0, 0), (0, 1, 1), (1, 2, 0), (2, 0, 1), (1, 1, 1)):
            people = tuple(r for r, n in zip(roles, counts, strict=True) for _ in range(n))
            for needed in ((1, 1, 1), (0, 2, 1), (2, 0, 1), (1, 2, 0)):
                check(people, dict(zip(roles, needed, strict=True)), covers, roles[::-1])


@settings(max_examples=150, deadline=None)
@given(wards(people=5), st.integers(0, 3), st.data())
def test_whoever_the_unidentified_are_the_gap_is_within_its_interval(
    ward: Any, unidentified: int, data: st.DataObject
) -> None:
    present, required, covers, priority = ward
    asked = plan(required, covers, priority)
    before = coverage([*present, *[NOBODY] * unidentified], asked)
    truth = data.draw(
        st.lists(st.sampled_from(["", *ROLES]), min_size=unidentified, max_size=unidentified)
    )

    after = coverage([*present, *[role for role in truth if role]], asked)

    assert before.gap_min <= after.gap_max <= before.gap_max
    later = {role["role"]: role["gap_max"] for role in after.roles}
    for role in before.roles:
        assert role["gap_min"] <= later[role["role"]] <= role["gap_max"], role["role"]


@settings(max_examples=80, deadline=None)
@given(wards(people=4), st.integers(0, 2))
def test_the_lower_end_has_every_unidentified_person_where_they_help_most(
    ward: Any, unidentified: int
) -> None:
    present, required, covers, priority = ward
    anybody = {**covers, "anybody": list(required)}
    helped = (*present, *["anybody"] * unidentified)

    found = coverage([*present, *[NOBODY] * unidentified], plan(required, covers, priority))

    assert found.gap_min == sum(best(helped, required, anybody, priority)[0].values())
    for role in found.roles:
        all_help = {**covers, "anybody": [role["role"]]}
        empty = best(helped, required, all_help, priority)[0]
        assert empty.get(role["role"], 0) == role["gap_min"]


@settings(max_examples=150, deadline=None)
@given(wards(), st.integers(0, 3))
def test_everybody_who_is_identified_counts_once(ward: Any, unidentified: int) -> None:
    present, required, covers, priority = ward

    found = coverage([*present, *[NOBODY] * unidentified], plan(required, covers, priority))

    assert sum(role["present_min"] for role in found.roles) == found.identified == len(present)
    assert sum(role["gap_max"] for role in found.roles) == found.gap_max
    assert sum(role["gap_min"] for role in found.roles) <= found.gap_min
    for role in found.roles:
        assert 0 <= role["gap_min"] <= role["gap_max"] <= role["required"]
        assert role["gap_max"] == 0 or role["present_min"] + role["gap_max"] == role["required"]


@settings(max_examples=100, deadline=None)
@given(wards())
def test_one_more_person_never_opens_a_gap(ward: Any) -> None:
    present, required, covers, priority = ward
    before = assign(counted(present), required, covers, priority).empty
    for role in ROLES:
        after = assign(counted((*present, role)), required, covers, priority).empty

        assert sum(before.values()) - sum(after.values()) in {0, 1}
        assert all(after.get(one, 0) <= before.get(one, 0) for one in required)


NURSES_COVER = {"nurse": ["assistant"]}


@pytest.mark.parametrize(
    ("present", "required", "gaps"),
    [
        pytest.param(["nurse"] * 2, {"nurse": 1, "assistant": 1}, {}, id="a-spare-nurse-covers"),
        pytest.param(
            ["nurse"], {"nurse": 1, "assistant": 1}, {"assistant": 1}, id="one-nurse-fills-one"
        ),
        pytest.param(
            ["assistant"] * 2, {"nurse": 1, "assistant": 1}, {"nurse": 1}, id="not-the-reverse"
        ),
    ],
)
def test_a_nurse_covers_a_care_assistant_and_not_the_reverse(
    present: Any, required: Any, gaps: Any
) -> None:
    found = coverage(present, plan(required, NURSES_COVER, ["nurse"]))

    assert {one["role"]: one["gap_max"] for one in found.roles if one["gap_max"]} == gaps


def test_a_chain_of_covers_is_found() -> None:
    chain = {"doctor": ["nurse"], "nurse": ["assistant"]}

    found = assign({"doctor": 1, "nurse": 1}, {"nurse": 1, "assistant": 1}, chain)

    assert found.empty == {}
    assert found.standing_in == {"assistant": 1, "nurse": 1}
    assert found.lent == {"doctor": 1, "nurse": 1}


def test_without_priority_the_role_that_comes_first_by_name_is_filled() -> None:
    """One nurse, a nurse's place and an assistant's: which is empty is a matter of priority."""
    asked = {"nurse": 1, "assistant": 1}

    assert assign({"nurse": 1}, asked, NURSES_COVER).empty == {"nurse": 1}
    assert assign({"nurse": 1}, asked, NURSES_COVER, ["nurse"]).empty == {"assistant": 1}


def test_a_requirement_that_is_an_interval_gives_a_wider_gap() -> None:
    found = coverage(["nurse", ""], plan({"nurse": 3}, {}, least={"nurse": 1}))

    assert (found.gap_min, found.gap_max) == (0, 2)
    assert (found.least_required, found.required) == (1, 3)
    assert found.roles[0]["gap_min"] == 0
