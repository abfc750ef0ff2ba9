"""Cameras of a floor from a file: three ways to give one, and what is refused by its field."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.paths import ROOT
from workers.operations.scoring.floor_cameras import FloorCameras, read_cameras

INNER = [[1000.0, 0.0, 960.0], [0.0, 1000.0, 540.0], [0.0, 0.0, 1.0]]
TURN = [[0.0, -1.0, 0.0], [-0.5, 0.0, -(0.75**0.5)], [0.75**0.5, 0.0, -0.5]]
"""Turned along x and 30 degrees down."""
MOVE = [0.0, 2.5 * 0.75**0.5, 1.25]
"""2.5 m above the floor's origin."""

POSE: dict[str, Any] = {"intrinsics": INNER, "rotation": TURN, "translation": MOVE}
MATRIX = (np.array(INNER) @ np.column_stack([TURN, MOVE])).tolist()
SIZE = [1920, 1080]


def read(tmp_path: Path, cameras: Any, **others: Any) -> FloorCameras:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps({"image_size": SIZE, "cameras": cameras} | others))
    return read_cameras(path)


def refused(tmp_path: Path, camera: Any, *parts: str, **others: Any) -> None:
    with pytest.raises(ValueError, match=r"cameras\.json, camera ward-1, field ") as raised:
        read(tmp_path, {"ward-1": camera}, **others)
    for part in parts:
        assert part in str(raised.value)


def test_the_three_ways_agree(tmp_path: Path) -> None:
    inverse = np.linalg.inv(np.array(MATRIX)[:, [0, 1, 3]])
    cameras = {
        "a": {"projection": MATRIX},
        "b": {"homography": inverse.tolist()},
        "c": POSE,
        "d": POSE | {"distortion": [0.0] * 5},
    }
    found = read(tmp_path, cameras).cameras

    px = np.array([[960.0, 900.0], [300.0, 700.0]])
    body = np.array([[4.0, 1.0, 1.7]])
    for pinhole in found.values():
        assert pinhole.lens is None
        assert pinhole.to_floor(px) == pytest.approx(found["a"].to_floor(px), abs=1e-6)
        assert pinhole.to_px(body) == pytest.approx(found["a"].to_px(body), abs=1e-3)
    assert list(found) == ["a", "b", "c", "d"]


def test_a_lens_has_its_distortion(tmp_path: Path) -> None:
    [pinhole] = read(tmp_path, {"a": POSE | {"distortion": [-0.2, 0.05, 0, 0]}}).cameras.values()

    assert pinhole.lens is not None
    assert pinhole.lens.distortion == (-0.2, 0.05, 0.0, 0.0)


def test_a_camera_may_have_a_picture_of_its_own(tmp_path: Path) -> None:
    found = read(tmp_path, {"a": {"projection": MATRIX}, "b": POSE | {"image_size": [1280, 720]}})

    assert [(one.width, one.height) for one in found.cameras.values()] == [
        (1920, 1080),
        (1280, 720),
    ]


def test_the_rate_is_read_and_other_fields_are_left_alone(tmp_path: Path) -> None:
    found = read(tmp_path, {"a": {"projection": MATRIX}}, fps=4, room_m=[7, 3, 2], note="x")

    assert found.fps == 4.0


def test_a_matrix_of_any_scale_and_sign_is_the_same_camera(tmp_path: Path) -> None:
    scaled = (-3.0 * np.array(MATRIX)).tolist()
    found = read(tmp_path, {"a": {"projection": MATRIX}, "b": {"projection": scaled}}).cameras

    assert found["b"].projection == pytest.approx(found["a"].projection)


def test_the_example_of_the_page_is_read(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "fuse-recordings.md").read_text()
    path = tmp_path / "cameras.json"
    path.write_text(page.split("```json\n")[1].split("```")[0])

    heights = {name: one.position()[2] for name, one in read_cameras(path).cameras.items()}

    assert heights == pytest.approx({"cam1": 2.2, "cam2": 1.8}, abs=0.05)


MIRRORED = (np.array(MATRIX) * [1, -1, 1, 1]).tolist()
BELOW = (np.array(MATRIX) * [1, 1, -1, 1]).tolist()


