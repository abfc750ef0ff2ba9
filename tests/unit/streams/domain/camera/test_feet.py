"""Where the feet are of people whom an edge of the picture or a mask cuts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.camera.feet import BODY, EDGE_SHARE, UPRIGHT
from streams.domain.camera.people import NOWHERE, locate
from streams.domain.camera.picture import UNKNOWN, Picture, picture_of
from streams.domain.tracking.tables import TRACK_UPDATE, TrackState
from streams.domain.zones.area import zone_area
from streams.domain.zones.standing import INSIDE, MARGIN_SHARE, table_of, who_stands
from tests.support.builders.domain import camera, rectangle, zone

WIDTH, HEIGHT = 800.0, 600.0
MILLIMETRES = [0.001, 0.0, 0.0, 0.0, 0.001, 0.0, 0.0, 0.0, 1.0]
"""A homography of 1 mm a pixel: positions are foot points in thousands of pixels."""
PICTURE = picture_of(camera())  # type: ignore[arg-type]
NOBODY = np.empty(0, BODY)
STANDING = (90.0, 260.0)
SIZES = st.tuples(st.floats(1, 500), st.floats(1, 500))
SIXTEENTHS = st.integers(0, 16 * 800).map(lambda value: value / 16)


def boxes(*edges: tuple[float, float, float, float], first_id: int = 1) -> Any:
    """Confirmed tracks that were seen: x_min, y_min, x_max, y_max of each, px."""
    out = np.zeros(len(edges), TRACK_UPDATE)
    for row, box in enumerate(edges):
        out[row]["track_id"] = first_id + row
        out[row]["x_min"], out[row]["y_min"], out[row]["x_max"], out[row]["y_max"] = box
    out["state"], out["observed"] = TrackState.CONFIRMED, True
    return out


def known(size: tuple[float, float]) -> Any:
    """What is remembered of the camera's people and of track 1, seen whole with that size."""
    return np.array([(0.0, 1.0, UPRIGHT), (1.0, *size)], BODY)


def feet(
    box: tuple[float, float, float, float], picture: Picture, size: tuple[float, float]
) -> Any:
    """Estimated feet of one person who was seen whole with that width and height, px."""
    bodies = known(size)
    positions, _, _, _ = locate(boxes(box), np.array(MILLIMETRES), picture, bodies)
    return positions["x_m"][0] * 1000, positions["y_m"][0] * 1000


def published(box: tuple[float, float, float, float], picture: Picture) -> tuple[float, float]:
    _, people, _, _ = locate(boxes(box), NOWHERE, picture, NOBODY)
    return float(people["foot_x_px"][0]), float(people["foot_y_px"][0])


@st.composite
def some_box(draw: Any) -> tuple[float, float, float, float]:
    x, y = draw(SIXTEENTHS), draw(st.integers(0, 16 * 600)) / 16
    return x, y, x + draw(st.integers(16, 6400)) / 16, y + draw(st.integers(16, 6400)) / 16


@settings(deadline=None)
@given(some_box(), SIZES)
def test_a_box_that_nothing_cuts_has_its_feet_at_its_bottom_centre(
    box: tuple[float, float, float, float], size: tuple[float, float]
) -> None:
    x_margin, y_margin = WIDTH * EDGE_SHARE, HEIGHT * EDGE_SHARE
    x_min, y_min, x_max, y_max = box
    whole = min(x_min - x_margin, y_min - y_margin) > 0
    whole = whole and x_max + x_margin < WIDTH and y_max + y_margin < HEIGHT

    same = feet(box, PICTURE, size) == feet(box, UNKNOWN, size)

    assert same or not whole


@settings(deadline=None)
@given(some_box(), SIZES)
def test_a_body_goes_on_where_it_is_cut_and_nowhere_else(
    box: tuple[float, float, float, float], size: tuple[float, float]
) -> None:
    x_min, y_min, x_max, y_max = box
    x, y = feet(box, PICTURE, size)
    plain_x, plain_y = (x_min + x_max) / 2, y_max

    assert plain_y - 1 <= y <= max(y_max, y_min + 2 * max(size)) + 1
    if y_max < HEIGHT * (1 - EDGE_SHARE):
        assert y == pytest.approx(plain_y, abs=1)
    if x_min > WIDTH * EDGE_SHARE:
        assert x >= plain_x - 1
    if x_max < WIDTH * (1 - EDGE_SHARE):
        assert x <= plain_x + 1


