"""The packaged clip as two overlapping, calibrated views of one floor."""

import numpy as np
import pytest
from shapely.geometry import Point, Polygon

from workers.ingest.feed import Region
from workers.ingest.sources.probe import Clip
from workers.local.demo.views import FloorAxes, of_size, on_axes, part_of
from workers.local.demo.yard import (
    AXES,
    CALIBRATION,
    FLOOR,
    READERS,
    ZONES,
    whole_view,
    yard_cameras,
    yard_ward,
)
from workers.operations.calibration.poses import read_pose
from workers.operations.simulated_ward import SIMULATED
from workers.registry.rows import ROWS

CLIP = Clip(source="vtest.avi", width=768, height=576, frames=795, fps=10.0)
WALKED = np.array([(16.0, 0.0), (20.0, -3.0), (24.0, 1.5), (30.0, 6.0), (34.0, -7.0)])
"""Points of the floor that the whole picture shows, m."""


def on_ground(points: np.ndarray) -> np.ndarray:
    return np.column_stack([points, np.zeros(len(points))])


def test_the_origin_lies_below_the_camera_and_x_leads_away_from_it() -> None:
    whole = whole_view(768, 576)

    x, y, z = whole.position()
    assert (round(x, 2), round(y, 2), round(z, 1)) == (0.0, 0.0, 7.1)
    middle = whole.to_floor(np.array([[384.0, 300.0]]))[0]
    assert middle[0] == pytest.approx(22.5, abs=0.2)
    assert middle[1] == pytest.approx(0.0, abs=0.1)
    left, right = whole.to_floor(np.array([[100.0, 300.0], [700.0, 300.0]]))
    assert left[1] > 0.0 > right[1]


def test_new_axes_leave_the_pixels_of_every_point_as_they_are() -> None:
    published = read_pose(CALIBRATION, None)
    moved = on_axes(published, AXES)
    turn = np.radians(AXES.turn_deg)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    old = WALKED @ rotation.T + [AXES.x, AXES.y]

    assert moved.to_px(on_ground(WALKED)) == pytest.approx(published.to_px(on_ground(old)))


@pytest.mark.parametrize("size", [(768, 576), (384, 288)])
def test_a_view_shows_what_the_whole_picture_shows_there(size: tuple[int, int]) -> None:
    width, height = size
    clip = Clip(source="vtest.avi", width=width, height=height, frames=795, fps=10.0)
    whole = whole_view(width, height)

    for camera in yard_cameras(clip, 1280):
        left = camera.region.pixels(width, height)[0]
        assert camera.pinhole is not None
        assert (camera.width, camera.height) == (camera.pinhole.width, camera.pinhole.height)
        seen = camera.pinhole.to_px(on_ground(WALKED))
        assert seen == pytest.approx(whole.to_px(on_ground(WALKED)) - [left, 0.0], abs=1e-6)


def test_a_wide_view_that_ingest_shrinks_is_calibrated_for_what_is_left() -> None:
    [left, _] = yard_cameras(CLIP, 230)

    assert (left.width, left.height) == (230, 287)
    assert left.pinhole is not None
    whole = whole_view(768, 576).to_px(on_ground(WALKED[:1]))[0]
    assert left.pinhole.to_px(on_ground(WALKED[:1]))[0] == pytest.approx(
        whole * [230 / 461, 287 / 576]
    )


def test_the_views_overlap_in_the_middle_bay_alone() -> None:
    left, right = (camera.pinhole for camera in yard_cameras(CLIP, 1280))
    assert left is not None
    assert right is not None

    def shares(zone_id: str) -> tuple[float, float]:
        [zone] = [zone for zone in ZONES if zone.zone_id == zone_id]
        shape = Polygon(zone.polygon)
        chance = np.random.default_rng(1)
        low, high = np.array(zone.polygon).min(axis=0), np.array(zone.polygon).max(axis=0)
        points = chance.uniform(low, high, (500, 2))
        points = points[[shape.contains(Point(point)) for point in points]]

        def share(camera: object) -> float:
            px = camera.to_px(on_ground(points))  # type: ignore[attr-defined]
            inside = (px >= 0) & (px <= [461, 576])
            return float(inside.all(axis=1).mean())

        return share(left), share(right)

    assert min(shares("bay-2")) > 0.7
    assert shares("bay-1")[0] > 0.95
    assert shares("bay-1")[1] < 0.1
    assert shares("bay-3")[1] > 0.95
    assert shares("bay-3")[0] < 0.1


def test_zones_share_no_floor_so_that_nobody_counts_twice() -> None:
    shapes = [Polygon(zone.polygon) for zone in ZONES]

    for index, shape in enumerate(shapes):
        for other in shapes[index + 1 :]:
            assert shape.intersection(other).area == 0.0


def test_the_ward_can_be_imported() -> None:
    rows = yard_ward(CLIP, 1280).scenario(1_780_000_000_000_000, badges=True).rows

    for kind, found in rows.items():
        for row in found:
            ROWS[kind].model_validate(row)
    assert {row["floor_id"] for row in rows["camera"]} == {FLOOR}
    assert {row["floor_id"] for row in rows["zone"]} == {FLOOR}
    assert all(len(row["projection"]) == 12 and row["lens"] for row in rows["camera"])


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="another shape"):
        of_size(read_pose(CALIBRATION, None), 768, 432)


def test_a_part_of_a_part_is_a_part_of_the_whole() -> None:
    whole = on_axes(read_pose(CALIBRATION, None), FloorAxes(x=0.0, y=0.0, turn_deg=0.0))

    twice = part_of(part_of(whole, Region(x=0.5, width=0.5)), Region(x=0.5, width=0.5))

    once = part_of(whole, Region(x=0.75, width=0.25))
    assert twice.projection == pytest.approx(once.projection)
    assert (twice.width, twice.height) == (once.width, once.height)


def test_each_member_of_staff_has_a_badge_and_whatever_is_made_up_is_called_so() -> None:
    ward = yard_ward(CLIP, 1280)
    rows = ward.scenario(1_780_000_000_000_000, badges=True).rows

    assert len({row["role"] for row in rows["staff"]}) >= 3
    assert [row["staff_ids"] for row in rows["badge"]] == [
        [row["staff_id"]] for row in rows["staff"]
    ]
    named = [row["badge_id"] for row in rows["badge"]] + [
        row["reader_id"] for row in rows["reader"]
    ]
    assert all(one.startswith(SIMULATED) for one in named)
    assert len(set(named)) == len(rows["staff"]) + len(READERS)
    assert not {"reader", "badge"} & set(ward.scenario(1_780_000_000_000_000).rows)


def test_a_rule_of_alerts_covers_the_bay_that_is_short_and_says_who_is_to_do_what() -> None:
    rows = yard_ward(CLIP, 1280).scenario(1_780_000_000_000_000).rows

    [gap] = [rule for rule in rows["rule"] if rule["kind"] == "coverage-gap"]
    assert (gap["stage"], gap.get("zone_ids", [])) == ("everywhere", [])
    assert gap["owner"]
    assert gap["next_action"]
    assert gap["open_after_s"] < 60, "the clip lasts 80 s"
