"""How long a moment of the past takes to read from tables with millions of rows.

    python -m tests.bench.past [--days 30]

Prints markdown, and for each question to the database how many chunks it read whole. 24 zones on
3 floors, a figure every 10 s, a role every 30 s, a decision about an alert every 2 minutes on each
floor, which is far more than a ward has.
"""

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from deploy.local.launcher import LocalServices
from workers.serving.recorded import past
from workers.serving.recorded.past import PastZones, Schema
from workers.storage.timescale.migrate import migrate

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
ZONES: Final = 24
SCHEMAS: Final[tuple[Schema, ...]] = ("live", "public")

_FACTS: Final = """
    INSERT INTO floors SELECT 'f' || f, 1, '2020-01-01', '2020-01-01', false, '', 0, '', 'UTC', ''
    FROM generate_series(0, 2) AS f;
    INSERT INTO zones (zone_id, version, valid_from, recorded_at, removed, recorded_by, floor_id,
        name, space, polygon, enter_after_ms, leave_after_ms, sort_order, digest)
    SELECT 'z' || z, 1, '2020-01-01', '2020-01-01', false, '', 'f' || z % 3, '', 'FLOOR_M', '[]',
        1, 1, 0, ''
    FROM generate_series(1, 24) AS z
"""
_FIGURES: Final = """
    INSERT INTO live.zone_occupancy (as_of, zone_id, seq, floor_id, reason, people, identified,
        scheduled, required, gap_min, gap_max, person_ids, inputs_through, cameras_missing, digest)
    SELECT t, 'z' || z, extract(epoch FROM t)::bigint, 'f' || z %% 3, 'PERIODIC', 3, 1, 2, 2, 0, 1,
        '{}', t, '{}', ''
    FROM generate_series(1, 24) AS z,
        generate_series(%(day)s, %(day)s + INTERVAL '1 day' - INTERVAL '1 s', '10 s') AS t
"""
_ROLES: Final = """
    INSERT INTO live.coverage (as_of, zone_id, role, seq, present_min, present_max, scheduled,
        required, gap_min, gap_max, digest)
    SELECT t, 'z' || z, 'nurse', extract(epoch FROM t)::bigint, 1, 3, 2, 2, 0, 1, ''
    FROM generate_series(1, 24) AS z,
        generate_series(%(day)s, %(day)s + INTERVAL '1 day' - INTERVAL '1 s', '30 s') AS t
"""
_ALERTS: Final = """
    INSERT INTO live.zone_alerts
    SELECT t, 'f' || f, extract(epoch FROM t)::bigint, 'gap/zone/z' || n %% 24, t,
        CASE WHEN n %% 2 = 0 THEN 'OPENED' ELSE 'CLOSED' END, 'BREACH', t, 'gap', 1, 'gap',
        'COVERAGE_GAP', 'PAGE', '', '', 'EVERYWHERE', '{}', 'z' || n %% 24, 'nurse', '{}', '{}',
        1, 1, 1, 1, false, true, '{}', 0, '[]', NULL, '', t, ''
    FROM generate_series(0, 2) AS f, generate_series(0, 719) AS n,
        LATERAL (SELECT %(day)s + n * INTERVAL '2 minutes' AS t) AS at_times
"""


def fill(url: str, days: int) -> int:
    """Make the tables; gives the number of rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(_FACTS)
        rows = 0
        for number in range(days):
            given = {"day": START + timedelta(days=number)}
            rows += sum(
                connection.execute(query, given).rowcount for query in (_FIGURES, _ROLES, _ALERTS)
            )
        connection.execute("ANALYZE")
    return rows


def whole_chunks(url: str, at: datetime) -> list[str]:
    """For each question, its time and how many chunks it read whole, as lines."""
    fresh = timedelta(minutes=1)
    moment = {"at": at, "within": fresh, "first": at, "last": at, "days": past.MOST_DAYS_OPEN}
    asked = {
        "zones": [f"z{number}" for number in range(1, ZONES + 1)],
        "floors": ["f0", "f1", "f2"],
        "seqs": [int(at.timestamp())] * ZONES,
        "times": [at] * ZONES,
    }
    lines = []
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute("SET jit = off")
        for name in ("_FIGURES", "_ROLES", "_TICKS", "_ALERTS"):
            for schema in SCHEMAS:
                query = sql.SQL(getattr(past, name)).format(schema=sql.Identifier(schema))
                explained: list[dict[str, Any]] = connection.execute(
                    sql.SQL("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ") + query, moment | asked
                ).fetchall()
                plan = [row["QUERY PLAN"].strip() for row in explained]
                whole = [one for one in plan if "Seq Scan on _hyper" in one and "never" not in one]
                lines.append(f"| {name[1:].lower()}, {schema} | {plan[-1]} | {len(whole)} |")
    return lines


def main(days: int) -> None:
    """Measure, and print markdown."""
    with (
        tempfile.TemporaryDirectory() as run_dir,
        LocalServices(Path(run_dir), components=("timescale",)) as services,
    ):
        url = services.environment["WARDSTREAM_DATABASE_URL"]
        migrate(url)
        print(f"{fill(url, days):,} rows\n")
        end = START + timedelta(days=days) - timedelta(seconds=10)
        print("| view | a moment, median | the slowest |\n|---|---|---|")
        with PastZones(url) as zones:
            for schema in SCHEMAS:
                took_ms = []
                for number in range(40):
                    started_s = time.perf_counter()
                    zones.of(schema, end - number * timedelta(hours=days * 24 / 41))
                    took_ms.append((time.perf_counter() - started_s) * 1e3)
                median = statistics.median(took_ms)
                print(f"| {schema} | {median:.0f} ms | {max(took_ms):.0f} ms |")
        print("\n| question | time | chunks read whole |\n|---|---|---|")
        print("\n".join(whole_chunks(url, end - timedelta(days=days / 2))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=30)
    main(parser.parse_args().days)
