"""Floor to pixels and back, with and without a lens; and what cannot be a camera above a floor."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streams.domain.camera.pinhole import Lens, Pinhole, pinhole_of_homography
from streams.domain.camera.projection import pinhole_of
from tests.support.builders.domain import camera
from tests.support.calibrations import ROOM, ROOM_LATER, SEEN_IN_ROOM

Array = NDArray[np.float64]

WIDTH, HEIGHT = 1280, 720


def pose(height: float, pan: float, tilt: float, x: float = 0.0, y: float = 0.0) -> Array:
    """Floor to camera, `(3, 4)`, of a camera that looks down by `tilt`, rad."""
    right = np.array([math.sin(pan), -math.cos(pan), 0.0])
    ahead = np.array(
        [math.cos(pan) * math.cos(tilt), math.sin(pan) * math.cos(tilt), -math.sin(tilt)]
    )
    turn = np.stack([right, np.cross(ahead, right), ahead])
    return np.column_stack([turn, -turn @ np.array([x, y, height])])


def inner(focal: float, cx: float = WIDTH / 2, cy: float = HEIGHT / 2) -> Array:
    return np.array([[focal, 0.0, cx], [0.0, focal, cy], [0.0, 0.0, 1.0]])


CAMERA = inner(900.0) @ pose(3.0, 0.4, 0.6)

poses = st.builds(
    pose,
    st.floats(1.5, 12.0),
    st.floats(-math.pi, math.pi),
    st.floats(0.25, 1.4),
    st.floats(-50.0, 50.0),
    st.floats(-50.0, 50.0),
)
focals = st.floats(600.0, 3_000.0)
scales = st.floats(0.001, 1_000.0) | st.floats(-1_000.0, -0.001)
pixels = st.tuples(st.floats(0.0, WIDTH), st.floats(HEIGHT / 2, HEIGHT))


def lens(focal: float, *terms: float) -> Lens:
    return Lens(focal, focal, WIDTH / 2, HEIGHT / 2, terms)


def of_room(found: dict[str, Any]) -> Pinhole:
    k = np.array(found["intrinsic"]["doubles"]).reshape(3, 3)
    to_camera = np.array(found["extrinsic"][0]["tf"]["doubles"]).reshape(4, 4)[:3]
    terms = tuple(found["distortion"]["doubles"])
    return Pinhole(k @ to_camera, 1288, 728, Lens(k[0, 0], k[1, 1], k[0, 2], k[1, 2], terms))


@given(poses, focals, pixels, st.sampled_from([(), (-0.25, 0.1, 0.001, -0.002, 0.0)]), scales)
@settings(max_examples=60, deadline=None)
def test_a_pixel_of_the_floor_comes_back_from_the_floor(
    pose: Array, focal: float, pixel: tuple[float, float], terms: tuple[float, ...], scale: float
) -> None:
    known = lens(focal, *terms) if terms else None
    found = Pinhole(inner(focal) @ pose * scale, WIDTH, HEIGHT, known)

    floor = found.to_floor(np.array([pixel]))
    assume(np.isfinite(floor).all() and np.abs(floor).max() < 1_000)
    again = found.to_px(np.array([[*floor[0], 0.0]]))

    assert again[0] == pytest.approx(pixel, abs=0.02)


@given(poses, focals)
@settings(max_examples=60, deadline=None)
def test_a_homography_alone_shows_the_camera_with_square_pixels(pose: Array, focal: float) -> None:
    projection = inner(focal) @ pose
    found = Pinhole(projection, WIDTH, HEIGHT)

    again = pinhole_of_homography(found.homography(), WIDTH, HEIGHT)

    assert again.position() == pytest.approx(found.position(), abs=1e-5)
    assert again.projection == pytest.approx(found.projection, rel=1e-5, abs=1e-5 * focal)


@given(scales)
@settings(max_examples=30, deadline=None)
def test_a_projection_of_any_scale_is_the_same_camera(scale: float) -> None:
    found = Pinhole(CAMERA * scale, WIDTH, HEIGHT)

    assert found.projection == pytest.approx(CAMERA, rel=1e-9)
    assert found.position() == pytest.approx((0.0, 0.0, 3.0), abs=1e-9)


def test_pixels_follow_the_size_of_the_frame() -> None:
    half = Pinhole(CAMERA, WIDTH, HEIGHT, lens(900.0, -0.2, 0.1, 0.0, 0.0)).scaled(0.5, 0.5)
    whole = Pinhole(CAMERA, WIDTH, HEIGHT, lens(900.0, -0.2, 0.1, 0.0, 0.0))
    floor = np.array([[2.0, 1.0, 0.0], [3.0, 2.0, 1.7]])

    assert (half.width, half.height) == (640, 360)
    assert half.to_px(floor) == pytest.approx(whole.to_px(floor) / 2, abs=1e-9)


def test_above_the_horizon_and_behind_the_camera_is_nothing() -> None:
    found = Pinhole(inner(900.0) @ pose(3.0, 0.0, 0.3), WIDTH, HEIGHT)

    assert np.isnan(found.to_floor(np.array([[640.0, 50.0]]))).all()
    assert np.isnan(found.to_px(np.array([[-5.0, 0.0, 0.0]]))).all()
    assert np.isfinite(found.to_px(np.array([[20.0, 0.0, 0.0]]))).all()


def test_a_lens_folds_no_far_point_back_into_the_frame() -> None:
    found = Pinhole(CAMERA, WIDTH, HEIGHT, lens(900.0, -0.2, 0.0, 0.0, 0.0))
    right = np.column_stack([np.full(200, 2.0), np.linspace(-400.0, 1.0, 200), np.zeros(200)])

    px = found.to_px(right)
    ideal = Pinhole(CAMERA, WIDTH, HEIGHT).to_px(right)

    inside = np.isfinite(px).all(axis=1) & (px[:, 0] >= 0) & (px[:, 0] <= WIDTH)
    assert inside.any()
    assert not inside.all()
    assert found.undistort(px[inside]) == pytest.approx(ideal[inside], abs=0.1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(lambda p: p * [1, -1, 1, 1], "mirrored", id="y-the-other-way"),
        pytest.param(lambda p: p * [1, 1, -1, 1], "mirrored", id="z-down"),
        pytest.param(lambda p: p * [1, -1, -1, 1], "below the floor", id="turned-over"),
        pytest.param(lambda p: p * [0, 1, 1, 1], "singular", id="no-x"),
        pytest.param(lambda p: p * np.nan, "finite", id="not-a-number"),
        pytest.param(lambda p: p[:, :3], r"3 rows of 4", id="three-columns"),
        pytest.param(
            lambda p: np.diag([-1, -1, 1]) @ p, "lower edge|mirrored|below", id="upside-down"
        ),
    ],
)
def test_what_is_no_camera_above_a_floor_is_refused(
    change: Callable[[Array], Array], reason: str
) -> None:
    with pytest.raises(ValueError, match=f"^projection: .*({reason})"):
        Pinhole(change(CAMERA), WIDTH, HEIGHT)


@given(st.lists(st.floats(), min_size=12, max_size=12), st.lists(st.floats(), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_numbers_are_a_camera_or_refused(numbers: list[float], terms: list[float]) -> None:
    known = {"fx": 900.0, "fy": 900.0, "cx": 640.0, "cy": 360.0, "distortion": terms}

    for lens in (None, known):
        try:
            found = pinhole_of(camera(width=WIDTH, height=HEIGHT, projection=numbers, lens=lens))
        except ValueError as error:
            assert str(error).startswith(("projection: ", "lens: "))  # noqa: PT017 - both are right
            continue
        assert found is not None
        assert np.isfinite(found.homography()).all()


@pytest.mark.parametrize(
    ("numbers", "terms", "reason"),
    [
        ((0.0, 900.0, 640.0, 360.0), (), "above zero"),
        ((math.inf, 900.0, 640.0, 360.0), (), "finite"),
        ((900.0, 900.0, 640.0, 360.0), (0.1, 0.1), "0, 4, 5 or 8 terms, not 2"),
        ((900.0, 900.0, 640.0, 360.0), (-2.0, 0.0, 0.0, 0.0), "folds the edge"),
    ],
)
def test_what_is_no_lens_is_refused(
    numbers: tuple[float, float, float, float], terms: tuple[float, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=f"^lens: .*{reason}"):
        Pinhole(CAMERA, WIDTH, HEIGHT, Lens(*numbers, terms))


@pytest.mark.parametrize(
    ("homography", "reason"),
    [
        ([0.01, 0, 0, 0, -0.01, 0, 0, 0, 1], "straight down"),
        ([1.0] * 9, "singular"),
        ([1.0] * 8, "nine numbers, not 8"),
    ],
)
def test_a_homography_without_a_camera_is_refused(homography: list[float], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^homography: .*{reason}"):
        pinhole_of_homography(homography, WIDTH, HEIGHT)


@pytest.mark.parametrize("tilt_deg", [90.0, 89.7, 85.0, 75.0])
def test_the_height_or_the_field_of_view_gives_the_pose_of_a_camera_that_looks_down(
    tilt_deg: float,
) -> None:
    known = Pinhole(inner(700.0) @ pose(3.0, 0.4, math.radians(tilt_deg), 2.0, 5.0), WIDTH, HEIGHT)
    floor = known.homography()

    by_height = pinhole_of_homography(floor, WIDTH, HEIGHT, up_m=3.0)
    by_view = pinhole_of_homography(
        floor, WIDTH, HEIGHT, field_of_view_deg=known.field_of_view_deg()
    )

    for found in (by_height, by_view):
        assert found.position() == pytest.approx((2.0, 5.0, 3.0), abs=0.05)
        assert found.projection == pytest.approx(known.projection, rel=0.02, abs=3.0)


@settings(max_examples=50, deadline=None)
@given(poses, focals)
def test_where_a_homography_shows_the_pose_nothing_else_does(pose: Array, focal: float) -> None:
    known = Pinhole(inner(focal) @ pose, WIDTH, HEIGHT)
    assume(-known.projection[2, 2] < math.cos(math.radians(25.0)))

    alone = pinhole_of_homography(known.homography(), WIDTH, HEIGHT)
    wrong = pinhole_of_homography(known.homography(), WIDTH, HEIGHT, up_m=known.position()[2] * 1.2)

    assert wrong.projection.tolist() == alone.projection.tolist()


def test_a_mirrored_homography_has_no_camera() -> None:
    mirrored = np.array(Pinhole(CAMERA, WIDTH, HEIGHT).homography()).reshape(3, 3)
    mirrored[1] *= -1

    with pytest.raises(ValueError, match=r"^homography: .*below the floor"):
        pinhole_of_homography(list(mirrored.ravel()), WIDTH, HEIGHT)


def test_a_version_of_a_camera_has_the_pose_that_is_registered() -> None:
    numbers = [float(number) for number in CAMERA.ravel()]
    terms = {"fx": 900.0, "fy": 900.0, "cx": 640.0, "cy": 360.0, "distortion": [0.1, 0.0, 0.0, 0.0]}

    found = pinhole_of(camera(width=WIDTH, height=HEIGHT, projection=numbers, lens=terms))

    assert pinhole_of(camera()) is None
    assert found is not None
    assert found.lens == lens(900.0, 0.1, 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match=r"^lens: .*projection, which is missing"):
        pinhole_of(camera(lens=terms))
    with pytest.raises(ValueError, match=r"^projection: .*twelve numbers, not 9"):
        pinhole_of(camera(projection=numbers[:9]))


def apart(cameras: list[dict[str, Any]], px: dict[int, tuple[int, int]]) -> float:
    """Largest distance between where cameras put the same thing on the floor, m."""
    at = [
        of_room(cameras[number]).to_floor(np.array([seen], float))[0] for number, seen in px.items()
    ]
    return max(float(np.hypot(*(one - other))) for one in at for other in at)


@pytest.mark.parametrize("what", SEEN_IN_ROOM)
def test_four_cameras_of_a_room_agree_where_something_is(what: str) -> None:
    assert apart(ROOM, SEEN_IN_ROOM[what]) < 0.2
    assert apart(ROOM_LATER, SEEN_IN_ROOM[what]) > 1.0


def test_the_cameras_of_the_room_hang_in_its_corners() -> None:
    at = np.array([of_room(found).position() for found in ROOM])

    assert at[:, 2] == pytest.approx([2.78, 2.92, 2.99, 3.05], abs=0.01)
    assert (np.hypot(at[:, 0], at[:, 1]) < 7).all()
