"""What goes wrong with a camera in the benchmark is what its name says."""

import numpy as np
import pytest

from tests.bench.fusion.rooms import Room, late, moved, room_of, thinned, without
from tests.bench.fusion.simulator import crowded_room


@pytest.fixture(scope="module")
def room() -> Room:
    """Three people in a room with four cameras."""
    return room_of(crowded_room(3, 3, seconds=12.0), "room")


def test_a_simulated_floor_is_a_recording(room: Room) -> None:
    assert list(room.cameras) == list(room.detections) == ["cam1", "cam2", "cam3", "cam4"]
    assert room.frames == 48
    assert 1 <= room.truth.frames.min() <= room.truth.frames.max() <= 48
    for rows in room.detections.values():
        assert (np.diff(rows.frames) >= 0).all()
        assert len(rows) > 20


def test_a_moved_camera_puts_all_aside_by_so_much(room: Room) -> None:
    px = np.array([[960.0, 900.0], [500.0, 700.0]])

    before = room.cameras["cam2"].to_floor(px)
    after = moved(room, "cam2", (0.4, -0.1)).cameras["cam2"].to_floor(px)

    assert after - before == pytest.approx(np.tile([0.4, -0.1], (2, 1)))


def test_a_late_camera_shows_everything_later(room: Room) -> None:
    before, after = room.detections["cam1"], late(room, "cam1", 1).detections["cam1"]

    kept = before.where(before.frames < room.frames)
    assert after.frames.tolist() == (kept.frames + 1).tolist()
    assert after.boxes.tolist() == kept.boxes.tolist()
    assert late(room, "cam1", 1).detections["cam2"] is room.detections["cam2"]


def test_a_slow_camera_sends_every_other_frame(room: Room) -> None:
    slow = thinned(room, "cam3", 2)

    assert set((slow.detections["cam3"].frames % 2).tolist()) == {1}
    assert slow.absent == {"cam3": frozenset(range(2, room.frames + 1, 2))}


def test_a_removed_camera_is_not_there(room: Room) -> None:
    assert list(without(room, "cam3").cameras) == ["cam1", "cam2", "cam4"]
    assert list(without(room, "cam3").detections) == ["cam1", "cam2", "cam4"]
