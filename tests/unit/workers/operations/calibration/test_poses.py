"""Cameras from files of other programs."""

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.support.calibrations import PETS_VIEW_001, ROOM
from workers.operations.calibration.calibration import CalibrationRefused
from workers.operations.calibration.poses import read_pose, read_projection

MATRIX = [[-900.0, -640.0, 0.0, 0.0], [0.0, -360.0, -900.0, 2700.0], [0.0, -1.0, 0.0, 0.0]]
"""A camera 3 m above the origin of the floor that looks along -y."""


def file_of(folder: Path, content: Any, name: str = "camera.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_camera_of_tsai_is_that_of_the_published_formulas(tmp_path: Path) -> None:
    """Published figures; the formulas are written out here once more, by single numbers."""
    found = read_pose(file_of(tmp_path, PETS_VIEW_001, "view.xml"), None)
    rx, ry, rz = 2.0405458695, -0.89337703748, -0.43056124791
    sa, ca, sb, cb, sg, cg = (f(angle) for angle in (rx, ry, rz) for f in (math.sin, math.cos))
    turn = np.array(
        [
            [cb * cg, cg * sa * sb - ca * sg, sa * sg + ca * cg * sb],
            [cb * sg, sa * sb * sg + ca * cg, ca * sb * sg - cg * sa],
            [-sb, cb * sa, ca * cb],
        ]
    )
    for floor_m in ((-5.0, -10.0, 0.0), (5.0, 5.0, 1.75), (-14.0, -9.0, 0.0)):
        x, y, z = turn @ np.array(floor_m) * 1000 + [828.73214225, -3175.4796051, 35469.298547]
        ideal = np.array([5.5549183034 * x / z, 5.5549183034 * y / z])
        bent = ideal.copy()
        for _ in range(50):
            bent = ideal / (1.0 + 5.1113043639e-03 * (bent @ bent))
        u = 1.0937855397 * bent[0] / 5.1273271277e-03 + 324.22149053
        v = bent[1] / 4.65e-03 + 282.56650051

        assert found.to_px(np.array([floor_m]))[0] == pytest.approx((u, v), abs=0.002)
    assert found.position() == pytest.approx((-28.9, -19.5, 7.1), abs=0.1)
    assert found.bend_px() > 10


def test_a_pose_with_a_lens_is_that_of_opencv(tmp_path: Path) -> None:
    for camera in ROOM:
        found = read_pose(file_of(tmp_path, camera), None)
        pose = np.array(camera["extrinsic"][0]["tf"]["doubles"]).reshape(4, 4)
        k = np.array(camera["intrinsic"]["doubles"]).reshape(3, 3)
        floor = np.array([[0.0, 0.0, 0.0], [1.0, 0.5, 1.7], [-1.0, 0.5, 0.9]])
        expected, _ = cv2.projectPoints(
            floor, pose[:3, :3], pose[:3, 3], k, np.array(camera["distortion"]["doubles"])
        )

        assert found.to_px(floor) == pytest.approx(expected[:, 0], abs=1e-6)


def test_a_pose_that_leads_back_is_refused_or_far_away(tmp_path: Path) -> None:
    """The inverse of a pose is a pose, too; that of a mirror is none."""
    camera = json.loads(json.dumps(ROOM[0]))
    pose = np.array(camera["extrinsic"][0]["tf"]["doubles"]).reshape(4, 4)
    camera["extrinsic"][0]["tf"]["doubles"] = list((pose @ np.diag([1, 1, -1, 1])).ravel())

    with pytest.raises(CalibrationRefused, match=r"rotation mirrors"):
        read_pose(file_of(tmp_path, camera), None)


def test_rotation_may_be_a_matrix_or_a_vector(tmp_path: Path) -> None:
    k = [[900.0, 0.0, 640.0], [0.0, 900.0, 360.0], [0.0, 0.0, 1.0]]
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    pose = {"image_size": [1280, 720], "intrinsic": k, "translation": [0.0, 3.0, 0.0]}
    vector = [float(number) for number in cv2.Rodrigues(turn)[0].ravel()]

    by_matrix = read_pose(file_of(tmp_path, pose | {"rotation": turn.tolist()}), None)
    by_vector = read_pose(file_of(tmp_path, pose | {"rotation": vector}), None)

    assert by_matrix.projection == pytest.approx(by_vector.projection, abs=1e-9)
    assert by_matrix.position() == pytest.approx((0.0, 0.0, 3.0))


@pytest.mark.parametrize(
    "content",
    [
        MATRIX,
        [number for row in MATRIX for number in row],
        {"projection": MATRIX},
        {"image_size": [1280, 720], "cameras": {"hall": {"projection": MATRIX}, "bay": {}}},
    ],
    ids=["rows", "flat", "named", "of-several"],
)
def test_a_matrix_is_found_where_files_have_it(content: Any, tmp_path: Path) -> None:
    found = read_projection(file_of(tmp_path, content), "hall", (1280, 720), 1.0)

    assert found.position() == pytest.approx((0.0, 0.0, 3.0))


def test_a_matrix_for_millimetres_becomes_one_for_metres(tmp_path: Path) -> None:
    in_mm = (np.array(MATRIX) * [0.001, 0.001, 0.001, 1.0]).tolist()

    found = read_projection(file_of(tmp_path, in_mm), "hall", (1280, 720), 0.001)

    assert found.position() == pytest.approx((0.0, 0.0, 3.0))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not valid JSON"),
        ({"matrix": MATRIX}, "projection is missing"),
        ({"cameras": {"bay": {}}}, "camera hall is not in it, but bay"),
        (MATRIX[:2], "three rows of four"),
        ([1, 2, 3], "twelve numbers, not 3"),
        ([[*row[:3], "x"] for row in MATRIX], "'x' is not a number"),
        ([[number * 0 for number in row] for row in MATRIX], "singular"),
        ([[row[0], -row[1], row[2], row[3]] for row in MATRIX], "mirrored|lower edge"),
    ],
)
def test_a_matrix_that_cannot_be_used_is_refused(content: Any, reason: str, tmp_path: Path) -> None:
    with pytest.raises(CalibrationRefused, match=f"camera.json: .*({reason})"):
        read_projection(file_of(tmp_path, content), "hall", (1280, 720), 1.0)


