"""The import refuses impossible coordinates, and everything that the fold would refuse."""

from pathlib import Path

import pytest

from tests.faults.product import Ward, fold_refusal, import_text

_CAMERA = """
- camera_id: bay-cam
  name: Bay camera
  width: {width}
  height: {height}
  time_zone: Europe/Berlin
"""
_MASK = "  privacy_masks: {masks}\n"


def zone(polygon: str, where: str = "camera_id: bay-cam") -> str:
    return f"- zone_id: new\n  {where}\n  polygon: {polygon}\n"


@pytest.mark.parametrize(
    "polygon",
    [
        pytest.param("[[9, 9], [180, 9], [180, 9], [180, 120], [9, 120]]", id="double click"),
        pytest.param("[[9, 9], [9, 9], [180, 9], [180, 120], [9, 120]]", id="first twice"),
        pytest.param("[[9, 9], [180, 9], [180, 120], [9, 120], [9, 9], [9, 9]]", id="closed"),
        pytest.param("[[9, 9], [180, 9], [180.0, 9.00], [180, 120], [9, 120]]", id="other digits"),
    ],
)
def test_a_vertex_that_is_repeated_is_dropped_and_the_fold_takes_the_zone(
    polygon: str, tmp_path: Path
) -> None:
    imported = import_text("zone", zone(polygon), tmp_path)

    assert fold_refusal("zones.v1", imported.records) is None
    assert [len(record["polygon"]) for record in imported.records] == [4]


