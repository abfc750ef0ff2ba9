"""Readers of badges and badges as they are registered: what is taken, what refused, and where."""

from typing import Any

import pytest
from pydantic import ValidationError

from runtime.facts.log import Fact
from schemas.topics import BADGES, FLOORS, READERS, STAFF, UNITS, ZONES
from tests.support.live_writer import floor_fact, zone_fact
from workers.registry.change import Options, Stamp
from workers.registry.edit import change_of
from workers.registry.files import ImportRefused
from workers.registry.forms import form_of
from workers.registry.preview import effects_of
from workers.registry.registered import Key, Registered
from workers.registry.row import Row
from workers.registry.rows import BadgeRow, ReaderRow
from workers.registry.unit_index import UnitIndex

NOW = Stamp(valid_from_us=1_000, recorded_at_us=1_000, recorded_by="test")
AT_DOOR = {"reader_id": "door", "floor_id": "f1", "x_m": "4.5", "y_m": "2"}
OF_BAY = {"reader_id": "bay-reader", "floor_id": "f1", "zone_id": "bay"}


def ward() -> Registered:
    """Two floors, a zone on each, and a member of staff."""
    found = Registered()
    found.add(
        [
            Fact(FLOORS, floor_fact("f1", passages=[])),
            Fact(FLOORS, floor_fact("f2", passages=[])),
            Fact(ZONES, zone_fact("bay", floor_id="f1", camera_id=None)),
            Fact(ZONES, zone_fact("roof", floor_id="f2", camera_id=None)),
            Fact(STAFF, {"staff_id": "ann", "version": 1, "removed": False, "role": "nurse"}),
        ]
    )
    return found


def taken(row: Row, known: Registered | None = None) -> Registered:
    return change_of([[row]], known or ward(), NOW, Options()).after


def refused(row: Row) -> str:
    with pytest.raises(ImportRefused) as error:
        taken(row)
    return str(error.value)


