"""The value of a zone at an event time, or none where one in between is missing."""

from typing import Any

import msgspec

from workers.serving.live.event import Change
from workers.serving.live.recent_zones import WINDOW_US, RecentZones
from workers.serving.live.records import Occupancy

SECOND_US = 1_000_000


def value(seq: int, at_s: float) -> dict[str, Any]:
    return {"zone_id": "bay", "seq": seq, "as_of_us": int(at_s * SECOND_US), "people": seq}


def change(record: dict[str, Any]) -> Change:
    fields = {
        "kind": "zone",
        "id": "bay",
        "seq": str(record["seq"]),
        "as_of_us": str(record["as_of_us"]),
    }
    encoded = {name.encode(): text.encode() for name, text in fields.items()}
    return Change.read(b"1-1", {**encoded, b"json": msgspec.json.encode(record)})


def recent(*records: dict[str, Any]) -> RecentZones:
    found = RecentZones()
    for record in records:
        found.take(change(record))
    return found


def people_at(zones: RecentZones, newest: dict[str, Any], at_s: float) -> int | None:
    found = zones.at(Occupancy.model_validate(newest), int(at_s * SECOND_US))
    return None if found is None else found.people


def test_a_value_holds_from_its_time_until_the_next_one() -> None:
    values = [value(1, 10), value(2, 20), value(3, 30)]
    zones = recent(*values)

    found = [people_at(zones, values[2], at) for at in (9.9, 10, 19.9, 20, 29.9, 30, 99)]

    assert found == [None, 1, 1, 2, 2, 3, 3]


def test_the_newest_value_needs_no_other() -> None:
    assert people_at(RecentZones(), value(7, 10), 10) == 7
    assert people_at(RecentZones(), value(7, 10), 9) is None


def test_a_value_before_one_that_is_missing_is_not_taken_for_it() -> None:
    zones = recent(value(1, 10), value(3, 30))

    assert people_at(zones, value(3, 30), 25) is None
    assert people_at(recent(value(1, 10)), value(3, 30), 25) is None


def test_a_value_that_is_newer_than_the_newest_one_read_is_passed_over() -> None:
    zones = recent(value(1, 10), value(2, 20), value(3, 30))

    assert people_at(zones, value(2, 20), 15) == 1


def test_the_value_in_force_at_the_start_of_the_window_stays() -> None:
    window_s = WINDOW_US / SECOND_US
    zones = recent(value(1, 0), value(2, 1), value(3, 1 + window_s))

    assert people_at(zones, value(3, 1 + window_s), window_s / 2) == 2
    assert people_at(zones, value(3, 1 + window_s), 0.5) is None
