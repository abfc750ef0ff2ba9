"""In which units a thing is, and what an import of units refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, SHIFTS, STAFF, UNITS, ZONES, Topic
from tests.support.live_writer import camera_fact, floor_fact, zone_fact
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.files import ImportRefused
from workers.registry.rows import CameraRow, UnitRow, ZoneRow
from workers.registry.unit_index import ROSTERED_FOR_US, UnitIndex
from workers.registry.view import RegistryView

NOW = Stamp(valid_from_us=1_000, recorded_at_us=1_000, recorded_by="test")
NOW_US = 10**15
SQUARE: list[tuple[float, float]] = [(0, 0), (100, 0), (100, 100), (0, 100)]


def unit(unit_id: str, **listed: Any) -> dict[str, Any]:
    return {"unit_id": unit_id, "floor_ids": [], "zone_ids": [], "neighbour_ids": [], **listed}


def index_of(**facts: list[dict[str, Any]]) -> UnitIndex:
    """An index over facts by the plural of their kind."""
    topics: dict[str, Topic] = {
        "units": UNITS,
        "floors": FLOORS,
        "cameras": CAMERAS,
        "zones": ZONES,
        "staff": STAFF,
        "shifts": SHIFTS,
    }
    return UnitIndex(
        {
            topics[kind].name: {
                record[topics[kind].key.removesuffix("@version")]: record for record in records
            }
            for kind, records in facts.items()
        },
        NOW_US,
    )


def ward() -> UnitIndex:
    """West has a floor of two zones, of which east has one; a third zone is in no unit."""
    return index_of(
        units=[unit("west", floor_ids=["f1"]), unit("east", zone_ids=["desk"])],
        floors=[floor_fact("f1"), floor_fact("f2")],
        cameras=[camera_fact("c1", floor_id="f1"), camera_fact("c2", floor_id="f1")],
        zones=[
            zone_fact("bay", floor_id="f1", camera_id="c1"),
            zone_fact("desk", floor_id="f1", camera_id="c2"),
            zone_fact("roof", floor_id="f2", camera_id=None),
        ],
        staff=[{"staff_id": "ann"}, {"staff_id": "bob"}, {"staff_id": "old"}],
        shifts=[
            {"shift_id": "s1", "staff_id": "ann", "zone_id": "bay", "ends_us": NOW_US},
            {"shift_id": "s2", "staff_id": "ann", "zone_id": "desk", "ends_us": NOW_US},
            {
                "shift_id": "s3",
                "staff_id": "old",
                "zone_id": "bay",
                "ends_us": NOW_US - ROSTERED_FOR_US,
            },
        ],
    )


@pytest.mark.parametrize(
    ("kind", "identity", "units"),
    [
        pytest.param("zone", "bay", {"west"}, id="a-zone-is-in-the-unit-of-its-floor"),
        pytest.param("zone", "desk", {"east"}, id="a-zone-that-a-unit-lists-is-in-that-alone"),
        pytest.param("zone", "roof", set(), id="a-zone-in-no-unit"),
        pytest.param("zone", "unknown", None, id="a-zone-that-nobody-registered"),
        pytest.param("floor", "f1", {"west", "east"}, id="a-floor-is-in-all-units-of-its-zones"),
        pytest.param("floor", "f2", set(), id="a-floor-in-no-unit"),
        pytest.param("camera", "c1", {"west"}, id="a-camera-of-one-unit"),
        pytest.param("camera", "c2", {"west", "east"}, id="a-camera-that-shows-two-units"),
        pytest.param("camera", "c9", None, id="a-camera-that-nobody-registered"),
        pytest.param("shift", "s2", {"east"}, id="a-shift-is-in-the-unit-of-its-zone"),
        pytest.param("staff", "ann", {"west", "east"}, id="staff-are-in-the-units-of-their-shifts"),
        pytest.param("staff", "bob", set(), id="staff-without-a-shift-are-in-none"),
        pytest.param("staff", "old", set(), id="a-shift-of-long-ago-no-longer-counts"),
        pytest.param("staff", "eve", None, id="staff-whom-nobody-registered"),
        pytest.param("unit", "east", {"east"}, id="a-unit"),
        pytest.param("unit", "north", None, id="a-unit-that-nobody-registered"),
    ],
)
def test_a_thing_is_in_units(kind: str, identity: str, units: set[str] | None) -> None:
    assert ward().units_of(kind, identity) == units


def test_a_calibrated_camera_shows_every_unit_of_its_floor() -> None:
    index = index_of(
        units=[unit("west", zone_ids=["a"]), unit("east", zone_ids=["b"])],
        floors=[floor_fact("f")],
        cameras=[camera_fact("c", floor_id="f")],
        zones=[
            zone_fact("a", floor_id="f", camera_id=None),
            zone_fact("b", floor_id="f", camera_id=None),
        ],
    )

    assert index.units_of("camera", "c") == frozenset({"west", "east"})


def test_an_edit_of_units_counts_from_when_it_is_visible() -> None:
    view = RegistryView()
    stamps = {"version": 1, "valid_from_us": 0, "recorded_at_us": 0, "removed": False}
    view.add([Fact(ZONES, zone_fact("bay", valid_from_us=0, recorded_at_us=0))], 0)
    view.add([Fact(UNITS, {**unit("west", zone_ids=["bay"]), **stamps})], 0)
    assert view.unit_index(NOW_US).units_of("zone", "bay") == frozenset({"west"})

    later = {**stamps, "version": 2, "recorded_at_us": NOW_US}
    view.add([Fact(UNITS, {**unit("west", zone_ids=["hall"]), **later})], NOW_US)

    assert view.unit_index(NOW_US + 4_999_999).units_of("zone", "bay") == frozenset({"west"})
    assert view.unit_index(NOW_US + 5_000_000).units_of("zone", "bay") == frozenset()
    assert view.unit_index(NOW_US).units_of("zone", "bay") == frozenset({"west"})


def registered() -> Registered:
    """A camera with a floor of its own, a zone, and a unit that lists the zone."""
    found = Registered()
    for rows in (
        [CameraRow(camera_id="cam", width=640, height=480)],
        [ZoneRow(zone_id="bay", camera_id="cam", polygon=SQUARE)],
        [UnitRow(unit_id="east", zone_ids=["bay"])],
    ):
        found.add(edits(rows, found, NOW))
    return found


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"zone_ids": ["bay"]}, "zone_ids bay is in unit east too; list it in one unit"),
        ({"zone_ids": ["by"]}, "zone_ids by is not registered; did you mean bay"),
        ({"floor_ids": ["f9"]}, "floor_ids f9 is not registered"),
        ({"floor_ids": ["cam"], "neighbour_ids": ["south"]}, "neighbour_ids south is not"),
        ({"floor_ids": ["cam"], "neighbour_ids": ["west"]}, "is not its own neighbour"),
    ],
)
def test_an_import_refuses_a_unit_that_does_not_fit(row: dict[str, Any], message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        edits([UnitRow(unit_id="west", **row)], registered(), NOW)


def test_units_trade_a_zone_in_one_import() -> None:
    facts = edits(
        [UnitRow(unit_id="east", floor_ids=["cam"]), UnitRow(unit_id="west", zone_ids=["bay"])],
        registered(),
        NOW,
    )

    assert [(fact.record["unit_id"], fact.record["zone_ids"]) for fact in facts] == [
        ("east", []),
        ("west", ["bay"]),
    ]


def test_a_zone_of_a_unit_is_not_removed_before_the_unit_lets_go_of_it() -> None:
    ward = registered()
    rows = [ZoneRow(zone_id="hall", camera_id="cam", polygon=SQUARE)]

    with pytest.raises(ImportRefused, match="unit_id east: zone_ids bay is not registered"):
        edits(rows, ward, NOW, replace=True)


@pytest.mark.parametrize(
    ("cell", "ids"), [("a, b;c", ["a", "b", "c"]), ("", []), (["a"], ["a"]), (None, [])]
)
def test_a_cell_lists_ids(cell: object, ids: list[str]) -> None:
    row = UnitRow.model_validate({"unit_id": "u", "floor_ids": cell, "zone_ids": "z"})

    assert row.floor_ids == ids


@pytest.mark.parametrize("cell", ["a, a", 7, {"a": 1}])
def test_what_is_no_list_of_ids_is_refused(cell: object) -> None:
    with pytest.raises(ValidationError, match="floor_ids"):
        UnitRow.model_validate({"unit_id": "u", "floor_ids": cell})


def test_a_unit_lists_a_floor_or_a_zone() -> None:
    with pytest.raises(ValidationError, match="floor_ids or zone_ids"):
        UnitRow(unit_id="nowhere")
