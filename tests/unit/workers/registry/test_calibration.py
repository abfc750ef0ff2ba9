"""Rows of cameras with a projection: the homography follows from it, and contradictions do not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtime.facts.log import Fact
from schemas.topics import CAMERAS
from streams.domain.camera.pinhole import Pinhole
from streams.domain.camera.projection import pinhole_of
from tests.support.calibrations import ROOM
from workers.registry.calibration import followed, mapped, pose_fields
from workers.registry.change import OnResize, Options, Stamp
from workers.registry.edit import change_of, edits
from workers.registry.editing.database import record_of
from workers.registry.files import ImportRefused, checked_row, read_rows
from workers.registry.forms import form_of
from workers.registry.mappings import read_object
from workers.registry.preview import effects_of
from workers.registry.registered import Key, Registered
from workers.registry.rows import CameraRow

NOW = Stamp(valid_from_us=1_000, recorded_at_us=1_000, recorded_by="test")
MATRIX = [-900.0, -640.0, 0.0, 0.0, 0.0, -360.0, -900.0, 2700.0, 0.0, -1.0, 0.0, 0.0]
"""A camera 3 m above the origin of the floor that looks along -y, in frames of 1280x720 px."""
LENS = {"fx": 900.0, "fy": 900.0, "cx": 640.0, "cy": 360.0, "distortion": [-0.1, 0.02, 0.0, 0.0]}
ROW: dict[str, Any] = {"camera_id": "hall", "width": 1280, "height": 720}
CALIBRATED = ROW | {"projection": MATRIX}


def taken(row: dict[str, Any], *before: dict[str, Any]) -> list[Fact]:
    """The new versions of cameras that a row makes, after others."""
    registered = Registered()
    for one in before:
        registered.add(edits([CameraRow.model_validate(one)], registered, NOW))
    found = edits([CameraRow.model_validate(row)], registered, NOW)
    return [fact for fact in found if fact.topic is CAMERAS]


def record(row: dict[str, Any], *before: dict[str, Any]) -> dict[str, Any]:
    [fact] = taken(row, *before)
    return fact.record


def test_the_homography_follows_from_the_projection() -> None:
    found = record(CALIBRATED)
    px = np.array([[640.0, 700.0], [100.0, 500.0]])
    pinhole = pinhole_of(found)

    assert pinhole is not None
    assert mapped(found["homography"], px) == pytest.approx(pinhole.to_floor(px), abs=1e-9)
    assert found["lens"] is None


def test_with_a_lens_the_homography_is_the_best_that_there_is() -> None:
    """The mean error over the floor near a real camera halves; its lens moves pixels by 76."""
    camera = ROOM[0]
    k = np.array(camera["intrinsic"]["doubles"]).reshape(3, 3)
    pose = np.array(camera["extrinsic"][0]["tf"]["doubles"]).reshape(4, 4)
    terms = {"fx": k[0, 0], "fy": k[1, 1], "cx": k[0, 2], "cy": k[1, 2]}
    lens = terms | {"distortion": camera["distortion"]["doubles"]}
    projection = [float(number) for number in (k @ pose[:3]).ravel()]
    row = {"camera_id": "c", "width": 1288, "height": 728, "projection": projection, "lens": lens}
    found = record(row)
    pinhole = pinhole_of(found)
    assert pinhole is not None
    u, v = np.meshgrid(np.linspace(0, 1288, 20), np.linspace(200, 728, 20))
    px = np.column_stack([u.ravel(), v.ravel()])
    floor = pinhole.to_floor(px)

    def off(homography: list[float]) -> float:
        return float(np.hypot(*(mapped(homography, px) - floor).T).mean())

    assert off(found["homography"]) < 0.08
    assert off(found["homography"]) < 0.7 * off(pinhole.homography())


def test_a_homography_beside_the_projection_must_say_the_same() -> None:
    same = record(CALIBRATED)["homography"]

    assert taken(CALIBRATED | {"homography": same}, CALIBRATED) == []
    with pytest.raises(ImportRefused, match=r"homography: it puts the floor up to .* m from where"):
        taken(CALIBRATED | {"homography": [0.01, 0, 0, 0, 0.01, 0, 0, 0, 1]})


def test_a_camera_that_the_api_shows_is_taken_back_unchanged() -> None:
    registered = Registered()
    row = CameraRow.model_validate(CALIBRATED | {"lens": LENS})
    registered.add(edits([row], registered, NOW))
    shown = form_of(CAMERAS, registered.current(CAMERAS)["hall"])

    again, faults = checked_row(
        read_object(json.dumps(shown), list(CameraRow.model_fields)), CameraRow
    )

    assert again is not None, faults
    assert edits([again], registered, NOW) == []


@pytest.mark.parametrize(
    ("left_out", "names"),
    [(ROW, ["projection", "homography"]), (ROW | {"projection": MATRIX}, ["lens"])],
)
def test_what_a_row_leaves_out_stays_only_when_it_says_so(
    left_out: dict[str, Any], names: list[str]
) -> None:
    before = CALIBRATED | {"lens": LENS}

    with pytest.raises(ImportRefused) as refusal:
        taken(left_out, before)

    for name in names:
        assert f"{name}: left out, but one is registered" in str(refusal.value)
    gone = record(ROW | {"projection": [], "lens": [], "homography": []}, before)
    assert (gone["projection"], gone["lens"], gone["homography"]) == (None, None, None)


def test_a_new_projection_brings_its_homography_with_it() -> None:
    higher = [*MATRIX[:7], 3600.0, *MATRIX[8:]]

    found = record(CALIBRATED | {"projection": higher}, CALIBRATED)

    assert found["version"] == 2
    assert found["homography"] != record(CALIBRATED)["homography"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"projection": MATRIX[:9]}, "projection: a projection has twelve numbers, not 9"),
        ({"projection": [*MATRIX[:11], "nan"]}, "projection: 'nan' is not a number"),
        ({"projection": [0.0] * 12}, "projection: it is singular"),
        ({"projection": [900.0, *MATRIX[1:]]}, "projection: it is mirror"),
        ({"lens": LENS}, "lens: it belongs to a projection"),
        ({"projection": MATRIX, "lens": {"fx": 1}}, "lens: fy is missing"),
        ({"projection": MATRIX, "lens": LENS | {"k1": 1}}, "lens: 'k1' is none of"),
        ({"projection": MATRIX, "lens": LENS | {"fx": "wide"}}, "lens: fx: 'wide' is not a number"),
        ({"projection": MATRIX, "lens": LENS | {"distortion": [1]}}, "terms, not 1"),
        ({"projection": MATRIX, "lens": LENS | {"distortion": [-9, 0, 0, 0]}}, "lens: its dist"),
        ({"projection": MATRIX, "lens": "wide"}, "lens: 'wide' is not a list"),
    ],
)  # fmt: skip
def test_a_calibration_that_cannot_be_meant_is_refused_by_file_line_and_field(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps([ROW | change]))

    with pytest.raises(ImportRefused, match=r"cameras\.json entry 1: .*") as refusal:
        edits(read_rows(path, CameraRow), Registered(), NOW)

    assert reason in str(refusal.value)


def test_a_cell_of_a_spreadsheet_holds_a_projection_and_a_lens(tmp_path: Path) -> None:
    path = tmp_path / "cameras.csv"
    rows = [MATRIX[:4], MATRIX[4:8], MATRIX[8:]]
    path.write_text(
        f"camera_id;width;height;projection;lens\nhall;1280;720;{rows};{json.dumps(LENS)}\n".replace(
            '"', '""'
        ).replace(";{", ';"{').replace("}\n", '}"\n')
    )  # fmt: skip

    [row] = read_rows(path, CameraRow)

    assert row.fields()["projection"] == MATRIX
    assert row.fields()["lens"] == LENS


@pytest.mark.parametrize("on_resize", [OnResize.REFUSE, OnResize.SCALE])
def test_a_frame_that_changes_its_size_asks_for_the_calibration_of_the_new_one(
    on_resize: OnResize,
) -> None:
    registered = Registered()
    before = CALIBRATED | {"lens": LENS}
    registered.add(edits([CameraRow.model_validate(before)], registered, NOW))
    row = CameraRow.model_validate(before | {"width": 640, "height": 360})

    with pytest.raises(ImportRefused, match="projection") as refusal:
        change_of([[row]], registered, NOW, Options(on_resize=on_resize))

    assert "lens" in str(refusal.value)
    assert ("-450.0" in str(refusal.value)) == (on_resize is OnResize.SCALE)


def test_a_preview_says_where_the_camera_is() -> None:
    registered = Registered()
    row = CameraRow.model_validate(CALIBRATED | {"lens": LENS})

    lines = [str(effect) for effect in effects_of(change_of([[row]], registered, NOW, Options()))]

    assert "projection of a camera at (0.00, 0.00), 3.00 m above the floor" in lines[-1]
    assert "lens of 900 px with 4 terms" in lines[-1]


def test_a_version_from_before_projections_is_read_as_one_without() -> None:
    content = {"floor_id": "f", "name": "", "width": 1, "height": 1, "mount": "MOVING"}

    found = record_of(Key(CAMERAS, "old"), content, {"version": 3})

    assert (found["projection"], found["lens"], found["homography"]) == (None, None, None)
    assert (found["mount"], found["privacy_masks"], found["version"]) == ("MOVING", [], 3)


@pytest.mark.parametrize("given", [{}, {"location": [0, 0, 3], "field_of_view_deg": 70.83}])
def test_location_and_field_of_view_follow_the_pose_that_they_came_from(
    given: dict[str, Any],
) -> None:
    camera = record(CALIBRATED | given)
    higher = Pinhole.of([*MATRIX[:7], 3600.0, *MATRIX[8:]], 1280, 720)

    assert pose_fields(Pinhole.of(MATRIX, 1280, 720)) == {
        "location": {"x_m": 0.0, "y_m": 0.0, "z_m": 3.0},
        "field_of_view_deg": 70.83,
    }
    assert followed(camera, higher) == pose_fields(higher)
    assert followed(camera, None) == {"location": [], "field_of_view_deg": []}


def test_a_location_that_somebody_measured_stays() -> None:
    camera = record(CALIBRATED | {"location": [0.1, 0, 3.2], "field_of_view_deg": 70})

    assert followed(camera, Pinhole.of(MATRIX, 1280, 720)) == {}


def test_the_projection_that_is_kept_is_the_one_that_was_given() -> None:
    tenfold = [number * 10 for number in MATRIX]

    found = record(CALIBRATED | {"projection": tenfold})

    assert found["projection"] == tenfold
    assert Pinhole.of(tenfold, 1280, 720).position() == pytest.approx((0.0, 0.0, 3.0))
