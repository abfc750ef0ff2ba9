"""Zones together: sums, people once, and what is not known named."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.totals import RoleFigures, ZoneFigures, total_of

ROLES = ("nurse", "porter")
small = st.integers(0, 4)
zones = st.builds(
    ZoneFigures,
    person_ids=st.frozensets(st.sampled_from("abcdef")),
    scheduled=small,
    required=small,
    gap_min=small,
    gap_max=small,
    roles=st.dictionaries(
        st.sampled_from(ROLES), st.builds(RoleFigures, small, small, small, small, small, small)
    ),
)
wards = st.dictionaries(st.sampled_from(["z1", "z2", "z3", "z4"]), zones)


def zone(*person_ids: str, **roles: RoleFigures) -> ZoneFigures:
    return ZoneFigures(frozenset(person_ids), 0, 0, 0, 0, roles)


def test_somebody_in_two_zones_is_one_person() -> None:
    total = total_of(["bay", "ward"], {"bay": zone("a"), "ward": zone("a", "b")})

    assert total.people == 2


def test_a_zone_that_is_not_known_is_named_and_adds_nothing() -> None:
    total = total_of(["bay", "ward"], {"ward": zone("a")})

    assert (total.zone_ids, total.stale_zone_ids, total.people) == (("ward",), ("bay",), 1)


def test_who_is_not_required_in_a_zone_is_spare_though_another_zone_is_short() -> None:
    here = zone(nurse=RoleFigures(3, 3, 0, 1, 0, 0))
    there = zone(nurse=RoleFigures(0, 0, 0, 1, 1, 1))

    found = total_of(["here", "there"], {"here": here, "there": there}).roles["nurse"]

    assert found.spare == 2
    assert (found.figures.gap_min, found.figures.gap_max) == (1, 1)


@given(ward=wards, wanted=st.lists(st.sampled_from(["z1", "z2", "z3", "z4", "z5"])))
def test_a_total_is_the_sum_of_its_zones(ward: dict[str, ZoneFigures], wanted: list[str]) -> None:
    total = total_of(wanted, ward)
    counted = [ward[zone_id] for zone_id in set(wanted) if zone_id in ward]

    assert {*total.zone_ids, *total.stale_zone_ids} == set(wanted)
    assert total.gap_max == sum(zone.gap_max for zone in counted)
    assert total.people == len({one for zone in counted for one in zone.person_ids})
    for role in ROLES:
        figures = [zone.roles[role] for zone in counted if role in zone.roles]
        assert (role in total.roles) == bool(figures)
        if figures:
            assert total.roles[role].figures.present_max == sum(one.present_max for one in figures)


@given(ward=wards, wanted=st.permutations(["z1", "z2", "z3", "z4"]))
def test_the_order_of_zones_has_no_effect(ward: dict[str, ZoneFigures], wanted: list[str]) -> None:
    assert total_of(wanted, ward) == total_of(sorted(wanted), ward)
