"""What reads, clothes and links make of who somebody is."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.class_settings import ClassSettings
from streams.domain.evidence.classes import classes_of
from streams.domain.evidence.naming import Identity, identities
from streams.domain.evidence.readers import Badge, Holder, Read, Reader, reads
from streams.domain.evidence.roles import Worn
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import EvidenceState, of_plain, plain
from streams.domain.evidence.step import Joined, Moment, advance
from tests.support.builders.evidence import Seen, moment

S = 1_000_000
RATES = EvidenceSettings()
READERS = {
    "door": Reader("door", 0.0, 0.0),
    "ward": Reader("ward", 20.0, 0.0),
    "desk": Reader("desk", 10.0, 0.0),
    "bay": Reader("bay", zone_id="bay-1"),
}
BADGES = {
    "b1": Badge("b1", (Holder("ann", "nurse"),)),
    "b2": Badge("b2", (Holder("bob", "doctor"),)),
    "pool": Badge("pool", (Holder("cai", "nurse"), Holder("dee", "nurse"))),
}
CLASSES = classes_of(
    ClassSettings(roles="blue=nurse:0.8:uniform, white=doctor:0.8, none=visitor:0.8")
)


def at(person: str, x_m: float, y_m: float = 0.0, *zones: str) -> Seen:
    return Seen(person, x_m, y_m, 0.2, zones)


def play(*moments: Moment, state: EvidenceState | None = None) -> EvidenceState:
    state = state or EvidenceState()
    for one in moments:
        advance(state, one, READERS, RATES)
    return state


def who(state: EvidenceState, *people: str) -> dict[str, Identity]:
    return {one.person_id: one for one in identities(state, people, BADGES, RATES, CLASSES)}


def test_who_alone_is_at_a_reader_has_the_name_of_the_badge() -> None:
    state = play(moment(10 * S, [at("p", 0.2), at("q", 8.0)], [Read(10 * S, "door", "b1")]))

    found = who(state, "p", "q")
    assert found["p"].staff_id == "ann"
    assert found["p"].role == "nurse"
    assert state.people["p"].reads[0][2] == "b1"
    assert found["q"].staff_id is None


def test_a_name_is_never_surer_than_badges_are_with_their_holders() -> None:
    state = EvidenceState()
    for second, reader in ((10, "door"), (20, "desk"), (30, "ward"), (40, "desk")):
        x_m = READERS[reader].x_m
        play(moment(second * S, [at("p", x_m)], [Read(second * S, reader, "b1")]), state=state)

    assert who(state, "p")["p"].confidence <= 1.0 - RATES.lent


def test_two_at_a_reader_are_both_candidates_and_neither_is_named() -> None:
    state = play(moment(10 * S, [at("p", 0.2), at("q", -0.2)], [Read(10 * S, "door", "b1")]))

    found = who(state, "p", "q")
    assert [found[name].staff_id for name in "pq"] == [None, None]
    assert [found[name].candidates[0].staff_id for name in "pq"] == ["ann", "ann"]
    assert sum(found[name].confidence for name in "pq") <= 1.0


def test_a_second_read_decides_between_two() -> None:
    state = play(
        moment(10 * S, [at("p", 0.2), at("q", -0.2)], [Read(10 * S, "door", "b1")]),
        moment(25 * S, [at("p", 20.2), at("q", 1.0)], [Read(25 * S, "ward", "b1")]),
    )

    found = who(state, "p", "q")
    assert found["p"].staff_id == "ann"
    assert not found["q"].candidates


def test_who_is_known_leaves_the_other_badge_to_the_other_person() -> None:
    """Two at one reader, one of them read elsewhere before: the new badge is the other's."""
    state = play(
        moment(10 * S, [at("p", 20.0)], [Read(10 * S, "ward", "b1")]),
        moment(30 * S, [at("p", 0.3), at("q", -0.3)], [Read(30 * S, "door", "b2")]),
    )

    found = who(state, "p", "q")
    assert found["q"].candidates[0].staff_id == "bob"
    assert found["q"].confidence > 0.75
    assert found["p"].candidates[0].staff_id == "ann"


