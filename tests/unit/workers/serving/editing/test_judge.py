"""An edit reaches no further than the units of its author."""

from typing import Any

import pytest

from tests.support.callers import person
from tests.support.two_units import NOW_US, SQUARE, edit, two_units
from workers.access.principal import Principal
from workers.access.rights import AccessRole
from workers.registry.registered import TOPIC_OF, Key, Registered, identity_field
from workers.serving.editing.judge import judge
from workers.serving.editing.reach import Reach
from workers.serving.editing.refusals import NotAllowed, NotFound, Unfit

COORDINATOR = person("east", AccessRole.COORDINATOR, units=("east",))
ADMIN = person("east-admin", AccessRole.ADMIN, units=("east",))
ADMIN_OF_BOTH = person("admin-of-both", AccessRole.ADMIN, units=("east", "west"))
ADMIN_OF_ALL = person("admin", AccessRole.ADMIN)

FRAME = {"width": 1280, "height": 720}
FROM = {"starts": "2026-12-01T06:00Z"}
DAY = {"starts": "2026-12-01T06:00Z", "ends": "2026-12-01T14:00Z"}


@pytest.fixture(scope="module")
def ward() -> Registered:
    """Two units; no test changes it."""
    return two_units()


def try_edit(who: Principal, ward: Registered, kind: str, row: dict[str, Any]) -> None:
    facts, after = edit(ward, kind, row)
    assert facts, "the row changes nothing, so nothing is judged"
    judge(
        who,
        facts,
        [Key(TOPIC_OF[kind], row[identity_field(TOPIC_OF[kind])])],
        Reach(who, ward, NOW_US),
        Reach(who, after, NOW_US),
    )


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("zone", {"zone_id": "east-1", "camera_id": "east-cam", "polygon": SQUARE, "name": "E"}),
        ("zone", {"zone_id": "east-3", "camera_id": "east-cam", "polygon": SQUARE}),
        ("zone", {"zone_id": "east-2", "camera_id": "both-cam", "polygon": SQUARE, "order": 4}),
        ("requirement", {"requirement_id": "r", "zone_id": "east-1", "role": "nurse", "count": 1}),
        ("census", {"census_id": "n", "zone_id": "east-1", "people": 9, **FROM}),
        ("census", {"census_id": "n-east", "zone_id": "east-1", "people": 9, **FROM}),
        ("shift", {"shift_id": "s", "staff_id": "east-nurse", "zone_id": "east-1", **DAY}),
        ("shift", {"shift_id": "s", "staff_id": "both-nurse", "zone_id": "east-1", **DAY}),
        ("shift", {"shift_id": "s", "staff_id": "new-nurse", "zone_id": "east-2", **DAY}),
    ],
)
def test_a_coordinator_edits_the_staffing_of_its_unit(
    ward: Registered, kind: str, row: dict[str, Any]
) -> None:
    try_edit(COORDINATOR, ward, kind, row)


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("zone", {"zone_id": "west-1", "camera_id": "west-cam", "polygon": SQUARE, "name": "E"}),
        ("zone", {"zone_id": "west-1", "camera_id": "east-cam", "polygon": SQUARE}),
        ("requirement", {"requirement_id": "r-west", "zone_id": "east-1", "role": "n", "count": 1}),
        ("census", {"census_id": "n-west", "zone_id": "west-1", "people": 9, **FROM}),
        ("shift", {"shift_id": "s-west", "staff_id": "east-nurse", "zone_id": "east-1", **DAY}),
    ],
)
def test_what_is_in_another_unit_is_as_if_it_were_not(
    ward: Registered, kind: str, row: dict[str, Any]
) -> None:
    ward = ward.copy()
    ward.homes.pop(("zones.v1", "west-1"))  # else the fold refuses a zone that moves

    with pytest.raises(NotFound, match="there is no"):
        try_edit(COORDINATOR, ward, kind, row)


@pytest.mark.parametrize(
    ("kind", "row", "field"),
    [
        ("zone", {"zone_id": "z", "camera_id": "west-cam", "polygon": SQUARE}, "camera_id"),
        (
            "requirement",
            {"requirement_id": "r-east", "zone_id": "west-1", "role": "nurse", "count": 2},
            "zone_id",
        ),
        ("census", {"census_id": "n", "zone_id": "west-1", "people": 9, **FROM}, "zone_id"),
        (
            "shift",
            {"shift_id": "s-east", "staff_id": "west-nurse", "zone_id": "east-1", **DAY},
            "staff_id",
        ),
    ],
)
def test_an_edit_refers_to_nothing_of_another_unit(
    ward: Registered, kind: str, row: dict[str, Any], field: str
) -> None:
    with pytest.raises(Unfit) as refused:
        try_edit(COORDINATOR, ward, kind, row)

    [fault] = refused.value.faults
    assert (fault.field, fault.reason) == (field, f"{field} {row[field]} is not registered")


