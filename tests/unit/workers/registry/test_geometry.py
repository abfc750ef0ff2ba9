"""Rows that say where cameras hang, what they see, and how people go from one view to another."""

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS
from workers.registry.change import Change, Options, Stamp
from workers.registry.edit import change_of
from workers.registry.files import ImportRefused, read_rows
from workers.registry.forms import form_of
from workers.registry.preview import effects_of, notes_of
from workers.registry.registered import Key, Registered
from workers.registry.row import Row
from workers.registry.rows import CameraRow, FloorRow

NOW = Stamp(valid_from_us=1_000, recorded_at_us=1_000, recorded_by="test", reason="the whole edit")
MATRIX = [-900.0, -640.0, 0.0, 0.0, 0.0, -360.0, -900.0, 2700.0, 0.0, -1.0, 0.0, 0.0]
"""A camera 3 m above the origin of the floor that looks along -y, in frames of 1280x720 px; it sees
70.8 degrees."""
HALL: dict[str, Any] = {"camera_id": "hall", "floor_id": "west", "width": 1280, "height": 720}
HALL |= {"projection": MATRIX}
DOOR = HALL | {"camera_id": "door"}
CORNERS = [[0, -1], [4, -1], [4, -6], [0, -6]]
PASSAGE: dict[str, Any] = {
    "name": "to the ward",
    "from_camera_id": "hall",
    "to_camera_id": "door",
    "from_x_m": 1,
    "from_y_m": -5.5,
    "to_x_m": 8,
    "to_y_m": -5.5,
    "radius_m": 1.5,
    "min_s": 2,
    "max_s": 12,
}


def cameras(*rows: dict[str, Any]) -> list[CameraRow]:
    return [CameraRow.model_validate(row) for row in rows]


def floor(**fields: Any) -> FloorRow:
    return FloorRow.model_validate({"floor_id": "west", **fields})


def changed(
    rows: list[Any], before: Registered | None = None, stamp: Stamp = NOW, **options: Any
) -> Change:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.topic.name, []).append(row)
    removals = options.pop("removals", [])
    known = before or Registered()
    return change_of(groups.values(), known, stamp, Options(**options), removals=removals)


def newest(change: Change, topic: Any, identity: str) -> dict[str, Any]:
    return change.after.newest[topic.name, identity]


@pytest.fixture
def ward() -> Registered:
    """Two cameras of one floor with a passage between them."""
    return changed([*cameras(HALL, DOOR), floor(passages=[PASSAGE])]).after


def test_location_view_and_reason_of_a_camera_are_kept_and_given_back() -> None:
    row = HALL | {
        "location": {"x_m": "0.1", "y_m": 0, "z_m": 2.9},
        "field_of_view_deg": "71",
        "sees": CORNERS,
        "reason": "a cupboard was put up",
    }

    change = changed(cameras(row))
    found = newest(change, CAMERAS, "hall")
    form = form_of(CAMERAS, found)

    assert found["location"] == {"x_m": 0.1, "y_m": 0.0, "z_m": 2.9}
    assert found["field_of_view_deg"] == 71.0
    assert found["sees"] == [{"x": float(x), "y": float(y)} for x, y in CORNERS]
    assert found["reason"] == "a cupboard was put up"
    assert "reason" not in form
    assert changed(cameras(form), change.after).facts == []
    [_, line] = [str(effect) for effect in effects_of(change)]
    assert "location (0.10, 0.00), 2.90 m above the floor" in line
    assert "sees of 4 points that covers 20.0 m2" in line


def test_a_spreadsheet_holds_them_in_its_cells(tmp_path: Path) -> None:
    path = tmp_path / "cameras.csv"
    row = f"hall;1280;720;[1.5, 2, 2.8];90;{CORNERS};new wall"
    path.write_text(f"camera_id;width;height;location;field of view deg;sees;reason\n{row}\n")

    [found] = read_rows(path, CameraRow)

    fields = found.fields()
    assert fields["location"] == {"x_m": 1.5, "y_m": 2.0, "z_m": 2.8}
    assert (fields["field_of_view_deg"], fields["reason"]) == (90.0, "new wall")
    assert len(fields["sees"]) == 4


