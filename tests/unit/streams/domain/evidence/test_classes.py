"""What the classes of a detector say of roles, and how much at most."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.class_settings import ClassSettings, RoleOfClass, roles_of
from streams.domain.evidence.classes import OTHER, classes_of
from streams.domain.evidence.naming import identities
from streams.domain.evidence.readers import Badge, Holder, Read, Reader
from streams.domain.evidence.roles import Worn
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import EvidenceState
from streams.domain.evidence.step import Joined, advance
from tests.support.builders.evidence import Seen, moment

S = 1_000_000
STATED = ClassSettings(roles="nurse=nurse:0.9, blue=nurse:0.8:uniform, doc=doctor:0.9, staff=")
CLASSES = classes_of(STATED)
RATES = EvidenceSettings()
READERS = {"door": Reader("door", 0.0, 0.0)}
BADGES = {"b1": Badge("b1", (Holder("ann", "nurse"),))}


def played(
    *shown: str, reads_at: tuple[int, ...] = (), every_s: int = 10, x_m: float = 0.0
) -> EvidenceState:
    """Somebody is given these classes, one each `every_s`; a badge is read at some of the looks."""
    state = EvidenceState()
    for number, one in enumerate(shown):
        at_us = (10 + number * every_s) * S
        reads = [Read(at_us, "door", "b1")] if number in reads_at else []
        worn = [Worn("p", each) for each in one.split() if each != "-"]
        advance(state, moment(at_us, [Seen("p", x_m, 0.0)], reads, worn=worn), READERS, RATES)
    return state


def who(state: EvidenceState, classes: ClassSettings = STATED) -> tuple[str, str | None, float]:
    [found] = identities(state, ["p"], BADGES, RATES, classes_of(classes))
    return found.role, found.staff_id, found.role_confidence


def test_classes_alone_give_a_role_and_no_name() -> None:
    role, staff_id, _ = who(played(*["nurse"] * 6))

    assert (role, staff_id) == ("nurse", None)


def test_one_frame_is_as_sure_as_the_class_is_reliable_at_most() -> None:
    role, _, confidence = who(played("blue"))

    assert role == ""
    assert 0.7 < confidence <= 0.8


@pytest.mark.parametrize("mistaken", [0.02, 0.05, 0.2])
def test_no_number_of_looks_is_surer_than_the_share_of_people_who_are_mistaken(
    mistaken: float,
) -> None:
    stated = ClassSettings(roles=STATED.roles, mistaken=mistaken)

    role, _, confidence = who(played(*["nurse"] * 200), stated)

    assert confidence <= 1.0 - mistaken * (1.0 - 1.0 / len(CLASSES.roles)) + 1e-3
    assert role == ("nurse" if mistaken < 0.1 else "")


@pytest.mark.parametrize("looks", [1, 20, 300])
def test_a_class_that_is_always_wrong_does_not_outweigh_a_badge(looks: int) -> None:
    """However sure the operator is of it."""
    stated = ClassSettings(roles="doc=doctor:0.99, nurse=nurse:0.99", mistaken=0.0)
    state = played(*["doc"] * looks, reads_at=(0, looks // 2, looks - 1))

    assert who(state, stated)[:2] == ("nurse", "ann")


def test_a_badge_that_may_be_anothers_is_doubted_for_a_class_that_contradicts_it() -> None:
    """Two stand at the reader: who looks as the holder does is likelier to carry it."""
    state = EvidenceState()
    both = [Seen("p", 0.3, 0.0), Seen("q", -0.3, 0.0)]
    for second in (10, 20, 30):
        worn = [Worn("p", "nurse"), Worn("q", "doc")]
        advance(state, moment(second * S, both, worn=worn), READERS, RATES)
    advance(state, moment(40 * S, both, [Read(40 * S, "door", "b1")]), READERS, RATES)

    one, other = identities(state, ["p", "q"], BADGES, RATES, CLASSES)
    assert one.confidence > 2.0 * other.confidence
    assert one.staff_id is None


def test_what_a_role_rests_on() -> None:
    def kinds(state: EvidenceState) -> tuple[str, ...]:
        [found] = identities(state, ["p"], BADGES, RATES, CLASSES)
        return found.kinds

    assert kinds(played(*["blue nurse"] * 6)) == ("DETECTOR_CLASS", "UNIFORM")
    assert kinds(played(*["blue"] * 4, reads_at=(3,))) == ("BADGE", "UNIFORM")
    assert kinds(played("-", "-", reads_at=(1,))) == ("BADGE",)
    assert kinds(played("doc", "nurse")) == ()


def test_cameras_that_contradict_each_other_say_nothing() -> None:
    agreeing, contrary = who(played(*["nurse nurse"] * 6)), who(played(*["nurse doc"] * 6))

    assert agreeing == who(played(*["nurse"] * 6))
    assert contrary[0] == ""
    assert contrary[2] < 0.55


def test_a_class_without_a_role_and_one_that_is_not_stated_say_nothing() -> None:
    assert who(played(*["staff person"] * 6)) == who(played("-"))


def test_who_continues_another_keeps_what_they_wore_as_far_as_the_link_is_sure() -> None:
    state = played(*["nurse"] * 10)
    worn = dict(state.people["p"].worn)
    joined = [Joined("REIDENTIFICATION", "p", "q", 0.6)]
    advance(state, moment(120 * S, [Seen("q", 1.0, 0.0)], joined=joined), READERS, RATES)

    assert sum(worn.values()) > 5.0
    assert sum(state.people["q"].worn.values()) == pytest.approx(0.6)


LOOKS = st.lists(
    st.lists(
        st.tuples(st.sampled_from("pqr"), st.sampled_from(["nurse", "blue", "doc", "else"])),
        max_size=6,
    ),
    min_size=1,
    max_size=8,
)


@given(LOOKS, st.randoms(use_true_random=False))
def test_the_order_of_cameras_and_of_people_makes_no_difference(looks: Any, random: Any) -> None:
    one, other = EvidenceState(), EvidenceState()
    people = [Seen(name, 3.0 * at, 0.0) for at, name in enumerate("pqr")]
    for second, seen in enumerate(looks, start=10):
        worn = [Worn(*each) for each in seen]
        mixed = random.sample(worn, len(worn))
        reads = [Read(second * S, "door", "b1")] if second == 12 else []
        advance(one, moment(second * S, people, reads, worn=worn), READERS, RATES)
        advance(other, moment(second * S, people[::-1], reads, worn=mixed), READERS, RATES)

    both = [identities(state, ["p", "q", "r"], BADGES, RATES, CLASSES) for state in (one, other)]
    assert both[0] == both[1]
    for found in both[0]:
        assert sum(candidate.probability for candidate in found.candidates) <= 1.0 + 1e-12
        assert 0.0 <= found.role_confidence <= 1.0


@given(st.dictionaries(st.sampled_from(["nurse", "blue", "doc", "else"]), st.floats(0.01, 6.0)))
def test_likelihoods_are_at_most_one_and_one_of_them_is(worn: dict[str, float]) -> None:
    found = CLASSES.likelihoods(worn)

    if not {*worn} - {"else"}:
        assert found is None
        return
    assert found is not None
    assert set(found) == {OTHER, "nurse", "doctor"}
    assert max(found.values()) == 1.0
    assert min(found.values()) > 0.0


def test_what_an_operator_states_is_read() -> None:
    assert roles_of(" blue scrubs = nurse : 0.8 : uniform ,staff=, a=b:0.5") == {
        "a": RoleOfClass("b", 0.5),
        "blue scrubs": RoleOfClass("nurse", 0.8, "UNIFORM"),
        "staff": RoleOfClass(),
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nurse", "'nurse' is not like nurse=nurse:0.9"),
        ("=nurse:0.9", "is not like"),
        ("a=nurse", "no reliability from 0.5 to 0.99"),
        ("a=nurse:1", "no reliability"),
        ("a=nurse:x", "no reliability"),
        ("a=nurse:nan", "no reliability"),
        ("a=:0.9", "is not like"),
        ("a=nurse:0.9:hat", "is not like"),
        ("a=nurse:0.9:uniform:b", "is not like"),
        ("a=nurse:0.9, a=doctor:0.9", "given twice"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ClassSettings(roles=text)
