"""Imports become versions of facts; a contradiction is refused with its row and field."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOORS, SHIFTS, STAFF, ZONES
from workers.registry.coverage_rows import RequirementRow
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.files import ImportRefused, read_rows
from workers.registry.rows import CameraRow, FloorRow, ShiftRow, StaffRow, ZoneRow

NOW = Stamp(valid_from_us=1_000, recorded_at_us=1_000, recorded_by="test")
CAMERA = CameraRow(camera_id="cam-1", width=640, height=480)
SQUARE: list[tuple[float, float]] = [(0, 0), (100, 0), (100, 100), (0, 100)]


def ward(*extra: Fact) -> Registered:
    """A registry with one camera, one zone and two nurses."""
    registered = Registered()
    registered.add(edits([CAMERA], registered, NOW))
    registered.add(
        edits([ZoneRow(zone_id="bay", camera_id="cam-1", polygon=SQUARE)], registered, NOW)
    )
    staff = [StaffRow(staff_id="s1", role="nurse"), StaffRow(staff_id="s2", role="nurse")]
    registered.add(edits(staff, registered, NOW))
    registered.add(extra)
    return registered


def shift(shift_id: str, starts: str, ends: str, **more: Any) -> ShiftRow:
    row = {"shift_id": shift_id, "staff_id": "s1", "zone_id": "bay", "starts": starts, "ends": ends}
    return ShiftRow.model_validate({**row, **more})


def test_a_camera_without_floor_gets_one_of_its_own_with_the_next_partition() -> None:
    registered = Registered()
    for number, camera_id in enumerate(["cam-1", "cam-2", "cam-3"]):
        facts = edits([CAMERA.model_copy(update={"camera_id": camera_id})], registered, NOW)
        registered.add(facts)

        floor, camera = facts
        assert (floor.topic, floor.record["partition"]) == (FLOORS, number)
        assert (camera.topic, camera.record["floor_id"]) == (CAMERAS, camera_id)


@pytest.mark.parametrize(
    ("cell", "symbol"), [("", "FIXED"), ("fixed", "FIXED"), (" Moving ", "MOVING")]
)
def test_a_row_says_how_its_camera_is_mounted(cell: str, symbol: str) -> None:
    row = CameraRow.model_validate({"camera_id": "a", "width": 1, "height": 1, "mount": cell})

    assert row.fields()["mount"] == symbol
    assert CAMERA.fields()["mount"] == "FIXED"


def test_a_camera_that_moves_is_fixed_again_only_when_the_row_says_so() -> None:
    registered, row = Registered(), {"camera_id": "a", "width": 640, "height": 480}
    moving = CameraRow.model_validate(row | {"mount": "moving"})
    registered.add(edits([moving], registered, NOW))

    with pytest.raises(ImportRefused, match=r"mount: left out, but the camera is registered as mo"):
        edits([CameraRow.model_validate(row)], registered, NOW)

    [camera] = edits([CameraRow.model_validate(row | {"mount": "fixed"})], registered, NOW)
    assert camera.record["mount"] == "FIXED"


def test_another_mount_is_refused_with_what_to_write() -> None:
    with pytest.raises(ValidationError, match=r"'wheels' is not .* write fixed or moving"):
        CameraRow.model_validate({"camera_id": "a", "width": 1, "height": 1, "mount": "wheels"})


def test_a_floor_keeps_its_partition_when_its_camera_changes() -> None:
    registered = ward()
    changed = CAMERA.model_copy(update={"name": "Bay, north wall"})

    facts = edits([changed], registered, NOW)

    assert [(fact.topic, fact.record["version"]) for fact in facts] == [(CAMERAS, 2)]


def test_the_same_file_twice_makes_no_second_version() -> None:
    assert edits([CAMERA], ward(), NOW) == []


def test_replace_removes_what_the_file_does_not_name() -> None:
    facts = edits([StaffRow(staff_id="s2", role="nurse")], ward(), NOW, replace=True)

    assert [(f.topic, f.record["staff_id"], f.record["removed"]) for f in facts] == [
        (STAFF, "s1", True)
    ]


def test_a_removed_fact_can_come_back_as_a_new_version() -> None:
    registered = ward()
    registered.add(edits([StaffRow(staff_id="s2", role="nurse")], registered, NOW, replace=True))

    [back] = edits([StaffRow(staff_id="s1", role="nurse")], registered, NOW)

    assert (back.record["version"], back.record["removed"]) == (3, False)


def test_two_uncalibrated_cameras_cannot_share_a_floor() -> None:
    rows = [
        CameraRow(camera_id="a", floor_id="f", width=1, height=1),
        CameraRow(camera_id="b", floor_id="f", width=1, height=1),
    ]
    with pytest.raises(ImportRefused, match=r"camera_id a: floor_id f: .* also has b"):
        edits(rows, Registered(), NOW)


def test_a_camera_stays_on_its_floor_even_after_it_was_removed() -> None:
    registered = Registered()
    registered.add(edits([CAMERA], registered, NOW))
    other = CameraRow(camera_id="cam-2", width=640, height=480)
    moved = CAMERA.model_copy(update={"floor_id": "cam-2"})
    refusal = (
        r"camera_id cam-1: a camera stays on its floor: 'cam-1', not 'cam-2'; "
        r"register it under a new id"
    )

    with pytest.raises(ImportRefused, match=refusal):
        edits([moved], registered, NOW)
    registered.add(edits([other], registered, NOW, replace=True))
    with pytest.raises(ImportRefused, match=refusal):
        edits([moved], registered, NOW)

    assert [fact.topic for fact in edits([CAMERA], registered, NOW)] == [CAMERAS]


def test_one_import_cannot_give_a_camera_twice() -> None:
    rows = [CAMERA, CAMERA.model_copy(update={"floor_id": "f"})]

    with pytest.raises(ImportRefused, match=r"camera_id cam-1: given twice"):
        edits(rows, Registered(), NOW)


def test_a_zone_stays_on_its_floor() -> None:
    registered = ward()
    other = CameraRow(camera_id="cam-2", width=640, height=480)
    registered.add(edits([other], registered, NOW))

    with pytest.raises(ImportRefused, match=r"zone_id bay: a zone stays on"):
        edits([ZoneRow(zone_id="bay", camera_id="cam-2", polygon=SQUARE)], registered, NOW)


def test_a_zone_takes_its_floor_from_its_camera() -> None:
    assert ward().current(ZONES)["bay"]["floor_id"] == "cam-1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"camera_id": "cam-9"}, "zone_id z: camera_id cam-9 is not registered"),
        ({"polygon": [(0, 0), (700, 0), (0, 9)]}, r"zone_id z: polygon: point \(700, 0\)"),
        ({"camera_id": None, "floor_id": "f"}, "zone_id z: floor_id f is not registered"),
    ],
)
def test_a_zone_that_fits_nowhere_is_refused(changes: dict[str, Any], message: str) -> None:
    row = {"zone_id": "z", "camera_id": "cam-1", "polygon": SQUARE, **changes}
    with pytest.raises(ImportRefused, match=message):
        edits([ZoneRow.model_validate(row)], ward(), NOW)


def test_a_schedule_that_overlaps_itself_names_both_shifts() -> None:
    rows = [
        shift("early", "2026-03-02T06:00", "14:00"),
        shift("late", "2026-03-02T13:30", "21:00"),
    ]
    with pytest.raises(ImportRefused, match="shift_id late: starts: overlaps shift early of staff"):
        edits(rows, ward(), NOW)


def test_an_overlap_with_a_registered_shift_is_found_too() -> None:
    registered = ward()
    registered.add(edits([shift("early", "2026-03-02T06:00", "14:00")], registered, NOW))

    with pytest.raises(ImportRefused, match="overlaps shift early"):
        edits([shift("late", "2026-03-02T13:00", "21:00")], registered, NOW)


def test_shifts_that_touch_do_not_overlap() -> None:
    rows = [shift("a", "2026-03-02T06:00", "14:00"), shift("b", "2026-03-02T14:00", "22:00")]

    assert {fact.topic for fact in edits(rows, ward(), NOW)} == {SHIFTS}


def test_a_shift_of_an_unknown_person_is_refused() -> None:
    with pytest.raises(ImportRefused, match="shift_id n: staff_id s9 is not registered"):
        edits([shift("n", "2026-03-02T06:00", "14:00", staff_id="s9")], ward(), NOW)


@pytest.mark.parametrize(
    ("starts", "ends", "zone", "hours"),
    [
        pytest.param("2026-03-02T21:00", "07:00", "Europe/Berlin", 10, id="past-midnight"),
        pytest.param("2026-03-28T21:00", "07:00", "Europe/Berlin", 9, id="spring-forward"),
        pytest.param("2026-10-24T21:00", "07:00", "Europe/Berlin", 11, id="fall-back"),
        pytest.param("2026-03-02T00:00", "00:00", "UTC", 24, id="around-the-clock"),
    ],
)
def test_a_night_shift_is_as_long_as_the_night(
    starts: str, ends: str, zone: str, hours: int
) -> None:
    row = shift("n", starts, ends, time_zone=zone)

    starts_us, ends_us = row.span_us(zone)
    assert ends_us - starts_us == hours * 3_600_000_000


def test_an_hour_that_the_clock_skips_is_refused() -> None:
    row = shift("n", "2026-03-29T02:30", "2026-03-29T07:00", time_zone="Europe/Berlin")

    with pytest.raises(ImportRefused, match=r"starts: .* does not exist in Europe/Berlin"):
        edits([row], ward(), NOW)


def test_a_file_names_every_fault_with_line_and_field(tmp_path: Path) -> None:
    file = tmp_path / "staff.csv"
    file.write_text("staff_id,role\ns1,nurse\n,nurse\ns3,\n")

    with pytest.raises(ImportRefused) as caught:
        read_rows(file, StaffRow)

    assert [line.split(":")[0:2] for line in str(caught.value).splitlines()] == [
        ["staff.csv line 3", " staff_id"],
        ["staff.csv line 4", " role"],
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("staff.csv", "staff_id,role\ns1,a,b\n", "line 2: has 3 columns, but the header has 2"),
        (
            "staff.csv",
            "staff_id,rol\ns1,nurse\n",
            "line 1: 'rol' is not a field of this import; did you mean role",
        ),
        ("staff.yaml", "staff: [", "not valid YAML"),
        ("staff.yaml", "a: 1", "must be a list of mappings"),
        ("staff.doc", "", "ends in .csv, .xlsx, .yaml, .json or, for shifts, .ics"),
        (
            "zone.yaml",
            "- {zone_id: z, camera_id: c, polygon: [[0,0],[1,1],[1,0],[0,1]]}",
            "edges 0 and 2 touch or cross",
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises(ImportRefused, match=message):
        read_rows(file, ZoneRow if name.startswith("zone") else StaffRow)


def test_weekdays_are_written_as_people_write_them(tmp_path: Path) -> None:
    file = tmp_path / "requirements.csv"
    file.write_text(
        "requirement_id,zone_id,role,count,weekdays,starts,ends\n"
        "day,bay,nurse,2,mon-fri,07:00,19:00\n"
        'night,bay,nurse,1,"sat,sun",19:00,07:00\n'
        "turn,bay,nurse,1,fri-mon,19:00,00:00\n"
    )

    day, night, turn = [row.fields() for row in read_rows(file, RequirementRow)]

    assert (day["weekdays"], day["from_minute"], day["to_minute"]) == ([1, 2, 3, 4, 5], 420, 1140)
    assert (night["weekdays"], night["from_minute"], night["to_minute"]) == ([6, 7], 1140, 420)
    assert (turn["weekdays"], turn["to_minute"]) == ([1, 5, 6, 7], 1440)


def test_an_imported_floor_keeps_the_partition_that_its_first_version_got() -> None:
    registered = ward()
    [made] = edits([FloorRow(floor_id="ward-3", name="Ward 3")], registered, NOW)
    registered.add([made])

    [again] = edits(
        [FloorRow(floor_id="ward-3", name="Ward 3", time_zone="Europe/Berlin")], registered, NOW
    )
    camera = CAMERA.model_copy(update={"camera_id": "cam-2", "floor_id": "ward-3"})

    assert (made.topic, made.record["partition"], made.record["version"]) == (FLOORS, 1, 1)
    assert (again.record["partition"], again.record["version"]) == (1, 2)
    assert again.record["time_zone"] == "Europe/Berlin"
    assert edits([FloorRow(floor_id="ward-3", name="Ward 3")], registered, NOW) == []
    assert [fact.topic for fact in edits([camera], registered, NOW)] == [CAMERAS]


def test_a_floor_that_the_file_does_not_name_is_not_removed() -> None:
    with pytest.raises(ImportRefused, match="floor_id cam-1: a floor keeps its partition for life"):
        edits([FloorRow(floor_id="ward-3")], ward(), NOW, replace=True)
