"""Which zones count a person near an edge of the picture or a mask."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.camera.people import PERSON
from streams.domain.camera.picture import Picture, picture_of
from streams.domain.zones.area import zone_area
from streams.domain.zones.standing import INSIDE, table_of, who_stands
from tests.support.builders.domain import camera, rectangle, zone
from tests.support.reference.geometry import inside

Box = tuple[float, float, float, float]
WIDTH, HEIGHT = 640.0, 480.0
X_MARGIN, Y_MARGIN = 20.0, 15.0
MASK = (200.0, 100.0, 240.0, 400.0)
XS = st.sampled_from(
    [0.0, 1.0, 8.0, 20.0, 21.0, 180.0, 200.0, 240.0, 260.0, 619.0, 620.0, 632.0, 640.0]
)
YS = st.sampled_from(
    [0.0, 8.0, 15.0, 85.0, 100.0, 385.0, 400.0, 415.0, 464.0, 465.0, 472.0, 473.0, 480.0]
)
FEET = st.tuples(XS | st.floats(0, 640), YS | st.floats(0, 480))


def picture(*masks: Box, width: float = WIDTH, height: float = HEIGHT) -> Picture:
    hidden = [rectangle(*mask) for mask in masks]
    fields: Any = camera(width=width, height=height, privacy_masks=hidden)
    return picture_of(fields)


def counted(
    shown: Picture, at: tuple[float, float], zones: Sequence[Box], **fields: Any
) -> list[bool]:
    """Which zones count a person whose published feet are at a point, px."""
    person = np.zeros(1, PERSON)
    person["foot_x_px"], person["foot_y_px"], person["observed"] = *at, 1.0
    areas = [zone_area(zone(polygon=rectangle(*box), **fields)) for box in zones]
    return [found == INSIDE for [found] in who_stands(table_of(areas, shown), person)]


@st.composite
def some_box(draw: Any) -> Box:
    xs = sorted(draw(st.lists(XS, min_size=2, max_size=2, unique=True)))
    ys = sorted(draw(st.lists(YS, min_size=2, max_size=2, unique=True)))
    return xs[0], ys[0], xs[1], ys[1]


def overlap(a: Box, b: Box) -> bool:
    return max(a[0], b[0]) < min(a[2], b[2]) and max(a[1], b[1]) < min(a[3], b[3])


def sides_through(at: tuple[float, float], box: Box) -> set[str]:
    """Directions of the sides of a zone that lead through a point, also beyond their ends."""
    across = {"across"} if at[1] in (box[1], box[3]) else set()
    return across | ({"down"} if at[0] in (box[0], box[2]) else set())


SHOWN = st.sampled_from([picture(), picture(MASK), picture((0.0, 400.0, WIDTH, HEIGHT), MASK)])


@settings(deadline=None)
@given(SHOWN, FEET, st.lists(some_box(), min_size=2, max_size=4))
def test_nobody_counts_in_two_zones_that_share_no_part(
    shown: Picture, at: tuple[float, float], zones: list[Box]
) -> None:
    found = counted(shown, at, zones)
    for first in range(len(zones)):
        for second in range(first):
            if found[first] and found[second] and not overlap(zones[first], zones[second]):
                assert sides_through(at, zones[first]) & sides_through(at, zones[second])


@settings(deadline=None)
@given(FEET, st.lists(some_box(), min_size=1, max_size=4))
def test_far_from_edges_and_without_a_picture_a_zone_counts_who_is_in_it(
    at: tuple[float, float], zones: list[Box]
) -> None:
    plain = [inside(zone_area(zone(polygon=rectangle(*box))).polygon, *at) for box in zones]
    far = X_MARGIN + 1 < at[0] < WIDTH - X_MARGIN - 1
    far = far and Y_MARGIN + 1 < at[1] < HEIGHT - Y_MARGIN - 1

    assert counted(picture(width=0, height=0), at, zones) == plain
    assert not far or counted(picture(), at, zones) == plain


@settings(deadline=None)
@given(SHOWN, FEET, some_box(), some_box())
def test_a_zone_counts_whom_a_zone_in_it_counts(
    shown: Picture, at: tuple[float, float], outer: Box, inner: Box
) -> None:
    inner = (
        max(outer[0], inner[0]), max(outer[1], inner[1]),
        min(outer[2], inner[2]), min(outer[3], inner[3]),
    )  # fmt: skip
    if inner[0] >= inner[2] or inner[1] >= inner[3]:
        return
    in_ward, in_bed = counted(shown, at, [outer, inner])
    assert in_ward or not in_bed


@settings(deadline=None)
@given(SHOWN, FEET, st.lists(some_box(), min_size=1, max_size=4))
def test_every_zone_that_holds_the_feet_counts(
    shown: Picture, at: tuple[float, float], zones: list[Box]
) -> None:
    for box, found in zip(zones, counted(shown, at, zones), strict=True):
        assert found or not inside(zone_area(zone(polygon=rectangle(*box))).polygon, *at)


STRIP, WARD = (0.0, 466.0, 640.0, 480.0), (0.0, 0.0, 640.0, 466.0)
CASES: dict[str, tuple[tuple[float, float], list[Box], list[bool]]] = {
    "a strip at the edge and its neighbour": ((300, 480), [STRIP, WARD], [True, False]),
    "a strip that ends above the edge and its neighbour": (
        (300, 480), [(0, 468, 640, 478), (0, 0, 640, 468)], [True, False],
    ),
    "a strip on the margin's own line": (
        (300, 480), [(0, 465, 640, 480), (0, 0, 640, 465)], [True, False],
    ),
    "a bed that ends before the edge in a ward": (
        (300, 480), [(250, 300, 350, 472), (0, 0, 640, 480)], [True, True],
    ),
    "a bed in a ward, both before the edge": (
        (300, 480), [(250, 300, 350, 472), (0, 0, 640, 476)], [True, True],
    ),
    "three zones: a bed and a strip in a ward": (
        (300, 480), [(250, 300, 350, 466), STRIP, (0, 0, 640, 480)], [False, True, True],
    ),
    "the corner between a strip below and one beside": (
        (640, 480), [(0, 470, 640, 480), (625, 0, 640, 470), (0, 0, 625, 470)],
        [True, False, False],
    ),
    "zones side by side at the left edge": (
        (0, 200), [(0, 0, 12, 480), (12, 0, 640, 480)], [True, False],
    ),
    "zones side by side at the right edge": (
        (640, 200), [(628, 0, 640, 480), (0, 0, 628, 480)], [True, False],
    ),
    "zones at the top edge": ((300, 0), [(0, 0, 640, 10), (0, 10, 640, 480)], [True, False]),
    "a zone that ends 8 px before the right edge": ((640, 200), [(400, 0, 632, 480)], [True]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_person_at_the_edge_counts_in_the_zones_of_one_point(name: str) -> None:
    at, zones, right = CASES[name]
    assert counted(picture(), at, zones) == right


MASKED: dict[str, tuple[list[Box], tuple[float, float], list[Box], list[bool]]] = {
    "zones on both sides of a mask, from the left": (
        [MASK], (197, 200), [(0, 0, 199, 480), (241, 0, 640, 480)], [True, False],
    ),
    "zones on both sides of a mask, from the right": (
        [MASK], (242, 200), [(0, 0, 199, 480), (245, 0, 640, 480)], [False, True],
    ),
    "a gap between two masks is not the zone beyond them": (
        [(200, 0, 240, 480), (255, 0, 262, 480)], (247, 200), [(263, 0, 640, 480)], [False],
    ),
    "a mask over the bottom rows": (
        [(0, 440, 640, 480)], (300, 438), [(0, 0, 640, 430)], [True],
    ),
    "a zone far above a mask over the last rows": (
        [(0, 472, 640, 480)], (300, 471), [(0, 0, 640, 454)], [False],
    ),
    "a foot a little inside a mask over the last rows": (
        [(0, 472, 640, 480)], (300, 476), [(0, 0, 640, 470)], [True],
    ),
    "a strip above a mask and its neighbour": (
        [(0, 440, 640, 480)], (300, 438), [(0, 430, 640, 440), (0, 0, 640, 430)], [True, False],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MASKED)
def test_a_person_at_a_mask_counts_on_their_side_of_it(name: str) -> None:
    masks, at, zones, right = MASKED[name]
    assert counted(picture(*masks), at, zones) == right


def test_an_upright_picture_has_its_margins_by_its_own_sides() -> None:
    upright = picture(width=480, height=640)
    assert counted(upright, (300, 640), [(0, 0, 480, 621)]) == [True]
    assert counted(upright, (480, 300), [(0, 0, 464, 640)]) == [False]


def test_a_zone_on_the_floor_has_no_margin_and_bars_no_zone_of_the_picture() -> None:
    on_floor = zone_area(zone("a", space="FLOOR_M", polygon=rectangle(1, 1, 2, 2)))
    in_picture = zone_area(zone("b", polygon=rectangle(0, 300, 640, 472)))
    person = np.zeros(1, PERSON)
    person["foot_x_px"], person["foot_y_px"], person["observed"] = 300, 480, 1
    for x_m, right in ((1.5, 1), (2.01, 0), (np.nan, 0)):
        person["x_m"] = person["y_m"] = x_m
        table = table_of([on_floor, in_picture], picture())
        assert who_stands(table, person) == [[right], [INSIDE]]
