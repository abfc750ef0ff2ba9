"""The partition of a camera's outcomes."""

from contextlib import suppress

import pytest

from runtime.facts.log import Fact
from schemas.topics import CAMERAS, FLOOR_PARTITIONS, FLOORS, ZONES
from streams.domain.facts.timeline import Facts
from streams.domain.facts.versions import InvalidFact
from tests.support.builders.domain import T0
from tests.support.builders.domain import camera as registered
from workers.frames.placement import Placement, PlacementUnknown


def camera(camera_id: str, version: int, floor_id: str, *, removed: bool = False) -> Fact:
    record = {
        "camera_id": camera_id,
        "version": version,
        "floor_id": floor_id,
        "removed": removed,
        "mount": "FIXED",
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
    assert table.partition("a") == 7
    assert table.partition("b") == 9


def test_a_late_frame_goes_to_the_partition_its_camera_had_at_capture() -> None:
    """It does not matter whether a worker has already read the import."""
    table = placement(floor("west", 1, 7), floor("east", 1, 9), camera("a", 1, "west"))
    before = table.partition("a")
    table.learn([camera("a", 2, "east")])
    assert table.partition("a") == before == 7


def test_a_camera_goes_to_the_partition_where_the_stream_processor_keeps_it() -> None:
    """Both use the first version in the log, so a moved camera has one `seq`, not two."""
    facts = Facts()
    table = placement(floor("west", 1, 7), floor("east", 1, 9))
    for version, floor_id in [(3, "west"), (1, "east"), (4, "east")]:
        record = registered(camera_id="a", version=version, floor_id=floor_id)
        with suppress(InvalidFact):
            facts.add(CAMERAS.name, dict(record))
        table.learn([Fact(CAMERAS, dict(record))])
    seen = facts.at(T0).cameras["a"]
    assert seen["version"] == 3
    assert (
        table.partition("a")
        == 7
        == placement(floor(seen["floor_id"], 1, 7), Fact(CAMERAS, dict(seen))).partition("a")
    )


def test_a_floor_that_gets_its_partition_later_gives_it_to_its_cameras_from_then_on() -> None:
    table = placement(camera("a", 1, "cellar"), floor("cellar", 1, -1))
    with pytest.raises(PlacementUnknown):
        table.partition("a")
    table.learn([floor("cellar", 2, 5)])
    assert table.partition("a") == 5


def test_a_partition_is_for_life() -> None:
    table = placement(camera("a", 1, "west"), floor("west", 1, 7), floor("west", 2, 8))
    assert table.partition("a") == 7


def test_a_removed_camera_or_floor_keeps_its_partition_for_frames_still_in_the_log() -> None:
    table = placement(camera("a", 1, "west"), floor("west", 1, 7))
    table.learn([camera("a", 2, "", removed=True), floor("west", 2, -1, removed=True)])
    assert table.partition("a") == 7


@pytest.mark.parametrize("partition", [-1, FLOOR_PARTITIONS])
def test_a_floor_without_a_usable_partition_gives_its_cameras_none(partition: int) -> None:
    table = placement(camera("a", 1, "west"), floor("west", 1, partition))
    with pytest.raises(PlacementUnknown) as refusal:
        table.partition("a")
    assert refusal.value.registered


def test_an_unregistered_camera_has_no_partition() -> None:
    table = placement(camera("a", 1, "west"), floor("west", 1, 7), Fact(ZONES, {"removed": False}))
    with pytest.raises(PlacementUnknown) as refusal:
        table.partition("b")
    assert not refusal.value.registered