@pytest.mark.parametrize(
    "polygon",
    [
        pytest.param("[[9, 9], [180, 9], [90, 9], [90, 120]]", id="spike"),
        pytest.param("[[9, 9], [180, 120], [180, 9], [9, 120]]", id="bow tie"),
        pytest.param("[[9, 9], [50, 50], [90, 90]]", id="no area"),
        pytest.param("[[9, 9], [180, 9]]", id="two points"),
        pytest.param("[[9, 9], [180, 9], [180, 120], [180, 9], [9, 120]]", id="visited twice"),
        pytest.param(str([[i % 190, i // 190] for i in range(201)]), id="too many"),
    ],
)
def test_what_the_fold_would_refuse_the_import_refuses_for_the_same_reason(
    polygon: str, tmp_path: Path
) -> None:
    points = [{"x": float(x), "y": float(y)} for x, y in eval(polygon)]
    record = import_text("zone", zone("[[9, 9], [99, 9], [99, 99]]"), tmp_path).records[0]

    refusal = import_text("zone", zone(polygon), tmp_path).refusal
    folded = fold_refusal("zones.v1", [{**record, "polygon": points}])

    assert refusal
    assert folded
    assert refusal.rpartition(": ")[2] == folded.rpartition(": ")[2]


@pytest.mark.parametrize(
    ("polygon", "reason"),
    [
        pytest.param("[[0.05, 0.1], [0.95, 0.1], [0.95, 0.9]]", "fractions", id="fractions"),
        pytest.param("[[0, 0], [1, 0], [1, 1], [0, 1]]", "fractions", id="the whole of 0 to 1"),
        pytest.param("[[9, 9], [12, 9], [12, 12]]", "25 are the least", id="tiny"),
        pytest.param("[[9, 9], [193, 9], [99, 99]]", "lies outside", id="outside"),
        pytest.param("[[9, 9], [-1, 9], [99, 99]]", "lies outside", id="negative"),
        pytest.param("[[9, 9], [.nan, 9], [99, 99]]", "point 2: '.nan' is not a number", id="nan"),
        pytest.param("[[9, 9], [1e999, 9], [99, 99]]", "not a finite number", id="infinite"),
        pytest.param("[[9, 9], ['99,5', 9], [99, 99]]", "write a decimal point", id="comma"),
        pytest.param("[[9, 9, 1], [99, 9, 1], [99, 99, 1]]", "point 1 is not [x, y]", id="3D"),
        pytest.param("{x: 9}", "not a list of points", id="mapping"),
        pytest.param("9 9 99 9", "not a list such as", id="text"),
    ],
)
def test_a_zone_that_cannot_be_meant_is_refused(polygon: str, reason: str, tmp_path: Path) -> None:
    refusal = import_text("zone", zone(polygon), tmp_path).refusal

    assert refusal
    assert "polygon: " in refusal
    assert reason in refusal


def test_the_refusal_of_fractions_gives_the_pixels_to_write(tmp_path: Path) -> None:
    polygon = "[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]"

    refusal = str(import_text("zone", zone(polygon), tmp_path).refusal)

    assert "[[0.0, 0.0], [96.0, 0.0], [96.0, 128.0]]" in refusal


@pytest.mark.parametrize(
    ("polygon", "reason"),
    [
        ("[[0, 0], [900, 0], [900, 700]]", "900 by 700 m; a zone with floor_id is in metres"),
        ("[[0, 0], [0.1, 0], [0.1, 0.1]]", "covers 0.005 m2"),
    ],
)
def test_a_zone_of_a_floor_that_is_not_in_metres_is_refused(
    polygon: str, reason: str, tmp_path: Path
) -> None:
    refusal = import_text("zone", zone(polygon, "floor_id: bay-cam"), tmp_path).refusal

    assert reason in str(refusal)


def test_a_zone_of_a_floor_that_no_camera_sees_is_noted(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    ward.take(
        "camera",
        b"camera_id,floor_id,width,height,homography\n"
        b'a,f,640,480,"[0.01, 0, 0, 0, 0.01, 0, 0, 0, 1]"\n',
    )
    seen = zone("[[1, 1], [3, 1], [3, 3]]", "floor_id: f").encode()
    unseen = zone("[[20, 1], [23, 1], [23, 3]]", "floor_id: f").encode()

    assert ward.take("zone", seen, ".yaml").notes == ()
    assert ward.take("zone", unseen, ".yaml").notes == (
        "zone new: no calibrated camera of floor f sees it",
    )


@pytest.mark.parametrize(
    ("masks", "reason"),
    [
        pytest.param("[[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]]", "fractions", id="fractions"),
        pytest.param("[[[5, 5], [6, 5], [6, 9]]]", "would hide 2.0 square pixels", id="tiny"),
        pytest.param("[[[0, 0], [500, 0], [500, 90]]]", "lies outside", id="of another frame"),
        pytest.param("[[[0, 0], [192, 0], [192, 128], [0, 128]]]", "whole frame", id="everything"),
        pytest.param(
            "[[0, 0], [90, 0], [90, 90]]", "polygon 1: point 1 is not", id="one, not many"
        ),
        pytest.param("[[[0, 0], [90, 90], [90, 0], [0, 90]]]", "touch or cross", id="bow tie"),
    ],
)
def test_a_privacy_mask_that_cannot_be_meant_is_refused(
    masks: str, reason: str, tmp_path: Path
) -> None:
    text = _CAMERA.format(width=192, height=128) + _MASK.format(masks=masks)

    refusal = import_text("camera", text, tmp_path).refusal

    assert refusal
    assert "privacy_masks: " in refusal
    assert reason in refusal


def test_an_import_shows_the_share_of_the_frame_that_masks_hide(tmp_path: Path) -> None:
    masks = "[[[0, 0], [96, 0], [96, 64], [0, 64]], [[0, 0], [96, 0], [96, 64]]]"
    text = _CAMERA.format(width=192, height=128) + _MASK.format(masks=masks)

    imported = import_text("camera", text, tmp_path)

    assert imported.effects == (
        "~ camera bay-cam: privacy_masks nothing -> 2 that hide 25.0% of the frame",
    )


def test_a_zone_that_masks_hide_is_noted(tmp_path: Path) -> None:
    masks = "[[[0, 0], [192, 0], [192, 125], [0, 125]]]"
    text = _CAMERA.format(width=192, height=128) + _MASK.format(masks=masks)

    assert import_text("camera", text, tmp_path).notes == (
        "zone bay: masks hide 100% of it; nobody is seen there",
    )


@pytest.mark.parametrize(
    ("homography", "reason"),
    [
        ("[1, 0, 0, 0, 1, 0, 0, 0]", "nine numbers, not 8"),
        ("[1, 0, 0, 0, 1, 0, 0, 0, 0]", "singular"),
        ("[1, 0, 0, 0, 1, 0, 0, 0, .nan]", "'.nan' is not a number"),
        ("[1, 0, 0, 0, 1, 0, 0, 0, '1,5']", "write a decimal point"),
        ("12", "not a list of nine numbers"),
        ("[99, 0, 0, 0, 99, 0, 0, 0, 1]", "192 px, onto 19008 m; it must map pixels to metres"),
        ("[1e-6, 0, 0, 0, 1e-6, 0, 0, 0, 1]", "onto 0.000192 m"),
    ],
)
def test_a_homography_that_cannot_be_meant_is_refused(
    homography: str, reason: str, tmp_path: Path
) -> None:
    text = _CAMERA.format(width=192, height=128) + f"  homography: {homography}\n"

    assert reason in str(import_text("camera", text, tmp_path).refusal)


@pytest.mark.parametrize(
    ("width", "taken"),
    [
        ("1280", True),
        ("1280.0", True),
        ('"1,280"', False),
        ("1,280", False),
        ("1.280", False),
        ("1 280", False),
        ("1'280", False),
        ("1_280", False),
        ("1.28e3", False),
        ("0x500", False),
        ("1280px", False),
        ("1280.5", False),
        ("-1280", False),
        ("nan", False),
        ("\u0661\u0662", False),
        ("9" * 40, False),
        ("", False),
    ],
)
def test_a_number_is_taken_in_one_form(width: str, taken: bool, tmp_path: Path) -> None:
    text = f"camera_id,width,height,name\nnew,{width},720,\n"

    imported = import_text("camera", text, tmp_path, ".csv")

    assert (imported.refusal is None) is taken
    if taken:
        assert imported.records[-1]["width"] == 1280
    else:
        assert str(imported.refusal).startswith("camera.csv line 2: ")