@settings(deadline=None)
@given(some_box(), SIZES)
def test_a_picture_in_a_mirror_has_its_feet_in_the_mirror(
    box: tuple[float, float, float, float], size: tuple[float, float]
) -> None:
    x_min, y_min, x_max, y_max = box
    x, y = feet(box, PICTURE, size)

    mirrored_x, mirrored_y = feet((WIDTH - x_max, y_min, WIDTH - x_min, y_max), PICTURE, size)

    assert (WIDTH - mirrored_x, mirrored_y) == pytest.approx((x, y), abs=2)


@settings(deadline=None)
@given(some_box())
def test_published_feet_are_in_the_picture(box: tuple[float, float, float, float]) -> None:
    x, y = published(box, PICTURE)

    assert 0 <= x <= WIDTH
    assert 0 <= y <= HEIGHT
    assert min(box[0], WIDTH) <= x <= box[2]


@settings(deadline=None)
@given(some_box(), some_box())
def test_open_edges_only_ever_add_people_near_them(
    box: tuple[float, float, float, float], area: tuple[float, float, float, float]
) -> None:
    _, people, _, _ = locate(boxes(box), NOWHERE, PICTURE, NOBODY)
    zones = [zone_area(zone(polygon=rectangle(*area)))]
    x, y = float(people["foot_x_px"][0]), float(people["foot_y_px"][0])
    near = min(x, WIDTH - x) <= WIDTH * MARGIN_SHARE or min(y, HEIGHT - y) <= HEIGHT * MARGIN_SHARE

    [[closed]] = who_stands(table_of(zones), people)
    [[opened]] = who_stands(table_of(zones, PICTURE), people)

    assert opened == closed or (opened == INSIDE and near)


def test_a_person_seen_whole_before_keeps_their_height_below_the_edge() -> None:
    walk = [(155.0, 200 + 20 * k, 245.0, min(HEIGHT, 460 + 20 * k)) for k in range(16)]
    bodies = NOBODY
    for box in walk:
        positions, _, bodies, _ = locate(boxes(box), np.array(MILLIMETRES), PICTURE, bodies)
    assert positions["y_m"][0] * 1000 == pytest.approx(760, abs=5)
    assert positions["position_sd_m"][0] == pytest.approx(0.04, abs=0.005)


def test_a_patient_in_bed_seen_whole_before_is_not_stretched() -> None:
    x, y = feet((200, 480, 420, 600), PICTURE, (220, 132))
    assert (x, y) == (310, pytest.approx(612, abs=1))


def test_a_person_never_seen_whole_is_at_most_as_long_again() -> None:
    positions, _, _, _ = locate(boxes((100, 330, 200, 600)), np.array(MILLIMETRES), PICTURE, NOBODY)
    assert positions["y_m"][0] == 0.6
    bodies = np.array([(0.0, 1.0, 20.0)], BODY)
    positions, _, _, _ = locate(boxes((100, 400, 200, 600)), np.array(MILLIMETRES), PICTURE, bodies)
    assert positions["y_m"][0] == 0.8


@pytest.mark.parametrize("high", [20.0, 60.0, 100.0, 120.0])
def test_a_lying_person_never_seen_whole_is_no_higher_than_a_lying_body(high: float) -> None:
    out = boxes((100, 600 - high, 400, 600))
    positions, _, _, _ = locate(out, np.array(MILLIMETRES), PICTURE, NOBODY)
    lying = 300 / UPRIGHT
    assert 0 <= positions["y_m"][0] * 1000 - 600 <= max(0.0, lying - high) + 1


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("wide", [80.0, 160.0])
def test_a_person_in_a_wheelchair_never_seen_whole_is_not_lengthened(
    side: str, wide: float
) -> None:
    x_min = {"left": 0.0, "right": 800 - wide}[side]
    out = boxes((x_min, 450, x_min + wide, 600), (300, 450, 300 + 160, 600))
    positions, _, _, _ = locate(out, np.array(MILLIMETRES), PICTURE, NOBODY)
    assert positions["y_m"][1] == 0.6
    assert 0 <= positions["x_m"][0] <= 0.8


@settings(deadline=None)
@given(st.floats(20, 400), st.floats(20, 400), st.floats(0.25, 4))
def test_a_little_more_of_a_person_moves_the_feet_little(
    wide: float, high: float, usual: float
) -> None:
    bodies = np.array([(0.0, 1.0, usual)], BODY)
    out = boxes((200, 600 - high, 200 + wide, 600), (200, 599 - high, 200 + wide, 600))
    positions, _, _, _ = locate(out, np.array(MILLIMETRES), PICTURE, bodies)
    before, after = positions["y_m"] * 1000
    assert abs(after - before) <= 1.5 + 2 * high / wide


