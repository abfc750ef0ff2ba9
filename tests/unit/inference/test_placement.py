"""Where a camera's outcomes go."""

import pytest

from runtime.fact_log import Fact
from schemas.topics import CAMERAS, FLOOR_PARTITIONS, FLOORS, ZONES
from workers.inference.placement import Placement, PlacementUnknown


def camera(camera_id: str, version: int, floor_id: str, *, removed: bool = False) -> Fact:
    record = {
        "camera_id": camera_id,
        "version": version,
        "floor_id": floor_id,
        "removed": removed,
    }
    return Fact(CAMERAS, record)


def floor(floor_id: str, version: int, partition: int, *, removed: bool = False) -> Fact:
    record = {"floor_id": floor_id, "version": version, "partition": partition, "removed": removed}
    return Fact(FLOORS, record)


def placement(*facts: Fact) -> Placement:
    table = Placement()
    table.learn(facts)
    return table


def test_outcomes_go_to_the_partition_of_the_cameras_floor() -> None:
    table = placement(camera("a", 1, "west"), camera("b", 1, "east"), floor("west", 1, 7))
    table.learn([floor("east", 1, 9)])
    assert table.partition("a", 1) == 7
    assert table.partition("b", 1) == 9


def test_a_frame_is_placed_by_the_version_of_the_camera_that_it_names() -> None:
    """A frame captured before a camera moved is placed the same when it is inferred again after."""
    table = placement(floor("west", 1, 7), floor("east", 1, 9), camera("a", 1, "west"))
    before = table.partition("a", 1)
    table.learn([camera("a", 2, "east")])
    assert table.partition("a", 1) == before == 7
    assert table.partition("a", 2) == 9


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        pytest.param(4, 9, id="newest-before-it"),
        pytest.param(9, 9, id="not-yet-seen-version"),
        pytest.param(0, 9, id="no-version-given"),
        pytest.param(1, 7, id="oldest"),
    ],
)
def test_a_version_that_is_not_placed_takes_the_newest_that_is(version: int, expected: int) -> None:
    table = placement(
        floor("west", 1, 7),
        floor("east", 1, 9),
        camera("a", 1, "west"),
        camera("a", 3, "east"),
        camera("a", 4, "cellar"),
    )
    assert table.partition("a", version) == expected


def test_a_partition_is_for_life() -> None:
    table = placement(camera("a", 1, "west"), floor("west", 1, 7), floor("west", 2, 8))
    assert table.partition("a", 1) == 7


def test_a_removed_camera_or_floor_keeps_its_place_for_frames_still_in_the_log() -> None:
    table = placement(camera("a", 1, "west"), floor("west", 1, 7))
    table.learn([camera("a", 2, "", removed=True), floor("west", 2, -1, removed=True)])
    assert table.partition("a", 1) == 7
    assert table.partition("a", 2) == 7


@pytest.mark.parametrize("partition", [-1, FLOOR_PARTITIONS])
def test_a_floor_without_a_usable_partition_places_nobody(partition: int) -> None:
    table = placement(camera("a", 1, "west"), floor("west", 1, partition))
    with pytest.raises(PlacementUnknown) as refusal:
        table.partition("a", 1)
    assert refusal.value.registered


def test_a_camera_that_nobody_registered_has_no_place() -> None:
    table = placement(camera("a", 1, "west"), floor("west", 1, 7))
    with pytest.raises(PlacementUnknown) as refusal:
        table.partition("b", 1)
    assert not refusal.value.registered


def test_only_the_exact_version_counts_as_known() -> None:
    table = placement(camera("a", 1, "west"), floor("west", 1, 7), Fact(ZONES, {"zone_id": "z"}))
    assert table.knows("a", 1)
    assert not table.knows("a", 2)
    assert not table.knows("b", 1)
