"""`wardstream fuse` on simulated rooms: what is written, what is printed, what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from models.datasets.floor import Area, read_floor
from models.evaluation.floor import evaluate_floor
from streams.domain.camera.pinhole import Pinhole
from tests.bench.fusion.simulator import Scene, crowded_room, write
from workers.cli.app import load
from workers.operations.scoring.floor_cameras import read_cameras

FPS = 4.0
CAMERAS = ("cam1", "cam2", "cam3", "cam4")
AREA = "1.5,-inf,7,inf"


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Three people in a room with four cameras."""
    return crowded_room(3, 3, seconds=20.0)


@pytest.fixture
def room(tmp_path: Path, scene: Scene) -> Path:
    """A folder with the room's files."""
    write(scene, tmp_path, scores=False)
    return tmp_path


def fuse(
    room: Path, *options: str, fps: str = "4", cameras: tuple[str, ...] = CAMERAS
) -> tuple[int, str, str]:
    """Run the command on a folder's files; returns its exit code and what it printed."""
    given = [part for name in cameras for part in ("--detections", f"{name}={room / name}.det.txt")]
    answer = CliRunner().invoke(
        load("fuse"),
        [
            *("--cameras", str(room / "cameras.json"), "--fps", fps, *given),
            *("--out", str(room / "floor.txt"), *options),
        ],
    )
    return answer.exit_code, answer.stdout, answer.stderr


def change(room: Path, camera: str | None, **fields: Any) -> None:
    """Replace fields of the file of cameras, or of one camera; None removes."""
    path = room / "cameras.json"
    about = json.loads(path.read_text())
    inside = about if camera is None else about["cameras"][camera]
    inside.update(fields)
    for name in [name for name, value in fields.items() if value is None]:
        del inside[name]
    path.write_text(json.dumps(about))


def refused(room: Path, *parts: str, **how: Any) -> None:
    """The command ends with code 78 and one sentence that has these parts."""
    code, out, error = fuse(room, *how.pop("options", ()), **how)

    assert (code, out) == (78, "")
    assert error.count("\n") == 1
    for part in parts:
        assert part in error
    assert not (room / "floor.txt").exists()


def test_people_are_written_where_they_are(room: Path) -> None:
    truth = ("--ground-truth", str(room / "floor_gt.txt"), "--area", AREA)
    code, out, error = fuse(room, *truth, "--json")

    assert (code, error) == (0, "")
    done = json.loads(out)
    assert done["cameras"] == list(CAMERAS)
    assert (done["left_out"], done["warnings"]) == ([], [])
    assert done["scores"]["hota"] > 0.6
    assert done["scores"]["median_error_m"] < 0.15
    results, people = read_floor(room / "floor.txt"), read_floor(room / "floor_gt.txt")
    scores = evaluate_floor(people, results, Area(1.5, -np.inf, 7.0, np.inf))
    assert scores.hota == pytest.approx(done["scores"]["hota"], abs=0.005)
    rows = [row.split(",") for row in (room / "floor.txt").read_text().splitlines()]
    assert len(rows) == done["rows"]
    assert {len(row) for row in rows} == {5}
    assert {name for row in rows for name in row[4].split("+") if name} <= set(CAMERAS)


