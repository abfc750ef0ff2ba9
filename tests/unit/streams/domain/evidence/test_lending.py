"""Badges that are lent more often than stated: what shows is counted, and names wait for more."""

import pytest

from schemas.class_settings import RoleOfClass
from streams.domain.evidence.classes import Classes
from streams.domain.evidence.lending import count_together, lent, upper_bound
from streams.domain.evidence.naming import Identity, identities
from streams.domain.evidence.readers import Badge, Holder
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import BadgeState, EvidenceState, PersonState

RATES = EvidenceSettings()
STATED_ALONE = EvidenceSettings(lent_counted=0.0)
BADGES = {f"b{n}": Badge(f"b{n}", (Holder(f"s{n}", "nurse"),)) for n in range(12)}
HOLDERS = {name: [one.staff_id for one in badge.holders] for name, badge in BADGES.items()}


def floor(*carriers: str) -> EvidenceState:
    """A floor where badge `b0` is carried by the first of these, and so on."""
    return EvidenceState(
        badges={f"b{n}": BadgeState({one: 0.99, "?": 0.01}) for n, one in enumerate(carriers)}
    )


def counted(state: EvidenceState, people: int) -> EvidenceState:
    for badge_id in sorted(state.badges):
        count_together(state, badge_id, people, HOLDERS)
    return state


def first_of(state: EvidenceState, settings: EvidenceSettings = RATES) -> Identity:
    return identities(state, ["p0"], BADGES, settings)[0]


def test_the_bound_is_above_the_share_and_comes_nearer_the_more_was_counted() -> None:
    bounds = [upper_bound(0.03, counted) for counted in (10, 50, 500, 50_000)]

    assert bounds == sorted(bounds, reverse=True)
    assert bounds[1] == pytest.approx(0.0788, abs=1e-4)
    assert bounds[-1] == pytest.approx(0.031, abs=1e-3)


def test_each_on_whom_one_badge_was_read_has_the_name_of_its_holder() -> None:
    state = counted(floor(*(f"p{n}" for n in range(8))), 12)

    assert state.together == 0.0
    assert first_of(state).staff_id == "s0"
    assert lent(state, RATES) < RATES.lent


def test_two_people_with_two_badges_each_leave_nobody_named_by_a_badge() -> None:
    carriers = ["p0", "p1", "p2", "p3", "p4", "p5", "p1", "p2"]
    state = counted(floor(*carriers), 12)

    assert state.together == 2.0
    found = first_of(state)
    assert found.staff_id is None
    assert not found.role
    assert [one.staff_id for one in found.candidates] == ["s0"]
    assert first_of(state, STATED_ALONE).staff_id == "s0"


def test_what_somebody_wears_names_them_then_all_the_same() -> None:
    carriers = ["p0", "p1", "p2", "p3", "p4", "p5", "p1", "p2"]
    state = counted(floor(*carriers), 12)
    state.people["p0"] = PersonState(worn={"blue": 6.0})
    classes = Classes(
        {one: RoleOfClass(role, 0.85) for one, role in (("blue", "nurse"), ("white", "doctor"))}
    )

    assert identities(state, ["p0"], BADGES, RATES, classes)[0].staff_id == "s0"


def test_a_pair_counts_once_however_often_it_is_read() -> None:
    state = counted(floor("p0", "p0", "p1"), 3)
    once = (state.together, state.tried)

    for _ in range(50):
        counted(state, 3)

    assert (state.together, state.tried) == once == (1.0, 2.0)


@pytest.mark.parametrize("other", [["s0", "s1"], []], ids=["a shared one", "one of nobody known"])
def test_who_carries_their_own_badge_and_another_that_may_be_theirs_has_borrowed_none(
    other: list[str],
) -> None:
    state = floor("p0", "p0", "p1")

    for badge_id in ("b0", "b1", "b2"):
        count_together(state, badge_id, 3, {**HOLDERS, "b1": other})

    assert state.together == 0.0


def test_a_badge_shows_nothing_where_nobody_else_has_one() -> None:
    state = counted(floor("p0"), 12)

    assert (state.together, state.tried) == (0.0, 0.0)
    assert lent(state, RATES) == RATES.lent


def test_lending_that_was_stated_too_high_is_unlearnt() -> None:
    stated = EvidenceSettings(lent=0.1)
    state = EvidenceState(tried=400.0, together=8.0)

    assert lent(EvidenceState(), stated) > 0.1
    assert lent(state, stated) == pytest.approx(13 / 450)
