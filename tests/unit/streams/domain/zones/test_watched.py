"""Which cameras see a zone on the floor."""

from typing import Any

import pytest

from streams.domain.facts.snapshot import zone_area
from streams.domain.zones.watched import is_watched, watchers_of
from tests.support.builders.domain import camera, rectangle, zone

SCALE = [0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 1.0]
"""A homography: 100 px are a metre."""

WIDE_M = camera()["width"] / 100.0


def seen(polygon: Any, missing: Any = (), **cameras: Any) -> bool:
    area = zone_area(zone(space="FLOOR_M", camera_id="", polygon=polygon))
    known = {name: camera(name, homography=SCALE, **fields) for name, fields in cameras.items()}
    return is_watched(watchers_of(area, known), missing)


@pytest.mark.parametrize(
    ("polygon", "fields", "expected"),
    [
        pytest.param(rectangle(1, 1, 3, 3), {}, True, id="in-view"),
        pytest.param(rectangle(20, 1, 23, 3), {}, False, id="out-of-view"),
        pytest.param(rectangle(4, 1, 8, 3), {"homography": None}, False, id="not-calibrated"),
        pytest.param(
            rectangle(WIDE_M - 4.0, 1, WIDE_M + 0.2, 3), {}, True, id="a-strip-beyond-the-edge"
        ),
        pytest.param(
            rectangle(WIDE_M - 4.0, 1, WIDE_M + 4.0, 3), {}, False, id="half-beyond-the-edge"
        ),
        pytest.param(
            rectangle(1, 1, 3, 3),
            {"privacy_masks": [rectangle(0, 0, 250, 720)]},
            False,
            id="behind-a-mask",
        ),
        pytest.param(
            rectangle(1, 1, 3, 3), {"sees": rectangle(5, 0, 12, 7)}, False, id="behind-a-wall"
        ),
        pytest.param(
            rectangle(1, 1, 3, 3), {"sees": rectangle(0, 0, 12, 7)}, True, id="on-this-side-of-it"
        ),
    ],
)
def test_a_zone_is_watched_where_a_camera_shows_nine_tenths_of_it(
    polygon: Any, fields: Any, expected: bool
) -> None:
    area = zone_area(zone(space="FLOOR_M", camera_id="", polygon=polygon))
    known = {"cam": camera(**{"homography": SCALE, **fields})}

    assert is_watched(watchers_of(area, known), []) == expected


def test_two_cameras_may_share_a_zone_and_then_neither_may_be_missing() -> None:
    left, right = {"sees": rectangle(0, 0, 4, 7)}, {"sees": rectangle(4, 0, 12, 7)}
    polygon = rectangle(2, 1, 6, 3)

    assert seen(polygon, left=left, right=right)
    assert not seen(polygon, ["left"], left=left, right=right)
    assert seen(polygon, ["left"], left=left, right={})


def test_what_is_behind_a_camera_is_not_seen() -> None:
    """The horizon of this camera is above its picture, at `y = -500` px; behind is mirrored."""
    tilted = [0.01, 0.0, -6.4, 0.0, -0.01, 7.2, 0.0, 0.002, 1.0]
    area = zone_area(
        zone(space="FLOOR_M", camera_id="", polygon=rectangle(-20.0, -40.0, 20.0, -20.0))
    )

    assert not is_watched(watchers_of(area, {"cam": camera(homography=tilted)}), [])


def test_a_zone_in_a_picture_is_watched_by_its_camera_alone() -> None:
    area = zone_area(zone())

    assert is_watched(watchers_of(area, {"cam": camera(), "other": camera("other")}), ["other"])
    assert not is_watched(watchers_of(area, {"cam": camera()}), ["cam"])
    assert not is_watched(watchers_of(area, {"other": camera("other")}), [])
