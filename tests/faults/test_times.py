"""A time in an import file means what its author meant, or is refused by line and field."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.product import Import, Ward, import_text

SHIFTS = "shift_id,staff_id,zone_id,starts,ends\n"
REQUIREMENTS = "requirement_id,zone_id,role,count,starts,ends\n"


def hours(imported: Import) -> list[tuple[str, str]]:
    """Start and end of each imported shift, UTC."""
    return [(_utc(record["starts_us"]), _utc(record["ends_us"])) for record in imported.records]


def _utc(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d %H:%M}"


def test_an_unquoted_time_of_a_requirement_is_the_time_of_day(tmp_path: Path) -> None:
    imported = import_text(
        "requirement",
        """
- requirement_id: day
  zone_id: bay
  role: nurse
  count: 2
  weekdays: mon-sun
  starts: 6:30
  ends: 22:00
  time_zone: Europe/Berlin
- requirement_id: late
  zone_id: bay
  role: care-assistant
  count: 1
  weekdays: mon-sun
  starts: 07:00
  ends: 19:00:00
  time_zone: Europe/Berlin
""",
        tmp_path,
    )

    minutes = [(record["from_minute"], record["to_minute"]) for record in imported.records]
    assert minutes == [(390, 1320), (420, 1140)]


def test_an_unquoted_time_of_a_shift_is_the_time_of_day(tmp_path: Path) -> None:
    imported = import_text(
        "shift",
        """
- shift_id: late-1
  staff_id: s1
  zone_id: bay
  starts: 2026-11-30 13:00
  ends: 21:30
  time_zone: Europe/Berlin
- shift_id: late-2
  staff_id: s2
  zone_id: bay
  starts: 2026-11-30T13:00
  ends: 21:30
  time_zone: Europe/Berlin