@pytest.mark.parametrize(
    ("camera", "parts"),
    [
        ({"projection": MIRRORED}, ("field projection: ", "mirrored")),
        ({"projection": BELOW}, ("field projection: ",)),
        ({"projection": [[0.0] * 4] * 3}, ("field projection: ",)),
        ({"projection": MATRIX[:2]}, ("field projection: it is 3 rows of 4 numbers",)),
        ({"projection": [[1, 2, 3]] * 3}, ("field projection: it is 3 rows of 4 numbers",)),
        ({"projection": "P"}, ("field projection: it is 3 rows of 4 numbers",)),
        ({"projection": [["1", 2, 3, 4]] * 3}, ("field projection: '1' is not a number",)),
        ({"projection": [[True, 2, 3, 4]] * 3}, ("field projection: True is not a number",)),
        ({"projection": [[10**400, 2, 3, 4]] * 3}, ("field projection: ", "not finite")),
        ({"homography": [[0.0] * 3] * 3}, ("field homography: ", "singular")),
        ({"homography": [[1, 0, 0], [0, 1, 0]]}, ("field homography: it is 3 rows of 3",)),
        ({"homography": [[0.01, 0, 0], [0, -0.01, 9], [0, 0, 1]]}, ("straight down",)),
        ({"rotation": TURN, "translation": MOVE}, ("field intrinsics: missing",)),
        ({"intrinsics": INNER, "rotation": TURN}, ("field translation: missing",)),
        (POSE | {"intrinsics": [[1000, 5, 960], *INNER[1:]]}, ("field intrinsics: ",)),
        (POSE | {"intrinsics": [[-1000, 0, 960], *INNER[1:]]}, ("field intrinsics: ",)),
        (POSE | {"rotation": [[2, 0, 0], [0, 1, 0], [0, 0, 1]]}, ("field rotation: ",)),
        (POSE | {"rotation": [*TURN[:2], [-v for v in TURN[2]]]}, ("field rotation: ", "mirrored")),
        (POSE | {"translation": [1, 2]}, ("field translation: it is a list of 3 numbers",)),
        (POSE | {"translation": [0, -1.0, 0.5]}, ("field rotation, translation: ",)),
        (POSE | {"distortion": [0.1]}, ("field distortion: it is a list of 0, 4, 5 or 8 numbers",)),
        (POSE | {"distortion": [-3.0, 0, 0, 0]}, ("field distortion: ", "fold")),
        (
            {"projection": MATRIX, "distortion": [0.0] * 4},
            ("field distortion: it goes with a pose",),
        ),
        (
            {"projection": MATRIX, "rotation": TURN},
            ("one of them only; here is pose and projection",),
        ),
        ({}, ("field projection: ", "here is nothing")),
        ({"projektion": MATRIX}, ("field projektion: unknown",)),
        ({"projection": MATRIX, "image_size": [0, 5]}, ("field image_size: 0 is no width",)),
        ({"projection": MATRIX, "image_size": [1.5, 5]}, ("field image_size: 1.5 is no width",)),
        ({"projection": MATRIX, "image_size": 5}, ("field image_size: it is a list of 2 numbers",)),
        ([MATRIX], ("a camera is a mapping",)),
        ({"projection": MATRIX, "sees": [[0, 0], [1, 0]]}, ("field sees: ", "three corners")),
        ({"projection": MATRIX, "sees": [[0, 0], [1, 0], [2]]}, ("field sees: ", "2 numbers")),
        ({"projection": MATRIX, "sees": [[0, 0], [1, 1], [2, 2]]}, ("field sees: ", "hold 0 m2")),
        ({"projection": MATRIX, "sees": "room 4"}, ("field sees: ", "three corners")),
    ],
)
def test_a_fault_is_named_by_file_camera_and_field(
    tmp_path: Path, camera: Any, parts: tuple[str, ...]
) -> None:
    refused(tmp_path, camera, *parts)


def test_what_a_camera_sees_of_the_floor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    camera = {"projection": MATRIX, "sees": [[0, 0], [4.5, 0], [0, 3]]}
    path.write_text(json.dumps({"image_size": [1920, 1080], "cameras": {"a": camera}}))

    assert read_cameras(path).sees == {"a": ((0.0, 0.0), (4.5, 0.0), (0.0, 3.0))}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"cameras": {"a": 1, "a": 2}}', "'a' is there twice"),
        ('{"cameras": {"a": {"projection": NaN}}}', "NaN is not a number"),
        ("[]", "field cameras: missing"),
        ('{"cameras": {}}', "field cameras: missing"),
        ('{"cameras": {"a+b": {}}}', "'a+b' is no name"),
        ('{"cameras": {"": {}}}', "'' is no name"),
        ('{"cameras": {"a": {"projection": []}}}', "camera a, field image_size: missing"),
        ('{"cameras": {"a": {}}, "fps": 0}', "field fps: 0 is not above 0"),
        ('{"cameras": {"a": {}}, "fps": "4"}', "field fps: '4' is not a number"),
        ('{"cameras": {"a": {}}, "image_size": [1, 2, 3]}', "field image_size: "),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(text)

    with pytest.raises(ValueError, match=r"cameras\.json") as raised:
        read_cameras(path)

    assert part in str(raised.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    path.write_bytes(b"\xff\xfe\x00{")

    with pytest.raises(ValueError, match="no text in UTF-8"):
        read_cameras(path)
