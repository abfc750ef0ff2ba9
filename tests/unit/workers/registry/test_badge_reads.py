"""A file of reads of badges: what is taken, and what is refused by line and field."""

from pathlib import Path
from typing import Any

import pytest

from runtime.facts.log import Fact
from schemas.topics import FLOORS, ZONES
from workers.registry.badge_reads import BadgeReadRow, floors_of, records_of
from workers.registry.files import ImportRefused, read_file

NOW_US = 1_796_100_000_000_000
HEADER = "reader_id,badge_id,staff_ids,read_at,floor_id,x_m,y_m,zone_id\n"
GOOD = "door,b1,,2026-11-30T07:00:00,west,1.5,2,\n"


def fact(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "removed": False, **fields}


FLOORS_NOW = floors_of(
    [
        Fact(FLOORS, fact(floor_id="west", partition=5, time_zone="Europe/Berlin")),
        Fact(FLOORS, fact(floor_id="west", partition=7, time_zone="Europe/Berlin")),
        Fact(ZONES, fact(zone_id="bay", floor_id="west")),
        Fact(ZONES, fact(zone_id="old", floor_id="west")),
        Fact(ZONES, fact(zone_id="old", floor_id="west", removed=True)),
    ]
)


def taken(text: str, tmp_path: Path) -> Any:
    path = tmp_path / "reads.csv"
    path.write_text(text)
    rows = read_file(path, BadgeReadRow).rows
    return records_of(rows, FLOORS_NOW, recorded_at_us=NOW_US, by="ann")


def test_a_read_has_its_reader_s_position_and_the_floor_s_time(tmp_path: Path) -> None:
    [record] = taken(HEADER + 'door,b1,"s2,s1",2026-11-30T07:00:00,west,1.5,2,\n', tmp_path)

    assert record == {
        "reader_id": "door",
        "at_us": 1_796_018_400_000_000,
        "recorded_at_us": NOW_US,
        "badge_id": "b1",
        "staff_ids": ["s1", "s2"],
        "floor_id": "west",
        "x_m": 1.5,
        "y_m": 2.0,
        "range_m": 1.5,
        "zone_id": "",
        "recorded_by": "ann",
    }
    [utc] = taken(HEADER + "door,b1,,2026-11-30T06:00:00Z,west,1.5,2,\n", tmp_path)
    assert record["at_us"] == utc["at_us"]


def test_reads_come_in_order_of_time_whatever_the_order_of_rows(tmp_path: Path) -> None:
    late = "door,b2,,2026-11-30T06:59:00,west,1.5,2,\n"

    assert [one["badge_id"] for one in taken(HEADER + GOOD + late, tmp_path)] == ["b2", "b1"]


def test_a_reader_may_cover_a_zone(tmp_path: Path) -> None:
    [record] = taken(HEADER + "door,b1,,2026-11-30T07:00,west,,,bay\n", tmp_path)

    assert (record["x_m"], record["range_m"], record["zone_id"]) == (None, None, "bay")


def test_the_first_partition_of_a_floor_is_its_partition() -> None:
    assert FLOORS_NOW.partitions == {"west": 5}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(GOOD.replace("west", "east"), "floor_id: 'east' is not", id="floor"),
        pytest.param("door,b1,,2026-11-30T07:00,west,,,old\n", "zone_id: 'old' is not", id="zone"),
        pytest.param(GOOD.replace("1.5", ""), "give x_m and y_m, or zone_id", id="half-a-position"),
        pytest.param("door,b1,,2026-11-30T07:00,west,1,2,bay\n", "not both", id="two-positions"),
        pytest.param(GOOD.replace("2026", "2030"), "in the future", id="future"),
        pytest.param(GOOD.replace("2026-11-30T07", "2026-03-29T02"), "does not exist", id="dst"),
        pytest.param(GOOD.replace("1.5", "nan"), "x_m", id="not-a-number"),
        pytest.param(GOOD.replace("b1", "b 1"), "badge_id", id="odd-badge"),
        pytest.param(GOOD, "is in reads.csv line 2 already", id="twice"),
    ],
)
def test_a_row_that_is_wrong_refuses_the_file_by_line_and_field(
    row: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ImportRefused) as refused:
        taken(HEADER + GOOD + row, tmp_path)

    assert "line 3" in str(refused.value)
    assert reason in str(refused.value)
