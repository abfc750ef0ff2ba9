"""`wardstream camera calibrate` without --save: no service is asked."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tests.support.calibrations import PETS_VIEW_001
from workers.cli.reference import camera
from workers.registry.files import read_rows
from workers.registry.rows import CameraRow

GATE = [(-5, -10), (-5, 0), (-15, -10), (5, 0), (-3, 6), (-10, -5)]


def types(*arguments: str) -> Result:
    return CliRunner().invoke(camera, ["calibrate", "gate", *arguments], env={"COLUMNS": "200"})


def answer(*arguments: str) -> dict[str, Any]:
    result = types(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


@pytest.fixture
def view(tmp_path: Path) -> str:
    path = tmp_path / "view.xml"
    path.write_text(PETS_VIEW_001)
    return str(path)


@pytest.fixture
def points(tmp_path: Path, view: str) -> Path:
    """Six points of the floor in frames of 480x360 px, read to a pixel."""
    numbers = np.array(answer("--pose", view, "--size", "480x360")["projection"]).reshape(3, 4)
    path = tmp_path / "points.csv"
    lines = ["name,u,v,x,y"]
    for row, (x, y) in enumerate(GATE):
        u, v, w = numbers @ [x, y, 0, 1]
        lines.append(f"p{row},{u / w:.0f},{v / w:.0f},{x},{y}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_pose_is_printed_and_its_grid_is_drawn(tmp_path: Path, view: str) -> None:
    image, drawing = tmp_path / "frame.png", tmp_path / "grid.png"
    cv2.imwrite(str(image), np.full((360, 480, 3), 128, np.uint8))

    result = types("--pose", view, "--image", str(image), "--drawing", str(drawing))

    assert result.exit_code == 0, result.output
    assert "view.xml, scaled from 768x576 px, for 480x360 px" in result.output
    assert "it stands at (-28.94, -19.53), 7.07 m above the floor" in result.output
    assert "its lens moves pixels by up to" in result.output
    grid = cv2.imread(str(drawing))
    assert grid is not None
    assert grid.shape == (360, 480, 3)
    assert (grid[170, 150:250] != 128).any(), "lines of the grid cross the path"
    red = (grid[:, :, 2] > 200) & (grid[:, :, 1] < 100) & (grid[:, :, 0] < 100)
    assert red.sum() > 300, "the axis x crosses the picture"


def test_points_are_printed_with_their_errors(points: Path) -> None:
    result = types("--points", str(points), "--size", "480x360", "--limit-cm", "60")
    found = answer("--points", str(points), "--size", "480x360", "--limit-cm", "60")

    assert "6 points, for 480x360 px" in result.output
    assert "cm (rms)" in result.output
    assert "would stand, with square pixels, at" in result.output
    assert len(found["homography"]) == 9
    assert 0 < found["rms_cm"] <= found["worst_cm"] < 60
    assert [point["name"] for point in found["points"]] == [f"p{row}" for row in range(6)]
    assert found["position_m"] == pytest.approx([-28.9, -19.5, 7.1], abs=1.5)


def test_points_check_a_pose(points: Path, view: str) -> None:
    checked = answer(
        "--pose", view, "--points", str(points), "--size", "480x360", "--limit-cm", "500"
    )

    assert checked["worst_cm"] > 0
    refused = types("--pose", view, "--points", str(points), "--size", "480x360", "--limit-cm", "1")
    assert refused.exit_code == 78
    assert "cm off; the limit is 1 cm" in refused.output


def test_the_row_of_a_new_camera_can_be_imported(tmp_path: Path, view: str) -> None:
    path = tmp_path / "row.json"

    result = types("--pose", view, "--row", str(path), "--floor", "yard")

    assert result.exit_code == 0, result.output
    [row] = read_rows(path, CameraRow)
    fields = row.fields()
    assert (fields["floor_id"], fields["width"], fields["height"]) == ("yard", 768, 576)
    assert len(fields["homography"]) == 9


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "give --points, --projection or --pose"),
        (["--pose", "VIEW", "--projection", "VIEW"], "give one of them"),
        (["--points", "POINTS"], "give --size or --image"),
        (["--points", "POINTS", "--size", "480x360", "--unit", "feet"], "--unit feet"),
        (["--pose", "VIEW", "--size", "640x360"], "another shape"),
        (["--pose", "VIEW", "--drawing", "grid.png"], "give both, or neither"),
        (["--pose", "VIEW", "--image", "VIEW", "--drawing", "grid.png"], "cannot be read as a pic"),
        (["--pose", "nowhere.xml"], "nowhere.xml: cannot be read: No such file"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_way_out(
    arguments: list[str], reason: str, view: str, points: Path
) -> None:
    known = {"VIEW": view, "POINTS": str(points)}

    result = types(*(known.get(word, word) for word in arguments))

    assert result.exit_code == 78, result.output
    assert reason in result.output.replace("\n", " ")