def test_a_reader_has_a_position_or_covers_a_zone() -> None:
    door = taken(ReaderRow.model_validate(AT_DOOR)).current(READERS)["door"]
    bay = taken(ReaderRow.model_validate(OF_BAY)).current(READERS)["bay-reader"]

    assert (door["x_m"], door["y_m"], door["range_m"], door["zone_id"]) == (4.5, 2.0, 1.5, "")
    assert (bay["x_m"], bay["range_m"], bay["zone_id"]) == (None, None, "bay")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"zone_id": "bay"}, "not both", id="both"),
        pytest.param({"x_m": ""}, "x_m: give x_m and y_m", id="half"),
        pytest.param({"range_m": "0"}, "greater than 0", id="no-range"),
        pytest.param({"floor_id": ""}, "Field required", id="no-floor"),
    ],
)
def test_a_reader_that_is_nowhere_is_refused(fields: dict[str, str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        ReaderRow.model_validate({**AT_DOOR, **fields})


def test_a_reader_is_on_a_registered_floor_and_of_a_zone_of_it() -> None:
    elsewhere = refused(ReaderRow.model_validate({**OF_BAY, "zone_id": "roof"}))
    unknown = refused(ReaderRow.model_validate({**OF_BAY, "zone_id": "no-bay"}))
    nowhere = refused(ReaderRow.model_validate({**AT_DOOR, "floor_id": "f9"}))

    assert "zone_id: zone roof is on floor f2" in elsewhere
    assert "zone_id no-bay is not registered" in unknown
    assert "floor_id f9 is not registered" in nowhere


def test_a_badge_is_somebody_s_always_or_for_a_time() -> None:
    row = {"badge_id": "b1", "staff_ids": "ann"}
    always = taken(BadgeRow.model_validate(row)).current(BADGES)["b1"]
    day = {"starts": "2026-11-30T07:00+01:00", "ends": "2026-11-30T15:00+01:00"}
    today = taken(BadgeRow.model_validate({**row, **day})).current(BADGES)["b1"]

    assert (always["staff_ids"], always["from_us"], always["until_us"]) == (["ann"], None, None)
    assert today["until_us"] - today["from_us"] == 8 * 3_600_000_000
    assert today["from_us"] == 1_796_018_400_000_000


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"starts": "2026-11-30T07:00"}, "write its offset", id="no-offset"),
        pytest.param({"staff_ids": "ann,ann"}, "names 'ann' twice", id="twice"),
        pytest.param({"badge_id": "04 A2 19"}, "holds a space", id="number"),
    ],
)
def test_a_badge_with_a_mistake_is_refused(fields: dict[str, str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        BadgeRow.model_validate({"badge_id": "b1", "staff_ids": "ann", **fields})


def test_a_badge_is_of_registered_staff_and_ends_after_it_starts() -> None:
    day = {"starts": "2026-11-30T07:00Z", "ends": "2026-11-30T07:00Z"}

    assert "staff_ids bob is not registered" in refused(
        BadgeRow(badge_id="b1", staff_ids=["ann", "bob"])
    )
    assert "ends: is not after starts" in refused(
        BadgeRow.model_validate({"badge_id": "b1", **day})
    )


def test_what_was_read_can_be_sent_back_and_changes_nothing() -> None:
    day = {"starts": "2026-11-30T07:00Z", "ends": None}
    rows: list[Row] = [
        ReaderRow.model_validate(AT_DOOR),
        ReaderRow.model_validate(OF_BAY),
        BadgeRow.model_validate({"badge_id": "b1", "staff_ids": ["ann"], **day}),
        BadgeRow.model_validate({"badge_id": "b2"}),
    ]
    for row in rows:
        known = taken(row)
        identity = getattr(row, row.identity())
        form = form_of(row.topic, known.current(row.topic)[identity])
        again = change_of([[type(row).model_validate(form)]], known, NOW, Options())
        assert again.facts == [], form


def test_a_preview_says_whose_a_badge_becomes() -> None:
    row = BadgeRow.model_validate(
        {"badge_id": "b1", "staff_ids": ["ann"], "starts": "2026-11-30T07:00Z"}
    )

    [effect] = effects_of(change_of([[row]], ward(), NOW, Options()))

    assert str(effect) == "+ badge b1: staff_ids ann; starts 2026-11-30T07:00:00Z"


def test_a_zone_that_a_reader_covers_is_removed_with_it_alone() -> None:
    known = taken(ReaderRow.model_validate(OF_BAY))
    bay = [Key(ZONES, "bay")]

    with pytest.raises(ImportRefused, match="something rests on it: reader bay-reader"):
        change_of([], known, NOW, Options(), removals=bay)
    after = change_of([], known, NOW, Options(cascade=True), removals=bay).after

    assert after.current(READERS) == {}


def test_staff_with_a_badge_are_not_removed() -> None:
    known = taken(BadgeRow(badge_id="b1", staff_ids=["ann"]))

    with pytest.raises(ImportRefused, match="staff_ids ann is not registered"):
        change_of([], known, NOW, Options(), removals=[Key(STAFF, "ann")])


def test_a_reader_is_in_the_units_of_its_zone_or_floor_and_a_badge_in_those_of_its_staff() -> None:
    def unit(unit_id: str, **listed: Any) -> dict[str, Any]:
        return {"unit_id": unit_id, "floor_ids": [], "zone_ids": [], "neighbour_ids": [], **listed}

    index = UnitIndex(
        {
            UNITS.name: {
                "east": unit("east", floor_ids=["f1"]),
                "west": unit("west", zone_ids=["bay"]),
            },
            FLOORS.name: {"f1": floor_fact("f1")},
            ZONES.name: {
                "bay": zone_fact("bay", floor_id="f1", camera_id=None),
                "desk": zone_fact("desk", floor_id="f1", camera_id=None),
            },
            STAFF.name: {"ann": {"staff_id": "ann"}, "bob": {"staff_id": "bob"}},
            "shifts.v1": {
                "s": {"shift_id": "s", "staff_id": "ann", "zone_id": "bay", "ends_us": 10**15}
            },
            READERS.name: {
                "door": {"floor_id": "f1", "zone_id": ""},
                "of-bay": {"floor_id": "f1", "zone_id": "bay"},
            },
            BADGES.name: {"b1": {"staff_ids": ["ann", "bob"]}, "b2": {"staff_ids": []}},
        },
        10**15,
    )

    assert index.units_of("reader", "door") == frozenset({"east", "west"})
    assert index.units_of("reader", "of-bay") == frozenset({"west"})
    assert index.units_of("badge", "b1") == frozenset({"west"})
    assert index.units_of("badge", "b2") == frozenset()
    assert index.units_of("reader", "none") is None
    assert index.units_of("badge", "none") is None
