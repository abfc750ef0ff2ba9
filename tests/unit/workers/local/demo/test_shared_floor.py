"""Recordings of one floor by several cameras, from the file of cameras that `fuse` reads."""

import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Polygon

from runtime.errors import Stop
from tests.support.calibrations import ROOM
from workers.ingest.sources.probe import Clip
from workers.local.demo.scenario import Ward
from workers.local.demo.shared_floor import floor_ward, read_floor
from workers.registry.rows import ROWS

CORNERS = [(-3.95, -4.92), (-3.67, 3.61), (1.25, 3.71), (3.57, -2.22)]
"""Where the cameras of the room hang, m."""


def camera(number: int, **fields: Any) -> dict[str, Any]:
    """A camera of the room as the file of cameras has it."""
    published = ROOM[number]
    inner, pose = published["intrinsic"]["doubles"], published["extrinsic"][0]["tf"]["doubles"]
    return {
        "intrinsics": [inner[0:3], inner[3:6], inner[6:9]],
        "rotation": [pose[0:3], pose[4:7], pose[8:11]],
        "translation": [pose[3], pose[7], pose[11]],
        "distortion": published["distortion"]["doubles"],
        "image_size": [1288, 728],
        **fields,
    }


def file_of(folder: Path, cameras: dict[str, Any], **fields: Any) -> Path:
    path = folder / "cameras.json"
    path.write_text(json.dumps({"cameras": cameras, **fields}))
    return path


def room(folder: Path, *, size: tuple[int, int] = (1288, 728), **fields: Any) -> Ward:
    """The ward of the four cameras."""
    cameras = {f"cam{number}": camera(number, **fields) for number in range(4)}
    names = {name: f"{name}.mp4" for name in cameras}
    floor, sources = read_floor(file_of(folder, cameras, videos=names), [])
    clips = {
        name: Clip(source=source, width=size[0], height=size[1], frames=9, fps=10.0)
        for name, source in sources.items()
    }
    return floor_ward(floor, clips, 1280)


def test_recordings_are_named_in_the_file_or_with_video(tmp_path: Path) -> None:
    cameras = {name: camera(0) for name in ("a", "b")}
    inside = file_of(tmp_path, cameras, videos={"a": "a.mp4", "b": "rtsp://host/b"})

    assert read_floor(inside, [])[1] == {"a": str(tmp_path / "a.mp4"), "b": "rtsp://host/b"}
    given = read_floor(inside, ["b=other=b.mp4", "a=/clips/a.mp4"])[1]
    assert given == {"a": "/clips/a.mp4", "b": "other=b.mp4"}


@pytest.mark.parametrize(
    ("videos", "why"),
    [
        ([], "no recording of a, b: give --video a=SOURCE"),
        (["a=a.mp4"], "no recording of b"),
        (["a.mp4"], "it is CAMERA=SOURCE, for one of a, b"),
        (["c=c.mp4"], "it is CAMERA=SOURCE, for one of a, b"),
        (["a=1.mp4", "a=2.mp4"], "camera a is given twice"),
    ],
)
def test_a_camera_without_a_recording_and_one_without_a_camera_are_refused(
    tmp_path: Path, videos: list[str], why: str
) -> None:
    path = file_of(tmp_path, {name: camera(0) for name in ("a", "b")})

    with pytest.raises(Stop, match=why):
        read_floor(path, videos)


@pytest.mark.parametrize(
    ("fields", "why"), [({"videos": ["a.mp4"]}, "field videos"), ({"fps": -1}, "field fps")]
)
def test_a_wrong_file_is_named_with_its_field(
    tmp_path: Path, fields: dict[str, Any], why: str
) -> None:
    path = file_of(tmp_path, {"a": camera(0)}, **fields)

    with pytest.raises(Stop, match=f"cameras.json, {why}"):
        read_floor(path, [])


def test_the_cameras_of_a_room_share_a_floor_whose_zone_is_the_room(tmp_path: Path) -> None:
    ward = room(tmp_path)

    assert {camera.floor_id for camera in ward.cameras} == {"floor"}
    [zone] = ward.zones
    shape = Polygon(zone.polygon)
    assert shape.buffer(0.1).contains(Polygon(CORNERS))
    assert shape.area < Polygon(CORNERS).buffer(1.0).area
    for kind, rows in ward.scenario(1_780_000_000_000_000).rows.items():
        for row in rows:
            ROWS[kind].model_validate(row)


def test_a_calibration_follows_the_size_to_which_ingest_shrinks(tmp_path: Path) -> None:
    [first, *_] = room(tmp_path).cameras

    assert (first.width, first.height) == (1280, 723)
    assert first.pinhole is not None
    assert first.pinhole.lens is not None
    assert first.pinhole.lens.fx == pytest.approx(1021.3269 * 1280 / 1288)


def test_walls_are_registered_with_their_camera(tmp_path: Path) -> None:
    rows = room(tmp_path, sees=[[-4, -5], [4, -5], [0, 4]]).scenario(1_780_000_000_000_000).rows

    assert rows["camera"][0]["sees"] == [[-4.0, -5.0], [4.0, -5.0], [0.0, 4.0]]


def test_a_recording_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="camera cam0: the calibration is for 1288x728 px"):
        room(tmp_path, size=(640, 480))
