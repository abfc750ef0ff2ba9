"""How long a moment and a week of the past take to read from tables with millions of rows.

    python -m tests.bench.past [--days 30]

Prints markdown, and for each question to the database how many chunks it read whole. 24 zones on
3 floors, a figure every 10 s, a role every 30 s, a decision about an alert every 2 minutes on each
floor, and 10 visits of each zone an hour, which is far more than a ward has. Through the API, as a
coordinator asks for a week, with what it takes to write the answer.
"""

import argparse
import gc
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from fastapi.testclient import TestClient
from psycopg import sql
from psycopg.rows import dict_row

from deploy.local.launcher import LocalServices
from runtime.process.sections import ServingSettings
from tests.support.set_clock import SetClock
from workers.serving.api.people import Sources
from workers.serving.app import create_app
from workers.serving.recorded import past
from workers.serving.recorded.past import PastZones
from workers.serving.recorded.ranges import Schema
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


_MINUTES: Final = """
    INSERT INTO live.occupancy_minutes
    SELECT t, 'z' || z, 'f' || z %% 3, 60000000, 180000000, 4, 2, 60000000, 120000000, 120000000,
        (z %% 2) * 30000000, 60000000
    FROM generate_series(1, 24) AS z,
        generate_series(%(day)s, %(day)s + INTERVAL '1 day' - INTERVAL '1 s', '1 min') AS t
"""
_VISITS: Final = """
    INSERT INTO live.zone_events
    SELECT CASE k WHEN 1 THEN t ELSE t + INTERVAL '170 s' END, 'z' || (z + n) %% 24 + 1,
        extract(epoch FROM t)::bigint * 50 + k * 25 + z,
        CASE k WHEN 1 THEN 'ENTERED' ELSE 'LEFT' END,
        'p' || z || '/' || floor(extract(epoch FROM t) / 3600), 'f' || z %% 3, '', t,
        CASE k WHEN 1 THEN NULL ELSE INTERVAL '170 s' END, t, t, NULL, ''
    FROM generate_series(1, 24) AS z, generate_series(0, 239) AS n, generate_series(1, 2) AS k,
        LATERAL (SELECT %(day)s + n * INTERVAL '6 minutes' AS t) AS at_times
"""
_LINKS: Final = """
    INSERT INTO live.links (at, floor_id, seq, kind, from_person_id, to_person_id, from_camera_id,
        to_camera_id, score, reason, as_of, inputs_through, digest)
    SELECT %(day)s + h * INTERVAL '1 hour', 'f', extract(epoch FROM %(day)s)::bigint + 24 * z + h,
        'HAND_OVER', 'p' || z || '/' || floor(extract(epoch FROM %(day)s) / 3600) + h,
        'p' || z || '/' || floor(extract(epoch FROM %(day)s) / 3600) + h + 1, '', '', 1, '',
        %(day)s, %(day)s, ''
    FROM generate_series(1, 24) AS z, generate_series(0, 6) AS h
"""
WEEKS: Final = ("coverage", "dwell", "movement", "occupancy?step_min=30")


def fill(url: str, days: int) -> int:
    """Make the tables; gives the number of rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute(_FACTS)
        rows = 0
        for number in range(days):
            given = {"day": START + timedelta(days=number)}
            rows += sum(
                connection.execute(query, given).rowcount
                for query in (_FIGURES, _ROLES, _ALERTS, _MINUTES, _VISITS, _LINKS)
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


def weeks(past_zones: PastZones, days: int) -> list[str]:
    """For each question about a week, how long the board takes to answer it, as lines."""
    last = START + timedelta(days=days)
    app = create_app(
        "redis://127.0.0.1:1",
        "none",
        ServingSettings(),
        SetClock(last.timestamp()),
        sources=Sources(past=past_zones),
    )
    client = TestClient(app, base_url="http://localhost")
    gc.collect()
    gc.freeze()  # as the command line does when a process starts
    lines = []
    for path in WEEKS:
        took_ms = []
        for number in range(8):
            until = last - timedelta(days=number * max(0, days - 7) / 8)
            since = until - timedelta(days=7)
            params = {"from": since.isoformat(), "to": until.isoformat()}
            started_s = time.perf_counter()
            what, _, step = path.partition("?step_min=")
            answer = client.get(
                f"/api/v1/history/{what}", params=params | ({"step_min": step} if step else {})
            )
            took_ms.append((time.perf_counter() - started_s) * 1e3)
            if answer.status_code != 200 or len(answer.json()["zones"]) != ZONES:
                raise SystemExit(f"{path}: {answer.status_code} {answer.text[:300]}")
        size_kb = len(answer.content) / 1e3
        median = statistics.median(took_ms)
        lines.append(f"| {path} | {median:.0f} ms | {max(took_ms):.0f} ms | {size_kb:.0f} kB |")
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
            print("\n| a week | median | the slowest | answer |\n|---|---|---|---|")
            print("\n".join(weeks(zones, days)))
        print("\n| question | time | chunks read whole |\n|---|---|---|")
        print("\n".join(whole_chunks(url, end - timedelta(days=days / 2))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=30)
    main(parser.parse_args().days)
