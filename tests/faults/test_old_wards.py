"""A ward that contradicts itself already can be mended file by file, and never gets worse."""

from pathlib import Path
from time import process_time

import pytest

from tests.faults.product import Ward

SHIFTS = "shift_id,staff_id,zone_id,starts,ends,role\n"
REQUIREMENTS = "requirement_id,zone_id,role,count\n"
SQUARE = "[[0,0],[99,0],[99,99]]"
HOMOGRAPHY = '"[0.01,0,0,0,0.01,0,0,0,1]"'


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    return Ward(tmp_path, "camera", "zone", "staff")


@pytest.mark.parametrize(
    ("older", "kind", "content"),
    [
        pytest.param(
            ("shift", f"{SHIFTS}d1,s3x,bay,2026-11-30T07:00,15:00,\n"),
            "staff",
            "staff_id,role\ns3,nurse\n",
            id="a member of staff like an unknown one",
        ),
        pytest.param(
            ("zone", f'zone_id,camera_id,polygon\nz,cam-2x,"{SQUARE}"\n'),
            "camera",
            "camera_id,width,height\ncam-2,640,480\n",
            id="a camera like an unknown one",
        ),
        pytest.param(
            ("requirement", f"{REQUIREMENTS}day,hall-1,nurse,1\n"),
            "zone",
            f'zone_id,camera_id,polygon\nhall-2,bay-cam,"{SQUARE}"\n',
            id="a zone like an unknown one",
        ),
        pytest.param(
            ("camera", "camera_id,floor_id,width,height\na,bay-cam,640,480\n"),
            "camera",
            f"camera_id,floor_id,width,height,homography\nb,bay-cam,640,480,{HOMOGRAPHY}\n",
            id="a calibrated camera beside two that are not",
        ),
        pytest.param(
            ("zone", 'zone_id,camera_id,polygon\nz,bay-cam,"[[0,0],[900,0],[900,99]]"\n'),
            "camera",
            "camera_id,name,width,height\nbay-cam,Bay camera,200,140\n",
            id="a larger frame, of which a zone is still outside",
        ),
        pytest.param(
            (
                "shift",
                f"{SHIFTS}d1,s1,bay,2026-11-30T07:00,15:00,\nd2,s1,bay,2026-11-30T09:00,10:00,\n",
            ),
            "shift",
            f"{SHIFTS}d2,s1,bay,2026-11-30T06:00,08:00,\n",
            id="a shift that overlaps from the other side",
        ),
    ],
)
def test_an_old_fault_that_reads_otherwise_refuses_no_import(
    ward: Ward, older: tuple[str, str], kind: str, content: str
) -> None:
    ward.older(older[0], older[1].encode())

    imported = ward.take(kind, content.encode(), on_resize="keep")

    assert imported.refusal is None
    assert imported.records


@pytest.fixture
def mixed(ward: Ward) -> Ward:
    """Staff, shifts and requirements spell one role in three ways."""
    ward.older("shift", f"{SHIFTS}d1,s1,bay,2026-11-30T07:00,15:00,Nurse\n".encode())
    ward.older("requirement", f"{REQUIREMENTS}day,bay,NURSE,2\n".encode())
    return ward


MENDED = {
    "staff": "staff_id,role\ns1,Nurse\ns2,Nurse\n",
    "shift": f"{SHIFTS}d1,s1,bay,2026-11-30T07:00,15:00,Nurse\n",
    "requirement": f"{REQUIREMENTS}day,bay,Nurse,2\n",
}


@pytest.mark.parametrize(
    "kinds",
    [("staff", "requirement"), ("requirement", "staff"), ("shift", "requirement", "staff")],
)
def test_roles_in_mixed_spelling_are_mended_file_by_file(
    mixed: Ward, kinds: tuple[str, ...]
) -> None:
    imports = [mixed.take(kind, MENDED[kind].encode()) for kind in kinds]

    assert [imported.refusal for imported in imports] == [None] * len(kinds)
    assert "write one of them everywhere (as before)" in imports[0].notes[0]
    assert imports[-1].notes == ()
    assert "differs from the role Nurse" in str(
        mixed.take("requirement", f"{REQUIREMENTS}night,bay,nurse,1\n".encode()).refusal
    )