@pytest.mark.parametrize("who", [COORDINATOR, ADMIN])
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            {"zone_id": "east-9", "camera_id": "both-cam", "polygon": SQUARE}, id="a-new-zone"
        ),
        pytest.param(
            {"zone_id": "east-2", "camera_id": "both-cam", "polygon": [[0, 0], [9, 0], [9, 9]]},
            id="another-outline",
        ),
    ],
)
def test_nobody_draws_over_a_camera_that_shows_another_unit(
    ward: Registered, who: Principal, row: dict[str, Any]
) -> None:
    ward = ward.copy()
    east = ward.newest["units.v1", "east"]
    ward.newest["units.v1", "east"] = {**east, "zone_ids": ["east-2", "east-9"]}

    with pytest.raises(NotAllowed, match="also shows other units"):
        try_edit(who, ward, "zone", row)
    try_edit(ADMIN_OF_BOTH, ward, "zone", row)


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("camera", {"camera_id": "both-cam", **FRAME, "name": "Corridor"}),
        ("staff", {"staff_id": "both-nurse", "role": "doctor"}),
        ("floor", {"floor_id": "both-cam", "name": "Corridor", "time_zone": "UTC"}),
        ("role", {"role": "nurse", "priority": 1}),
        ("role", {"role": "another"}),
    ],
)
def test_an_admin_of_one_unit_does_not_change_what_is_in_two(
    ward: Registered, kind: str, row: dict[str, Any]
) -> None:
    with pytest.raises((NotAllowed, NotFound)):
        try_edit(ADMIN, ward, kind, row)
    try_edit(ADMIN_OF_BOTH, ward, kind, row)


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("staff", {"staff_id": "new-nurse", "role": "doctor"}),
        ("staff", {"staff_id": "another", "role": "nurse"}),
        ("camera", {"camera_id": "new-cam", **FRAME}),
    ],
)
def test_what_is_in_no_unit_is_for_those_who_may_everywhere(
    ward: Registered, kind: str, row: dict[str, Any]
) -> None:
    with pytest.raises((NotAllowed, NotFound)):
        try_edit(ADMIN_OF_BOTH, ward, kind, row)
    try_edit(ADMIN_OF_ALL, ward, kind, row)


def test_a_role_is_read_in_every_unit_and_a_census_in_that_of_its_zone(ward: Registered) -> None:
    reach = Reach(COORDINATOR, ward, NOW_US)

    assert reach.reads(Key(TOPIC_OF["role"], "nurse"))
    assert reach.reads(Key(TOPIC_OF["census"], "n-east"))
    assert not reach.reads(Key(TOPIC_OF["census"], "n-west"))
    with pytest.raises(NotAllowed, match=r"registry\.edit"):
        try_edit(COORDINATOR, ward, "role", {"role": "nurse", "priority": 1})


def test_a_coordinator_changes_no_camera(ward: Registered) -> None:
    with pytest.raises(NotAllowed, match=r"registry\.edit"):
        try_edit(COORDINATOR, ward, "camera", {"camera_id": "east-cam", **FRAME, "name": "E"})


def test_what_is_hidden_from_an_editor_is_hidden_from_its_checks(ward: Registered) -> None:
    known = Reach(COORDINATOR, ward, NOW_US).known()

    ids = {identity for _, identity in known.newest}
    assert {"east-1", "east-2", "both-cam", "both-nurse", "new-nurse"} <= ids
    assert {identity for identity in ids if "west" in identity or identity == "s-both-w"} == set()
    assert Reach(ADMIN_OF_ALL, ward, NOW_US).known() is ward


def test_a_removed_zone_stays_in_its_unit(ward: Registered) -> None:
    ward = ward.copy()
    for name in ("east-1", "west-1"):
        zone = ward.newest["zones.v1", name]
        ward.newest["zones.v1", name] = {**zone, "removed": True, "version": 2}
    reach = Reach(COORDINATOR, ward, NOW_US)

    assert reach.reads(Key(TOPIC_OF["zone"], "east-1"))
    assert not reach.reads(Key(TOPIC_OF["zone"], "west-1"))
    assert not reach.reads(Key(TOPIC_OF["zone"], "never"))
