"""The minutes in the tables, computed once more by another program, over any window."""

from datetime import datetime

import psycopg
import pytest

from schemas.topics import OCCUPANCY
from tests.integration.sinks.tables import as_items
from tests.unit.sinks.records import at_us, ward
from workers.sinks.timescale.fold import at
from workers.sinks.timescale.sink import TimescaleSink
from workers.verification.minutes import compare_minutes, take_minutes
from workers.verification.result import Check, Window

SECONDS = 200


@pytest.fixture
def filled(timescale_sink: TimescaleSink, database_url: str) -> str:
    """A database with three minutes of a ward, written in small batches."""
    log = as_items([entry for entry in ward(SECONDS, rooms=3) if entry[0] is OCCUPANCY])
    for start in range(0, len(log), 7):
        timescale_sink.write(log[start : start + 7])
    return database_url


def recomputed(
    database_url: str, begin_s: float, end_s: float, dropped: dict[str, datetime] | None = None
) -> list[Check]:
    window = Window(at_us(begin_s), at_us(end_s))
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT topic, key, seq FROM sink_progress").fetchall()
        minutes = take_minutes(connection, window, dropped or {})
    return compare_minutes(minutes, {(topic, key): seq for topic, key, seq in found})


@pytest.mark.parametrize(
    ("begin_s", "end_s", "minutes"),
    [
        pytest.param(-60, 600, 4, id="all of it"),
        pytest.param(60, 120, 1, id="one whole minute of the middle"),
        pytest.param(59, 181, 2, id="parts of minutes at both ends"),
        pytest.param(61, 119, 0, id="no whole minute"),
        pytest.param(600, 900, 0, id="nothing at all"),
    ],
)
def test_minutes_of_any_window_are_what_their_measurements_give(
    filled: str, begin_s: float, end_s: float, minutes: int
) -> None:
    checks = recomputed(filled, begin_s, end_s)

    assert [(check.name, check.first) for check in checks] == [
        ("table occupancy_minutes", None),
        ("table coverage_minutes", None),
    ]
    assert [check.counts for check in checks] == [{"minutes": 3 * minutes}] * 2


def test_what_has_expired_is_not_computed_again(filled: str) -> None:
    with psycopg.connect(filled) as connection:
        connection.execute("DELETE FROM zone_occupancy WHERE as_of < %s", [at(at_us(70))])
        connection.execute("DELETE FROM coverage WHERE as_of < %s", [at(at_us(70))])

    known = recomputed(filled, 0, 600, {"zone_occupancy": at(at_us(70)), "coverage": at(at_us(70))})
    unknown = recomputed(filled, 0, 600)

    assert [(check.first, check.counts) for check in known] == [(None, {"minutes": 6})] * 2
    assert all(check.first is not None for check in unknown)


@pytest.mark.parametrize(
    ("table", "change", "what"),
    [
        ("occupancy_minutes", "UPDATE occupancy_minutes SET people_max = 77 WHERE {}", "is 77, mu"),
        ("coverage_minutes", "UPDATE coverage_minutes SET short_us = -1 WHERE {}", "short_us is -"),
        ("occupancy_minutes", "DELETE FROM occupancy_minutes WHERE {}", "is not there, though"),
        ("coverage_minutes", "DELETE FROM coverage_minutes WHERE {}", "is not there, though"),
        ("occupancy_minutes", "DELETE FROM zone_occupancy WHERE zone_id = 'zone-r1'", "is there,"),
    ],
)
def test_a_minute_that_is_wrong_is_named(filled: str, table: str, change: str, what: str) -> None:
    one = f"zone_id = 'zone-r1' AND minute = '{at(at_us(60)).isoformat()}'"
    with psycopg.connect(filled) as connection:
        connection.execute(change.format(one).encode())

    [found] = [check for check in recomputed(filled, 60, 120) if check.name == f"table {table}"]

    assert found.first is not None
    assert found.first.where.startswith(f"table {table} key zone-r1")
    assert f" minute {at(at_us(60)).isoformat(timespec='milliseconds')}" in found.first.where
    assert what in found.first.what
