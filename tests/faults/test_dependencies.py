"""An import judges everything that its change touches, and names it."""

from pathlib import Path

import pytest

from tests.faults.product import Ward

STAFF = b"staff_id,role\ns1,nurse\ns2,nurse\n"
ZONES = b"""- {zone_id: other, camera_id: bay-cam, polygon: [[10, 10], [60, 10], [60, 60]]}"""
SHIFTS = b"shift_id,staff_id,zone_id,starts,ends\nd1,s1,bay,2026-11-30T07:00,15:00\n"
REQUIREMENTS = b"requirement_id,zone_id,role,count\nday,bay,nurse,2\n"


def camera(width: int, height: int, *, masks: str = "", homography: str = "") -> bytes:
    return (
        "camera_id,name,width,height,privacy_masks,homography\n"
        f'bay-cam,Bay camera,{width},{height},"{masks}","{homography}"\n'
    ).encode()


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    """A camera with a zone, two nurses, a shift and a requirement."""
    ward = Ward(tmp_path, "camera", "zone", "staff")
    assert ward.take("shift", SHIFTS).refusal is None
    assert ward.take("requirement", REQUIREMENTS).refusal is None
    return ward


def test_a_zone_is_not_removed_under_its_requirements_and_shifts(ward: Ward) -> None:
    refusal = ward.take("zone", ZONES, ".yaml", replace=True).refusal

    assert refusal == (
        "zone_id bay: the file does not name it, but something rests on it: requirement day, "
        "shift d1; name it, or give --cascade to remove that too"
    )


def test_a_cascade_removes_what_rests_on_a_zone_and_names_it(ward: Ward) -> None:
    imported = ward.take("zone", ZONES, ".yaml", replace=True, cascade=True)

    assert imported.effects[1:] == (
        "- zone bay",
        "- requirement day (rests on zone bay)",
        "- shift d1 (rests on zone bay)",
    )
    assert ward.take("zone", ZONES, ".yaml", replace=True).effects == ()


def test_a_cascade_reaches_the_shifts_of_the_zones_of_a_camera(ward: Ward) -> None:
    other = b"camera_id,width,height\nnew,640,480\n"

    assert "zone bay" in str(ward.take("camera", other, replace=True).refusal)
    imported = ward.take("camera", other, replace=True, cascade=True)

    assert [effect.partition(":")[0] for effect in imported.effects[2:]] == [
        "- camera bay-cam",
        "- zone bay (rests on camera bay-cam)",
        "- requirement day (rests on zone bay)",
        "- shift d1 (rests on zone bay)",
    ]


def test_a_member_of_staff_is_not_removed_under_a_shift_to_come(ward: Ward) -> None:
    without = b"staff_id,role\ns2,nurse\n"

    assert "shift d1" in str(ward.take("staff", without, replace=True).refusal)
    assert ward.take("staff", without, replace=True, cascade=True).effects == (
        "- staff s1",
        "- shift d1 (rests on staff s1)",
    )


def test_a_shift_that_has_ended_holds_nothing_back(tmp_path: Path) -> None:
    ward = Ward(tmp_path, "camera", "zone", "staff")
    past = b"shift_id,staff_id,zone_id,starts,ends\nd1,s1,bay,2026-11-20T07:00,15:00\n"
    ward.take("shift", past)

    assert ward.take("staff", b"staff_id,role\ns2,nurse\n", replace=True).effects == ("- staff s1",)
    assert ward.take("shift", past).effects == ()


def test_a_floor_is_never_removed(ward: Ward) -> None:
    refusal = ward.take("floor", b"floor_id,name\nward-3,Ward 3\n", replace=True).refusal

    assert "floor_id bay-cam: a floor keeps its partition for life" in str(refusal)


@pytest.mark.parametrize(("width", "height"), [(96, 64), (384, 256), (128, 192), (193, 128)])
def test_a_camera_is_not_resized_under_its_zones(ward: Ward, width: int, height: int) -> None:
    refusal = str(ward.take("camera", camera(width, height)).refusal)

    assert f"192x128 px become {width}x{height} px" in refusal
    assert "drawn in 192x128 px: zone bay" in refusal


def test_the_zones_of_a_resized_camera_are_scaled_when_asked(ward: Ward) -> None:
    imported = ward.take("camera", camera(96, 64), on_resize="scale")

    resized, scaled = imported.effects
    assert resized == "~ camera bay-cam: width 192 -> 96; height 128 -> 64"
    assert scaled.startswith("~ zone bay (scaled with camera bay-cam from 192x128 px to 96x64 px)")
    assert imported.records[1]["polygon"][2] == {"x": 90.0, "y": 60.0}


def test_the_zones_of_a_resized_camera_are_kept_when_asked_and_inside_its_frame(
    ward: Ward,
) -> None:
    refusal = ward.take("camera", camera(96, 64), on_resize="keep").refusal

    assert "zone_id bay: polygon: point (180, 10) lies outside the 96x64 px" in str(refusal)
    assert ward.take("camera", camera(192, 140), on_resize="keep").effects == (
        "~ camera bay-cam: height 128 -> 140",
    )


def test_a_camera_without_zones_is_resized_freely(tmp_path: Path) -> None:
    ward = Ward(tmp_path, "camera")

    assert ward.take("camera", camera(96, 64)).refusal is None


