"""The nearest surplus: by steps, then by department, and never from a unit that is short itself."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.staffing.surplus import Surplus, UnitLocation, nearest_surplus, steps_from
from streams.domain.staffing.totals import RoleFigures, RoleTotal, Total


def unit(*neighbours: str, site: str = "north", department: str = "surgery") -> UnitLocation:
    return UnitLocation(site, department, neighbours)


def spares(number: int, missing: int = 0) -> Total:
    """A unit that can spare nurses in one zone and is short of some in another."""
    figures = RoleFigures(number, number, 0, missing, missing, missing)
    return Total((), (), 0, 0, 0, 0, 0, {"nurse": RoleTotal(figures, number)})


SHORT = spares(0, missing=1)


def nearest(locations: Mapping[str, UnitLocation], totals: Mapping[str, Total]) -> Surplus | None:
    found = nearest_surplus("here", ["nurse"], locations, totals)
    return found[0] if found else None


def test_another_zone_of_the_unit_comes_first() -> None:
    locations = {"here": unit("next"), "next": unit()}

    found = nearest(locations, {"here": spares(1, missing=1), "next": spares(5)})

    assert found == Surplus("nurse", "here", 1, 0)


def test_next_door_comes_before_two_doors_on() -> None:
    locations = {"here": unit("next"), "next": unit("far"), "far": unit()}

    found = nearest(locations, {"here": SHORT, "far": spares(9), "next": spares(1)})

    assert found == Surplus("nurse", "next", 1, 1)


def test_a_way_that_is_registered_at_the_other_end_is_a_way() -> None:
    locations = {"here": unit(), "next": unit("here")}

    assert nearest(locations, {"here": SHORT, "next": spares(1)}) == Surplus("nurse", "next", 1, 1)


def test_a_unit_spares_only_whom_its_own_gaps_do_not_need() -> None:
    locations = {"here": unit("next"), "next": unit("far"), "far": unit()}
    totals = {"here": SHORT, "next": spares(2, missing=2), "far": spares(1)}

    assert nearest(locations, totals) == Surplus("nurse", "far", 1, 2)


def test_without_a_way_the_same_department_comes_before_the_same_site() -> None:
    locations = {"here": unit(), "a": unit(department="medicine"), "b": unit()}

    found = nearest(locations, {"here": SHORT, "a": spares(3), "b": spares(1)})

    assert found == Surplus("nurse", "b", 1, None)


def test_another_site_is_not_offered_without_a_way() -> None:
    locations = {"here": unit(), "there": unit(site="south")}

    assert nearest(locations, {"here": SHORT, "there": spares(3)}) is None


def test_nobody_to_spare_gives_no_surplus() -> None:
    assert nearest({"here": unit()}, {"here": SHORT}) is None


NAMES = ["here", "a", "b", "c", "d"]


@given(
    ways=st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from([*NAMES, "unknown"]))),
)
def test_steps_are_the_shortest_way_over_neighbours(ways: dict[str, set[str]]) -> None:
    locations = {name: unit(*sorted(ways.get(name, ()))) for name in NAMES}
    near = {
        one: {two for two in NAMES if two in ways.get(one, ()) or one in ways.get(two, ())}
        for one in NAMES
    }

    steps = steps_from("here", locations)

    expected = {"here": 0}
    for distance in range(1, len(NAMES)):
        for one in [name for name, at in expected.items() if at == distance - 1]:
            for two in near[one]:
                expected.setdefault(two, distance)
    assert steps == expected


@given(
    ways=st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES))),
    spare=st.fixed_dictionaries(
        {name: st.tuples(st.integers(0, 2), st.integers(0, 2)) for name in NAMES}
    ),
)
def test_no_unit_that_can_spare_somebody_is_nearer_than_the_one_named(
    ways: dict[str, set[str]], spare: dict[str, tuple[int, int]]
) -> None:
    locations = {name: unit(*sorted(ways.get(name, ()))) for name in NAMES}
    totals = {name: spares(*numbers) for name, numbers in spare.items()}
    steps = steps_from("here", locations)
    able = {
        name for name, (free, short) in spare.items() if (free if name == "here" else free > short)
    }

    found = nearest(locations, totals)

    assert (found is not None) == bool(able)
    if found is not None:
        far = len(NAMES)
        assert found.unit_id in able
        assert all(steps.get(name, far) >= steps.get(found.unit_id, far) for name in able)