""",
        tmp_path,
    )

    assert hours(imported) == [("2026-11-30 12:00", "2026-11-30 20:30")] * 2


@pytest.mark.parametrize(
    ("starts", "ends", "utc"),
    [
        pytest.param("2026-11-30T07:00", "15:00", ("30 06:00", "30 14:00"), id="local"),
        pytest.param("2026-11-30 7:00", "15:00:00", ("30 06:00", "30 14:00"), id="space"),
        pytest.param("2026-11-30T22:00", "06:00", ("30 21:00", "01 05:00"), id="overnight"),
        pytest.param("2026-11-30T13:00", "24:00", ("30 12:00", "30 23:00"), id="end of the day"),
        pytest.param(
            "2026-11-30T13:00", "2026-11-30T24:00", ("30 12:00", "30 23:00"), id="with its date"
        ),
        pytest.param(
            "2026-11-30T06:00Z", "2026-11-30T16:00+02:00", ("30 06:00", "30 14:00"), id="offsets"
        ),
        pytest.param(
            "2026-11-30 07:00:00.000", "15:00", ("30 06:00", "30 14:00"), id="empty fraction"
        ),
    ],
)
def test_a_time_in_a_stated_form_is_taken(
    starts: str, ends: str, utc: tuple[str, str], tmp_path: Path
) -> None:
    imported = import_text("shift", f"{SHIFTS}x,s1,bay,{starts},{ends}\n", tmp_path, ".csv")

    assert imported.refusal is None
    [(start, end)] = hours(imported)
    assert (start[8:], end[8:]) == utc


@pytest.mark.parametrize(
    ("ends", "utc", "noted"),
    [
        ("2027-10-31T02:30", "2027-10-31 00:30", True),
        ("2027-10-31T02:30+01:00", "2027-10-31 01:30", False),
        ("2027-10-31T03:00", "2027-10-31 02:00", False),
    ],
)
def test_a_time_that_comes_twice_is_the_first_and_noted(
    ends: str, utc: str, noted: bool, tmp_path: Path
) -> None:
    text = f"{SHIFTS}x,s1,bay,2027-10-30T22:00,{ends}\n"

    imported = import_text("shift", text, tmp_path, ".csv")

    assert [end for _, end in hours(imported)] == [utc]
    assert [note.partition(";")[0] for note in imported.notes] == [
        "shift x: ends 2027-10-31 02:30 comes twice"
    ] * noted


@pytest.mark.parametrize("suffix", [".csv", ".yaml", ".json"])
@pytest.mark.parametrize(
    ("starts", "ends", "field", "reason"),
    [
        ("2026-11-30T07:00", "15.30", "ends", "no time that can be read: write 15:00"),
        ("2026-11-30T07:00", "15h30", "ends", "no time that can be read"),
        ("2026-11-30T07:00", "1530", "ends", "no time that can be read"),
        ("2026-11-30T07:00", "3:30 pm", "ends", "12-hour clock"),
        ("2026-11-30T07:00", "03:30PM", "ends", "12-hour clock"),
        ("2026-11-30T07:00", "25:00", "ends", "no time of day"),
        ("2026-11-30T07:00", "15:60", "ends", "no time of day"),
        ("2026-11-30T07:00", "15:00Z", "ends", "offset and no date"),
        ("2026-11-30T07:00+02:00", "15:00", "row", "write ends with its date and offset"),
        ("2026-11-30T07:00+23:00", "15:00", "starts", "beyond 14 hours"),
        ("2026-11-30T24:00", "15:00", "starts", "no time of day"),
        ("2026-11-30", "15:00", "starts", "no time of day"),
        ("07:00", "15:00", "starts", "no date"),
        ("30.11.2026 07:00", "15:00", "starts", "no time that can be read"),
        ("11/30/2026 07:00", "15:00", "starts", "no time that can be read"),
        ("2026-02-31T07:00", "15:00", "starts", "not a day of the calendar"),
        ("1900-01-01T07:00", "15:00", "starts", "2000 to 2100"),
        ("2099-01-01T07:00", "15:00", "shift_id x: starts", "2 years after"),
        ("2019-01-01T07:00", "15:00", "shift_id x: starts", "5 years before"),
        ("2027-03-28T02:30", "15:00", "shift_id x: starts", "the clock jumps over it"),
        ("46356.2917", "0.625", "starts", "spreadsheet's number for 2026-11-30 07:00"),
        ("46356", "15:00", "starts", "spreadsheet's number for 2026-11-30 00:00"),
        ("2026-11-30T07:00", "0.625", "ends", "spreadsheet's number for 15:00"),
        ("1796018400", "15:00", "starts", "no time that can be read"),
        ("nan", "15:00", "starts", "no time that can be read"),
        ("", "15:00", "starts", "is empty"),
        ("2026-11-30T07:00", "2026-12-05T07:00", "shift_id x: ends", "36 h at most"),
    ],
)
def test_a_time_in_another_form_is_refused_by_row_and_field(
    starts: str, ends: str, field: str, reason: str, suffix: str, tmp_path: Path
) -> None:
    text = {
        ".csv": f"{SHIFTS}x,s1,bay,{starts},{ends}\n",
        ".yaml": f"- {{shift_id: x, staff_id: s1, zone_id: bay, starts: '{starts}', ends: {ends}}}",
        ".json": f'[{{"shift_id": "x", "staff_id": "s1", "zone_id": "bay", "starts": "{starts}", '
        f'"ends": "{ends}"}}]',
    }[suffix]

    refusal = import_text("shift", text, tmp_path, suffix).refusal

    assert refusal
    where = {".csv": "line 2", ".yaml": "line 1 (entry 1)", ".json": "entry 1"}[suffix]
    assert refusal.startswith(f"shift{suffix} {where}: {field}: ")
    assert reason in refusal


@pytest.mark.parametrize(
    ("starts", "ends", "reason"),
    [
        ("07:00+02:00", "19:00", "offset"),
        ("07:00", "19:00Z", "offset"),
        ("07:00:30", "19:00", "seconds"),
        ("24:00", "19:00", "no time of day"),
        ("7", "19", "no time that can be read"),
        ("0.29166", "0.79166", "spreadsheet's number for 07:00"),
        ("07:00", "", "is empty"),
    ],
)
def test_a_time_of_a_requirement_in_another_form_is_refused(
    starts: str, ends: str, reason: str, tmp_path: Path
) -> None:
    text = f"{REQUIREMENTS}day,bay,nurse,2,{starts},{ends}\n"

    refusal = import_text("requirement", text, tmp_path, ".csv").refusal

    assert refusal
    assert reason in refusal


def test_one_time_of_a_requirement_without_the_other_is_refused(tmp_path: Path) -> None:
    text = "requirement_id,zone_id,role,count,starts\nday,bay,nurse,2,07:00\n"

    assert "give starts and ends" in str(import_text("requirement", text, tmp_path, ".csv").refusal)


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("mon-fri", [1, 2, 3, 4, 5]),
        ("Monday - Wednesday", [1, 2, 3]),
        ("Mon\u2013Wed", [1, 2, 3]),
        ('"sat,sun"', [6, 7]),
        ("Saturday sunday", [6, 7]),
        ("1-3", [1, 2, 3]),
    ],
)
def test_weekdays_are_taken_as_people_write_them(
    weekdays: str, days: list[int], tmp_path: Path
) -> None:
    text = f"requirement_id,zone_id,role,count,weekdays\nday,bay,nurse,2,{weekdays}\n"

    [record] = import_text("requirement", text, tmp_path, ".csv").records

    assert record["weekdays"] == days


@pytest.mark.parametrize("weekdays", ["Mo-Fr", "", "8", "workdays", "mon-"])
def test_weekdays_in_another_form_are_refused(weekdays: str, tmp_path: Path) -> None:
    text = f"requirement_id,zone_id,role,count,weekdays\nday,bay,nurse,2,{weekdays}\n"

    assert "weekday" in str(import_text("requirement", text, tmp_path, ".csv").refusal)


def test_a_shift_without_a_time_zone_takes_that_of_its_floor(tmp_path: Path) -> None:
    imported = import_text("shift", f"{SHIFTS}d1,s1,bay,2026-11-30T07:00,15:00\n", tmp_path, ".csv")

    assert hours(imported) == [("2026-11-30 06:00", "2026-11-30 14:00")]
    assert imported.records[0]["time_zone"] == "Europe/Berlin"


def test_a_requirement_without_a_time_zone_takes_that_of_its_floor(tmp_path: Path) -> None:
    imported = import_text(
        "requirement", f"{REQUIREMENTS}day,bay,nurse,2,07:00,15:00\n", tmp_path, ".csv"
    )

    assert [record["time_zone"] for record in imported.records] == ["Europe/Berlin"]


def test_a_time_zone_that_is_not_that_of_the_floor_is_noted(tmp_path: Path) -> None:
    text = "requirement_id,zone_id,role,count,time_zone\nday,bay,nurse,2,UTC\n"

    imported = import_text("requirement", text, tmp_path, ".csv")

    assert imported.notes == (
        "1 requirements in the time zone UTC; their floor is in Europe/Berlin",
    )


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        ("europe/berlin", "write Europe/Berlin"),
        ("Berlin", "not an IANA time zone"),
        ("UTC+1", "not an IANA time zone"),
        ("right/Europe/Berlin", "not an IANA time zone"),
        ("../../etc/passwd", "not an IANA time zone"),
        ("Factory", "not an IANA time zone"),
        ("localtime", "not an IANA time zone"),
        ("posixrules", "not an IANA time zone"),
        ("posix/Europe/Berlin", "not an IANA time zone"),
        ("tzdata.zi", "not an IANA time zone"),
    ],
)
def test_a_name_that_is_no_time_zone_is_refused(zone: str, reason: str, tmp_path: Path) -> None:
    text = f"floor_id,time_zone\nward-3,{zone}\n"

    assert reason in str(import_text("floor", text, tmp_path, ".csv").refusal)


def test_a_camera_in_another_time_zone_than_its_floor_is_refused(tmp_path: Path) -> None:
    text = "camera_id,name,width,height,time_zone\nbay-cam,Bay camera,192,128,UTC\n"

    refusal = str(import_text("camera", text, tmp_path, ".csv").refusal)

    assert "its floor bay-cam is in Europe/Berlin" in refusal


def test_a_floor_keeps_its_time_zone_when_its_row_names_none(tmp_path: Path) -> None:
    imported = import_text("floor", "floor_id,name\nbay-cam,Bay\n", tmp_path, ".csv")

    assert [record["time_zone"] for record in imported.records] == ["Europe/Berlin"]


def test_a_new_floor_without_a_time_zone_says_that_it_is_in_utc(tmp_path: Path) -> None:
    imported = import_text("floor", "floor_id,name\nward-3,Ward\n", tmp_path, ".csv")

    assert imported.notes[0].startswith("floor ward-3 is in the time zone UTC")


def test_a_floor_that_changes_its_time_zone_names_what_keeps_the_old_one(tmp_path: Path) -> None:
    ward = Ward(tmp_path, "camera", "zone", "staff")
    ward.take("requirement", f"{REQUIREMENTS}day,bay,nurse,2,07:00,15:00\n".encode())
    ward.take("shift", f"{SHIFTS}d1,s1,bay,2026-11-30T07:00,15:00\n".encode())

    imported = ward.take("floor", b"floor_id,name,time_zone\nbay-cam,Bay camera,Europe/London\n")

    assert imported.effects == ("~ floor bay-cam: time_zone Europe/Berlin -> Europe/London",)
    assert "requirement day, shift d1 keep the time zone" in imported.notes[0]
