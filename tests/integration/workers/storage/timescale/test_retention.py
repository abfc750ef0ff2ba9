"""Retention keeps no record waiting for somebody who reads a table for long."""

from datetime import timedelta

import psycopg
from pydantic import SecretStr

from runtime.clock import SystemClock
from runtime.process.sections import SinkSettings
from runtime.process.settings import Settings
from schemas.topics import ALERT_ACTIONS, FEEDBACK, LINKS
from tests.support.builders.alert_actions import acted
from tests.support.builders.outputs import at_us, item, link, ward
from tests.support.clusters import make_timescale_sink
from tests.support.tables import as_items, rows
from workers.retention.entry import DAY_S
from workers.retention.tables import TABLE_ENTRIES
from workers.sinks.timescale.sink import TimescaleSink
from workers.storage.timescale.rows import at

APPLIED = "SELECT bool_and(dropped_before > '-infinity') FROM retention"


def test_retention_yields_to_a_lock_and_is_applied_once_it_is_gone(database_url: str) -> None:
    clock = SystemClock()
    settings = Settings(
        database_url=SecretStr(database_url), sink=SinkSettings(retention_every_s=0.001)
    )
    sink = make_timescale_sink(settings, clock)
    sink.prepare()
    try:
        with psycopg.connect(database_url) as reader:
            reader.execute("SELECT * FROM retention FOR UPDATE")
            started_s = clock.monotonic_s()
            sink.housekeep()
            assert clock.monotonic_s() - started_s < 30, "the server gives up after 60 s by itself"
        assert rows(database_url, APPLIED) == [(False,)]

        sink.housekeep()
        assert rows(database_url, APPLIED) == [(True,)]
    finally:
        sink.close()


def test_every_table_and_view_has_an_entry(database_url: str) -> None:
    """A new one fails here: say in `workers/retention/tables.py` what it holds, and why."""
    found = rows(
        database_url,
        "SELECT n.nspname || '.' || c.relname FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind = ANY ('{r,v,m,p,f}') AND n.nspname !~ '^_?(pg_|timescaledb|toolkit)'"
        " AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_depend AS d"
        " WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')",
    )

    assert sorted(name for (name,) in found) == sorted(entry.name for entry in TABLE_ENTRIES)


def test_the_database_keeps_rows_as_long_as_their_entries_say(database_url: str) -> None:
    kept = rows(database_url, "SELECT table_name, extract(day FROM keep)::int FROM retention")

    stated = {
        entry.name.rpartition(".")[2].removeprefix("revised_"): (entry.keep_s or 0) // DAY_S
        for entry in TABLE_ENTRIES
        if entry.keep_s is not None and entry.name != REPEATS
    }
    assert dict(kept) == stated


GIVEN = {
    "feedback_id": "f-1",
    "zone_id": "bay-1",
    "floor_id": "floor-1",
    "kind": "NOBODY_HERE",
    "given_at_us": at_us(0),
    "as_of_us": at_us(0),
    "seq": 1,
    "text": "no",
    "given_by": "ann",
}
REPEATS = "registry.idempotency"
SECOND = timedelta(seconds=1)
DROP = "SELECT * FROM drop_expired(%s)"
TIMES = "SELECT table_name, time_column, extract(epoch FROM keep)::int FROM retention ORDER BY keep"


def test_rows_are_gone_once_their_period_is_over(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    """Rows of every table that expires, those of corrections too: there until then, gone after."""
    timescale_sink.write(as_items(ward(seconds=90, seed=7)))
    timescale_sink.write([item(LINKS, link(1, 1, 1, 2)), item(FEEDBACK, GIVEN)])
    timescale_sink.write([item(ALERT_ACTIONS, acted("ACKNOWLEDGED", taken_at_us=at_us(0)))])
    with psycopg.connect(database_url, autocommit=True) as connection:

        def count(name: str) -> int:
            [(found,)] = connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchall()
            return int(found)

        columns = connection.execute(
            "SELECT table_name, string_agg(quote_ident(column_name), ', ')"
            " FROM information_schema.columns WHERE table_schema = 'live' GROUP BY table_name"
        ).fetchall()
        for name, listed in columns:
            connection.execute(
                f"INSERT INTO public.revised_{name} ({listed}, revision)"
                f" SELECT {listed}, 1 FROM live.{name}".encode()
            )
        connection.execute(
            "INSERT INTO audit_entries SELECT (jsonb_populate_record(NULL::audit_entries,"
            ' \'{"chain_id": "c", "seq": 1, "sha256": "", "actor": "a",'
            ' "action": "a", "subject": "", "why": "", "detail": "",'
            ' "client": "", "persons": [], "cameras": [], "floors": [],'
            ' "digest": ""}\'::jsonb || jsonb_build_object(\'at\', %s::timestamptz))).*',
            [at(at_us(0))],
        )
        connection.execute(
            "INSERT INTO registry.idempotency (subject, key, request_sha256, status, body, at)"
            " VALUES ('ann', 'k', '', 200, '', %s)",
            [at(at_us(0))],
        )
        rules = [(REPEATS, "at", DAY_S), *connection.execute(TIMES).fetchall()]
        for keep_s in sorted({rule[2] for rule in rules}):
            held, all_names, times = set[str](), set[str](), []
            for table, column, _ in (rule for rule in rules if rule[2] == keep_s):
                names = {
                    entry.name
                    for entry in TABLE_ENTRIES
                    if entry.name == table
                    or entry.name.rpartition(".")[2] in {table, f"revised_{table}"}
                }
                all_names |= names
                # A view over both is empty only with them.
                held |= names - ({f"public.{table}"} if len(names) > 1 else set())
                for name in sorted(names):
                    newest = f"SELECT max({column}) FROM {name}".encode()
                    times += [time for (time,) in connection.execute(newest)]
            period = timedelta(seconds=keep_s)
            connection.execute(DROP, [min(times) + period - SECOND])
            assert {name: count(name) for name in held if not count(name)} == {}
            connection.execute(DROP, [max(times) + period + SECOND])
            assert {name: count(name) for name in all_names if count(name)} == {}