def test_a_person_who_lies_down_at_the_edge_is_not_as_long_below_it_as_they_stood() -> None:
    x, y = feet((100, 500, 350, 600), PICTURE, STANDING)
    assert (x, y) == (225, 600)
    x, y = feet((100, 560, 350, 600), PICTURE, STANDING)
    assert (x, y) == (225, pytest.approx(560 + STANDING[0], abs=1))


def test_a_person_who_stands_up_at_the_side_is_not_as_wide_beside_it_as_they_lay() -> None:
    x, y = feet((0, 200, 45, 460), PICTURE, (260, 90))
    assert (x, y) == (0, 460)


def test_the_head_and_shoulders_of_a_person_seen_whole_keep_their_height() -> None:
    assert feet((155, 530, 245, 600), PICTURE, STANDING)[1] == pytest.approx(790, abs=1)


def test_a_person_never_seen_whole_is_halfway_to_the_usual_shape_of_the_cameras_people() -> None:
    """Below a camera at the ceiling people are as wide as high."""
    bodies = NOBODY
    for frame in range(600):
        out = boxes((200.0 + frame / 8, 200, 300.0 + frame / 8, 300))
        _, _, bodies, _ = locate(out, NOWHERE, PICTURE, bodies)
    positions, _, _, _ = locate(
        boxes((200, 530, 300, 600), first_id=7), np.array(MILLIMETRES), PICTURE, bodies
    )
    assert positions["y_m"][0] == pytest.approx(0.530 + 0.001 * (70 * 100) ** 0.5, abs=0.001)


def test_half_a_person_at_the_side_has_their_feet_at_the_side() -> None:
    x, y = feet((0, 200, 45, 460), PICTURE, STANDING)
    assert (x, y) == (0, 460)


def test_a_person_cut_at_both_sides_is_in_their_middle() -> None:
    x, _ = feet((0, 300, 800, 580), PICTURE, (300, 750))
    assert x == 400


def test_a_body_that_fills_the_picture_from_top_to_bottom_ends_with_it() -> None:
    _, y = feet((200, 0, 600, 600), PICTURE, (300, 750))
    assert y == 600


def test_a_mask_cuts_a_box_like_an_edge_of_the_picture() -> None:
    masked = picture_of(camera(privacy_masks=[rectangle(100, 450, 300, 550)]))  # type: ignore[arg-type]
    assert feet((155, 260, 245, 448), masked, STANDING)[1] == pytest.approx(520, abs=1)
    assert published((155, 260, 245, 448), masked) == (200, 448)
    assert feet((455, 260, 545, 448), masked, STANDING)[1] == 448


def test_bodies_of_ended_tracks_are_forgotten() -> None:
    out = boxes((155, 200, 245, 460), (355, 200, 445, 460), (555, 200, 645, 460))
    _, _, bodies, _ = locate(out, NOWHERE, PICTURE, NOBODY)
    assert bodies["track_id"].tolist() == [0, 1, 2, 3]
    out["state"][1] = TrackState.ENDED
    _, _, bodies, _ = locate(out, NOWHERE, PICTURE, bodies)
    assert bodies["track_id"].tolist() == [0, 1, 3]


HORIZON_BELOW = [0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, -1 / 640, 1.0]
"""A homography whose horizon is 40 px below a picture of 600 px."""


@pytest.mark.parametrize("y_min", [400.0, 440.0, 480.0, 520.0])
def test_feet_near_the_horizon_or_beyond_it_are_mapped_from_the_edge(y_min: float) -> None:
    bodies = known(STANDING)
    cut, whole = (155.0, y_min, 245.0, 600.0), (155.0, 340.0, 245.0, 600.0)
    positions, _, _, _ = locate(boxes(cut), np.array(HORIZON_BELOW), PICTURE, bodies)
    edge, _, _, _ = locate(boxes(whole), np.array(HORIZON_BELOW), UNKNOWN, bodies)
    assert positions[["x_m", "y_m"]][0] == edge[["x_m", "y_m"]][0]
    assert np.isfinite(positions["position_sd_m"][0])


@settings(deadline=None)
@given(
    some_box(),
    SIZES,
    st.lists(st.floats(-50, 50) | st.sampled_from([0.0, 1.0, 1e-12]), min_size=9, max_size=9),
)
def test_a_position_is_finite_or_unknown(
    box: tuple[float, float, float, float], size: tuple[float, float], homography: list[float]
) -> None:
    bodies = known(size)
    positions, _, _, _ = locate(boxes(box), np.array(homography), PICTURE, bodies)
    values = list(positions[0].item())
    assert np.isfinite(values).all() or np.isnan(values).all()