@pytest.mark.parametrize("form", ["yaml", "json", "csv"])
def test_passages_come_from_every_form_of_file(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"floors.{form}"
    text = json.dumps([PASSAGE])
    path.write_text(
        {
            "yaml": f"- floor_id: west\n  passages: {text}\n",
            "json": f'[{{"floor_id": "west", "passages": {text}}}]',
            "csv": 'floor_id;passages\nwest;"' + text.replace('"', '""') + '"\n',
        }[form]
    )

    [found] = read_rows(path, FloorRow)

    assert found.fields()["passages"] == [PASSAGE]


def test_a_passage_that_names_no_camera_holds_for_all(ward: Registered) -> None:
    anywhere = {name: PASSAGE[name] for name in PASSAGE if not name.endswith("camera_id")}

    found = newest(changed([floor(passages=[anywhere])], ward), FLOORS, "west")

    assert found["passages"] == [PASSAGE | {"from_camera_id": "", "to_camera_id": ""}]
    assert changed([floor(**form_of(FLOORS, found))], ward).facts[0].record == found


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"location": [1, 2]}, "location: a location has three numbers, not 2"),
        ({"location": {"x_m": 1, "y_m": 2}}, "location: z_m is missing"),
        ({"location": {"x_m": 1, "y_m": 2, "z_m": "high"}}, "location: z_m: 'high' is not a num"),
        ({"location": {"x": 1}}, "location: 'x' is none of x_m, y_m, z_m"),
        ({"field_of_view_deg": "wide"}, "field_of_view_deg: 'wide' is not a number"),
        ({"field_of_view_deg": 0}, "field_of_view_deg: 0 is not above 0"),
        ({"field_of_view_deg": 361}, "field_of_view_deg: 361 is not above 0 and at most 360"),
        ({"field_of_view_deg": 75}, "field_of_view_deg: it is 75, and the projection shows 70.8"),
        ({"sees": CORNERS[:2]}, "sees: a polygon has 3 to 200 vertices, not 2"),
        ({"sees": [[0, 0], [4, 4], [4, 0], [0, 4]]}, "sees: edges 0 and 2 touch or cross"),
        ({"sees": [[0, 0], [0.1, 0], [0.1, 0.1]]}, "sees: it holds 0.005 m2 of the floor"),
        ({"reason": "x" * 301}, "has 301 characters; 300 are the most"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_by_its_field(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps([HALL | change]))

    with pytest.raises(ImportRefused, match=r"cameras\.json entry 1: .*") as refusal:
        changed(read_rows(path, CameraRow))

    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"radius_m": 0}, "passages: passage 1: radius_m is 0, not above 0"),
        ({"min_s": -1}, "passages: passage 1: min_s -1 and max_s 12 are not 0 <= min_s <= max_s"),
        ({"min_s": 13}, "min_s 13 and max_s 12 are not"),
        ({"max_s": ""}, "passages: passage 1: max_s is missing"),
        ({"to_x_m": "there"}, "passages: passage 1: to_x_m: 'there' is not a number"),
        ({"width_m": 1}, "passages: passage 1: 'width_m' is none of"),
        ({"to_camera_id": "a b"}, "passages: passage 1: to_camera_id: 'a b' holds a space"),
        ({"to_camera_id": "dor"}, "passages: passage 1 names camera dor, which is not registered"),
        ({"to_camera_id": "far"}, "passages: passage 1 names camera far, which is on floor far"),
    ],
)
def test_a_passage_that_cannot_be_meant_is_refused_by_its_number(
    change: dict[str, Any], reason: str, ward: Registered, tmp_path: Path
) -> None:
    path = tmp_path / "floors.json"
    path.write_text(json.dumps([{"floor_id": "west", "passages": [PASSAGE | change]}]))
    far = {"camera_id": "far", "width": 1, "height": 1}
    ward = changed(cameras(far), ward).after

    with pytest.raises(ImportRefused) as refusal:
        changed(list(read_rows(path, FloorRow)), ward)

    assert reason in str(refusal.value)


