"""A camera from points of its floor, and why points are refused."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from streams.domain.camera.pinhole import Pinhole
from workers.operations.calibration.calibration import (
    Calibration,
    CalibrationRefused,
    FloorPoint,
    of_pinhole,
)
from workers.operations.calibration.points import checked, fit, read_points

WIDTH, HEIGHT = 1280, 720
LIMIT_M = 0.2
FLOOR = [(3.0, 2.0), (3.0, -2.0), (6.0, 2.5), (6.0, -2.5), (4.0, 0.5), (5.0, -1.0), (4.5, 1.8)]


def hall() -> Pinhole:
    """A camera 3 m above (0, 0) that looks along x and down by 0.6 rad."""
    down = math.sin(0.6), math.cos(0.6)
    turn = np.array([[0.0, -1.0, 0.0], [-down[0], 0.0, -down[1]], [down[1], 0.0, -down[0]]])
    k = np.array([[900.0, 0.0, 640.0], [0.0, 900.0, 360.0], [0.0, 0.0, 1.0]])
    return Pinhole(k @ np.column_stack([turn, -turn @ [0.0, 0.0, 3.0]]), WIDTH, HEIGHT)


def seen(count: int = len(FLOOR), noise_px: float = 0.0) -> list[FloorPoint]:
    chance = np.random.default_rng(5)
    px = hall().to_px(np.array([(x, y, 0.0) for x, y in FLOOR]))
    px = px + chance.normal(0.0, noise_px, px.shape) if noise_px else px
    return [
        FloorPoint(f"p{row}", float(u), float(v), x, y)
        for row, ((u, v), (x, y)) in enumerate(zip(px, FLOOR, strict=True))
    ][:count]


def moved(points: list[FloorPoint], row: int, **by: float) -> list[FloorPoint]:
    point = points[row]
    changed = point._replace(**{name: getattr(point, name) + value for name, value in by.items()})
    return [*points[:row], changed, *points[row + 1 :]]


def fitted(points: list[FloorPoint], limit_m: float = LIMIT_M) -> Calibration:
    return fit(points, WIDTH, HEIGHT, limit_m)


@pytest.mark.parametrize("count", [4, 5, 7])
def test_points_without_error_give_the_camera_that_saw_them(count: int) -> None:
    found = fitted(seen(count))
    px = np.array([[300.0, 400.0], [900.0, 700.0]])

    assert found.worst_m < 1e-6
    assert found.to_floor(px) == pytest.approx(hall().to_floor(px), abs=1e-6)
    assert found.pinhole is None
    body = found.body()
    assert body is not None
    assert body.position() == pytest.approx((0.0, 0.0, 3.0), abs=1e-4)


def test_errors_are_of_each_point_and_of_each_point_by_the_others() -> None:
    found = fitted(seen(noise_px=1.0))

    others = [error.others_m for error in found.errors]
    assert 0.001 < found.rms_m <= found.worst_m < 0.05
    assert all(
        other is not None and other > error.floor_m
        for error, other in zip(found.errors, others, strict=True)
    )


def test_one_wrong_point_of_seven_is_left_out_and_named() -> None:
    found = fitted(moved(seen(noise_px=0.5), 3, x=1.5))

    assert [error.point.name for error in found.errors if not error.used] == ["p3"]
    assert found.errors[3].floor_m == pytest.approx(1.5, abs=0.1)
    assert found.worst_m < 0.05


def test_one_wrong_point_of_five_is_not_identified() -> None:
    with pytest.raises(CalibrationRefused, match=r"too few to say which is wrong: .*p\d is \d+ cm"):
        fitted(moved(seen(5), 3, x=1.5))


def test_two_wrong_points_of_seven_and_a_strict_limit_are_refused_with_their_errors() -> None:
    twisted = moved(moved(moved(seen(), 3, x=1.5), 0, y=0.9), 5, x=-1.0)

    with pytest.raises(CalibrationRefused, match=r"do not fit one floor within 20 cm"):
        fitted(twisted)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: p._replace(x=p.y, y=p.x), id="x-and-y-swapped"),
        pytest.param(lambda p: p._replace(y=-p.y), id="y-the-other-way"),
        pytest.param(lambda p: p._replace(u=WIDTH - p.u), id="picture-mirrored"),
    ],
)
def test_mirrored_points_are_refused_with_the_way_out(change: object) -> None:
    assert callable(change)
    with pytest.raises(CalibrationRefused, match=r"mirrored: .*swap x and y, or give one"):
        fitted([change(point) for point in seen()])


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (seen(3), "4 are the least, and there are 3"),
        ([*seen(4), seen(4)[1]._replace(name="again")], "p1 and again: .*one place"),
        (moved(seen(), 2, u=2_000.0), r"point p2: .* outside the 1280x720"),
    ],
)
def test_points_that_do_not_determine_a_floor_are_refused(
    points: list[FloorPoint], reason: str
) -> None:
    with pytest.raises(CalibrationRefused, match=reason):
        fitted(points)


def on(floor: list[tuple[float, float]]) -> list[FloorPoint]:
    px = hall().to_px(np.array([(x, y, 0.0) for x, y in floor]))
    return [
        FloorPoint(f"p{row}", float(u), float(v), x, y)
        for row, ((u, v), (x, y)) in enumerate(zip(px, floor, strict=True))
    ]


@pytest.mark.parametrize(
    ("floor", "reason"),
    [
        ([(3.0, 0.0), (4.0, 0.0), (5.0, 0.0), (6.0, 0.0), (3.5, 0.0)], "all lie on one line"),
        ([(3.0, 0.0), (4.0, 0.0), (5.0, 0.0), (4.0, 2.0)], "p0, p1, p2: three of four lie on one"),
        ([(3.0, 0.0), (4.0, 0.0), (5.0, 0.0), (6.0, 0.0), (4.0, 2.0)], "too many lie on one line"),
    ],
)
def test_collinear_points_are_refused(floor: list[tuple[float, float]], reason: str) -> None:
    with pytest.raises(CalibrationRefused, match=reason):
        fitted(on(floor))


def test_points_check_a_calibration_that_was_not_fitted_to_them() -> None:
    right = of_pinhole(hall(), "a file")

    assert checked(right, seen(), LIMIT_M).worst_m < 1e-6
    with pytest.raises(CalibrationRefused, match=r"point p4: 90 cm off; the limit is 20 cm"):
        checked(right, moved(seen(), 4, x=0.9), LIMIT_M)


def test_a_calibration_fits_frames_of_another_size_but_not_of_another_shape() -> None:
    found = fitted(seen())
    half = found.scaled(640, 360)
    px = np.array([[300.0, 400.0]])

    assert half.to_floor(px / 2) == pytest.approx(found.to_floor(px), abs=1e-9)
    assert dataclasses.replace(half, source="").width == 640
    with pytest.raises(CalibrationRefused, match=r"1280x720 px and the frames are 640x480 px"):
        found.scaled(640, 480)


def test_a_file_of_points_is_read_as_spreadsheets_write_it(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("Name;U;V;X;Y\ndoor;10;20;300;-40\n;30;40;0;0\n")

    assert read_points(path, 0.01) == [
        FloorPoint("door", 10.0, 20.0, 3.0, -0.4),
        FloorPoint("2", 30.0, 40.0, 0.0, 0.0),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("u,v,x,y\n1,2,,4\n", "line 2: x is missing"),
        ("u,v,x,y\n1,2,three,4\n", "line 2: x: 'three' is not a number"),
        ("u,v,x,z\n1,2,3,4\n", "'z' is not a field"),
    ],
)
def test_a_file_of_points_is_refused_by_line_and_field(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)

    with pytest.raises(CalibrationRefused, match=f"points.csv.*{reason}"):
        read_points(path)