def test_the_settings_are_those_of_the_stream_processor(
    room: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(scene, room, scores=True)
    site = room / "wardstream.toml"
    site.write_text("[fusion]\nleast_score = 1.0\n")
    assert json.loads(fuse(room, "--json", "--scores", "unit")[1])["people"] > 0
    monkeypatch.setenv("WARDSTREAM_CONFIG", str(site))

    code, out, _ = fuse(room, "--json", "--scores", "unit")

    assert (code, json.loads(out)["people"]) == (0, 0)


def test_the_scores_are_printed_as_a_table(room: Path) -> None:
    code, out, _ = fuse(room, "--ground-truth", str(room / "floor_gt.txt"))

    assert code == 0
    for name in ("HOTA", "IDF1", "IDSW", "median error, m", "us a camera frame"):
        assert name in out


def test_the_same_files_give_the_same_rows_in_any_order_of_cameras(room: Path) -> None:
    fuse(room)
    first = (room / "floor.txt").read_bytes()
    fuse(room, cameras=CAMERAS[::-1])

    assert (room / "floor.txt").read_bytes() == first


def test_a_frame_is_decided_without_those_after_it(room: Path) -> None:
    fuse(room)
    whole = read_floor(room / "floor.txt")
    for name in CAMERAS:
        path = room / f"{name}.det.txt"
        rows = path.read_text().splitlines()
        path.write_text("\n".join(row for row in rows if int(row.split(",")[0]) <= 40))
    fuse(room)
    opening = read_floor(room / "floor.txt")

    last = int(opening.frames.max())
    assert opening.points.tolist() == whole.where(whole.frames <= last).points.tolist()


def square(pinhole: Pinhole) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Camera matrix, rotation and translation of a projection."""
    left = pinhole.projection[:, :3]
    turned, upper = np.linalg.qr(np.linalg.inv(left))
    signs = np.diag(np.sign(np.diag(upper)))
    inner, rotation = np.linalg.inv(signs @ upper), (turned @ signs).T
    translation = np.linalg.solve(inner, pinhole.projection[:, 3])
    inner[np.abs(inner) < 1e-6] = 0.0
    return inner / inner[2, 2], rotation, translation / inner[2, 2]


@pytest.mark.parametrize("way", ["homography", "pose"])
def test_a_homography_or_a_pose_is_as_good_as_a_matrix(room: Path, way: str) -> None:
    fuse(room)
    by_matrix = read_floor(room / "floor.txt")
    for name, pinhole in read_cameras(room / "cameras.json").cameras.items():
        if way == "homography":
            h = np.array(pinhole.homography()).reshape(3, 3)
            change(room, name, projection=None, homography=h.tolist())
        else:
            inner, rotation, translation = square(pinhole)
            pose = {"rotation": rotation.tolist(), "translation": translation.tolist()}
            change(room, name, projection=None, intrinsics=inner.tolist(), **pose)
    code, _, error = fuse(room)
    found = read_floor(room / "floor.txt")

    assert (code, error) == (0, "")
    assert found.ids.tolist() == by_matrix.ids.tolist()
    assert np.abs(found.points - by_matrix.points).max() < 0.02


def test_a_lens_is_taken_out_of_the_boxes(room: Path) -> None:
    fuse(room)
    ideal = read_floor(room / "floor.txt")
    terms = [-0.12, 0.02, 0.0, 0.0]
    for name, pinhole in read_cameras(room / "cameras.json").cameras.items():
        inner, rotation, translation = square(pinhole)
        pose = {"rotation": rotation.tolist(), "translation": translation.tolist()}
        pose |= {"intrinsics": inner.tolist(), "distortion": terms}
        change(room, name, projection=None, **pose)
        lens = read_cameras(room / "cameras.json").cameras[name].lens
        assert lens is not None
        path = room / f"{name}.det.txt"
        rows = np.loadtxt(path, delimiter=",")
        low, high = rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]
        middle = (low + high) / 2
        left = lens.distort(np.column_stack([low[:, 0], middle[:, 1]]))[:, 0]
        top = lens.distort(np.column_stack([middle[:, 0], low[:, 1]]))[:, 1]
        right = lens.distort(np.column_stack([high[:, 0], middle[:, 1]]))[:, 0]
        bottom = lens.distort(np.column_stack([middle[:, 0], high[:, 1]]))[:, 1]
        rows[:, 2:6] = np.column_stack([left, top, right - left, bottom - top])
        np.savetxt(path, rows, delimiter=",", fmt="%.4f")
    code, _, _ = fuse(room)
    found = read_floor(room / "floor.txt")

    assert code == 0
    scores = evaluate_floor(ideal, found)
    assert scores.median_error_m is not None
    assert scores.median_error_m < 0.05
    assert scores.true_positives > 0.8 * len(ideal)


def test_a_camera_without_detections_is_left_out_and_named(room: Path) -> None:
    code, out, _ = fuse(room, cameras=("cam1", "cam3"))

    assert code == 0
    assert "without detections, and left out: cam2, cam4" in out


def test_a_camera_that_stops_early_is_named(room: Path) -> None:
    path = room / "cam2.det.txt"
    rows = path.read_text().splitlines()
    path.write_text("\n".join(row for row in rows if int(row.split(",")[0]) <= 30))

    _, _, error = fuse(room)

    assert "warning: cam2: its last detection is in frame 30 of" in error


def test_boxes_that_do_not_fit_the_picture_are_named(room: Path) -> None:
    change(room, None, image_size=[1280, 720])

    _, _, error = fuse(room)

    assert "cam1.det.txt" in error
    assert "end outside the picture of cam1, 1280 x 720 px: check image_size" in error


def test_another_rate_than_the_file_of_cameras_names_is_pointed_out(room: Path) -> None:
    code, _, error = fuse(room, fps="8")

    assert code == 0
    assert "has 4 frames per second, and --fps is 8" in error


@pytest.mark.parametrize("fps", ["0", "-4", "nan", "inf", "1e9"])
def test_a_rate_that_cannot_be_is_refused(room: Path, fps: str) -> None:
    refused(room, "--fps", "is not from 0.01 to 1000 frames per second", fps=fps)


def test_detections_of_an_unknown_camera_are_refused(room: Path) -> None:
    (room / "cam9.det.txt").write_text("")

    refused(room, "--detections cam9", "no such camera, only cam1", cameras=("cam1", "cam9"))


def test_a_camera_that_is_given_twice_is_refused(room: Path) -> None:
    refused(room, "--detections cam1: the camera is given twice", cameras=("cam1", "cam1"))


@pytest.mark.parametrize("given", ["cam1", "=det.txt", "cam1="])
def test_detections_without_camera_or_file_are_refused(room: Path, given: str) -> None:
    refused(room, f"--detections {given}: it is CAMERA=FILE", options=("--detections", given))


@pytest.mark.parametrize("area", ["1,2,3", "a,b,c,d", "3,0,1,2", "nan,0,1,1"])
def test_an_area_that_is_none_is_refused(room: Path, area: str) -> None:
    refused(room, f"--area {area}", options=("--area", area))


def test_a_fault_in_detections_names_file_line_and_field(room: Path) -> None:
    with (room / "cam2.det.txt").open("a") as file:
        file.write("7,-1,inf,20,30,40,1\n")

    refused(room, "cam2.det.txt, line ", "field left: 'inf' is not finite")


def test_a_missing_file_is_refused(room: Path) -> None:
    (room / "cam3.det.txt").unlink()

    refused(room, "cam3.det.txt")


def test_a_fault_in_the_ground_truth_is_found_before_anything_is_written(room: Path) -> None:
    (room / "bad.txt").write_text("1,1,2.0\n")

    refused(
        room, "bad.txt, line 1, field y: missing", options=("--ground-truth", f"{room}/bad.txt")
    )


def test_an_empty_ground_truth_is_refused(room: Path) -> None:
    (room / "none.txt").write_text("")

    refused(room, "none.txt: it is empty", options=("--ground-truth", f"{room}/none.txt"))


def test_a_file_that_is_read_is_not_written_over(room: Path) -> None:
    before = (room / "cam1.det.txt").read_text()

    refused(room, "--out", "it is a file to read", options=("--out", f"{room}/cam1.det.txt"))
    assert (room / "cam1.det.txt").read_text() == before


def test_a_folder_that_is_not_there_is_named_before_anything_is_fused(room: Path) -> None:
    refused(room, "there is no folder", options=("--out", f"{room}/none/floor.txt"))


def test_one_file_for_two_cameras_is_refused(room: Path) -> None:
    twice = f"cam2={room}/cam1.det.txt"
    options = ("--detections", twice)

    refused(room, "--detections cam2", "is given to cam1", options=options, cameras=("cam1",))


def test_a_frame_beyond_all_reason_is_refused(room: Path) -> None:
    with (room / "cam2.det.txt").open("a") as file:
        file.write("1000000000000,-1,10,20,30,40,1\n")

    refused(room, "cam2.det.txt, field frame: 1000000000000 is above 10000000")
