import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.domain.zones.geometry import InvalidPolygon, polygon_of
from tests.support.reference.geometry import inside

L_SHAPE = ((0.0, 0.0), (6.0, 0.0), (6.0, 2.0), (2.0, 2.0), (2.0, 6.0), (0.0, 6.0))


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        pytest.param((1, 1), True, id="in-the-corner"),
        pytest.param((5, 1), True, id="in-the-long-arm"),
        pytest.param((4, 4), False, id="in-the-notch"),
        pytest.param((6, 1), True, id="on-the-right-edge"),
        pytest.param((2, 2), True, id="on-the-inner-vertex"),
        pytest.param((0, 0), True, id="on-an-outer-vertex"),
        pytest.param((4, 2), True, id="on-an-inner-edge"),
        pytest.param((8, 0), False, id="level-with-an-edge-but-beyond-it"),
        pytest.param((-1, 2), False, id="level-with-a-vertex-but-before-it"),
        pytest.param((3, 6), False, id="level-with-the-far-edge"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_point_is_in_a_polygon_or_on_its_edge(point: Any, expected: Any, turned: Any) -> None:
    polygon = tuple(reversed(L_SHAPE)) if turned else L_SHAPE

    assert inside(polygon, float(point[0]), float(point[1])) is expected


def test_a_point_on_the_border_of_two_zones_is_in_both() -> None:
    left = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))
    right = ((4.0, 0.0), (8.0, 0.0), (8.0, 4.0), (4.0, 4.0))

    assert inside(left, 4.0, 2.0)
    assert inside(right, 4.0, 2.0)


@settings(deadline=None)
@given(
    x=st.floats(-10, 10),
    y=st.floats(-10, 10),
    corners=st.tuples(st.integers(-8, 0), st.integers(-8, 0), st.integers(1, 8), st.integers(1, 8)),
)
def test_in_a_rectangle_is_between_its_sides(x: Any, y: Any, corners: Any) -> None:
    x_min, y_min, x_max, y_max = (float(corner) for corner in corners)
    polygon = ((x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max))

    assert inside(polygon, x, y) == (x_min <= x <= x_max and y_min <= y <= y_max)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        pytest.param([(0, 0), (1, 1)], "3 to 200 vertices, not 2", id="two-vertices"),
        pytest.param([(0, 0), (1, 1), (0, 0)], "3 to 200 vertices, not 2", id="closed-line"),
        pytest.param([(0, 0), (1, 0), (math.nan, 1)], "vertex 2 is not finite", id="nan"),
        pytest.param([(0, 0), (2, 2), (2, 0), (0, 2)], "edges 0 and 2", id="bow-tie"),
        pytest.param([(0, 0), (4, 0), (2, 0)], "touch or cross", id="flat"),
        pytest.param([(0, 0), (4, 0), (4, 4), (4, 0)], "touch or cross", id="spike"),
        pytest.param([(0, 0), (0, 0), (4, 0), (4, 4)], "touch or cross", id="vertex-twice"),
        pytest.param(
            [(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], "touch or cross", id="vertex-on-an-edge"
        ),
    ],
)
def test_a_polygon_that_is_not_simple_is_refused(points: Any, message: Any) -> None:
    with pytest.raises(InvalidPolygon, match=message):
        polygon_of([{"x": x, "y": y} for x, y in points])


def test_the_first_vertex_may_be_repeated_at_the_end() -> None:
    points = [(0, 0), (4, 0), (4, 4), (0, 0)]

    polygon = polygon_of([{"x": x, "y": y} for x, y in points])

    assert polygon == ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0))