def test_a_shared_badge_gives_a_role_and_no_name() -> None:
    state = play(moment(10 * S, [at("p", 0.0)], [Read(10 * S, "door", "pool")]))

    found = who(state, "p")["p"]
    assert found.staff_id is None
    assert found.role == "nurse"
    assert [one.staff_id for one in found.candidates] == ["cai", "dee"]


def test_a_read_with_nobody_near_names_nobody() -> None:
    state = play(moment(10 * S, [at("p", 9.0)], [Read(10 * S, "door", "b1")]))

    assert who(state, "p")["p"].candidates == ()


def test_a_badge_that_is_read_where_it_lies_names_nobody_who_passes() -> None:
    state = EvidenceState()
    for second in range(10, 100, 10):
        passing = at(f"p{second}", 0.1)
        play(
            moment(second * S, [passing], [Read(second * S, "door", "b1")]),
            moment((second + 5) * S, [at(f"p{second}", 8.0)]),
            state=state,
        )

    last = who(play(moment(110 * S, [at("new", 0.1)]), state=state), "new")["new"]
    assert last.staff_id is None
    assert state.badges["b1"].carriers["!"] > 0.5


@pytest.mark.parametrize("every_s", [1, 20])
@pytest.mark.parametrize("x_m", [0.3, 1.0])
def test_who_stays_at_a_reader_keeps_their_name_however_often_it_reads(
    every_s: int, x_m: float
) -> None:
    """A badge that lies there would be read as often."""
    state = EvidenceState()
    for number in range(30):
        at_us = (10 + number * every_s) * S
        play(moment(at_us, [at("p", x_m)], [Read(at_us, "door", "b1")]), state=state)

    assert who(state, "p")["p"].staff_id == "ann"


def test_a_badge_that_is_read_where_nobody_is_lies_there() -> None:
    state = play(moment(10 * S, [at("p", 1.0)], [Read(10 * S, "door", "b1")]))
    for second in range(20, 80, 10):
        away = at("p", 9.0)
        play(moment(second * S, [away], [Read(second * S, "door", "b1")]), state=state)

    assert who(state, "p")["p"].staff_id is None
    assert state.badges["b1"].carriers["!"] > 0.9


def test_a_read_that_arrives_late_is_weighed_where_people_were() -> None:
    state = play(
        moment(10 * S, [at("p", 0.1), at("q", 9.0)]),
        moment(15 * S, [at("p", 9.0), at("q", 0.1)], [Read(10 * S, "door", "b1")]),
    )

    found = who(state, "p", "q")
    assert found["p"].staff_id == "ann"
    assert found["q"].staff_id is None


def test_a_reader_of_a_zone_reads_who_is_in_it() -> None:
    state = play(
        moment(
            10 * S,
            [Seen("p", math.nan, math.nan, math.nan, ["bay-1"]), at("q", 0.0)],
            [Read(10 * S, "bay", "b1")],
        )
    )

    assert who(state, "p")["p"].staff_id == "ann"
    assert who(state, "q")["q"].candidates == ()


def test_clothes_give_a_role_and_no_name() -> None:
    state = EvidenceState()
    for second in range(10, 100, 10):
        play(moment(second * S, [at("p", 9.0)], worn=[Worn("p", "blue")]), state=state)

    found = who(state, "p")["p"]
    assert found.role == "nurse"
    assert found.staff_id is None
    assert found.wears


def test_many_frames_of_one_moment_are_not_many_looks() -> None:
    def shown(every_us: int) -> Any:
        state = EvidenceState()
        for at_us in range(10 * S, 30 * S + 1, every_us):
            play(moment(at_us, [at("p", 9.0)], worn=[Worn("p", "blue")]), state=state)
        return state.people["p"].worn["blue"]

    assert shown(200_000) == pytest.approx(shown(10 * S), abs=0.1)


