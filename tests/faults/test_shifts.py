"""Shifts of every kind, as an import takes them: work, on call, breaks, swaps, agency staff."""

from pathlib import Path

import pytest

from tests.faults.product import Import, Ward

HEADER = "shift_id,staff_id,zone_id,starts,ends,kind,status,replaces,role,agency\n"
DAY = "day,s1,bay,2026-11-30T07:00,15:00,,,,,\n"


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    return Ward(tmp_path, "camera", "zone", "staff")


def take(ward: Ward, *lines: str) -> Import:
    return ward.take("shift", (HEADER + "".join(f"{line.strip()}\n" for line in lines)).encode())


def test_a_shift_is_planned_work_of_own_staff_unless_it_says_more(ward: Ward) -> None:
    [record] = take(ward, DAY).records

    assert {name: record[name] for name in ("kind", "status", "replaces", "agency")} == {
        "kind": "WORK",
        "status": "PLANNED",
        "replaces": "",
        "agency": "",
    }


@pytest.mark.parametrize(
    ("written", "kind"),
    [("work", "WORK"), ("On call", "ON_CALL"), ("on-call", "ON_CALL"), ("BREAK", "BREAK")],
)
def test_a_kind_is_taken_in_the_ways_in_which_people_write_it(
    ward: Ward, written: str, kind: str
) -> None:
    [record] = take(ward, f"a,s1,bay,2026-11-30T07:00,15:00,{written},,,,").records

    assert record["kind"] == kind


def test_somebody_of_an_agency_needs_no_id(ward: Ward) -> None:
    [record] = take(ward, "a,,bay,2026-11-30T07:00,15:00,,,,nurse,Flex GmbH").records

    assert (record["staff_id"], record["role"], record["agency"]) == ("", "nurse", "Flex GmbH")


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("a,s1,bay,2026-11-30T07:00,15:00,nap,,,,", "kind: 'nap' is not a kind of shift"),
        ("a,s1,bay,2026-11-30T07:00,15:00,,maybe,,,", "status: 'maybe' is not a status"),
        ("a,,bay,2026-11-30T07:00,15:00,,,,nurse,", "staff_id: is missing: only somebody of an"),
        ("a,,bay,2026-11-30T07:00,15:00,,,,,Flex", "role: is missing"),
        ("a,,bay,2026-11-30T07:00,15:00,break,,,nurse,Flex", "staff_id: is missing: a break"),
        ("a,s1,bay,2026-11-30T07:00,15:00,break,,day,,", "replaces: a break takes the place"),
        ("a,s1,bay,2026-11-30T07:00,15:00,,,a,,", "replaces: is the shift itself"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_by_line_and_field(
    ward: Ward, line: str, refusal: str
) -> None:
    assert f"shift.csv line 2: {refusal}" in str(take(ward, line).refusal)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("b,s1,bay,2026-11-30T11:00,11:30,break,,,,", id="a break"),
        pytest.param("b,s1,bay,2026-11-30T07:00,23:00,on call,,,,", id="on call at work"),
        pytest.param("b,s1,bay,2026-11-30T07:00,15:00,,cancelled,,,", id="one that is cancelled"),
        pytest.param("b,s1,bay,2026-11-30T08:00,16:00,,,day,,", id="its own shift moved"),
        pytest.param("b,s2,bay,2026-11-30T11:00,15:00,,,day,,", id="somebody else's half"),
    ],
)
def test_these_two_are_of_one_person_at_once_and_no_contradiction(ward: Ward, line: str) -> None:
    assert take(ward, DAY, line).refusal is None


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        (
            [DAY, "b,s1,bay,2026-11-30T14:00,22:00,,,,,"],
            "shift_id b: starts: overlaps shift day of staff_id s1",
        ),
        (
            [
                "a,s1,bay,2026-11-30T11:00,12:00,break,,,,",
                "b,s1,bay,2026-11-30T11:30,12:30,break,,,,",
            ],
            "shift_id b: starts: overlaps shift a",
        ),
        (
            ["b,s2,bay,2026-11-30T07:00,15:00,,,dya,,", DAY],
            "shift_id b: replaces dya is not registered",
        ),
        (
            [DAY, "b,s2,bay,2026-11-30T15:00,22:00,,,day,,"],
            "replaces: shift day has no time in common",
        ),
        (
            [
                "a,s1,bay,2026-11-30T07:00,15:00,,,b,,",
                "b,s2,bay,2026-11-30T07:00,15:00,,,a,,",
            ],
            "replaces: shift b itself replaces this one",
        ),
        (
            [
                DAY,
                "b,s2,bay,2026-11-30T07:00,15:00,,,day,,",
                "c,s2,bay,2026-11-30T14:00,22:00,,,,,",
            ],
            "shift_id c: starts: overlaps shift b of staff_id s2",
        ),
    ],
)
def test_shifts_that_contradict_each_other_are_refused(
    ward: Ward, lines: list[str], refusal: str
) -> None:
    assert refusal in str(take(ward, *lines).refusal)


def test_a_swap_that_is_called_off_gives_the_time_back(ward: Ward) -> None:
    """Then its first owner has it again, and may have something else meanwhile."""
    taken = take(
        ward,
        DAY,
        "b,s2,bay,2026-11-30T07:00,15:00,,,day,,",
        "c,s1,bay,2026-11-30T10:00,12:00,,,,,",
    )
    off = take(ward, "b,s2,bay,2026-11-30T07:00,15:00,,cancelled,day,,")

    assert taken.refusal is None
    assert "overlaps" in str(off.refusal)


def test_a_preview_says_what_is_added_changed_and_cancelled(ward: Ward) -> None:
    take(
        ward,
        DAY,
        "late,s2,bay,2026-11-30T14:00,22:00,,,,,",
        "same,s2,bay,2026-12-01T07:00,15:00,,,,,",
    )

    found = take(
        ward,
        "day,s1,bay,2026-11-30T07:00,15:00,,cancelled,,,",
        "late,s2,bay,2026-11-30T14:00,22:30,,,,,",
        "same,s2,bay,2026-12-01T07:00,15:00,,,,,",
        "call,s1,bay,2026-11-30T22:00,06:00,on-call,,,,",
    )

    assert found.effects == (
        "x shift day: status planned -> cancelled",
        "~ shift late: ends 2026-11-30 22:00 CET -> 2026-11-30 22:30 CET",
        (
            "+ shift call: staff_id s1; zone_id bay; starts 2026-11-30 22:00 CET; "
            "ends 2026-12-01 06:00 CET; time_zone Europe/Berlin; kind on call"
        ),
    )


def test_a_break_outside_of_work_is_noted(ward: Ward) -> None:
    found = take(ward, DAY, "b,s1,bay,2026-11-30T16:00,16:30,break,,,,")

    assert found.notes == ("shift b: s1 has no work in bay at the time of this break",)
    assert take(ward, "b,s1,bay,2026-11-30T11:00,11:30,break,,,,").notes == ()
