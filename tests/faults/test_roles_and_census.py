"""Files of roles, ratios and a census: what is taken, and what is refused by line and field."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from openpyxl import Workbook

from tests.faults.product import Ward, fold_refusal, import_bytes, import_text

ROLES = "role,covers,priority,is_staff\n"
REQUIREMENTS = "requirement_id,zone_id,role,count,per,basis,at_least\n"
CENSUS = "zone_id,starts,people,time_zone\n"


def utc(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d %H:%M}"


def test_roles_name_whom_they_cover_and_who_is_no_staff(tmp_path: Path) -> None:
    text = (
        f"{ROLES}nurse,assistant; porter,1,yes\nassistant,,,\npatient,,,No\n"
        "doctor,nurse assistant,2,TRUE\n"
    )

    imported = import_text("role", text, tmp_path, ".csv")

    assert [
        (one["role"], one["covers"], one["priority"], one["is_staff"]) for one in imported.records
    ] == [
        ("nurse", ["assistant", "porter"], 1, True),
        ("assistant", [], None, True),
        ("patient", [], None, False),
        ("doctor", ["assistant", "nurse"], 2, True),
    ]
    assert imported.effects[0] == "+ role nurse: covers assistant, porter; priority 1"
    assert imported.effects[2] == "+ role patient: is_staff no"
    assert imported.notes == ("role nurse covers porter, which nobody has and no zone requires",)
    assert fold_refusal("roles.v1", imported.records) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("nurse,nurse,,", "covers: nurse fills its own places anyway", id="itself"),
        pytest.param("nurse,a a,,", "covers: names 'a' twice", id="twice"),
        pytest.param("nurse,,0,", "priority: must be greater than or equal to 1", id="0"),
        pytest.param("nurse,,first,", "priority: 'first' is not a number", id="word"),
        pytest.param("nurse,,,maybe", "is_staff: 'maybe' is neither yes nor no", id="maybe"),
        pytest.param("guest,nurse,,no", "covers: is for staff alone", id="guest-covers"),
        pytest.param("guest,,3,no", "priority: is for staff alone", id="guest-priority"),
        pytest.param("ward nurse,,,", "role: 'ward nurse' holds a space", id="space"),
    ],
)
def test_a_role_with_a_mistake_is_refused_by_line_and_field(
    line: str, reason: str, tmp_path: Path
) -> None:
    refusal = str(import_text("role", f"{ROLES}porter,,,\n{line}\n", tmp_path, ".csv").refusal)

    assert refusal.startswith("role.csv line 3: ")
    assert reason in refusal


def test_whose_role_is_no_staff_s_is_neither_staff_nor_wanted_nor_covered(tmp_path: Path) -> None:
    ward = Ward(tmp_path, "camera", "zone", "staff")
    guests = f"{ROLES}guest,,,no\n".encode()

    staff = ward.take("role", b"role,is_staff\nnurse,no\n")
    assert "staff_id s1: role nurse: is no staff's, as that role says" in str(staff.refusal)
    assert ward.take("role", guests).refusal is None
    for kind, text in (
        ("staff", "staff_id,role\ns9,guest\n"),
        ("requirement", f"{REQUIREMENTS}r,bay,guest,1,,,\n"),
        (
            "shift",
            "shift_id,zone_id,starts,ends,role,agency\nh,bay,2026-11-30T07:00,15:00,guest,x\n",
        ),
    ):
        assert "role guest: is no staff's" in str(ward.take(kind, text.encode()).refusal), kind
    assert "covers guest: is no staff's" in str(
        ward.take("role", f"{ROLES}nurse,guest,,\n".encode()).refusal
    )


def test_roles_that_cover_each_other_are_taken_and_noted(tmp_path: Path) -> None:
    text = f"{ROLES}midwife,nurse,,\nnurse,midwife,,\n"

    assert import_text("role", text, tmp_path, ".csv").notes == (
        "roles midwife and nurse cover each other",
    )


def test_a_role_that_is_spelled_in_another_way_is_refused(tmp_path: Path) -> None:
    refusal = import_text("role", f"{ROLES}doctor,Nurse,,\n", tmp_path, ".csv").refusal

    assert "role Nurse: differs from the role nurse by case or punctuation alone" in str(refusal)


def test_a_requirement_may_be_a_ratio(tmp_path: Path) -> None:
    text = f"{REQUIREMENTS}a,bay,nurse,1,8,Census,2\nb,bay,nurse,1,4,present,\nc,bay,nurse,2,,,\n"

    imported = import_text("requirement", text, tmp_path, ".csv")

    assert [
        (one["count"], one["per"], one["basis"], one["at_least"]) for one in imported.records
    ] == [(1, 8, "CENSUS", 2), (1, 4, "PRESENT", 0), (2, 0, "FIXED", 0)]
    assert "count 1" in imported.effects[0]
    assert imported.effects[0].endswith("basis census; per 8; at_least 2")
    assert "; per" not in imported.effects[2]
    assert fold_refusal("requirements.v1", imported.records) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("r,bay,nurse,1,8,,", "basis: is missing: per belongs to a ratio", id="basis"),
        pytest.param("r,bay,nurse,1,,,2", "basis: is missing: at_least belongs", id="least"),
        pytest.param("r,bay,nurse,1,,census,", "per: is missing: for how many people", id="per"),
        pytest.param("r,bay,nurse,1,0,census,", "per: must be greater", id="nobody"),
        pytest.param("r,bay,nurse,1,4,beds,", "basis: 'beds' is not what a", id="beds"),
        pytest.param("r,bay,nurse,1,2.5,present,", "per: '2.5' is not a whole number", id="half"),
    ],
)
def test_a_ratio_with_a_mistake_is_refused_by_line_and_field(
    line: str, reason: str, tmp_path: Path
) -> None:
    refusal = str(import_text("requirement", f"{REQUIREMENTS}{line}\n", tmp_path, ".csv").refusal)

    assert refusal.startswith("requirement.csv line 2: ")
    assert reason in refusal


def test_a_census_says_the_same_in_csv_a_workbook_and_yaml(tmp_path: Path) -> None:
    at = datetime(2026, 11, 30, 6, 0, tzinfo=UTC).replace(tzinfo=None)
    made, file = Workbook(), io.BytesIO()
    made.active.append(["Zone ID", "Starts", "People"])
    made.active.append(["bay", at, 6])
    made.save(file)
    found = [
        import_text("census", "zone_id;starts;people\nbay;2026-11-30 6:00;6\n", tmp_path, ".csv"),
        import_bytes("census", file.getvalue(), tmp_path, ".xlsx"),
        import_text(
            "census",
            yaml.dump([{"zone_id": "bay", "starts": "2026-11-30T06:00", "people": 6}]),
            tmp_path,
        ),
    ]

    assert [one.refusal for one in found] == [None] * 3
    assert found[0].records == found[1].records == found[2].records
    assert " ".join(found[0].effects) == (
        "+ census bay.2026-11-30.0600: zone_id bay; people 6; starts 2026-11-30 06:00 CET; "
        "time_zone Europe/Berlin"
    )


def test_a_count_that_is_written_again_changes_the_one_of_its_zone_and_time(
    tmp_path: Path,
) -> None:
    ward = Ward(tmp_path, "camera", "zone")
    ward.take("census", f"{CENSUS}bay,2026-11-30T06:00,6,\n".encode())

    again = ward.take("census", f"{CENSUS}bay,2026-11-30 06:00,6,\n".encode())
    mended = ward.take(
        "census", f"{CENSUS}bay,2026-11-30 06:00,7,\nbay,2026-11-30T14:00,5,\n".encode()
    )

    assert again.records == []
    assert mended.effects[0] == "~ census bay.2026-11-30.0600: people 6 -> 7"
    assert [one["version"] for one in mended.records] == [2, 1]


@pytest.mark.parametrize(
    ("starts", "time_zone", "expected"),
    [
        pytest.param("2026-03-29T03:30", "Europe/Berlin", "2026-03-29 01:30", id="spring"),
        pytest.param("2026-10-25T02:30", "Europe/Berlin", "2026-10-25 00:30", id="first-of-two"),
        pytest.param("2026-10-25T02:30+01:00", "", "2026-10-25 01:30", id="second-of-two"),
        pytest.param("2026-11-30T06:00", "Asia/Kolkata", "2026-11-30 00:30", id="half-hour"),
        pytest.param("2026-11-30T06:00", "Asia/Kathmandu", "2026-11-30 00:15", id="quarter"),
        pytest.param("2026-11-30T00:00", "", "2026-11-29 23:00", id="midnight-of-the-floor"),
    ],
)
def test_a_count_is_of_the_ward_s_clock(
    starts: str, time_zone: str, expected: str, tmp_path: Path
) -> None:
    imported = import_text("census", f"{CENSUS}bay,{starts},6,{time_zone}\n", tmp_path, ".csv")

    assert utc(imported.records[0]["starts_us"]) == expected
    twice = [note for note in imported.notes if "comes twice" in note]
    assert len(twice) == (starts == "2026-10-25T02:30")
    assert fold_refusal("census.v1", imported.records) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("bay,2026-03-29T02:30,6,", "starts: 2026-03-29T02:30:00 does not", id="gap"),
        pytest.param("bay,2026-11-30,6,", "starts: '2026-11-30' has no time of day", id="day"),
        pytest.param("bay,2026-11-30T06:00,-1,", "people: must be greater", id="negative"),
        pytest.param("bay,2026-11-30T06:00,many,", "people: 'many' is not a number", id="word"),
        pytest.param("bay,,6,", "starts: ", id="no-time"),
        pytest.param("no-bay,2026-11-30T06:00,6,", "zone_id no-bay is not registered", id="zone"),
        pytest.param("bay,2036-11-30T06:00,6,", "is too far from now: a census starts", id="year"),
    ],
)
def test_a_count_with_a_mistake_is_refused_by_line_and_field(
    line: str, reason: str, tmp_path: Path
) -> None:
    refusal = str(import_text("census", f"{CENSUS}{line}\n", tmp_path, ".csv").refusal)

    assert refusal.startswith("census.csv line 2: ")
    assert reason in refusal
    assert len(refusal.splitlines()) == 1


def test_a_zone_that_goes_takes_the_counts_to_come_and_leaves_the_history(tmp_path: Path) -> None:
    ward = Ward(tmp_path, "camera", "zone")
    counts = f"{CENSUS}bay,2026-11-20T06:00,6,\nbay,2026-12-20T06:00,6,\n"
    assert ward.take("census", counts.encode()).refusal is None
    other = b"- {zone_id: hall, camera_id: bay-cam, polygon: [[10, 10], [90, 10], [90, 90]]}"

    refused = ward.take("zone", other, ".yaml", replace=True)
    taken = ward.take("zone", other, ".yaml", replace=True, cascade=True)

    assert "something rests on it: census bay.2026-12-20.0600;" in str(refused.refusal)
    assert [effect for effect in taken.effects if effect.startswith("-")] == [
        "- zone bay",
        "- census bay.2026-12-20.0600 (rests on zone bay)",
    ]
