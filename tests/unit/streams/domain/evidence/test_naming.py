"""Names and roles against a plain walk over everything that may be true."""

import math
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.class_settings import ClassSettings
from streams.domain.evidence.classes import classes_of
from streams.domain.evidence.naming import identities
from streams.domain.evidence.readers import Badge, Holder
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import BadgeState, EvidenceState, PersonState

RATES = EvidenceSettings(roles={"nurse": 0.3, "visitor": 0.6})
BADGES = {
    "b1": Badge("b1", (Holder("ann", "nurse"),)),
    "b2": Badge("b2", (Holder("bob", "doctor"),)),
    "pool": Badge("pool", (Holder("cai", "nurse"), Holder("dee", ""))),
    "spare": Badge("spare"),
}
ROLES = ["doctor", "nurse", "visitor"]
AT_US = 10**12
CLASSES = classes_of(
    ClassSettings(roles="blue=nurse:0.8:uniform, white=doctor:0.9, none=visitor:0.7")
)

Case = tuple[float, dict[str, tuple[str, str]]]


def who_it_may_be(badge_id: str, badge: BadgeState) -> list[tuple[str, str, float]]:
    """Staff, role and probability of who carries a badge, if anybody does."""
    holders = BADGES[badge_id].holders if badge_id in BADGES else ()
    holds = 0.5 if badge.doubted_us is not None else 1.0 - RATES.lent
    of_badge = [(one.staff_id, one.role, holds / len(holders)) for one in holders]
    return [*of_badge, ("", "?", 1.0 - (holds if holders else 0.0))]


def worn(person: PersonState | None, role: str, *, with_badge: bool = False) -> float:
    """Likelihood of what somebody of a role wears; `?` is any role, by how frequent it is."""
    found = None if person is None else CLASSES.likelihoods(person.worn)
    if found is None:
        return 1.0
    if role == "?":
        rest = 1.0 - sum(RATES.roles.values())
        return rest * found[""] + sum(p * worn(person, r) for r, p in RATES.roles.items())
    likelihood = found.get(role, found[""])
    return max(likelihood, 1.0 / CLASSES.against_badge) if with_badge else likelihood


def walked(state: EvidenceState, people: list[str]) -> dict[str, tuple[dict[str, float], Any]]:
    """By person, the probability of each member of staff and of each role."""
    total, staff, roles = 0.0, {p: {} for p in people}, {p: {} for p in people}  # type: ignore[var-annotated]
    options = []
    for badge_id, badge in state.badges.items():
        gone = sum(share for name, share in badge.carriers.items() if name not in people)
        options.append(
            [("", "", "", max(1e-9, gone))]
            + [
                (name, *who[:2], badge.carriers[name] * who[2])
                for name in people
                if name in badge.carriers
                for who in who_it_may_be(badge_id, badge)
            ]
        )
    for chosen in product(*options):
        carriers = [one[0] for one in chosen if one[0]]
        if len({*carriers}) < len(carriers):
            continue
        are = {name: (who, role) for name, who, role, _ in chosen if name}
        wear = {
            p: worn(state.people.get(p), are.get(p, ("", "?"))[1], with_badge=p in are)
            for p in people
        }
        weight = math.prod(one[3] for one in chosen)
        weight *= math.prod(wear.values())
        total += weight
        for name in people:
            who, role = are.get(name, ("", "?"))
            if who:
                staff[name][who] = staff[name].get(who, 0.0) + weight
            for each in ROLES if role == "?" else [role]:
                share = 1.0
                if role == "?":
                    share = RATES.roles.get(each, 0.0) * worn(state.people.get(name), each)
                    share /= worn(state.people.get(name), "?")
                if each:
                    roles[name][each] = roles[name].get(each, 0.0) + weight * share
    return {
        name: (
            {who: one / total for who, one in staff[name].items()},
            {role: one / total for role, one in roles[name].items()},
        )
        for name in people
    }


def badge_of(drawn: Any) -> BadgeState:
    weights, doubted = drawn
    total = sum(weights.values()) or 1.0
    carriers = {name: one / total for name, one in weights.items()}
    return BadgeState(carriers or {"?": 1.0}, AT_US, "r", doubted_us=AT_US if doubted else None)


WEIGHTS = st.dictionaries(
    st.sampled_from(["p", "q", "r", "gone", "?", "!"]),
    st.floats(-6.0, 2.0).map(lambda power: 10.0**power),
)
BADGE_STATES = st.dictionaries(
    st.sampled_from([*BADGES, "whose"]), st.tuples(WEIGHTS, st.booleans()).map(badge_of)
)
WORN = st.dictionaries(st.sampled_from(["blue", "white", "none", "else"]), st.floats(0.01, 6.0))
PEOPLE = st.dictionaries(
    st.sampled_from(["p", "q", "r"]), WORN.map(lambda shown: PersonState(AT_US, worn=shown))
)


@settings(max_examples=150, deadline=None)
@given(BADGE_STATES, PEOPLE)
def test_names_and_roles_are_those_of_a_walk_over_everything_that_may_be_true(
    badges: dict[str, BadgeState], people: dict[str, PersonState]
) -> None:
    state = EvidenceState(AT_US, AT_US, badges, people)
    asked = ["p", "q", "r"]
    expected = walked(state, asked)

    for one in identities(state, asked, BADGES, RATES, CLASSES):
        staff, roles = expected[one.person_id]
        assert one.confidence == pytest.approx(max(staff.values(), default=0.0), abs=6e-4)
        assert one.role_confidence == pytest.approx(max(roles.values()), abs=6e-4)
        for candidate in one.candidates:
            above = staff[candidate.staff_id] - candidate.probability
            assert -1e-4 < above < 1.1e-3  # rounded down
        for name, shares in ((one.staff_id, staff), (one.role or None, roles)):
            if name is not None:
                assert shares[name] == max(shares.values()) > RATES.named_at - 1e-9
            else:
                assert all(share < RATES.named_at + 1e-9 for share in shares.values())
        assert len(one.candidates) == sum(share >= 0.01 for share in staff.values())


@settings(max_examples=60, deadline=None)
@given(BADGE_STATES, PEOPLE, st.randoms(use_true_random=False))
def test_no_order_in_the_state_and_no_earlier_question_changes_who_people_are(
    badges: dict[str, BadgeState], people: dict[str, PersonState], random: Any
) -> None:
    def shuffled(found: dict[str, Any]) -> dict[str, Any]:
        return dict(random.sample(sorted(found.items()), len(found)))

    state = EvidenceState(AT_US, AT_US, badges, people)
    found = identities(state, ["p", "q", "r"], BADGES, RATES, CLASSES)
    identities(state, ["q"], BADGES, RATES, CLASSES)
    assert identities(state, ["p", "q", "r"], BADGES, RATES, CLASSES) == found

    mixed = {
        name: BadgeState(shuffled(one.carriers), AT_US, "r", doubted_us=one.doubted_us)
        for name, one in shuffled(badges).items()
    }
    other = EvidenceState(AT_US, AT_US, mixed, shuffled(people))
    assert identities(other, ["r", "p", "q", "p"], shuffled(BADGES), RATES, CLASSES) == found
