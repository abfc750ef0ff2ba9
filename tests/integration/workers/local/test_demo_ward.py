"""The demo's wards in a real registry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.clock import SystemClock
from schemas.topics import CAMERAS, FLOORS, UNITS, ZONES
from tests.support.clusters import cluster_of, desk_of
from workers.ingest.sources.probe import Clip
from workers.local.demo.scenario import Ward, separate_ward
from workers.local.demo.ward import register_ward
from workers.local.demo.yard import FLOOR, yard_ward
from workers.local.pipeline import prepare, settings_of
from workers.registry.editing.desk import EditingDesk
from workers.registry.registered import Key

CLIP = Clip(source="vtest.avi", width=768, height=576, frames=795, fps=10.0)
LEAD_US = 6_000_000


@pytest.fixture
def desk(environment: dict[str, str]) -> Iterator[EditingDesk]:
    settings = settings_of(environment)
    prepare(cluster_of(settings), settings.database_url.get_secret_value())
    with desk_of(settings) as desk:
        yield desk


def register(ward: Ward, folder: Path, desk: EditingDesk) -> int:
    starts_us = SystemClock().now_us()
    return register_ward(ward.scenario(starts_us, badges=True), folder, desk, starts_us - LEAD_US)


def test_another_ward_replaces_the_one_before_and_the_same_one_changes_nothing(
    desk: EditingDesk, tmp_path: Path
) -> None:
    register(separate_ward([CLIP], 1280), tmp_path, desk)
    assert desk.find(Key(ZONES, "west-bay")) is not None

    register(yard_ward(CLIP, 1280), tmp_path, desk)

    [left, right] = [desk.find(Key(CAMERAS, name)) for name in ("view-left", "view-right")]
    assert left is not None
    assert right is not None
    assert left["floor_id"] == right["floor_id"] == FLOOR
    assert left["lens"] is not None
    floor, unit = desk.find(Key(FLOORS, FLOOR)), desk.find(Key(UNITS, FLOOR))
    assert floor is not None
    assert unit is not None
    assert (floor["name"], unit["floor_ids"]) == ("Yard", [FLOOR])
    gone = [(CAMERAS, "cam-west"), (ZONES, "west-bay"), (ZONES, "east-hall"), (UNITS, "west")]
    assert [desk.find(Key(topic, name)) for topic, name in gone] == [None] * 4
    assert register(yard_ward(CLIP, 1280), tmp_path, desk) == 0


def test_a_zone_that_somebody_drew_stays_as_long_as_the_cameras_do(
    desk: EditingDesk, tmp_path: Path
) -> None:
    ward = yard_ward(CLIP, 1280)
    register(ward, tmp_path, desk)
    drawn = Ward(ward.cameras, ward.zones[:2], ward.units, ward.floors)

    register(drawn, tmp_path, desk)

    assert desk.find(Key(ZONES, "hall")) is not None
