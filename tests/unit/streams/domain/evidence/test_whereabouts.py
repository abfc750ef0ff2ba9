"""Who was near a reader, and who is near whom, against plain walks over everybody."""

import math
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.evidence.carriers import mingle
from streams.domain.evidence.readers import Reader, reads
from streams.domain.evidence.settings import EvidenceSettings
from streams.domain.evidence.state import BadgeState, EvidenceState, PersonState
from streams.domain.evidence.whereabouts import Whereabouts
from tests.support.builders.evidence import Seen, people_of

S = 1_000_000
RATES = EvidenceSettings()
READERS = [Reader("door", 0.0, 0.0), Reader("gate", 9.0, 1.0, 4.0), Reader("bay", zone_id="z")]


def nearest(trail: list[list[Any]], at_us: int) -> list[Any] | None:
    """The position nearest in time, the later of two, if it is at most two steps off."""
    if not trail:
        return None
    found = min(trail, key=lambda one: (abs(one[0] - at_us), -one[0]))
    return found if abs(found[0] - at_us) <= 2 * RATES.trail_step_us else None


TRAILS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.floats(-1, 12),
        st.floats(-1, 3),
        st.sampled_from([0.2, 1.0, 1e6]),
        st.sampled_from([(), ("z",)]),
    ),
    max_size=8,
    unique_by=lambda one: one[0],
).map(lambda found: [[at * S // 2, *rest] for at, *rest in sorted(found)])


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["p", "q", "r"]), TRAILS),
    st.lists(st.tuples(st.sampled_from(READERS), st.integers(-8, 90)), max_size=6),
)
def test_a_read_weighs_each_person_at_the_position_nearest_in_time(
    trails: dict[str, list[list[Any]]], asked: list[tuple[Reader, int]]
) -> None:
    people = {name: PersonState(trail=trail) for name, trail in trails.items()}
    first_us = asked[0][1] * S // 4 if asked else 0
    whereabouts = Whereabouts(EvidenceState(people=people), first_us, RATES)

    for reader, quarters in asked:
        at_us = quarters * S // 4
        there = {name: nearest(trails[name], at_us) for name in sorted(trails)}
        expected = {}
        for name, position in there.items():
            if position is not None:
                when_us, x_m, y_m, sd_m, zone_ids = position
                likelihood = reads(reader, x_m, y_m, sd_m + abs(when_us - at_us) / S, zone_ids)
                if likelihood >= 1e-12:
                    expected[name] = likelihood
        assert list(whereabouts.likelihoods(reader, at_us).items()) == list(expected.items())
        assert {name: whereabouts.was_there(name) for name in [*there, "nobody"]} == {
            **{name: position is not None for name, position in there.items()},
            "nobody": False,
        }


SEEN = st.lists(
    st.builds(
        Seen,
        st.integers(0, 12).map("p{:02}".format),
        st.floats(0, 3) | st.sampled_from([1.0, 1.7, math.nan]),
        st.floats(0, 1) | st.sampled_from([0.0, math.nan]),
    ),
    max_size=9,
    unique_by=lambda one: one.person_id,
)
CARRIERS = st.dictionaries(
    st.integers(0, 12).map("p{:02}".format) | st.just("?"), st.floats(0, 1), max_size=5
)


@settings(max_examples=100, deadline=None)
@given(SEEN, st.dictionaries(st.sampled_from(["a", "b"]), CARRIERS))
def test_those_within_reach_of_each_other_are_exchanged_in_order(
    people: list[Seen], badges: dict[str, dict[str, float]]
) -> None:
    state = EvidenceState(badges={name: BadgeState(dict(one)) for name, one in badges.items()})
    share = 0.5 * -math.expm1(-2.0 * RATES.close_swaps_per_s)
    expected = deepcopy(badges)
    ordered = sorted(people, key=lambda one: one.person_id)
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            apart = (one.x_m - other.x_m) ** 2 + (one.y_m - other.y_m) ** 2
            if apart <= RATES.close_m * RATES.close_m:
                for carriers in expected.values():
                    here = carriers.get(one.person_id, 0.0)
                    there = carriers.get(other.person_id, 0.0)
                    if here or there:
                        moved = share * (here - there)
                        carriers[one.person_id] = here - moved
                        carriers[other.person_id] = there + moved

    mingle(state, people_of(people), S, RATES)

    assert {name: one.carriers for name, one in state.badges.items()} == expected
