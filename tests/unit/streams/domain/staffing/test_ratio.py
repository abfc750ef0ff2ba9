from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.coverage import Plan, coverage
from streams.domain.staffing.ratio import (
    Cared,
    Census,
    Ratio,
    by_census,
    by_presence,
    cared_for,
    check_ratio,
    combined,
    required_by,
)

RATIOS = st.builds(Ratio, st.just("nurse"), st.integers(0, 3), st.integers(1, 6), st.integers(0, 2))


def test_a_part_of_the_people_needs_as_much_as_all_of_them() -> None:
    assert [required_by(Ratio("nurse", 1, 4), by_census(n))[0] for n in (0, 1, 4, 5, 8, 9)] == [
        *(0, 1, 1, 2, 2, 3)
    ]


@given(RATIOS, st.integers(0, 20), st.integers(0, 20))
def test_more_people_never_need_less(ratio: Ratio, least: int, more: int) -> None:
    low, high = required_by(ratio, Cared(least, least + more))

    assert ratio.at_least <= low <= high


def test_of_a_minimum_and_a_ratio_the_greater_decides() -> None:
    present = ["visitor", "visitor", "", "", "", ""]

    least, most = combined(
        {"nurse": 2, "porter": 1}, [Ratio("nurse", 1, 2)], None, present, ["visitor"]
    )

    assert least == {"nurse": 2, "porter": 1}
    assert most == {"nurse": 3, "porter": 1}


@given(
    st.lists(st.sampled_from(["nurse", "visitor", ""]), max_size=6),
    RATIOS,
)
def test_whoever_the_unidentified_are_the_gap_of_a_ratio_is_within_its_interval(
    present: list[str], ratio: Ratio
) -> None:
    """Every truth: a nurse or a visitor for each."""

    def gap(people: list[str]) -> tuple[int, int]:
        least, most = combined({}, [ratio], None, people, ["visitor"])
        found = coverage(people, Plan(0, 1, required=most, least_required=least))
        return found.gap_min, found.gap_max

    low, high = gap(present)
    found = set()
    for truth in product(["nurse", "visitor"], repeat=present.count("")):
        people = [role for role in present if role] + list(truth)
        assert gap(people)[0] == gap(people)[1]
        found.add(gap(people)[0])

    assert (low, high) == (min(found), max(found))


@pytest.mark.parametrize("ratio", [Ratio("n", 1, 0), Ratio("n", -1, 1), Ratio("n", 1, 1, -1)])
def test_an_invalid_ratio_is_refused(ratio: Ratio) -> None:
    with pytest.raises(ValueError, match="below"):
        check_ratio(ratio)


def test_a_census_below_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="census is -1"):
        by_census(-1)


PEOPLE = st.lists(st.sampled_from(["nurse", "patient", ""]), max_size=8)


@given(st.integers(0, 12), PEOPLE)
def test_a_census_that_is_too_old_makes_the_interval_wider_and_never_narrower(
    people: int, present: list[str]
) -> None:
    believed, old, none = (
        cared_for("CENSUS", census, present, ["patient"])
        for census in (Census(people, 0), Census(people, 0, is_old=True), None)
    )

    assert none == by_presence(present, ["patient"])
    for narrower in (believed, none):
        assert old.least <= narrower.least <= narrower.most <= old.most
    assert old == (min(believed.least, none.least), max(believed.most, none.most))


@given(st.one_of(st.none(), st.builds(Census, st.integers(0, 9), st.just(0))), PEOPLE)
def test_a_ratio_to_those_present_asks_no_census(census: Census | None, present: list[str]) -> None:
    assert cared_for("PRESENT", census, present) == by_presence(present)


@given(st.lists(RATIOS, max_size=3), st.integers(0, 9), PEOPLE, st.booleans())
def test_what_ratios_require_is_an_interval_in_any_order(
    ratios: list[Ratio], people: int, present: list[str], is_old: bool
) -> None:
    census = Census(people, 0, is_old)
    mixed = [one._replace(basis="CENSUS") for one in ratios[::2]] + ratios[1::2]

    least, most = combined({"nurse": 1}, mixed, census, present)

    assert least["nurse"] <= most["nurse"]
    assert (least, most) == combined({"nurse": 1}, mixed[::-1], census, present)