def test_a_file_that_does_not_say_the_size_of_its_frames_needs_it(tmp_path: Path) -> None:
    with pytest.raises(CalibrationRefused, match="give --size"):
        read_projection(file_of(tmp_path, MATRIX), "hall", None, 1.0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"intrinsic": None}, "intrinsic: "),
        ({"intrinsic": {"doubles": [1.0]}}, "intrinsic: has 9 numbers, not 1"),
        ({"intrinsic": [[9.0, 5.0, 1.0], [0.0, 9.0, 1.0], [0.0, 0.0, 1.0]]}, "intrinsic: must"),
        ({"distortion": {"doubles": [0.1, 0.2]}}, "0, 4, 5 or 8 terms, not 2"),
        ({"extrinsic": [{"tf": {"doubles": [1.0] * 16}}]}, "its rows are not at right angles"),
        ({"resolution": None}, "give --size"),
    ],
)  # fmt: skip
def test_a_pose_that_cannot_be_used_is_refused_by_its_field(
    change: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(CalibrationRefused, match=f"camera.json: .*{reason}"):
        read_pose(file_of(tmp_path, ROOM[0] | change), None)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('focal="5.5549183034"', "", "Intrinsic focal is missing"),
        ('tx="828.73214225"', 'tx="far"', "Extrinsic tx: 'far' is not a number"),
        ('kappa1="5.1113043639e-03"', 'kappa1="-0.08"', "kappa1: its distortion folds the edge"),
        ("</Camera>", "", "not valid XML"),
        ('dpy="4.65e-03"', 'dpy="0"', "must be above zero"),
    ],
)
def test_a_file_of_tsai_that_cannot_be_used_is_refused_by_its_field(
    old: str, new: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(CalibrationRefused, match=f"view.xml: .*{reason}"):
        read_pose(file_of(tmp_path, PETS_VIEW_001.replace(old, new), "view.xml"), None)
