"""Dwell, movement and occupancy of a time: against what counting each record by hand gives."""

import asyncio
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import psycopg
import pytest
from fastapi.testclient import TestClient
from httpx import Response

from runtime.facts.log import Fact
from runtime.process.sections import ServingSettings
from schemas.topics import ZONES
from tests.support.callers import HEADER, NamedCallers, person
from tests.support.database_roles import database_roles
from tests.support.live_writer import zone_fact
from tests.support.past_minutes import Minute, fill_minutes, fill_roles
from tests.support.past_visits import (
    Stay,
    Walks,
    dwell_by_hand,
    fill_walks,
    followed,
    known_then,
    moves_by_hand,
)
from tests.support.past_ward import fill, view
from tests.support.services import Services, empty_database
from tests.support.set_clock import SetClock
from tests.support.waiting import eventually
from workers.access.rights import AccessRole
from workers.registry.view import RegistryView
from workers.serving.api.past_export import RevisedMeanwhile
from workers.serving.api.people import Sources
from workers.serving.app import create_app
from workers.serving.recorded.past import PastZones

NOW = datetime(2026, 3, 31, tzinfo=UTC)
CALLERS = (
    person("analyst", AccessRole.ANALYST),
    person("east", AccessRole.VIEWER, units=("east",)),
    person("west", AccessRole.VIEWER, units=("west",)),
    person("auditor", AccessRole.AUDITOR),
)
WHOLE = ("2026-03-28T00:00Z", "2026-03-30T00:00Z")
NIGHT = ("2026-03-28T23:30+05:30", "2026-03-29T12:17+05:30")
"""Across the night in which clocks are put on, as a ward with half an hour in its zone asks."""


class Asked(NamedTuple):
    """A board over a database, and everything that is in it."""

    client: TestClient
    walks: Walks
    minutes: list[Minute]
    url: str
    registry: RegistryView

    def get(self, by: str, what: str, time: tuple[str, str], **params: str) -> Response:
        asked = {"from": time[0], "to": time[1], **params}
        answer: Response = self.client.get(
            f"/api/v1/history/{what}", headers={HEADER: by}, params=asked
        )
        return answer


@pytest.fixture(scope="module")
def past(services: Services, database_template: str) -> Iterator[Asked]:
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(services, database_template))
        fill(services, url, seconds=0)
        walks = fill_walks(url, ["zone-r0", "zone-r1"])
        minutes = fill_minutes(url, ["zone-r0", "zone-r1"])
        fill_roles(url)
        roles = stack.enter_context(database_roles(url))
        reader = stack.enter_context(PastZones(roles.address("serving")))
        app = create_app(
            "redis://127.0.0.1:1",
            "none",
            ServingSettings(),
            SetClock(NOW.timestamp()),
            registry := view(),
            authenticator=NamedCallers(*CALLERS),
            sources=Sources(past=reader),
        )
        yield Asked(TestClient(app, base_url="http://localhost"), walks, minutes, url, registry)


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1e6)


@pytest.mark.parametrize("time", [WHOLE, NIGHT], ids=["two-days", "half-hour-zone"])
@pytest.mark.parametrize("which", ["shown", "known"])
def test_dwell_is_that_of_each_visit_in_the_log(
    past: Asked, which: str, time: tuple[str, str]
) -> None:
    since_us, until_us = map(us, time)
    stays: list[Stay] = past.walks.written if which == "shown" else past.walks.revised
    by_hand = dwell_by_hand(
        followed(known_then(stays, until_us + 120_000_000), past.walks.links), since_us, until_us
    )
    answer = past.get("analyst", "dwell", time, view=which).json()

    assert answer["revisions"] == ([] if which == "shown" else [1])
    assert [zone["zone_id"] for zone in answer["zones"]] == ["zone-r0", "zone-r1"]
    for zone in answer["zones"]:
        ended, is_open = by_hand[zone["zone_id"]]
        tenths = statistics.quantiles(ended, n=10, method="inclusive")
        assert zone["visits"] == len(ended) > 10
        assert zone["median_s"] == pytest.approx(statistics.median(ended) / 1e6)
        assert zone["p90_s"] == pytest.approx(tenths[8] / 1e6)
        assert zone["longest_s"] == ended[-1] / 1e6
        assert (zone["open_visits"], zone["open_since_us"]) == (len(is_open), is_open[0])


