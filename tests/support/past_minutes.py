"""Minutes of zones on the nights on which clocks are changed, and what counting them gives."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import psycopg

MINUTE_US = 60_000_000
_NIGHTS = (datetime(2025, 10, 25, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC))


class Minute(NamedTuple):
    """A row of `occupancy_minutes`: how long it is known, and the gap times that time."""

    at: datetime
    zone_id: str
    known_us: int
    gap_min_us: int
    gap_max_us: int
    people: int


def fill_minutes(url: str, zone_ids: Sequence[str]) -> list[Minute]:
    """Write two days around each night into a migrated database; some minutes have no row."""
    random_of = random.Random(20251026)
    rows: list[Minute] = []
    for start in _NIGHTS:
        for number in range(2 * 24 * 60):
            for zone_id in zone_ids:
                known = random_of.choice([0, 1, 29_999_999, 30_000_000, MINUTE_US, MINUTE_US])
                if known:
                    low = random_of.choice([0, known // 2, (known + 1) // 2, 2 * known])
                    high = low + random_of.choice([0, known // 3, known])
                    at = start + timedelta(minutes=number)
                    people = random_of.randrange(9)
                    rows.append(Minute(at, zone_id, known, low, high, people))
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        names = "minute, zone_id, floor_id, known_us, people_us, people_max, people_min"
        gaps = "identified_us, scheduled_us, required_us, gap_min_us, gap_max_us"
        with cursor.copy(f"COPY live.occupancy_minutes ({names}, {gaps}) FROM STDIN") as copy:
            for row in rows:
                counts = (row.people * row.known_us, row.people + 1, row.people)
                key = (row.at, row.zone_id, "f", row.known_us)
                copy.write_row((*key, *counts, 0, 0, 0, row.gap_min_us, row.gap_max_us))
    return rows


def fill_roles(url: str) -> None:
    """Give each of these minutes the roles nurse and physician, in `coverage_minutes`."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO live.coverage_minutes"
            " SELECT minute, zone_id, role, known_us, people_us, people_us + known_us / 3,"
            " known_us, 2 * known_us, gap_min_us, gap_max_us, gap_min_us / 3, gap_max_us / 2"
            " FROM live.occupancy_minutes, unnest(ARRAY['nurse', 'physician']) AS role"
        )


def hours_by_hand(
    rows: Sequence[Minute], zone_id: str, since: str, until: str, time_zone: str
) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Minutes short, possibly short, covered and not watched by weekday and hour, one by one."""
    start, end = datetime.fromisoformat(since), datetime.fromisoformat(until)
    by_minute = {row.at: row for row in rows if row.zone_id == zone_id}
    found: dict[tuple[int, int], Counter[int]] = {}
    at = start.astimezone(UTC)
    while at < end:
        local = at.astimezone(ZoneInfo(time_zone))
        counted = found.setdefault((local.isoweekday(), local.hour), Counter())
        counted[_state(by_minute.get(at))] += 1
        at += timedelta(minutes=1)
    return {hour: (n[0], n[1], n[2], n[3]) for hour, n in found.items()}


def _state(row: Minute | None) -> int:
    if row is None or row.known_us < MINUTE_US / 2:
        return 3
    averages = row.gap_min_us / row.known_us, row.gap_max_us / row.known_us
    return next((state for state, gap in enumerate(averages) if gap >= 0.5), 2)
