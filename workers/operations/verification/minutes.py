"""The rollups by minute against what they are made of, computed here a second time.

The sink computes them in SQL (`storage/timescale/sql/*_minutes.sql`); here a row of zone_occupancy
is followed by the next of its zone, and what it holds for is added up, minute after minute.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from schemas.topics import OCCUPANCY
from workers.operations.times import show_time
from workers.operations.verification.result import Check, Window
from workers.storage.timescale.rows import at, to_us

MINUTE_US = 60_000_000
TABLES = ("occupancy_minutes", "coverage_minutes")

Key = tuple[str, ...]
"""Zone, or zone and role."""

Sums = dict[tuple[Key, int], tuple[Any, ...]]
"""Values of a minute, by key and begin (UTC microseconds)."""

_MEASURED = """
    SELECT zone_id, seq, as_of, floor_id, people, identified, scheduled, required, gap_min, gap_max
    FROM zone_occupancy WHERE as_of >= %s AND as_of < %s ORDER BY zone_id, seq
"""
_ROLES = """
    SELECT zone_id, seq, as_of, role, present_min, present_max, scheduled, required, gap_min,
        gap_max
    FROM coverage WHERE as_of >= %s AND as_of < %s
"""
COLUMNS = {
    "occupancy_minutes": (
        "floor_id", "known_us", "people_us", "people_max", "people_min", "identified_us",
        "scheduled_us", "required_us", "gap_min_us", "gap_max_us",
    ),
    "coverage_minutes": (
        "known_us", "present_min_us", "present_max_us", "scheduled_us", "required_us",
        "gap_min_us", "gap_max_us", "short_us", "maybe_short_us",
    ),
}  # fmt: skip
_KEYS = {"occupancy_minutes": ("zone_id",), "coverage_minutes": ("zone_id", "role")}


class Measured(NamedTuple):
    """A row of zone_occupancy; times in UTC microseconds."""

    zone_id: str
    seq: int
    as_of_us: int
    floor_id: str
    values: tuple[int, ...]


class Minutes(NamedTuple):
    """What one snapshot of the database holds.

    Attributes:
        span: Minutes that can be computed again: whole ones, of which nothing has expired.
        holds_us: Longest time that a measurement holds, microseconds.
        measured: Rows of zone_occupancy that reach into the span, by zone and seq.
        roles: Role and values of the rows of coverage, by zone, seq and time.
        held: The minutes of the tables, by table.
    """

    span: Window
    holds_us: int
    measured: Sequence[Measured]
    roles: Mapping[tuple[str, int, int], list[tuple[str, tuple[int, ...]]]]
    held: Mapping[str, Sums]


def take_minutes(
    connection: psycopg.Connection, window: Window, dropped: Mapping[str, datetime]
) -> Minutes:
    """Read the minutes of a window and what they are made of, in the caller's transaction.

    Args:
        connection: In a transaction with one snapshot.
        window: Event times that are recounted.
        dropped: Time before which retention has emptied a table, by table.
    """
    found = connection.execute(
        "SELECT (extract(epoch FROM occupancy_holds()) * 1000000)::bigint"
    ).fetchone()
    holds_us = int(found[0]) if found else 0
    limits = [to_us(dropped[name]) for name in ("zone_occupancy", "coverage") if name in dropped]
    limits = [limit + holds_us for limit in limits]
    limits += [to_us(dropped[name]) for name in TABLES if name in dropped]
    start = -(-max([window.from_us, *limits]) // MINUTE_US) * MINUTE_US
    span = Window(start, max(start, window.to_us // MINUTE_US * MINUTE_US))
    reach = [at(span.from_us - holds_us), at(span.to_us)]
    measured = [
        Measured(zone_id, seq, to_us(as_of), floor_id, tuple(values))
        for zone_id, seq, as_of, floor_id, *values in connection.execute(_MEASURED, reach)
    ]
    roles: defaultdict[Any, list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
    for zone_id, seq, as_of, role, *values in connection.execute(_ROLES, reach):
        roles[zone_id, seq, to_us(as_of)].append((role, tuple(values)))
    held: dict[str, Sums] = {}
    for table, keys in _KEYS.items():
        wanted = sql.SQL("SELECT {} FROM {} WHERE minute >= %s AND minute < %s").format(
            sql.SQL(", ").join(map(sql.Identifier, (*keys, "minute", *COLUMNS[table]))),
            sql.Identifier(table),
        )
        names = len(keys)
        held[table] = {
            (row[:names], to_us(row[names])): row[names + 1 :]
            for row in connection.execute(wanted, [at(span.from_us), at(span.to_us)])
        }
    return Minutes(span, holds_us, measured, roles, held)


def compare_minutes(minutes: Minutes, progress: Mapping[tuple[str, str], int]) -> list[Check]:
    """Compute the minutes again.

    Args:
        minutes: Minutes of one snapshot.
        progress: Last seq in the tables in that snapshot, by topic and key.
    """
    computed = {
        "occupancy_minutes": _occupancy(minutes, progress),
        "coverage_minutes": _coverage(minutes, progress),
    }
    return [_compare(table, computed[table], minutes.held[table]) for table in TABLES]


def _compare(table: str, expected: Sums, found: Sums) -> Check:
    check = Check(f"table {table}")
    check.add("minutes", len(found))
    for key, minute_us in sorted({*expected, *found}):
        wanted, held = expected.get((key, minute_us)), found.get((key, minute_us))
        if wanted == held:
            continue
        where = f"table {table} key {' '.join(key)} minute {show_time(minute_us)}"
        if held is None:
            check.fault(where, "is not there, though its measurements are")
        elif wanted is None:
            check.fault(where, "is there, though nothing was measured then")
        else:
            apart = [
                f"{name} is {is_!r}, must be {must_be!r}"
                for name, is_, must_be in zip(COLUMNS[table], held, wanted, strict=True)
                if is_ != must_be
            ]
            check.fault(where, "; ".join(apart))
        return check
    return check


def _pieces(
    minutes: Minutes, progress: Mapping[tuple[str, str], int]
) -> Iterator[tuple[int, int, Measured]]:
    """Minute, microseconds in it, and the measurement that holds for them."""
    rows = minutes.measured
    for number, row in enumerate(rows):
        until_us = row.as_of_us + minutes.holds_us
        if number + 1 < len(rows) and rows[number + 1].zone_id == row.zone_id:
            until_us = min(until_us, rows[number + 1].as_of_us)
        elif row.seq >= progress.get((OCCUPANCY.name, row.zone_id), 0):
            continue  # the newest of its zone: it holds until the next, whenever that comes
        minute_us = row.as_of_us // MINUTE_US * MINUTE_US
        while minute_us < until_us:
            end_us = minute_us + MINUTE_US
            if minutes.span.holds(minute_us):
                yield minute_us, min(until_us, end_us) - max(row.as_of_us, minute_us), row
            minute_us = end_us


def _occupancy(minutes: Minutes, progress: Mapping[tuple[str, str], int]) -> Sums:
    sums: dict[tuple[Key, int], list[Any]] = {}
    for minute_us, us, row in _pieces(minutes, progress):
        if us <= 0:
            continue
        people = row.values[0]
        weighed = [value * us for value in row.values]
        held = sums.get(((row.zone_id,), minute_us))
        if held is None:
            sums[(row.zone_id,), minute_us] = [
                row.floor_id, us, weighed[0], people, people, *weighed[1:]
            ]  # fmt: skip
            continue
        held[0] = row.floor_id
        held[1] += us
        held[2] += weighed[0]
        held[3], held[4] = max(held[3], people), min(held[4], people)
        held[5:] = [old + new for old, new in zip(held[5:], weighed[1:], strict=True)]
    return {cell: tuple(values) for cell, values in sums.items()}


def _coverage(minutes: Minutes, progress: Mapping[tuple[str, str], int]) -> Sums:
    sums: dict[tuple[Key, int], tuple[int, ...]] = {}
    for minute_us, us, row in _pieces(minutes, progress):
        if us <= 0:
            continue
        for role, values in minutes.roles.get((row.zone_id, row.seq, row.as_of_us), ()):
            *_, gap_min, gap_max = values
            weighed = (
                us,
                *(value * us for value in values),
                us * (gap_min > 0),
                us * (gap_max > 0),
            )
            cell = ((row.zone_id, role), minute_us)
            before = sums.get(cell, (0,) * len(weighed))
            sums[cell] = tuple(old + new for old, new in zip(before, weighed, strict=True))
    return dict(sums)