def test_a_visit_whose_id_changes_at_the_end_of_a_time_is_counted_in_one_of_two_times(
    past: Asked,
) -> None:
    """Cut wherever an id goes on under another one, the parts have as many visits as the whole."""
    there = [stay for stay in past.walks.written if stay[0] == "zone-r0"]
    links = {*past.walks.links}
    cuts = [
        (left + entered) // 2
        for _, one, _, left in there
        for _, other, entered, _ in there
        if (one, other) in links and left and left < entered <= left + 60_000_000
    ]

    def counted(since: str, until: str) -> int:
        answer = past.get("analyst", "dwell", (since, until), view="shown", zone_id="zone-r0")
        [zone] = answer.json()["zones"]
        return int(zone["visits"])

    whole = counted(*WHOLE)
    assert len(cuts) > 5
    for cut_us in cuts:
        cut = datetime.fromtimestamp(cut_us / 1e6, UTC).isoformat()
        assert counted(WHOLE[0], cut) + counted(cut, WHOLE[1]) == whole, cut


def test_the_view_of_visits_has_the_visits_that_dwell_counts(past: Asked) -> None:
    with psycopg.connect(past.url) as connection:
        rows = connection.execute(
            "SELECT zone_id, person_ids, (extract(epoch FROM entered_at) * 1000000)::bigint,"
            " (extract(epoch FROM left_at) * 1000000)::bigint FROM zone_visits"
        ).fetchall()
    people = followed(past.walks.revised, past.walks.links)
    visits = [visit for of_person in people for visit in of_person]

    assert sorted(
        (zone, sorted(set(ids)), entered, left or 0) for zone, ids, entered, left in rows
    ) == sorted((zone, sorted(ids), entered, left or 0) for zone, ids, entered, left in visits)


@pytest.mark.parametrize("time", [WHOLE, NIGHT], ids=["two-days", "half-hour-zone"])
@pytest.mark.parametrize("which", ["shown", "known"])
def test_movement_is_that_of_following_each_person_through_the_log(
    past: Asked, which: str, time: tuple[str, str]
) -> None:
    since_us, until_us = map(us, time)
    stays = past.walks.written if which == "shown" else past.walks.revised
    known_us = until_us + 660_000_000
    people = followed(known_then(stays, known_us), past.walks.links)
    by_hand = moves_by_hand(people, since_us, until_us, known_us)
    answer = past.get("analyst", "movement", time, view=which).json()

    found = {
        (one["from_zone_id"], one["to_zone_id"]): (one["moves"], one["linked"])
        for one in answer["flows"]
    }
    assert found == by_hand
    assert len(found) == 6, "both ways, and in and out of both"
    assert "f:" not in str(answer), "nobody is named, not even by a pseudonym"
    assert answer["revisions"] == ([] if which == "shown" else [1])


def test_who_sees_one_unit_sees_its_zones_and_people_go_out_of_them(past: Asked) -> None:
    dwell, moved = (past.get("east", what, WHOLE).json() for what in ("dwell", "movement"))
    alone = past.get("analyst", "movement", WHOLE, zone_id="zone-r0").json()

    assert [zone["zone_id"] for zone in dwell["zones"]] == ["zone-r0"]
    ways = {(one["from_zone_id"], one["to_zone_id"]) for one in moved["flows"]}
    assert ways == {(None, "zone-r0"), ("zone-r0", None)}
    assert {zone["zone_id"] for zone in alone["zones"]} == {"zone-r0", "zone-r1"}
    assert all("zone-r0" in (one["from_zone_id"], one["to_zone_id"]) for one in alone["flows"])
    assert past.get("east", "occupancy", WHOLE, zone_id="zone-r1").json()["zones"] == []