def test_clothes_that_contradict_a_badge_make_the_name_less_sure() -> None:
    def confidence(shown: str) -> float:
        state = EvidenceState()
        for second in range(10, 60, 10):
            play(moment(second * S, [at("p", 0.0)], worn=[Worn("p", shown)]), state=state)
        play(moment(60 * S, [at("p", 0.0)], [Read(60 * S, "door", "b1")]), state=state)
        return who(state, "p")["p"].confidence

    assert confidence("none") < confidence("blue") - 0.03


def test_a_badge_in_two_positions_at_once_is_an_event_and_names_nobody_for_hours() -> None:
    state = play(moment(10 * S, [at("p", 0.0), at("q", 20.0)], [Read(10 * S, "door", "b1")]))

    events = advance(
        state,
        moment(12 * S, [at("p", 0.0), at("q", 20.0)], [Read(12 * S, "ward", "b1")]),
        READERS,
        RATES,
    )

    assert [(one.badge_id, one.first_reader_id, one.second_reader_id) for one in events] == [
        ("b1", "door", "ward")
    ]
    assert events[0].distance_m == 17.0
    later = play(moment(40 * S, [at("q", 20.0)], [Read(40 * S, "ward", "b1")]), state=state)
    assert who(later, "q")["q"].staff_id is None


def test_who_walks_from_reader_to_reader_is_no_event() -> None:
    state = play(moment(10 * S, [at("p", 0.0)], [Read(10 * S, "door", "b1")]))

    assert not advance(
        state,
        moment(30 * S, [at("p", 20.0)], [Read(30 * S, "ward", "b1")]),
        READERS,
        RATES,
    )


def test_a_read_that_arrives_after_a_newer_one_moves_the_badge_nowhere() -> None:
    """Where a badge was last is where it was read last, and not what was heard of last."""
    state = play(moment(30 * S, [at("p", 0.0)], [Read(30 * S, "door", "b1")]))
    nobody = [at("p", 0.0)]
    delayed = moment(31 * S, nobody, [Read(22 * S, "ward", "b1")])
    again = moment(32 * S, nobody, [Read(32 * S, "door", "b1")])

    assert advance(state, delayed, READERS, RATES) == []
    assert advance(state, again, READERS, RATES) == []
    assert state.badges["b1"].x_m == 0.0


@pytest.mark.parametrize(
    ("kind", "later_knows"),
    [
        pytest.param("REIDENTIFICATION", True, id="seen-again"),
        pytest.param("HAND_OVER", True, id="handed-over"),
        pytest.param("SPLIT", False, id="one-of-two"),
    ],
)
def test_a_link_hands_on_what_is_known(kind: Any, later_knows: bool) -> None:
    state = play(
        moment(10 * S, [at("p", 0.0)], [Read(10 * S, "door", "b1")]),
        moment(20 * S, [at("r", 1.0)], joined=[Joined(kind, "p", "r", 1.0)]),
    )

    found = who(state, "r")["r"]
    assert found.candidates[0].staff_id == "ann"
    assert (found.staff_id == "ann") == later_knows
    if later_knows:
        assert "p" not in state.people


def test_two_who_are_one_add_up() -> None:
    state = play(
        moment(10 * S, [at("p", 0.2), at("q", 0.2)], [Read(10 * S, "door", "b1")]),
    )
    assert who(state, "p", "q")["p"].staff_id is None

    play(moment(11 * S, [at("p", 0.2)], joined=[Joined("MERGE", "p", "q")]), state=state)

    assert who(state, "p")["p"].staff_id == "ann"
    assert "q" not in state.people


def test_who_left_is_forgotten_after_a_while() -> None:
    state = play(
        moment(10 * S, [at("p", 0.0)], [Read(10 * S, "door", "b1")]),
        moment(60 * S, [at("q", 5.0)]),
    )

    assert set(state.people) == {"q"}
    assert all("p" not in badge.carriers for badge in state.badges.values())


