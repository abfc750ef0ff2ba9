"""Retention keeps no record waiting for somebody who reads a table for long."""

import psycopg
from pydantic import SecretStr

from runtime.clock import SystemClock
from runtime.process.sections import SinkSettings
from runtime.process.settings import Settings
from tests.support.clusters import make_timescale_sink
from tests.support.tables import rows

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