@pytest.mark.parametrize("time", [WHOLE, NIGHT], ids=["two-days", "half-hour-zone"])
@pytest.mark.parametrize("step_min", [30, 60])
def test_occupancy_is_the_average_of_the_minutes_that_are_known(
    past: Asked, step_min: int, time: tuple[str, str]
) -> None:
    answer = past.get("analyst", "occupancy", time, step_min=str(step_min)).json()
    start = datetime.fromisoformat(time[0]).astimezone(UTC)
    end = datetime.fromisoformat(time[1])
    step = timedelta(minutes=step_min)
    for zone in answer["zones"]:
        steps = zip(
            *(zone[name] for name in ("known_min", "people_avg", "people_min", "people_max")),
            *(zone[name] for name in ("gap_min_avg", "gap_max_avg")),
            strict=True,
        )
        at = start
        for found in steps:
            rows = [
                row
                for row in past.minutes
                if row.zone_id == zone["zone_id"] and at <= row.at < min(at + step, end)
            ]
            known = sum(row.known_us for row in rows)
            if not rows:
                assert found == (0, None, None, None, None, None)
            else:
                expected: tuple[Any, ...] = (
                    known / 6e7,
                    sum(row.people * row.known_us for row in rows) / known,
                    min(row.people for row in rows),
                    max(row.people for row in rows) + 1,
                    sum(row.gap_min_us for row in rows) / known,
                    sum(row.gap_max_us for row in rows) / known,
                )
                assert found == pytest.approx(expected, abs=6e-4)
            at += step
        assert at - step < end <= at


def test_steps_without_any_figure_are_null_and_not_zero(past: Asked) -> None:
    answer = past.get("analyst", "occupancy", ("2026-03-27T22:00Z", "2026-03-28T02:00Z")).json()

    for zone in answer["zones"]:
        assert zone["people_avg"][:2] == [None, None]
        assert None not in zone["people_avg"][2:]
        assert zone["known_min"][:2] == [0, 0]


@pytest.mark.parametrize(
    ("what", "by", "since", "until", "params", "status"),
    [
        pytest.param("dwell", "auditor", *WHOLE, {}, 403, id="no-right"),
        pytest.param("movement", "auditor", *WHOLE, {}, 403, id="no-right-to-movement"),
        pytest.param("dwell", "analyst", "2026-01-01T00:00Z", "2026-03-01T00:00Z", {}, 422,
                     id="too-long"),
        pytest.param("movement", "analyst", *reversed(WHOLE), {}, 422, id="backwards"),
        pytest.param("movement", "analyst", "2027-01-01T00:00Z", "2027-01-02T00:00Z", {}, 422,
                     id="future"),
        pytest.param("dwell", "analyst", "2026-03-28T00:00", WHOLE[1], {}, 422, id="no-offset"),
        pytest.param("occupancy", "analyst", *WHOLE, {"step_min": "1"}, 422, id="too-many-steps"),
        pytest.param("occupancy", "analyst", *WHOLE, {"step_min": "7"}, 422, id="odd-step"),
        pytest.param("dwell", "analyst", *WHOLE, {"view": "mine"}, 422, id="no-such-view"),
    ],
)  # fmt: skip
def test_a_time_that_may_not_be_asked_for_is_refused(
    past: Asked, what: str, by: str, since: str, until: str, params: dict[str, str], status: int
) -> None:
    assert past.get(by, what, (since, until), **params).status_code == status


