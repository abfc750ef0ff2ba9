"""Where cameras stand on the plan of a floor, and what they see of it."""

from typing import Any

import numpy as np
import pytest
from shapely.geometry import Point, Polygon

from streams.domain.camera.pinhole import Lens, Pinhole
from tests.support.camera_room import HEIGHT, WIDTH, projection_from
from workers.serving.live.footprints import FURTHEST_REACH_M, Footprint, Footprints, footprint

POSITION = (1.0, 2.0, 2.8)
LENS = Lens(700.0, 700.0, WIDTH / 2, HEIGHT / 2, (-0.2, 0.05, 0.0, 0.0, 0.0))


def camera(lens: Lens | None = None, **fields: Any) -> dict[str, Any]:
    """A camera that looks along x, a little down."""
    pinhole = Pinhole(projection_from(POSITION, (9.0, 2.0, 0.0)), WIDTH, HEIGHT, lens)
    terms = {"fx": 700.0, "fy": 700.0, "cx": WIDTH / 2, "cy": HEIGHT / 2}
    return {
        "camera_id": "gate",
        "version": 1,
        "recorded_at_us": 1,
        "width": WIDTH,
        "height": HEIGHT,
        "projection": pinhole.projection.ravel().tolist(),
        "lens": None if lens is None else {**terms, "distortion": list(lens.distortion)},
        "homography": pinhole.homography(),
        **fields,
    }


def found(row: dict[str, Any]) -> Footprint:
    result = footprint(row)
    assert result is not None
    return result


def seen_share(row: dict[str, Any], pinhole: Pinhole, *, inside: bool) -> float:
    """Share of random points inside or outside the footprint that the camera's frame shows."""
    shape = Polygon(found(row).sees[0])
    chance = np.random.default_rng(3)
    points = chance.uniform((-10, -12), (20, 16), (4_000, 2))
    border = np.array([shape.exterior.distance(Point(p)) for p in points])
    reach = np.hypot(*(points - POSITION[:2]).T) < 12.0
    kept = np.array([shape.contains(Point(p)) for p in points]) == inside
    chosen = points[kept & reach & (border > 0.1)]
    px = pinhole.to_px(np.column_stack([chosen, np.zeros(len(chosen))]))
    with np.errstate(invalid="ignore"):
        shown = ((px >= 0) & (px <= [WIDTH, HEIGHT])).all(axis=1)
    assert len(chosen) > 50
    return float(shown.mean())


@pytest.mark.parametrize("lens", [None, LENS], ids=["ideal", "lens"])
def test_a_footprint_is_the_floor_that_the_frame_shows(lens: Lens | None) -> None:
    row = camera(lens)
    pinhole = Pinhole(projection_from(POSITION, (9.0, 2.0, 0.0)), WIDTH, HEIGHT, lens)

    assert found(row).position == pytest.approx(POSITION)
    # A lens bends the sides of the frame, which are drawn straight.
    assert seen_share(row, pinhole, inside=True) >= (1.0 if lens is None else 0.98)
    assert seen_share(row, pinhole, inside=False) == 0.0


def test_it_ends_where_people_become_small() -> None:
    [ring] = found(camera()).sees

    furthest = max(np.hypot(x - POSITION[0], y - POSITION[1]) for x, y in ring)
    assert furthest == pytest.approx(700.0 * 1.7 / (HEIGHT / 12), rel=0.01)
    assert furthest < FURTHEST_REACH_M


def test_a_homography_alone_shows_the_same_floor() -> None:
    exact, alone = found(camera()), found(camera(projection=None))

    assert alone.position == pytest.approx(exact.position)
    one, other = Polygon(exact.sees[0]), Polygon(alone.sees[0])
    assert one.symmetric_difference(other).area < 0.01 * one.area


def test_walls_end_it() -> None:
    corners = [(0.0, 0.0), (6.0, 0.0), (6.0, 4.0), (0.0, 4.0)]
    room = Polygon(corners)

    [ring] = found(camera(sees=[{"x": x, "y": y} for x, y in corners])).sees

    assert room.buffer(0.02).contains(Polygon(ring))


def test_a_camera_that_looks_straight_down_has_a_footprint_and_no_position() -> None:
    # One pixel is 1 cm of the floor; v points down, so y falls with it.
    flat = [0.01, 0.0, 0.0, 0.0, -0.01, 7.2, 0.0, 0.0, 1.0]

    result = found(camera(projection=None, homography=flat))

    assert result.position is None
    assert Polygon(result.sees[0]).area == pytest.approx(12.8 * 7.2, rel=0.01)


@pytest.mark.parametrize(
    "fields",
    [
        {"projection": None, "homography": None},
        {"width": 0, "height": 0},
        {"projection": [0.0] * 12},
        {"projection": None, "homography": [0.0] * 9},
    ],
    ids=["uncalibrated", "no size", "no camera", "singular"],
)
def test_a_camera_without_a_usable_calibration_is_left_off_the_plan(
    fields: dict[str, Any],
) -> None:
    assert footprint(camera(**fields)) is None


def test_an_edited_camera_gets_a_new_footprint() -> None:
    footprints = Footprints()
    before = footprints.of(camera())

    assert footprints.of(camera()) is before
    assert footprints.of(camera(version=2, projection=None, homography=None)) is None