def test_two_who_are_close_for_long_may_have_been_exchanged() -> None:
    def confidence(apart_m: float) -> float:
        state = play(moment(10 * S, [at("p", 0.0)], [Read(10 * S, "door", "b1")]))
        for second in range(11, 71):
            play(moment(second * S, [at("p", 9.0), at("q", 9.0 + apart_m)]), state=state)
        return who(state, "p", "q")["p"].confidence

    assert confidence(0.4) < 0.75
    assert confidence(3.0) > 0.9


PEOPLE = st.lists(
    st.builds(at, st.sampled_from(["p", "q", "r"]), st.floats(-2, 22)),
    max_size=3,
    unique_by=lambda one: one.person_id,
)
READS = st.lists(
    st.builds(
        Read,
        st.integers(0, 40).map(lambda half: half * S // 2),
        st.sampled_from(sorted(READERS)),
        st.sampled_from(["b1", "b2", "pool", "whose"]),
    ),
    max_size=4,
)
WORN = st.lists(
    st.builds(Worn, st.sampled_from(["p", "q"]), st.sampled_from(["blue", "none"])), max_size=3
)
JOINS = st.lists(
    st.builds(
        Joined,
        st.sampled_from(["MERGE", "SPLIT", "REIDENTIFICATION", "HAND_OVER"]),
        st.sampled_from(["p", "q"]),
        st.sampled_from(["r", "s"]),
        st.floats(0, 1),
    ),
    max_size=1,
)
MOMENTS = st.lists(st.tuples(PEOPLE, READS, WORN, JOINS), min_size=1, max_size=6)


def moments_of(drawn: Any, order: Any = list) -> list[Moment]:
    return [
        moment((10 + index) * S, order(people), order(reads_), joins, order(worn))
        for index, (people, reads_, worn, joins) in enumerate(drawn)
    ]


@settings(max_examples=120, deadline=None)
@given(MOMENTS, st.randoms(use_true_random=False))
def test_the_order_of_what_is_of_one_time_makes_no_difference(drawn: Any, random: Any) -> None:
    def shuffled(part: Any) -> Any:
        return random.sample(part, len(part))

    one, other = play(*moments_of(drawn)), play(*moments_of(drawn, shuffled))

    assert json.dumps(plain(one)) == json.dumps(plain(other))


@settings(max_examples=120, deadline=None)
@given(MOMENTS)
def test_a_state_that_was_saved_goes_on_as_if_it_had_not_been(drawn: Any) -> None:
    through = EvidenceState()
    saved = EvidenceState()
    for one in moments_of(drawn):
        play(one, state=through)
        saved = play(one, state=of_plain(json.loads(json.dumps(plain(saved)))))

    assert json.dumps(plain(through)) == json.dumps(plain(saved))
    assert identities(through, ["p", "q"], BADGES, RATES, CLASSES) == identities(
        saved, ["p", "q"], BADGES, RATES, CLASSES
    )


@settings(max_examples=120, deadline=None)
@given(MOMENTS)
def test_probabilities_stay_probabilities(drawn: Any) -> None:
    state = play(*moments_of(drawn))

    for badge in state.badges.values():
        assert sum(badge.carriers.values()) == pytest.approx(1.0)
        assert all(0.0 <= share <= 1.0 for share in badge.carriers.values())
    for one in identities(state, sorted(state.people), BADGES, RATES, CLASSES):
        assert 0.0 <= one.role_confidence <= 1.0
        assert sum(candidate.probability for candidate in one.candidates) <= 1.0 + 1e-12
        assert one.staff_id is None or one.confidence >= RATES.named_at


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 3))
def test_nobody_is_likelier_than_who_is_at_the_reader(x_m: float, y_m: float, sd_m: float) -> None:
    reader = READERS["door"]

    assert 0.0 <= reads(reader, x_m, y_m, sd_m, ()) <= reads(reader, 0.0, 0.0, 0.0, ()) == 1.0


def test_nothing_of_the_schedule_can_enter() -> None:
    """No argument of the step or of naming holds a shift."""
    from inspect import signature

    given_ = {*signature(advance).parameters, *signature(identities).parameters}
    assert given_ == {*("state", "moment", "readers", "settings", "people", "badges", "classes")}
