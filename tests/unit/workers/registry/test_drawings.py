"""Two points place a picture on the floor; others check it."""

import math
from typing import Any

import pytest

from workers.registry.drawings import describe_drawing, drawing, errors_m, placement_of

DIGEST = "ab" * 32


def point(u: float, v: float, x_m: float, y_m: float) -> dict[str, float]:
    return {"u": u, "v": v, "x_m": x_m, "y_m": y_m}


UPRIGHT = [point(0, 200, 0, 0), point(320, 200, 16, 0)]
"""A picture of 320 x 200 px whose lower edge is the axis x: 5 cm are a pixel."""


def given(**fields: Any) -> dict[str, Any]:
    return {
        "sha256": DIGEST,
        "width_px": 320,
        "height_px": 200,
        "points": UPRIGHT,
        **fields,
    }


@pytest.mark.parametrize(
    ("u", "v", "position"), [(0, 200, (0, 0)), (320, 0, (16, 10)), (160, 100, (8, 5))]
)
def test_two_points_fix_the_others(u: float, v: float, position: tuple[float, float]) -> None:
    assert placement_of(UPRIGHT).at(u, v) == pytest.approx(position)


@pytest.mark.parametrize("turn", [0.0, 0.4, math.pi / 2, math.pi, -2.0])
def test_a_picture_may_be_turned(turn: float) -> None:
    c, s = math.cos(turn), math.sin(turn)

    def there(u: float, v: float) -> dict[str, float]:
        x, y = 0.02 * u, 0.02 * (200 - v)
        return point(u, v, 3 + c * x - s * y, -4 + s * x + c * y)

    points = [there(40, 30), there(300, 190), there(10, 180), there(200, 20)]

    assert placement_of(points).metres_per_px == pytest.approx(0.02)
    assert errors_m(points) == pytest.approx([0, 0], abs=1e-9)


def test_a_third_point_says_how_far_off_the_picture_is() -> None:
    assert errors_m([*UPRIGHT, point(160, 0, 8.3, 10.4)]) == pytest.approx([0.5])


def test_what_changes_is_reported_in_metres() -> None:
    found = drawing(given(points=[*UPRIGHT, point(160, 0, 8.3, 10.4)]))

    assert found is not None
    assert describe_drawing(found) == (
        "of 320 x 200 px, 16.0 x 10.0 m, whose further points are 50 cm off"
    )


@pytest.mark.parametrize("value", [[], "[]", {}])
def test_an_empty_list_takes_the_picture_away(value: Any) -> None:
    assert drawing(value) is None


def test_a_drawing_is_taken_from_the_cell_of_a_table() -> None:
    text = (
        f'{{"sha256": "{DIGEST}", "width_px": 320, "height_px": 200, "points": '
        '[{"u": 0, "v": 200, "x_m": 0, "y_m": 0}, {"u": 320, "v": 200, "x_m": 16, "y_m": 0}]}'
    )

    assert drawing(text) == drawing(given())


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (7, "is not a drawing"),
        ({"sha256": DIGEST}, "width_px: is missing"),
        (given(more=1), "is none of"),
        (given(sha256="../../etc/passwd"), "sha256: .* is not 64 digits"),
        (given(sha256=DIGEST.upper()), "sha256: .* is not 64 digits"),
        (given(width_px=0), "width_px: 0 is not 1"),
        (given(height_px=99_999), "height_px: 99999 is not 1"),
        (given(height_px="tall"), "height_px: "),
        (given(points="no"), "is not a list"),
        (given(points=7), "points: '7' is not a list"),
        (given(points=UPRIGHT[:1]), "two points"),
        (given(points=[*UPRIGHT, {"u": 1}]), "point 3: v: is missing"),
        (given(points=[*UPRIGHT, [1, 2, 3, 4]]), "point 3: .* is not a point"),
        (given(points=[*UPRIGHT, point(321, 0, 0, 0)]), "point 3: u: 321 is beside the picture"),
        (given(points=[*UPRIGHT, point(1, 1, 1e9, 0)]), "point 3: x_m: 1e\\+09 m is further"),
        (given(points=[*UPRIGHT, point(1, 1, math.nan, 0)]), "point 3: x_m: "),
        (given(points=[UPRIGHT[0], point(10, 200, 16, 0)]), "less than 20 px apart"),
        (given(points=[UPRIGHT[0], point(320, 200, 0.1, 0)]), "less than 0.2 m apart"),
        (given(points=[UPRIGHT[0], point(320, 200, 9_000, 0)]), "a pixel would be 28.1 m"),
        (given(points=[*UPRIGHT] * 6), "10 are the most"),
    ],
)
def test_a_drawing_that_cannot_be_placed_is_refused(value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        drawing(value)