def test_what_a_row_leaves_out_stays_only_when_it_says_so(ward: Registered) -> None:
    given = {"location": [0, 0, 3], "field_of_view_deg": 70.8, "sees": CORNERS}
    ward = changed(cameras(HALL | given), ward).after

    with pytest.raises(ImportRefused) as refusal:
        changed([*cameras(HALL), floor(name="West")], ward)

    for name in given:
        assert f"{name}: left out, but one is registered; repeat it, or write []" in str(
            refusal.value
        )
    assert "passages: left out, but 1 passages are registered" in str(refusal.value)
    gone = changed([*cameras(HALL | {name: [] for name in given}), floor(passages=[])], ward)
    found = newest(gone, CAMERAS, "hall")
    assert (found["location"], found["field_of_view_deg"], found["sees"]) == (None, None, [])
    assert newest(gone, FLOORS, "west")["passages"] == []


def test_a_version_has_its_own_reason_and_a_reason_alone_makes_none(ward: Registered) -> None:
    named = changed(cameras(HALL | {"name": "Hall", "reason": "its name"}), ward)
    other = Stamp(2_000, 2_000, "test", reason="another edit")

    again = changed(cameras(HALL | {"name": "Hall", "reason": "nothing"}), named.after, other)
    wider = changed(cameras(HALL | {"name": "Hall", "sees": CORNERS}), named.after, other)
    back = change_of([], wider.after, other, Options(), restored={
        Key(CAMERAS, "hall"): newest(named, CAMERAS, "hall")
    })  # fmt: skip
    gone = changed([], ward, other, removals=[Key(CAMERAS, "hall")], cascade=True)

    assert newest(named, CAMERAS, "hall")["reason"] == "its name"
    assert again.facts == []
    assert newest(wider, CAMERAS, "hall")["reason"] == "another edit"
    assert (newest(back, CAMERAS, "hall")["reason"], back.facts[0].record["sees"]) == (
        "another edit",
        [],
    )
    assert newest(gone, CAMERAS, "hall")["reason"] == "another edit"


def test_a_camera_may_not_share_the_id_of_a_floor_whose_people_are_fused() -> None:
    """People of a floor are named floor:n, and tracks of a camera camera:n."""
    alone = changed(cameras(HALL | {"camera_id": "west"})).after

    with pytest.raises(ImportRefused) as refusal:
        changed(cameras(DOOR), alone)
    two, elsewhere = changed(cameras(HALL, DOOR)).after, {"camera_id": "west", "floor_id": "east"}
    with pytest.raises(ImportRefused, match=r"floor west has two or more cameras \(door, hall\)"):
        changed(cameras(elsewhere | {"width": 1, "height": 1}), two)

    assert "camera_id west: camera_id: floor west has two or more cameras (door, west)" in (
        str(refusal.value)
    )


def test_a_camera_goes_only_with_the_passages_that_name_it(ward: Registered) -> None:
    hall = Key(CAMERAS, "hall")

    with pytest.raises(ImportRefused, match="something rests on it: passages of floor west"):
        changed([], ward, removals=[hall])
    change = changed([], ward, removals=[hall], cascade=True)

    assert newest(change, CAMERAS, "hall")["removed"]
    assert newest(change, FLOORS, "west")["passages"] == []
    [line] = [str(effect) for effect in effects_of(change) if effect.key.topic is FLOORS]
    assert line == (
        "~ floor west (its passages of camera hall): passages to the ward: hall (1.00, -5.50) to "
        "door (8.00, -5.50) in 2 to 12 s -> nothing"
    )


def test_a_location_that_the_projection_does_not_bear_out_is_noted() -> None:
    right = changed(cameras(HALL | {"location": [0.1, 0.1, 3.1]}))
    wrong = changed(cameras(HALL | {"location": [0, 4, 3]}))

    assert not [note for note in notes_of(right) if "location" in note]
    [note] = [note for note in notes_of(wrong) if "location" in note]
    assert note == (
        "camera hall: its projection puts it 4.0 m from its location: one of them is wrong"
    )


def test_a_floor_that_a_camera_makes_has_no_passages() -> None:
    [fact] = [fact for fact in changed(cameras(HALL)).facts if fact.topic is FLOORS]

    assert isinstance(fact, Fact)
    assert fact.record["passages"] == []