def test_a_note_names_what_is_left_once_for_all_facts(mixed: Ward) -> None:
    rest = "by case or punctuation alone; write one of them everywhere (as before)"

    assert mixed.take("staff", MENDED["staff"].encode()).notes == (
        f"staff s1, staff s2, shift d1: role Nurse: differs from the role NURSE {rest}",
        f"requirement day: role NURSE: differs from the role Nurse {rest}",
    )


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        pytest.param("staff", "staff_id,role\ns3,nurse\n", id="one more"),
        pytest.param("staff", "staff_id,role\ns1,nur-se\n", id="a fourth spelling"),
        pytest.param("requirement", f"{REQUIREMENTS}night,bay,Nurse,1\n", id="another kind"),
        pytest.param("shift", f"{SHIFTS}d1,s9,bay,2026-11-30T07:00,15:00,Nurse\n", id="unknown"),
    ],
)
def test_an_import_that_adds_a_fault_to_an_old_ward_is_refused(
    mixed: Ward, kind: str, content: str
) -> None:
    assert str(mixed.take(kind, content.encode()).refusal).startswith(f"{kind}.csv line 2: ")


@pytest.mark.parametrize(
    ("before", "after", "taken"), [("s8", "s9", False), ("s9", "s1", True), ("s9", "s9", True)]
)
def test_an_unknown_id_may_stay_or_be_mended_but_not_become_another(
    ward: Ward, before: str, after: str, *, taken: bool
) -> None:
    ward.older("shift", f"{SHIFTS}d1,{before},bay,2026-11-30T07:00,15:00,\n".encode())

    imported = ward.take("shift", f"{SHIFTS}d1,{after},bay,2026-11-30T08:00,15:00,\n".encode())

    assert (imported.refusal is None) is taken
    assert len(imported.notes) == (after == "s9" and taken)


def test_shifts_that_have_ended_do_not_block_a_new_spelling(ward: Ward) -> None:
    ward.older("shift", f"{SHIFTS}D0,s1,bay,2026-11-20T07:00,15:00,nurse\n".encode())

    assert ward.take("staff", MENDED["staff"].encode()).refusal is None
    assert ward.take("requirement", MENDED["requirement"].encode()).refusal is None
    again = f"{SHIFTS}d0,s1,bay,2026-11-30T07:00,15:00,Nurse\n"
    assert ward.take("shift", again.encode()).refusal is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("d0,s9,bay,2026-11-20T07:00,15:00,", "staff_id s9 is not registered"),
        ("d0,s1,hall,2026-11-20T07:00,15:00,", "zone_id hall is not registered"),
        ("d0,s1,bay,2026-11-20T07:00,15:00,Nurse", "differs from the role nurse"),
    ],
)
def test_a_shift_that_has_ended_is_judged_when_a_row_brings_it(
    ward: Ward, row: str, reason: str
) -> None:
    assert reason in str(ward.take("shift", f"{SHIFTS}{row}\n".encode()).refusal)


def test_a_long_shift_overlaps_every_later_one_that_it_covers(ward: Ward) -> None:
    rows = "\n".join(
        f"{shift},s1,bay,2026-11-30T{starts},2026-{ends},"
        for shift, starts, ends in (
            ("a", "00:00", "12-01T06:00"),
            ("b", "01:00", "11-30T02:00"),
            ("c", "03:00", "11-30T04:00"),
        )
    )

    lines = str(ward.take("shift", f"{SHIFTS}{rows}\n".encode()).refusal).splitlines()

    assert [line.rpartition(" overlaps ")[2] for line in lines] == [
        "shift a of staff_id s1",
        "shift a of staff_id s1",
    ]


def test_ten_thousand_unknown_ids_are_refused_at_once(ward: Ward) -> None:
    known = "".join(f"nurse-{number:05d},nurse\n" for number in range(10_000))
    ward.older("staff", f"staff_id,role\n{known}".encode())
    rows = "".join(
        f"d{number},nurze-{number:05d},bay,2026-11-30T07:00,15:00,\n" for number in range(2_000)
    )
    content = f"{SHIFTS}d,NURSE-00007,bay,2026-11-30T07:00,15:00,\n{rows}".encode()

    before_s = process_time()
    lines = str(ward.take("shift", content).refusal).splitlines()

    assert process_time() - before_s < 4.0
    assert lines[0].endswith("staff_id NURSE-00007 is not registered; did you mean nurse-00007?")
    assert lines[1].endswith("staff_id nurze-00000 is not registered; did you mean nurse-00000?")
    assert lines[-1] == "and 1901 more"
