"""What a batch changes in the live state."""

import msgspec
import pytest

from runtime.errors import Stop
from schemas.topics import OCCUPANCY, PRESENCE, ZONE_EVENTS
from tests.support.builders.outputs import item, items, occupancy, person, presence, zone_event
from workers.sinks.redis.change import Shown, change, newest


def test_of_a_current_value_only_the_newest_is_shown() -> None:
    batch = items(OCCUPANCY, [occupancy(n, n, n) for n in (4, 5, 6)])

    assert newest(batch) == [Shown(batch[2], 4, 2)]


def test_every_zone_event_is_shown_once() -> None:
    events = [zone_event(n, n, "ENTERED", f"p{n}", n) for n in (1, 2, 2, 3)]

    assert [shown.item.seq for shown in newest(items(ZONE_EVENTS, events))] == [1, 2, 3]


def test_other_bytes_under_one_seq_stop_the_process() -> None:
    batch = items(OCCUPANCY, [occupancy(1, 0, 1), occupancy(1, 0, 2)])

    with pytest.raises(Stop, match="key zone-1 seq 1"):
        newest(batch)


def test_a_floor_brings_its_people_along() -> None:
    record = presence(1, 0.0, [person("a"), person("b")])

    made = change(Shown(item(PRESENCE, record), 1, 0), "w")

    assert made.keys == [
        *("w:floor:floor-1", "w:index:floor", "w:changes"),
        *("w:person:a", "w:index:person", "w:person:b", "w:index:person"),
    ]
    identity, value = made.satellites[:2]
    assert identity == "a"
    assert msgspec.json.decode(value)["floor_id"] == "floor-1"
