"""How many badges are in a zone, against a plain walk over every badge, carrier and zone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.evidence.state import BadgeState, EvidenceState
from streams.domain.zones.area import ZoneArea, zone_area
from streams.domain.zones.badges import badges_in, zones_around
from tests.support.builders.domain import rectangle, zone

S = 1_000_000
NOW_US = 100 * S
SPOTS = [(1.0, 1.0), (3.0, 1.0), (9.0, 9.0)]


def area(zone_id: str, x_min: float, x_max: float, **fields: str) -> ZoneArea:
    fields = {"space": "FLOOR_M", "camera_id": "", **fields}
    return zone_area(zone(zone_id, polygon=rectangle(x_min, 0, x_max, 2), **fields))


AREAS = [
    area("a", 0, 4),
    area("b", 2, 6),
    area("c", 0, 4, space="IMAGE_PX", camera_id="cam"),
]
PEOPLE = ["p", "q", "r", "s"]


def plain(
    state: EvidenceState, zones_of: Mapping[str, Sequence[str]]
) -> dict[str, tuple[int, int]]:
    """Zone by zone: who has each badge here, or the reader that it was read at."""
    found = {}
    for one in AREAS:
        badges = doubted = 0
        taken = set()
        for _, badge in sorted(state.badges.items()):
            here = {
                name: share
                for name, share in badge.carriers.items()
                if one.zone_id in zones_of.get(name, ())
            }
            lying = 0.0
            if badge.x_m is not None and badge.y_m is not None:
                left, low, right, high = one.bounds
                if one.in_metres and left < badge.x_m < right and low < badge.y_m < high:
                    lying = badge.carriers.get("!", 0.0)
                    if NOW_US - badge.read_us <= 10 * S:
                        here["?"] = badge.carriers.get("?", 0.0)
            share = sum(here.values())
            if share + lying < 0.5:
                continue
            badges += 1
            owner = max(sorted(here), key=here.__getitem__, default="")
            if share < 0.9 or (owner != "?" and owner in taken):
                doubted += 1
            else:
                taken.add(owner)
        if badges:
            found[one.zone_id] = (badges, doubted)
    return found


def shared_out(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


CARRIERS = st.dictionaries(
    st.sampled_from([*PEOPLE, "?", "!"]),
    st.sampled_from([1e-5, 0.1, 0.4, 0.5, 1.0, 9.0, 90.0]) | st.floats(0.01, 1.0),
    min_size=1,
).map(shared_out)
BADGES = st.builds(
    lambda carriers, spot, ago_s: BadgeState(carriers, NOW_US - ago_s * S, "r", *spot),
    CARRIERS,
    st.sampled_from([*SPOTS, (None, None)]),
    st.sampled_from([0, 10, 11]),
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["b1", "b2", "b3"]), BADGES),
    st.dictionaries(
        st.sampled_from(PEOPLE), st.lists(st.sampled_from("abc"), unique=True).map(sorted)
    ),
)
def test_badges_are_where_their_carriers_are(
    badges: dict[str, BadgeState], zones_of: dict[str, list[str]]
) -> None:
    state = EvidenceState(badges=badges)

    def around(x_m: float, y_m: float) -> Sequence[str]:
        return zones_around(AREAS, x_m, y_m)

    assert badges_in(state, AREAS, around, zones_of, NOW_US) == plain(state, zones_of)


ZONES_OF = st.dictionaries(
    st.sampled_from(PEOPLE), st.lists(st.sampled_from("abc"), unique=True).map(sorted)
)
STEPS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(["b1", "b2"]), BADGES, max_size=1),
        ZONES_OF,
        st.sampled_from([0, 1, 9, 11]),
        st.sampled_from([AREAS, AREAS, AREAS[:2]]),
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["b1", "b2", "b3"]), BADGES, min_size=1), STEPS)
def test_what_was_found_before_makes_no_difference(
    badges: dict[str, BadgeState],
    steps: Sequence[tuple[dict[str, BadgeState], dict[str, list[str]], int, Sequence[ZoneArea]]],
) -> None:
    """Tick by tick as people move, badges are read and forgotten, and zones change."""
    state = EvidenceState(badges=dict(badges))
    at_us = NOW_US
    for read, zones_of, passed_s, areas in steps:
        at_us += passed_s * S
        state.badges.update(read)
        anew = EvidenceState(badges={name: replace(badge) for name, badge in state.badges.items()})

        def around(x_m: float, y_m: float, areas: Sequence[ZoneArea] = areas) -> Sequence[str]:
            return zones_around(areas, x_m, y_m)

        found = badges_in(state, areas, around, zones_of, at_us)

        assert found == badges_in(anew, areas, around, zones_of, at_us)
