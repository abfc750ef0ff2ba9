"""Rows that a database has, and rows that it must have."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import psycopg

from schemas.topics import OCCUPANCY, Topic
from tests.support.builders.outputs import item
from workers.operations.verification.digests import distinct, expected_rows, first_difference
from workers.operations.verification.tables import table_rows
from workers.storage.item import Item
from workers.storage.timescale.rows import at
from workers.storage.timescale.tables import TABLES

MINUTE_US = 60_000_000
HOLDS_US = 30_000_000


def rows(dsn: str, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def as_items(log: Iterable[tuple[Topic, dict[str, Any]]]) -> list[Item]:
    return [item(topic, record, offset) for offset, (topic, record) in enumerate(log)]


def differences(dsn: str, items: Sequence[Item]) -> list[str]:
    """How the tables differ from the folds of these records; empty when they do not."""
    found = []
    for table in TABLES.values():
        mine = [item for item in items if item.topic.name == table.topic.name]
        expected = expected_rows(table, distinct(mine), 1.0)
        difference = first_difference(table, expected, table_rows(dsn, table))
        if difference is not None:
            found.append(difference)
    if (minutes := occupancy_minutes(dsn)) != expected_minutes(items):
        found.append(f"minutes are {minutes}")
    return found


def occupancy_minutes(dsn: str) -> dict[tuple[str, datetime], tuple[int, int, int]]:
    """Known time, people times time, and most people at once, by zone and minute."""
    statement = "SELECT zone_id, minute, known_us, people_us, people_max FROM occupancy_minutes"
    return {(row[0], row[1]): row[2:] for row in rows(dsn, statement)}


def expected_minutes(
    items: Sequence[Item],
) -> dict[tuple[str, datetime], tuple[int, int, int]]:
    """The same, calculated second by second from the records, independently of the SQL."""
    people_us: defaultdict[tuple[str, int], int] = defaultdict(int)
    known_us: defaultdict[tuple[str, int], int] = defaultdict(int)
    most: defaultdict[tuple[str, int], int] = defaultdict(int)
    occupancy = [item for item in items if item.topic.name == OCCUPANCY.name]
    for zone_id, measured in distinct(occupancy).items():
        for current, following in pairwise(measured):
            start, people = current.record["as_of_us"], current.record["people"]
            end = min(following.record["as_of_us"], start + HOLDS_US)
            while start < end:
                minute = start // MINUTE_US
                until = min(end, (minute + 1) * MINUTE_US)
                known_us[zone_id, minute] += until - start
                people_us[zone_id, minute] += people * (until - start)
                most[zone_id, minute] = max(most[zone_id, minute], people)
                start = until
    return {
        (zone_id, at(minute * MINUTE_US)): (
            known,
            people_us[zone_id, minute],
            most[zone_id, minute],
        )
        for (zone_id, minute), known in known_us.items()
    }
