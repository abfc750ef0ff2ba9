"""The overlap check on simulated rooms, which are always there, with a detector's errors."""

import pytest

from tests.bench.fusion.rooms import Room
from tests.bench.overlap import at_fault, check, simulated


@pytest.fixture(scope="module")
def room() -> Room:
    """Four people in a room with four cameras."""
    [room] = simulated([5]).values()
    return room


def test_cameras_of_a_room_agree_until_one_is_a_metre_off(room: Room) -> None:
    off = at_fault(room, "cam2", 0.0, 1.0)

    right = check(room.cameras, room.detections, room.fps)
    wrong = check(off.cameras, off.detections, off.fps)

    assert right.after_s == {}
    assert len(right.apart_m) == 6
    assert max(right.apart_m) < 0.5
    assert wrong.after_s.keys() == wrong.at_end == {"cam2"}
    assert wrong.after_s["cam2"] <= 40.0
