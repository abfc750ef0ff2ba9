"""The minutes in the tables, computed once more by another program, over any window."""

from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest

from schemas.topics import OCCUPANCY
from tests.support.builders.outputs import at_us, ward
from tests.support.tables import as_items
from workers.operations.verification.minutes import compare_minutes, take_minutes
from workers.operations.verification.result import Check, Window
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.timescale.rows import at

SECONDS = 200
LIVE = "-c search_path=live,public"
"""What the sink wrote, whatever revisions analysts read in its place."""


@pytest.fixture
def filled(timescale_sink: TimescaleSink, database_url: str) -> Iterator[psycopg.Connection]:
    """A database with three minutes of a ward, written in small batches."""
    log = as_items([entry for entry in ward(SECONDS, rooms=3) if entry[0] is OCCUPANCY])
    for start in range(0, len(log), 20):
        timescale_sink.write(log[start : start + 20])
    with psycopg.connect(database_url, options=LIVE) as connection:
        yield connection
        connection.rollback()


def recomputed(
    connection: psycopg.Connection,
    start_s: float,
    end_s: float,
    dropped: dict[str, datetime] | None = None,
) -> list[Check]:
    window = Window(at_us(start_s), at_us(end_s))
    found = connection.execute("SELECT topic, key, seq FROM sink_progress").fetchall()
    minutes = take_minutes(connection, window, dropped or {})
    return compare_minutes(minutes, {(topic, key): seq for topic, key, seq in found})


def test_minutes_of_any_window_are_what_their_measurements_give(
    filled: psycopg.Connection,
) -> None:
    windows = {
        "all of it": (-60, 600, 4),
        "one whole minute of the middle": (60, 120, 1),
        "parts of minutes at both ends": (59, 181, 2),
        "no whole minute": (61, 119, 0),
        "nothing at all": (600, 900, 0),
    }
    for name, (start_s, end_s, minutes) in windows.items():
        checks = recomputed(filled, start_s, end_s)

        assert [(check.name, check.first) for check in checks] == [
            ("table occupancy_minutes", None),
            ("table coverage_minutes", None),
        ], name
        assert [check.counts for check in checks] == [{"minutes": 3 * minutes}] * 2, name


def test_what_has_expired_is_not_computed_again(filled: psycopg.Connection) -> None:
    filled.execute("DELETE FROM zone_occupancy WHERE as_of < %s", [at(at_us(70))])
    filled.execute("DELETE FROM coverage WHERE as_of < %s", [at(at_us(70))])

    known = recomputed(filled, 0, 600, {"zone_occupancy": at(at_us(70)), "coverage": at(at_us(70))})
    unknown = recomputed(filled, 0, 600)

    assert [(check.first, check.counts) for check in known] == [(None, {"minutes": 6})] * 2
    assert all(check.first is not None for check in unknown)


def test_a_minute_that_is_wrong_is_named(filled: psycopg.Connection) -> None:
    one = f"zone_id = 'zone-r1' AND minute = '{at(at_us(60)).isoformat()}'"
    changes = [
        ("occupancy_minutes", f"UPDATE occupancy_minutes SET people_max = 77 WHERE {one}", "is 77"),
        ("coverage_minutes", f"UPDATE coverage_minutes SET short_us = -1 WHERE {one}", "is -1, mu"),
        ("occupancy_minutes", f"DELETE FROM occupancy_minutes WHERE {one}", "is not there, though"),
        ("coverage_minutes", f"DELETE FROM coverage_minutes WHERE {one}", "is not there, though"),
        ("occupancy_minutes", "DELETE FROM zone_occupancy WHERE zone_id = 'zone-r1'", "is there,"),
    ]
    filled.commit()
    for table, change, what in changes:
        filled.execute(change.encode())

        [found] = [check for check in recomputed(filled, 60, 120) if check.name == f"table {table}"]

        assert found.first is not None, change
        assert found.first.where.startswith(f"table {table} key zone-r1")
        assert f" minute {at(at_us(60)).isoformat(timespec='milliseconds')}" in found.first.where
        assert what in found.first.what
        filled.rollback()