def test_masks_and_homography_of_the_old_size_are_refused_with_those_of_the_new(
    tmp_path: Path,
) -> None:
    ward = Ward(tmp_path, "camera")
    drawn = {"masks": "[[[0, 0], [90, 0], [90, 90]]]", "homography": "[1,0,0,0,1,0,0,0,1]"}
    ward.take("camera", camera(192, 128, **drawn))

    refused = str(ward.take("camera", camera(96, 64, **drawn)).refusal)
    scaled = str(ward.take("camera", camera(96, 64, **drawn), on_resize="scale").refusal)

    assert "drawn in 192x128 px: privacy_masks, homography" in refused
    assert "for 96x64 px write [[[0.0, 0.0], [45.0, 0.0], [45.0, 45.0]]]" in scaled
    assert "for 96x64 px write [2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0]" in scaled


def test_masks_and_homography_go_only_when_the_row_says_so(tmp_path: Path) -> None:
    ward = Ward(tmp_path, "camera")
    masks = "[[[0, 0], [96, 0], [96, 64], [0, 64]]]"
    ward.take("camera", camera(192, 128, masks=masks, homography="[1,0,0,0,1,0,0,0,1]"))

    refusal = str(ward.take("camera", camera(192, 128)).refusal)
    imported = ward.take("camera", camera(192, 128, masks="[]", homography="[]"))

    assert "privacy_masks: left out, but 1 masks are registered" in refusal
    assert "homography: left out, but one is registered" in refusal
    [effect] = imported.effects
    assert "privacy_masks 1 that hide 25.0% of the frame -> nothing" in effect
    assert "homography given -> nothing" in effect


@pytest.mark.parametrize("role", ["Nurse", "NURSE", "nurse.", "nur-se"])
@pytest.mark.parametrize("kind", ["staff", "shift", "requirement"])
def test_a_role_that_differs_by_case_or_punctuation_alone_is_refused(
    ward: Ward, kind: str, role: str
) -> None:
    content = {
        "staff": f"staff_id,role\ns3,{role}\n",
        "shift": "shift_id,staff_id,zone_id,starts,ends,role\n"
        f"d2,s2,bay,2026-11-30T07:00,15:00,{role}\n",
        "requirement": f"requirement_id,zone_id,role,count\nnight,bay,{role},1\n",
    }[kind]

    refusal = str(ward.take(kind, content.encode()).refusal)

    assert refusal.startswith(f"{kind}.csv line 2: ")
    assert f"role {role}: differs from the role nurse by case or punctuation alone" in refusal


def test_two_spellings_of_a_role_in_one_file_are_both_named(tmp_path: Path) -> None:
    content = b"staff_id,role\nn1,Nurse\nn2,NURSE\n"

    lines = str(Ward(tmp_path).take("staff", content).refusal).splitlines()

    assert [line.partition(":")[0] for line in lines] == ["staff.csv line 2", "staff.csv line 3"]


def test_a_role_that_everybody_changes_at_once_is_taken(tmp_path: Path) -> None:
    ward = Ward(tmp_path, "staff")

    assert ward.take("staff", b"staff_id,role\ns1,Nurse\ns2,Nurse\n").refusal is None


def test_a_required_role_that_nobody_has_is_noted(ward: Ward) -> None:
    imported = ward.take("requirement", b"requirement_id,zone_id,role,count\nx,bay,nures,1\n")

    assert imported.notes == ("role nures is required, but no member of staff and no shift has it",)


def test_a_changed_role_names_the_shifts_that_follow_it(ward: Ward) -> None:
    imported = ward.take("staff", b"staff_id,role\ns1,porter\n")

    assert imported.notes == ("staff s1: shift d1 follow the role to porter",)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("staff", b"staff_id,role\nS1,nurse\n"),
        ("zone", b'zone_id,camera_id,polygon\nBAY,bay-cam,"[[0,0],[99,0],[99,99]]"\n'),
        ("camera", b"camera_id,width,height\nBay-Cam,640,480\n"),
        ("floor", b"floor_id\nBAY-CAM\n"),
    ],
)
def test_an_id_that_differs_from_another_by_case_alone_is_refused(
    ward: Ward, kind: str, content: bytes
) -> None:
    assert "by upper and lower case alone" in str(ward.take(kind, content).refusal)


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        (
            "shift",
            b"shift_id,staff_id,zone_id,starts,ends\nd2,s2,BAY,2026-11-30T07:00,15:00\n",
            "shift.csv line 2: shift_id d2: zone_id BAY is not registered; did you mean bay?",
        ),
        (
            "requirement",
            b"requirement_id,zone_id,role,count\nx,bya,nurse,1\n",
            "requirement.csv line 2: requirement_id x: zone_id bya is not registered",
        ),
        (
            "zone",
            b'zone_id,camera_id,polygon\nx,bay_cam,"[[0,0],[99,0],[99,99]]"\n',
            "zone.csv line 2: zone_id x: camera_id bay_cam is not registered; did you mean",
        ),
        (
            "shift",
            b"shift_id,staff_id,zone_id,starts,ends\nd2,s1,bay,2026-11-30T14:00,20:00\n",
            "shift.csv line 2: shift_id d2: starts: overlaps shift d1 of staff_id s1",
        ),
        (
            "staff",
            b"staff_id,role\ns3,nurse\ns3,porter\n",
            "staff.csv line 2: staff_id s3: given twice, again in staff.csv line 3",
        ),
    ],
)
def test_a_row_that_fits_nothing_is_refused_by_number(
    ward: Ward, kind: str, content: bytes, reason: str
) -> None:
    assert str(ward.take(kind, content).refusal).startswith(reason)