@pytest.mark.parametrize(
    ("table", "reads", "values"),
    [
        pytest.param(
            "occupancy",
            "occupancy_minutes",
            "people_us::float8 / known_us, people_min, people_max,"
            " identified_us::float8 / known_us, scheduled_us::float8 / known_us,"
            " required_us::float8 / known_us,"
            " gap_min_us::float8 / known_us, gap_max_us::float8 / known_us",
            id="occupancy",
        ),
        pytest.param(
            "coverage",
            "coverage_minutes",
            "present_min_us::float8 / known_us, present_max_us::float8 / known_us,"
            " scheduled_us::float8 / known_us, required_us::float8 / known_us,"
            " gap_min_us::float8 / known_us, gap_max_us::float8 / known_us, short_us / 1e6::float8,"
            " maybe_short_us / 1e6::float8",
            id="coverage",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_exported_file_has_the_rows_that_sql_gives(
    past: Asked, tmp_path: Path, table: str, reads: str, values: str, kind: str
) -> None:
    answer = past.get("analyst", "export", NIGHT, table=table, format=kind)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(f'T0647Z.{kind}"')
    path = tmp_path / f"export.{kind}"
    path.write_bytes(answer.content)
    role = "role, " if table == "coverage" else ""
    with psycopg.connect(past.url, options="-c timezone=UTC") as connection:
        expected = connection.execute(
            f"SELECT minute, zone_id, zone_id, 'floor-' || right(zone_id, 2), {role}"
            f" known_us / 1e6::float8, {values} FROM {reads} WHERE minute >= %s AND minute < %s"
            " ORDER BY minute, zone_id" + (', role COLLATE "C"' if role else ""),
            [*NIGHT],
        ).fetchall()
    with duckdb.connect() as reader:
        reader.execute("SET TimeZone = 'UTC'")
        found = reader.execute(f"SELECT * FROM read_{kind}('{path}')").fetchall()

    assert len(found) > 800
    for row, wanted in zip(found, expected, strict=True):
        assert (row[0].astimezone(UTC), *row[1:4]) == wanted[:4]
        assert row[4 + bool(role) :] == pytest.approx(wanted[4 + bool(role) :], rel=1e-12)


def test_an_export_holds_the_zones_that_the_caller_sees_and_is_bounded(past: Asked) -> None:
    east = past.get("east", "export", NIGHT).text
    assert "zone-r0" in east
    assert "zone-r1" not in east
    none = past.get("east", "export", NIGHT, zone_id="zone-r1")
    assert none.text.lstrip("\ufeff").count("\n") == 1, "a head without rows"
    for params in ({"format": "xlsx"}, {"table": "people"}, {"view": "mine"}):
        assert past.get("analyst", "export", NIGHT, **params).status_code == 422
    long = ("2026-01-01T00:00Z", "2026-04-03T00:00Z")
    assert past.get("analyst", "export", long).status_code == 422
    assert past.get("auditor", "export", NIGHT).status_code == 403


REMOVED = datetime(2026, 3, 28, 12, 0, 30, tzinfo=UTC)
OLD_ZONE = """
    INSERT INTO zones SELECT (jsonb_populate_record(z, '{"zone_id": "zone-old"}')).*
    FROM zones AS z WHERE z.zone_id = 'zone-r0';
    INSERT INTO zones SELECT (jsonb_populate_record(z, jsonb_build_object(
        'version', z.version + 1, 'removed', true, 'valid_from', '2026-03-28T12:00:30Z',
        'recorded_at', '2026-03-28T11:00Z'))).*
    FROM zones AS z WHERE z.zone_id = 'zone-old';
    INSERT INTO live.occupancy_minutes
    SELECT (jsonb_populate_record(m, '{"zone_id": "zone-old"}')).*
    FROM live.occupancy_minutes AS m WHERE m.zone_id = 'zone-r0'
        AND minute >= '2026-03-28T00:00Z' AND minute < '2026-03-28T12:00Z'
"""


@pytest.fixture
def old_zone(past: Asked) -> Iterator[int]:
    """A zone that was removed on the way through the time; gives how many minutes it has."""
    with psycopg.connect(past.url, autocommit=True) as connection:
        connection.execute(OLD_ZONE)
        found = connection.execute(
            "SELECT count(*) FROM live.occupancy_minutes WHERE zone_id = 'zone-old'"
        ).fetchone()
        assert found is not None
        yield found[0]
        for table in ("zones", "live.occupancy_minutes"):
            connection.execute(f"DELETE FROM {table} WHERE zone_id = 'zone-old'")


@pytest.mark.parametrize("what", ["coverage", "dwell", "movement", "occupancy", "export"])
def test_a_zone_that_was_removed_meanwhile_has_its_figures_until_then(
    past: Asked, old_zone: int, what: str
) -> None:
    params = {"view": "shown"} if what == "export" else {}
    answer = past.get("analyst", what, WHOLE, zone_id="zone-old", **params)
    after = past.get("analyst", what, (WHOLE[0].replace("28", "29"), WHOLE[1]), zone_id="zone-old")

    assert old_zone > 300
    if what == "export":
        assert answer.text.count("zone-old") >= old_zone
        assert "zone-old" not in after.text
        return
    if what != "movement":  # nobody moved
        [zone] = answer.json()["zones"]
        assert zone["removed_at_us"] == REMOVED.timestamp() * 1e6
    else:
        [zone] = [one for one in answer.json()["zones"] if one["zone_id"] == "zone-old"]
    assert after.json()["zones"] == []
    if what == "coverage":
        names = ("short_min", "possible_min", "covered_min", "not_watched_min")
        total = sum(hour[name] for hour in zone["hours"] for name in names)
        assert total == 12 * 60 + 1, "the minute in which it was removed included"
    elif what == "occupancy":
        assert sum(map(bool, zone["known_min"])) == 12


def test_a_removed_zone_is_seen_by_those_whose_units_had_it(past: Asked, old_zone: int) -> None:
    removed_us = int(REMOVED.timestamp() * 1e6)
    for version, since_us in ((1, 0), (2, removed_us)):
        fact = zone_fact("zone-old", version=version, floor_id="floor-r0", removed=version == 2)
        times = {"valid_from_us": since_us, "recorded_at_us": 0}
        past.registry.add([Fact(ZONES, {**fact, **times})], 0)

    assert old_zone
    for what in ("coverage", "dwell", "movement", "occupancy"):
        east, west = (
            past.get(by, what, WHOLE, zone_id="zone-old").json()["zones"] for by in ("east", "west")
        )
        assert [zone["zone_id"] for zone in east] == ["zone-old"]
        assert west == []


def test_zones_that_are_in_force_carry_no_time_of_removal(past: Asked) -> None:
    for what in ("coverage", "dwell", "occupancy"):
        zones = past.get("analyst", what, WHOLE).json()["zones"]
        assert [zone["removed_at_us"] for zone in zones] == [None, None]


def test_a_revision_that_comes_into_force_meanwhile_cuts_the_file_off(past: Asked) -> None:
    """Rows of before it and after it are not mixed, and whoever reads sees a broken answer."""
    parts: list[dict[str, Any]] = []
    with psycopg.connect(past.url, autocommit=True) as connection:
        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(asked, None) or await asyncio.get_running_loop().create_future()

        async def send(part: dict[str, Any]) -> None:
            if len(parts) == 1:
                connection.execute(
                    "INSERT INTO revision_ranges VALUES"
                    " (1, 'occupancy_minutes', 'zone-r0', '2026-03-28', '2026-03-29', 0)"
                )
            parts.append(part)

        query = b"from=2026-03-01T00:00Z&to=2026-03-31T00:00Z"
        path = "/api/v1/history/export"
        headers = [(b"host", b"localhost"), (HEADER.lower().encode(), b"analyst")]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "root_path": "",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "headers": headers,
            "server": ("localhost", 80),
            "client": ("test", 1),
        }
        with pytest.raises(RevisedMeanwhile):
            asyncio.run(asyncio.wait_for(past.client.app(scope, receive, send), 30))  # type: ignore[arg-type]
        connection.execute("DELETE FROM revision_ranges WHERE table_name = 'occupancy_minutes'")

    assert parts[0]["status"] == 200
    assert all(part["more_body"] for part in parts[1:]), "the answer has no end"


@pytest.mark.parametrize("table", ["occupancy", "coverage"])
def test_a_reader_of_csv_finds_the_types_of_columns_by_itself(
    past: Asked, tmp_path: Path, table: str
) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(past.get("analyst", "export", NIGHT, table=table).content)
    with duckdb.connect() as reader:
        found = reader.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    types = {name: kind for name, kind, *_ in found}

    assert types.pop("minute_utc") == "TIMESTAMP WITH TIME ZONE", "and no local time"
    texts = {name for name, kind in types.items() if kind == "VARCHAR"}
    assert texts == {"zone_id", "zone_name", "floor_id"} | ({"role"} & types.keys())
    whole = {name for name, kind in types.items() if kind == "BIGINT"}
    assert whole == {"people_min", "people_max"} & types.keys()
    assert sum(kind == "DOUBLE" for kind in types.values()) == len(types) - len(texts | whole)


def test_an_export_that_a_revision_overtakes_before_its_first_piece_is_a_problem(
    past: Asked,
) -> None:
    """The board waits for the minutes, which another session holds until the revision is there."""
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(past.url) as connection,
        psycopg.connect(past.url, autocommit=True) as watching,
    ):
        connection.execute("LOCK TABLE live.occupancy_minutes IN ACCESS EXCLUSIVE MODE")
        asked = pool.submit(past.get, "analyst", "export", NIGHT)
        eventually(
            lambda: (
                watching.execute(
                    "SELECT FROM pg_locks WHERE NOT granted"
                    " AND relation = 'live.occupancy_minutes'::regclass"
                ).fetchone()
                is not None
            )
        )
        connection.execute(
            "INSERT INTO revision_ranges VALUES"
            " (1, 'occupancy_minutes', 'zone-r0', '2026-03-28', '2026-03-29', 0)"
        )
        connection.commit()
        answer = asked.result(30)
        connection.execute("DELETE FROM revision_ranges WHERE table_name = 'occupancy_minutes'")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "a revision came into force meanwhile" in answer.json()["detail"]
