"""What a camera's version says of its place."""

import math
from typing import Any

import numpy as np
import pytest

from streams.domain.camera.pinhole import Lens, Pinhole
from streams.domain.facts.location import area_of, check_location, location_of, region_of
from tests.support.builders.domain import camera, rectangle
from tests.support.calibrations import ROOM

MATRIX = [-900.0, -640.0, 0.0, 0.0, 0.0, -360.0, -900.0, 2700.0, 0.0, -1.0, 0.0, 0.0]


def test_the_field_of_view_is_that_of_the_focal_length() -> None:
    pinhole = Pinhole.of(MATRIX, 1280, 720)

    assert pinhole.field_of_view_deg() == pytest.approx(2 * math.degrees(math.atan(640 / 900)))


def test_the_field_of_view_regards_the_lens() -> None:
    """A lens that pulls the edges inwards shows more than an ideal one of its focal length."""
    bent = Pinhole.of(MATRIX, 1280, 720, Lens(900.0, 900.0, 640.0, 360.0, (-0.1, 0.0, 0.0, 0.0)))

    edge = bent.undistort(np.array([[1280.0, 360.0]]))[0, 0]

    assert edge > 1280.0
    assert bent.field_of_view_deg() == pytest.approx(
        2 * math.degrees(math.atan((edge - 640) / 900)), abs=1e-9
    )


@pytest.mark.parametrize("which", range(len(ROOM)))
def test_the_field_of_view_of_a_real_camera_follows_from_its_intrinsics(which: int) -> None:
    intrinsic = np.array(ROOM[which]["intrinsic"]["doubles"]).reshape(3, 3)
    pose = np.array(ROOM[which]["extrinsic"][0]["tf"]["doubles"]).reshape(4, 4)
    pinhole = Pinhole(intrinsic @ pose[:3], 1288, 728)

    focal, centre = intrinsic[0, 0], intrinsic[0, 2]
    wanted = math.atan(centre / focal) + math.atan((1288 - centre) / focal)
    assert pinhole.field_of_view_deg() == pytest.approx(math.degrees(wanted), abs=0.2)


def test_a_version_that_says_nothing_is_taken() -> None:
    check_location(camera(), None)

    assert region_of(camera()) == ()


def test_a_region_is_a_polygon_of_the_floor() -> None:
    found = camera(sees=rectangle(-1, -1, 3, 1), location={"x_m": 1.0, "y_m": 2.0, "z_m": 3.0})

    assert region_of(found) == ((-1.0, -1.0), (3.0, -1.0), (3.0, 1.0), (-1.0, 1.0))
    assert area_of(region_of(found)) == area_of(region_of(found)[::-1]) == 8.0
    assert location_of(found) == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"location": {"x_m": math.nan, "y_m": 0.0, "z_m": 0.0}}, "location"),
        ({"field_of_view_deg": math.nan}, "field_of_view_deg"),
        ({"field_of_view_deg": -1.0}, "field_of_view_deg"),
        ({"sees": rectangle(0, 0, 1, 0.01)}, "sees"),
        ({"sees": rectangle(0, 0, math.inf, 1)}, "sees"),
        ({"sees": rectangle(0, 0, 1, 1)[:2]}, "sees"),
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        check_location(camera(**fields), None)


@pytest.mark.parametrize(("width_deg", "fits"), [(70.8, True), (73.0, True), (75.0, False)])
def test_a_field_of_view_fits_the_projection(width_deg: float, fits: bool) -> None:
    found, pinhole = camera(field_of_view_deg=width_deg), Pinhole.of(MATRIX, 1280, 720)

    if fits:
        check_location(found, pinhole)
    else:
        with pytest.raises(ValueError, match="field_of_view_deg: it is 75, and the projection"):
            check_location(found, pinhole)
