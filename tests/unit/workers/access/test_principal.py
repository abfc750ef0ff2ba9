"""What a principal may do follows from its roles and their units alone."""

import pytest

from workers.access.principal import EVERYWHERE, LOCAL_COORDINATOR, Principal
from workers.access.rights import NEEDS_PURPOSE, PERSON_LEVEL, RIGHTS, AccessRole, Right

EAST = Principal(
    subject="idp/realm#7",
    roles={
        AccessRole.COORDINATOR: frozenset({"east"}),
        AccessRole.VIEWER: frozenset({"east", "west"}),
    },
)


def test_a_right_holds_in_the_units_of_every_role_that_gives_it() -> None:
    assert EAST.units(Right.BOARD) == {"east", "west"}
    assert EAST.units(Right.EDIT_STAFFING) == {"east"}
    assert EAST.units(Right.AUDIT) == frozenset()


@pytest.mark.parametrize(("unit", "may"), [("east", True), ("west", False), (None, False)])
def test_a_right_of_one_unit_reaches_no_other(unit: str | None, may: bool) -> None:
    assert EAST.may(Right.EDIT_STAFFING, unit) is may


@pytest.mark.parametrize("unit", ["east", "a unit of tomorrow", None])
def test_a_right_held_everywhere_reaches_every_unit_and_what_has_none(unit: str | None) -> None:
    admin = Principal(subject="a", roles={AccessRole.ADMIN: frozenset({EVERYWHERE, "east"})})

    assert admin.units(Right.EDIT_REGISTRY) == {EVERYWHERE}
    assert admin.may(Right.EDIT_REGISTRY, unit)


def test_a_role_without_units_gives_nothing() -> None:
    assert Principal(subject="b", roles={AccessRole.ADMIN: frozenset()}).rights() == frozenset()


def test_every_role_has_a_row() -> None:
    assert set(RIGHTS) == set(AccessRole)


def test_a_wall_display_sees_no_person() -> None:
    assert not RIGHTS[AccessRole.WALL] & PERSON_LEVEL


def test_the_local_coordinator_may_use_presence_and_nothing_that_asks_for_a_purpose() -> None:
    assert LOCAL_COORDINATOR.holds(Right.PRESENCE)
    assert not LOCAL_COORDINATOR.rights() & NEEDS_PURPOSE
