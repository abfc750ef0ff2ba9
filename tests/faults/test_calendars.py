"""Shifts of iCalendar files, as calendars export them."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.faults.product import Import, Ward

OPENING = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n"
OWN = "X-WARDSTREAM-STAFF-ID:s1\nLOCATION:bay\n"
HOME = """BEGIN:VTIMEZONE
TZID:Home
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
"""
ABROAD = HOME.replace("+0200", "-0400").replace("+0100", "-0500")


def event(text: str, uid: str = "a", own: str = OWN) -> str:
    return f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20261101T000000Z\n{own}{text}\nEND:VEVENT\n"


def calendar(*events: str, opening: str = OPENING) -> bytes:
    return f"{opening}{''.join(events)}END:VCALENDAR\n".replace("\n", "\r\n").encode()


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    return Ward(tmp_path, "camera", "zone", "staff")


def take(ward: Ward, *events: str, opening: str = OPENING) -> Import:
    return ward.take("shift", calendar(*events, opening=opening), ".ics")


def times(found: Import) -> list[tuple[str, str]]:
    assert found.refusal is None
    return [(_utc(one["starts_us"]), _utc(one["ends_us"])) for one in found.records]


def starts(found: Import) -> list[str]:
    return [start for start, _ in times(found)]


def _utc(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("text", "expected", "zone"),
    [
        pytest.param(
            "DTSTART;TZID=Europe/Berlin:20261130T070000\nDTEND;TZID=Europe/Berlin:20261130T150000",
            ("2026-11-30T06:00", "2026-11-30T14:00"),
            "Europe/Berlin",
            id="time zone",
        ),
        pytest.param(
            "DTSTART;TZID=Asia/Kathmandu:20261130T070000\nDURATION:PT8H",
            ("2026-11-30T01:15", "2026-11-30T09:15"),
            "Asia/Kathmandu",
            id="duration",
        ),
        pytest.param(
            "DTSTART:20261130T060000Z\nDTEND:20261130T140000Z",
            ("2026-11-30T06:00", "2026-11-30T14:00"),
            "Europe/Berlin",
            id="UTC",
        ),
        pytest.param(
            "DTSTART:20261130T070000\nDTEND:20261130T150000",
            ("2026-11-30T06:00", "2026-11-30T14:00"),
            "Europe/Berlin",
            id="floating is of the ward's clock",
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20261130",
            ("2026-11-29T23:00", "2026-11-30T23:00"),
            "Europe/Berlin",
            id="a day",
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20261130\nDTEND;VALUE=DATE:20261201",
            ("2026-11-29T23:00", "2026-11-30T23:00"),
            "Europe/Berlin",
            id="a day with its end",
        ),
        pytest.param(
            'DTSTART;TZID="W. Europe Standard Time":20261130T070000\nDURATION:PT8H',
            ("2026-11-30T06:00", "2026-11-30T14:00"),
            "Europe/Berlin",
            id="time zone of Windows",
        ),
        pytest.param(
            "DTSTART;TZID=Home:20260930T070000\nDURATION:PT8H",
            ("2026-09-30T05:00", "2026-09-30T13:00"),
            "Europe/Berlin",
            id="time zone of the file",
        ),
        pytest.param(
            "DTSTART;TZID=Europe/Berlin:20270328T023000\nDURATION:PT4H",
            ("2027-03-28T01:30", "2027-03-28T05:30"),
            "Europe/Berlin",
            id="a time that the clock skips",
        ),
    ],
)
def test_a_time_is_what_the_calendar_means(ward: Ward, text: str, expected: Any, zone: str) -> None:
    found = take(ward, HOME, event(text))

    assert times(found) == [expected]
    assert found.records[0]["time_zone"] == zone


def test_a_time_zone_is_that_of_its_own_file(ward: Ward) -> None:
    at = "DTSTART;TZID=Home:20261130T070000\nDURATION:PT8H"

    assert starts(take(ward, HOME, event(at, "a"))) == ["2026-11-30T06:00"]
    assert starts(take(ward, ABROAD, event(at.replace("1130", "1202"), "b"))) == [
        "2026-12-02T12:00"
    ]


BERLIN = "DTSTART;TZID=Europe/Berlin:20261130T070000\nDTEND;TZID=Europe/Berlin:20261130T150000\n"


@pytest.mark.parametrize(
    ("text", "days"),
    [
        pytest.param("RRULE:FREQ=DAILY;COUNT=3", ["11-30", "12-01", "12-02"], id="count"),
        pytest.param(
            "RRULE:FREQ=DAILY;UNTIL=20261202T060000Z",
            ["11-30", "12-01", "12-02"],
            id="until",
        ),
        pytest.param(
            "RRULE:FREQ=DAILY;UNTIL=20261202T055959Z",
            ["11-30", "12-01"],
            id="until before",
        ),
        pytest.param(
            "RRULE:FREQ=DAILY;UNTIL=20261202",
            ["11-30", "12-01", "12-02"],
            id="until a day",
        ),
        pytest.param(
            "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4",
            ["11-30", "12-02", "12-07", "12-09"],
            id="weekly",
        ),
        pytest.param(
            "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=3",
            ["11-30", "12-14", "12-28"],
            id="fortnight",
        ),
        pytest.param(
            "RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=6",
            ["11-30", "12-01", "12-02", "12-03", "12-04", "12-07"],
            id="days that leave out",
        ),
        pytest.param(
            "RRULE:FREQ=MONTHLY;BYDAY=-1MO;COUNT=2",
            ["11-30", "12-28"],
            id="last Monday",
        ),
        pytest.param(
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2",
            ["11-30", "12-31"],
            id="last day",
        ),
        pytest.param(
            "RRULE:FREQ=DAILY;BYMONTHDAY=30,-1;COUNT=3",
            ["11-30", "12-30", "12-31"],
            id="daily by days of months",
        ),
        pytest.param(
            "RRULE:FREQ=DAILY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20261201T070000,20261203T070000",
            ["11-30", "12-02"],
            id="left out",
        ),
        pytest.param(
            "RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261201T060000Z",
            ["11-30", "12-02"],
            id="left out in UTC",
        ),
        pytest.param(
            "RRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20261201",
            ["11-30", "12-02"],
            id="left out by day",
        ),
        pytest.param(
            "RDATE;TZID=Europe/Berlin:20261205T070000",
            ["11-30", "12-05"],
            id="one more",
        ),
    ],
)
def test_a_series_is_a_shift_for_each_of_its_times(ward: Ward, text: str, days: list[str]) -> None:
    found = take(ward, event(BERLIN + text))

    assert starts(found) == [f"2026-{day}T06:00" for day in days]
    assert [one["shift_id"] for one in found.records] == [
        f"a-2026{day.replace('-', '')}T0700" for day in days
    ]


def test_a_series_keeps_its_wall_clock_times_when_the_clocks_change(ward: Ward) -> None:
    night = (
        "DTSTART;TZID=Europe/Berlin:20270326T210000\nDTEND;TZID=Europe/Berlin:20270327T070000\n"
        "RRULE:FREQ=DAILY;COUNT=3"
    )

    assert times(take(ward, event(night))) == [
        ("2027-03-26T20:00", "2027-03-27T06:00"),
        ("2027-03-27T20:00", "2027-03-28T05:00"),
        ("2027-03-28T19:00", "2027-03-29T05:00"),
    ]


def test_a_series_with_a_duration_has_it_each_time(ward: Ward) -> None:
    night = "DTSTART;TZID=Europe/Berlin:20270327T210000\nDURATION:PT10H\nRRULE:FREQ=DAILY;COUNT=1"

    assert times(take(ward, event(night))) == [("2027-03-27T20:00", "2027-03-28T06:00")]


def test_a_series_without_an_end_is_read_from_a_month_ago_to_a_year_ahead(ward: Ward) -> None:
    """It is 2026-11-29 11:00 UTC."""
    weekly = event(
        "DTSTART;TZID=Europe/Berlin:20150105T070000\nDURATION:PT8H\nRRULE:FREQ=WEEKLY;BYDAY=MO"
    )
    found = starts(take(ward, weekly))

    assert (found[0], found[-1], len(found)) == ("2026-11-02T06:00", "2027-11-29T06:00", 57)


def test_one_time_of_a_series_may_be_moved_or_cancelled(ward: Ward) -> None:
    found = take(
        ward,
        event(BERLIN + "RRULE:FREQ=DAILY;COUNT=3"),
        event(
            "RECURRENCE-ID;TZID=Europe/Berlin:20261201T070000\nDTSTART:20261201T090000Z\n"
            "DTEND:20261201T170000Z",
            own="X-WARDSTREAM-STAFF-ID:s2\n",
        ),
        event(BERLIN.replace("1130", "1202") + "RECURRENCE-ID:20261202T060000Z\nSTATUS:CANCELLED"),
    )

    assert [
        (one["shift_id"], one["staff_id"], one["zone_id"], one["status"]) for one in found.records
    ] == [
        ("a-20261130T0700", "s1", "bay", "PLANNED"),
        ("a-20261201T0700", "s2", "bay", "PLANNED"),
        ("a-20261202T0700", "s1", "bay", "CANCELLED"),
    ]
    assert starts(found)[1] == "2026-12-01T09:00"


def test_a_time_is_named_alike_before_and_after_it_is_moved(ward: Ward) -> None:
    """Some calendars name the moved time in UTC. It is the same shift as before, and no second."""
    series = event(BERLIN + "RRULE:FREQ=DAILY;COUNT=3")
    before = take(ward, series)
    moved = BERLIN.replace("1130T07", "1201T09").replace("1130T15", "1201T17")
    after = take(ward, event(moved + "RECURRENCE-ID:20261201T060000Z"), series)

    assert [one["shift_id"] for one in before.records][1] == "a-20261201T0700"
    assert [one["shift_id"] for one in after.records] == ["a-20261201T0700"], "nothing else is new"


def test_a_time_that_is_left_out_and_cancelled_too_is_cancelled(ward: Ward) -> None:
    left_out = "RRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=Europe/Berlin:20261201T070000"
    cancelled = "RECURRENCE-ID;TZID=Europe/Berlin:20261201T070000\nSTATUS:CANCELLED"
    found = take(ward, event(BERLIN + left_out), event(BERLIN.replace("1130", "1201") + cancelled))

    assert [(one["shift_id"], one["status"]) for one in found.records] == [
        ("a-20261130T0700", "PLANNED"),
        ("a-20261202T0700", "PLANNED"),
        ("a-20261201T0700", "CANCELLED"),
    ]


ZONE_RULES = """BEGIN:VTIMEZONE
TZID:Ward
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
{}
END:STANDARD
END:VTIMEZONE
"""


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=YEA\n RLY;BYHOUR=0,1,2,3;BYMINUTE=1,2,3,4",
        "RDATE:" + ",".join(["20261025T030000"] * 1_001),
    ],
)
@pytest.mark.timeout(20)
def test_a_time_zone_whose_clock_changes_all_the_time_is_refused_soon(
    ward: Ward, rule: str
) -> None:
    """Its changes would be computed for hours, also for a program that sends the file."""
    text = "DTSTART;TZID=Ward:20261130T070000\nDTEND;TZID=Ward:20261130T150000"
    found = take(ward, event(text), opening=OPENING + ZONE_RULES.format(rule))

    assert re.search(r"of the clock|a clock changes on one day", found.refusal or ""), found


@pytest.mark.parametrize("rule", ["BYDAY=-1SU;BYMONTH=10", "BYMONTH=11;BYMONTHDAY=1,2,3;BYDAY=SU"])
def test_a_time_zone_with_the_rules_of_real_ones_is_taken(ward: Ward, rule: str) -> None:
    text = "DTSTART;TZID=Ward:20261130T070000\nDTEND;TZID=Ward:20261130T150000"
    opening = OPENING + ZONE_RULES.format(f"RRULE:FREQ=YEARLY;{rule}")

    assert starts(take(ward, event(text), opening=opening)) == ["2026-11-30T06:00"]


def test_a_zone_named_by_a_path_says_nothing_beside_the_import(
    ward: Ward, capfd: pytest.CaptureFixture[str]
) -> None:
    """As calendars of GNOME write it; the library warns of its guess."""
    long = BERLIN.replace("Europe/Berlin", "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin")

    assert starts(take(ward, event(long))) == ["2026-11-30T06:00"]
    assert capfd.readouterr().err == ""


def test_a_cancelled_event_is_a_cancelled_shift(ward: Ward) -> None:
    assert take(ward, event(BERLIN)).records[0]["status"] == "PLANNED"

    found = take(ward, event(f"{BERLIN}SEQUENCE:1\nSTATUS:CANCELLED"), event(BERLIN))

    assert found.effects == ("x shift a: status planned -> cancelled",)
    assert take(ward, event(BERLIN), opening=f"{OPENING}METHOD:CANCEL\n").effects == ()


def test_fields_are_those_of_the_event_or_of_the_whole_calendar(ward: Ward) -> None:
    found = take(
        ward,
        event(f"{BERLIN}CATEGORIES:Ward 3,On call", own=""),
        event(
            BERLIN.replace("1130", "1201"),
            "b",
            "X-WARDSTREAM-STAFF-ID:s2\nX-WARDSTREAM-ROLE:triage\nX-WARDSTREAM-AGENCY:Flex\n",
        ),
        opening=f"{OPENING}X-WARDSTREAM-STAFF-ID:s1\nX-WARDSTREAM-ZONE-ID:bay\n",
    )

    assert [
        (one["staff_id"], one["zone_id"], one["kind"], one["role"], one["agency"])
        for one in found.records
    ] == [("s1", "bay", "ON_CALL", "", ""), ("s2", "bay", "WORK", "triage", "Flex")]


def test_an_event_that_is_named_in_another_way_gets_an_id_that_stays(ward: Ward) -> None:
    uid = "{0F8FAD5B-D9CB-469F-A165-70867728950E}@example.org"
    found = take(ward, event(f"{BERLIN}RRULE:FREQ=DAILY;COUNT=2", uid))

    first, second = (one["shift_id"] for one in found.records)
    assert first.startswith("0F8FAD5B-D9CB-469F-A165-70867728")
    assert first.endswith("-20261130T0700")
    assert first.removesuffix("-20261130T0700") == second.removesuffix("-20261201T0700")
    assert len(first) <= 64
    assert take(ward, event(f"{BERLIN}RRULE:FREQ=DAILY;COUNT=2", uid)).records == []


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (BERLIN.replace("Europe/Berlin", "Nowhere"), "starts: DTSTART: the time zone 'Nowhere'"),
        ("DTEND:20261130T150000", "starts: DTSTART: is missing"),
        ("DTSTART:2026\nDURATION:PT8H", "starts: DTSTART: cannot be read"),
        ("DTSTART:20261130T070000", "ends: DTEND: is missing, and so is DURATION"),
        ("DTSTART:20261130T070000\nDTEND;VALUE=DATE:20261201", "ends: DTEND: is a date where"),
        ("DTSTART:20261130T070000\nDURATION:8H", "ends: DURATION: cannot be read"),
        (f"{BERLIN}RRULE:FREQ=HOURLY;COUNT=2", "starts: RRULE: HOURLY is not taken"),
        (f"{BERLIN}RRULE:FREQ=DAILY;BYHOUR=7;COUNT=2", "starts: RRULE: BYHOUR is not taken"),
        (f"{BERLIN}RRULE:FREQ=DAILY;INTERVAL=0;BYMONTH=2", "starts: RRULE: INTERVAL is not"),
        (f"{BERLIN}RRULE:FREQ=SOMETIMES", "starts: RRULE: cannot be read"),
        (f"{BERLIN}RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=2", "starts: RRULE: does not give DTSTART"),
        (f"{BERLIN}RRULE:FREQ=DAILY;COUNT=6000;UNTIL=x", "starts: RRULE: "),
        (
            f"{BERLIN}RECURRENCE-ID;RANGE=THISANDFUTURE:20261130T060000Z",
            "starts: RECURRENCE-ID: changes all later times",
        ),
        (f"{BERLIN}LOCATION:Bay 1", "zone_id: LOCATION: is given twice"),
        (f"{BERLIN}X-WARDSTREAM-KIND:nap", "kind: 'nap' is not a kind of shift"),
    ],
)
def test_what_cannot_be_taken_is_named_by_line_and_field(
    ward: Ward, text: str, refusal: str
) -> None:
    found = take(ward, event("DTSTART;VALUE=DATE:20261201", "fine"), event(text.rstrip("\n")))

    assert found.refusal is not None
    assert found.refusal.count("\n") == 0, "one mistake is one message"
    assert f"shift.ics line 11: {refusal}" in found.refusal


def test_a_moved_time_that_its_series_does_not_have_is_refused(ward: Ward) -> None:
    moved = event(BERLIN + "RECURRENCE-ID:20261130T070000Z")

    found = take(ward, event(BERLIN + "RRULE:FREQ=DAILY;COUNT=3"), moved)

    assert "starts: RECURRENCE-ID: its series has no time 2026-11-30T07:00:00+00:00" in str(
        found.refusal
    )


@pytest.mark.parametrize(
    "rule",
    [
        "DAILY;BYMONTH=2;BYMONTHDAY=30",
        "WEEKLY;BYDAY=MO;BYMONTH=13",
        "MONTHLY;BYMONTHDAY=31;BYMONTH=6",
    ],
)
@pytest.mark.timeout(60)
def test_a_rule_that_never_comes_true_is_refused_soon(ward: Ward, rule: str) -> None:
    assert "RRULE" in str(take(ward, event(f"{BERLIN}RRULE:FREQ={rule}")).refusal)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "is damaged, or no iCalendar file|has no events"),
        (b"staff_id,role\n", "is damaged, or no iCalendar file"),
        (calendar(), "has no events"),
        (calendar("BEGIN:VTODO\nUID:t\nEND:VTODO\n"), "has no events"),
        (calendar(event(BERLIN))[:-20], "is cut short"),
    ],
)
def test_what_is_no_calendar_of_events_is_refused(ward: Ward, content: bytes, refusal: str) -> None:
    found = ward.take("shift", content, ".ics")

    assert any(one in str(found.refusal) for one in refusal.split("|"))


def test_only_shifts_are_read_from_a_calendar(ward: Ward) -> None:
    found = ward.take("staff", calendar(event(BERLIN)), ".ics")

    assert found.refusal == "staff.ics: is a calendar: only shifts are read from one"


def test_the_import_names_the_form(ward: Ward) -> None:
    assert take(ward, event(BERLIN)).read_as == "iCalendar, UTF-8"
    text = calendar(event(BERLIN)).decode()
    assert ward.take("shift", text.encode("utf-16"), ".ics").read_as == "iCalendar, UTF-16"
