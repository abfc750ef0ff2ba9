"""A time in an import file means what its author meant, or is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.product import Import, import_text

_BASE_60 = "YAML 1.1 reads an unquoted time as a number of base 60"


def hours(imported: Import) -> list[tuple[str, str]]:
    """Start and end of each imported shift, UTC."""
    return [(_utc(record["starts_us"]), _utc(record["ends_us"])) for record in imported.records]


def _utc(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d %H:%M}"


@pytest.mark.xfail(strict=True, raises=AssertionError, reason=_BASE_60)
def test_an_unquoted_time_of_a_requirement_is_the_time_of_day_or_refused(tmp_path: Path) -> None:
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
  ends: 19:00
  time_zone: Europe/Berlin
""",
        tmp_path,
    )

    minutes = [(record["from_minute"], record["to_minute"]) for record in imported.records]
    assert imported.refusal or minutes == [(390, 1320), (420, 1140)]


@pytest.mark.xfail(strict=True, raises=AssertionError, reason=_BASE_60)
def test_an_unquoted_time_of_a_shift_is_the_time_of_day_or_refused_with_the_cure(
    tmp_path: Path,
) -> None:
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

    if imported.refusal:
        assert "quot" in imported.refusal
    else:
        assert hours(imported) == [("2026-11-30 12:00", "2026-11-30 20:30")] * 2


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="a number is taken for seconds of 1970"
)
def test_a_serial_date_of_a_spreadsheet_is_the_date_or_refused(tmp_path: Path) -> None:
    imported = import_text(
        "shift",
        "shift_id,staff_id,zone_id,role,starts,ends,time_zone\n"
        "e1,s1,bay,nurse,46356.2917,46356.6250,Europe/Berlin\n",
        tmp_path,
        ".csv",
    )

    assert imported.refusal or hours(imported) == [("2026-11-30 06:00", "2026-11-30 14:00")]


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the default is UTC")
def test_a_shift_without_a_time_zone_takes_that_of_its_floor_or_is_refused(
    tmp_path: Path,
) -> None:
    imported = import_text(
        "shift",
        "shift_id,staff_id,zone_id,role,starts,ends\nd1,s1,bay,nurse,2026-11-30T07:00,15:00\n",
        tmp_path,
        ".csv",
    )

    assert imported.refusal or hours(imported) == [("2026-11-30 06:00", "2026-11-30 14:00")]


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the default is UTC")
def test_a_requirement_without_a_time_zone_takes_that_of_its_floor_or_is_refused(
    tmp_path: Path,
) -> None:
    imported = import_text(
        "requirement",
        "requirement_id,zone_id,role,count,weekdays,starts,ends\n"
        "day,bay,nurse,2,mon-fri,07:00,15:00\n",
        tmp_path,
        ".csv",
    )

    zones = [record["time_zone"] for record in imported.records]
    assert imported.refusal or zones == ["Europe/Berlin"]


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="the offset is dropped")
def test_an_offset_in_a_time_of_day_is_refused(tmp_path: Path) -> None:
    imported = import_text(
        "requirement",
        "requirement_id,zone_id,role,count,weekdays,starts,ends,time_zone\n"
        "day,bay,nurse,2,mon-fri,07:00+02:00,19:00Z,Europe/Berlin\n",
        tmp_path,
        ".csv",
    )

    assert imported.refusal
