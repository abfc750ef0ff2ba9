"""Adherence and conformance in SQL over nights on which clocks change, against Python's own sums.

Shifts are imported as the ward writes them, in local time; the times in which somebody is seen are
random. Python cuts time into seconds, and counts those in which both hold.
"""

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from schemas.topics import PRESENCE, SHIFTS
from tests.support.builders.outputs import START_US, items, person, presence
from tests.support.builders.outputs import item as item_of
from workers.registry.rows import ShiftRow
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.timescale.rows import at

SECOND_US = 1_000_000
NEAR_S = 30 * 60
FACT = {"version": 1, "valid_from_us": 0, "recorded_at_us": 0, "removed": False, "recorded_by": ""}

NIGHTS = [
    ("Europe/Berlin", "2026-10-24T21:00", "07:00", 11),
    ("Europe/Berlin", "2027-03-27T21:00", "07:00", 9),
    ("Australia/Lord_Howe", "2026-10-03T22:00", "06:00", 7.5),
    ("Asia/Kolkata", "2026-10-24T16:00", "24:00", 8),
]
"""Zone, start, end on the ward's clock, and the hours that pass."""


def shift(shift_id: str, zone: str, starts: str, ends: str, **more: Any) -> dict[str, Any]:
    row = ShiftRow.model_validate(
        {"shift_id": shift_id, "zone_id": "bay-1", "starts": starts, "ends": ends, **more}
    )
    return {**FACT, **row.fields(zone)}


def seen(
    chance: random.Random, staff_id: str, from_s: int, until_s: int
) -> Iterator[tuple[int, bool]]:
    """Seconds at which a person is seen, and whether in the planned zone."""
    second = from_s
    while second < until_s:
        second += chance.randrange(60, 2400)
        here = chance.random() < 0.7
        for _ in range(chance.randrange(1, 25)):
            yield second, here
            second += chance.choice([1, 3, 5, 5, 6])


def counted(sightings: list[tuple[int, bool]], near: set[int]) -> tuple[set[int], set[int]]:
    """Seconds of a time in which somebody is in the planned zone, and anywhere.

    Until the next sighting within 5 s, else for one second.
    """
    times = [(second, is_here) for second, is_here in sightings if second in near]
    here, there = set[int](), set[int]()
    for (second, is_here), (after, _) in zip(times, [*times[1:], (1 << 60, False)], strict=True):
        for one in range(second, after if after <= second + 5 else second + 1):
            there.add(one)
            if is_here:
                here.add(one)
    return here, there


@pytest.mark.parametrize(("zone", "starts", "ends", "hours"), NIGHTS)
def test_adherence_over_a_night_is_what_python_counts(
    zone: str,
    starts: str,
    ends: str,
    hours: float,
    timescale_sink: TimescaleSink,
    database_url: str,
) -> None:
    """With a break of half an hour, and an hour that somebody else has taken over."""
    chance = random.Random(f"{zone} {starts}")
    night = shift("night", zone, starts, ends, staff_id="ann")
    start, end = night["starts_us"] // SECOND_US, night["ends_us"] // SECOND_US
    assert end - start == hours * 3600
    pause, taken = (start + 3 * 3600, start + 3 * 3600 + 1800), (end - 3600, end)

    def span(at_s: tuple[int, int]) -> dict[str, str]:
        return {
            name: f"{at(one * SECOND_US):%Y-%m-%dT%H:%M}+00:00"
            for name, one in zip(("starts", "ends"), at_s, strict=True)
        }

    rest = [
        shift("pause", zone, staff_id="ann", kind="break", **span(pause)),
        shift("hour", zone, staff_id="bob", replaces="night", **span(taken)),
    ]
    sightings = sorted(dict(seen(chance, "ann", start - 2 * NEAR_S, end + 2 * NEAR_S)).items())
    ticks = [
        presence(
            seq,
            second - START_US / SECOND_US,
            [person("p", staff_id="ann", zone_ids=["bay-1"] if here else [])],
        )
        for seq, (second, here) in enumerate(sightings, start=1)
    ]
    timescale_sink.write([item_of(SHIFTS, one) for one in (night, *rest)])
    timescale_sink.write(items(PRESENCE, ticks))
    with psycopg.connect(database_url) as connection:
        [found] = connection.execute(
            "SELECT extract(epoch FROM planned)::int, extract(epoch FROM adhered_for)::int,"
            " extract(epoch FROM worked_for)::int, adherence::float8, conformance::float8"
            " FROM shift_adherence WHERE shift_id = 'night'"
        ).fetchall()

    off = {*range(*pause), *range(*taken)}
    planned = {*range(start, end)} - off
    here, there = counted(sightings, {*range(start - NEAR_S, end + NEAR_S)})
    adhered, worked = len(here & planned), len(there - off)
    assert found[:3] == (len(planned), adhered, worked)
    assert found[3:] == pytest.approx((adhered / len(planned), worked / len(planned)))
    assert 0 < adhered < worked
