"""What the database says, and what the sink makes of it: what passes is waited out, by name."""

from pathlib import Path
from random import Random

import httpx
import psycopg
import pytest
from psycopg import sql

from deploy.local.launcher import Supervisor, Worker
from runtime.errors import EXIT_STOP, Retry
from schemas.topics import OCCUPANCY
from tests.integration.workers.sinks.test_sink_processes import one_dead_letter
from tests.support.builders.outputs import item, occupancy
from tests.support.sink_topics import SinkTopics, progress, records_written
from tests.support.tables import rows
from tests.support.waiting import eventually
from workers.sinks.timescale.sink import TimescaleSink

SINK = Worker(
    name="sink-timescale",
    command=("sink", "timescale"),
    environment={
        "WARDSTREAM_SINK__SESSION_TIMEOUT_S": "2",
        "WARDSTREAM_SINK__BATCH_WAIT_S": "0.02",
        "WARDSTREAM_SINK__RETRY_MAX_S": "0.5",
    },
)

PASSES = {
    "53100": "no disk space left",
    "53200": "no memory left",
    "53300": "no connection left",
    "25006": "read-only",
    "40001": "let another transaction go first",
    "40P01": "let another transaction go first",
    "55P03": "locked by somebody else",
    "57014": "not done in time",
    "57P01": "out of reach",
}


def announce(dsn: str, state: str) -> None:
    """From now on the database answers every new measurement with a state."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL(
                "CREATE OR REPLACE FUNCTION says() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'as it says' USING ERRCODE = {}; END $$"
            ).format(sql.Literal(state))
        )
        connection.execute(
            "CREATE TRIGGER says BEFORE INSERT ON live.zone_occupancy"
            " FOR EACH ROW EXECUTE FUNCTION says()"
        )


def be_quiet(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TRIGGER says ON live.zone_occupancy")


def test_a_passing_state_is_waited_out_and_named(
    timescale_sink: TimescaleSink, database_url: str
) -> None:
    for seq, (state, description) in enumerate(PASSES.items(), start=1):
        batch = [item(OCCUPANCY, occupancy(seq, seq, 4))]
        announce(database_url, state)
        with pytest.raises(Retry, match=description):
            timescale_sink.write(batch)
        be_quiet(database_url)
        timescale_sink.write(batch)
        assert records_written(database_url) == seq, state


def test_a_database_that_becomes_read_only_is_waited_for(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    """As a standby is, until somebody promotes it or corrects the address."""
    supervisor.start(SINK)
    pipeline.send([(OCCUPANCY, occupancy(1, 0, 1))])
    eventually(lambda: records_written(database_url) == 1, what="the first is in")
    read_only(database_url, "on")
    pipeline.send([(OCCUPANCY, occupancy(2, 10, 1))])
    eventually(lambda: "read-only" in store(supervisor), what="the sink says so")
    read_only(database_url, "off")

    eventually(lambda: records_written(database_url) == 2, what="the second is in")
    eventually(lambda: not store(supervisor), what="it says no more of it")


def read_only(dsn: str, value: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
                sql.Identifier(connection.info.dbname), sql.SQL(value)
            )
        )
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def store(supervisor: Supervisor) -> str:
    answer = httpx.get(f"http://127.0.0.1:{supervisor.metrics_port(SINK.name)}/healthz", timeout=30)
    return str(answer.json().get("store", ""))


def test_a_key_too_long_for_an_index_is_a_dead_letter_and_stops_nothing(
    pipeline: SinkTopics, supervisor: Supervisor, database_url: str
) -> None:
    supervisor.start(SINK)
    endless = Random(3).randbytes(9_000).hex()
    malformed = occupancy(1, 0, 1, zone_id=endless)
    pipeline.send(
        [(OCCUPANCY, malformed), *((OCCUPANCY, occupancy(seq, seq, 1)) for seq in (1, 2))]
    )
    eventually(
        lambda: progress(database_url) == {(OCCUPANCY.name, "zone-1"): 2}, what="the others are in"
    )

    assert dict(one_dead_letter(pipeline.settings))["reason"] == b"database_refused"


def test_a_table_altered_by_hand_stops_the_sink_which_names_it_and_loses_nothing(
    pipeline: SinkTopics,
    supervisor: Supervisor,
    environment: dict[str, str],
    database_url: str,
    tmp_path: Path,
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "ALTER TABLE live.zone_occupancy ADD CONSTRAINT not_so_many CHECK (people < 5)"
        )
    pipeline.send([(OCCUPANCY, occupancy(seq, seq, 3 + seq)) for seq in (1, 2, 3)])
    supervisor.start(SINK)
    assert supervisor.wait(SINK.name, 60) == EXIT_STOP
    text = supervisor.log(SINK.name).read_text()
    assert "not_so_many" in text
    assert "undo what was altered by hand" in text

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE live.zone_occupancy DROP CONSTRAINT not_so_many")
    with Supervisor(tmp_path / "again", environment) as another:  # the first has ended everything
        another.start(SINK)
        eventually(lambda: records_written(database_url) == 3, what="all are in")
    assert rows(database_url, "SELECT count(*) FROM zone_occupancy") == [(3,)]
