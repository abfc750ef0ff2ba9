"""Rebuild what the line wrote: equal without an edit, and with one different only where it must.

The tests of this module share one line, and come in this order: first nothing was edited, then a
shift is corrected twice.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from runtime.checkpoints.archive import CheckpointArchive
from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.storage.objects import ObjectStore
from schemas.live import state_key
from schemas.registry import SchemaRegistry
from schemas.topics import AUDIT
from tests.integration.workers.operations.rebuild.ward import HOUR_US, ZONE, S, Ward
from tests.support import simulated
from tests.support.clusters import cluster_of, installation_of
from tests.support.played_pipeline import wait_until
from tests.support.simulated import START_US
from workers.cli.app import load
from workers.operations.deadletters.audit import read_chain
from workers.operations.rebuild import topics
from workers.operations.rebuild.dropping import drop
from workers.operations.rebuild.ledger import listed, open_ledger
from workers.operations.rebuild.plan import Plan, Planner
from workers.operations.rebuild.run import CHAIN, Report, rebuild, revert
from workers.operations.rebuild.start import parse_origin
from workers.operations.verification.tables import compare
from workers.storage.timescale.rows import at

ABSENT_FROM, ABSENT_TO = START_US + 20 * S, START_US + 80 * S
TABLES = {
    "tracks": "camera_id, track_id, started_at",
    "positions": "floor_id, person_id, at",
    "zone_events": "zone_id, at, person_id, kind",
    "zone_occupancy": "zone_id, as_of",
    "coverage": "zone_id, as_of, role",
    "occupancy_minutes": "zone_id, minute",
    "coverage_minutes": "zone_id, minute, role",
}


def everything(ward: Ward, *, live: bool = False) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    return {
        table: ward.rows(f"SELECT * FROM {table} ORDER BY {order}", live=live)
        for table, order in TABLES.items()
    }


def middle(ward: Ward, partition: int = 0) -> str:
    """Where a checkpoint was archived: behind the first detection, before the shift began."""
    store = ObjectStore(ward.settings.checkpoint_archive_url)
    archive = CheckpointArchive(store, f"{ward.settings.topic_prefix}stream")
    offsets = [one.next_offset for one in archive.held(partition)]
    [chosen] = [offset for offset in offsets if 0 < offset < 190][-1:]
    return f"{partition}:{chosen}"


def topics_of_rebuilds(ward: Ward) -> list[str]:
    admin = AdminClient({"bootstrap.servers": ward.settings.kafka_bootstrap})
    prefix = f"{ward.settings.topic_prefix}rebuild-"
    return [name for name in admin.list_topics(timeout=30).topics if name.startswith(prefix)]


def differing(report: Report) -> dict[str, tuple[int, int, int]]:
    return {t.table: (t.changed, t.added, t.removed) for t in report.tables if t.any}


def test_without_an_edit_a_rebuild_is_what_the_pipeline_wrote_byte_for_byte(folded: Ward) -> None:
    before = everything(folded)

    report = folded.rebuild()

    assert {p: part.dead_letters for p, part in report.folded.items()} == {0: {}, 1: {}}
    assert [t.topic for t in report.topics if t.any or t.expired] == []
    assert min(t.records for t in report.topics if "links" not in t.topic) > 100
    assert differing(report) == {}
    assert {t.table for t in report.tables if t.rows == 0} <= {"links"}
    assert everything(folded) == before == everything(folded, live=True)
    # A comparison leaves nothing behind.
    wait_until(lambda: topics_of_rebuilds(folded) == [], 60, "the topics to be gone")
    assert listed(installation_of(folded.settings)) == []
    assert folded.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'") == []


def test_from_an_archived_checkpoint_a_rebuild_is_the_same_as_from_the_beginning(
    folded: Ward,
) -> None:
    report = folded.rebuild(middle(folded))

    [plan] = report.plan.partitions
    assert plan.base is not None
    assert plan.start > 100
    assert [t.topic for t in report.topics if t.any or t.expired] == []
    assert differing(report) == {}
    rows = {t.table: t.rows for t in report.tables}
    assert 0 < rows["positions"] < len(folded.rows("SELECT 1 FROM positions"))
    assert rows["occupancy_minutes"] > 0


def test_an_altered_archive_is_skipped_and_the_rebuild_starts_before_it(
    folded: Ward,
) -> None:
    clock = SystemClock()
    begin = parse_origin(middle(folded), clock.now_us())
    [intact] = Planner(
        cluster_of(folded.settings, clock=clock), folded.settings.checkpoint_archive_url
    ).partitions(begin, [0])
    assert intact.base is not None
    store = ObjectStore(folded.settings.checkpoint_archive_url)
    whole = store.get(store.uri(intact.base.path), intact.base.sha256)
    store.put(intact.base.path, whole[:-5])
    try:
        [plan] = Planner(
            cluster_of(folded.settings, clock=clock), folded.settings.checkpoint_archive_url
        ).partitions(begin, [0])
    finally:
        store.put(intact.base.path, whole)

    assert plan.start < intact.start
    assert plan.base is not None or "its SHA-256 is another" in plan.why_cold


def test_a_second_rebuild_at_the_same_time_is_refused(folded: Ward) -> None:
    with (
        open_ledger(installation_of(folded.settings)),
        pytest.raises(Stop, match="another rebuild is under way"),
    ):
        folded.rebuild()


@pytest.fixture(scope="module")
def compared(folded: Ward) -> Report:
    """What a rebuild finds once the shift is corrected, as if it had been right from the start."""
    folded.edit(2, ABSENT_FROM, ABSENT_TO)
    return folded.rebuild()


def test_a_back_dated_shift_changes_coverage_while_it_lasts_and_nothing_else(
    folded: Ward, compared: Report
) -> None:
    assert differing(compared).keys() == {"zone_occupancy", "coverage", *minute_tables(compared)}
    assert minute_tables(compared) == {"occupancy_minutes", "coverage_minutes"}
    for table in compared.tables:
        if table.any:
            [stretch] = table.stretches
            assert stretch.key == ZONE
            slack = timedelta(minutes=1) if "minutes" in table.table else timedelta(0)
            assert at(ABSENT_FROM) - slack <= stretch.first
            assert stretch.last <= at(ABSENT_TO) + slack
    assert {t.topic for t in compared.topics if t.any} == {"zone-occupancy.measured.v1"}
    from_archive = folded.rebuild(middle(folded))
    assert differing(from_archive) == differing(compared)


def minute_tables(report: Report) -> set[str]:
    return {name for name in differing(report) if name.endswith("_minutes")}


def test_a_rebuild_that_was_killed_goes_on_and_ends_as_one_that_was_not(
    folded: Ward, compared: Report
) -> None:
    """It goes on to a swap: analysts see the revision, and what the line wrote is as it was."""
    written = everything(folded, live=True)
    unaffected = {
        table: folded.rows(f"SELECT * FROM {table} WHERE {outside(table)} ORDER BY {order}")
        for table, order in TABLES.items()
    }
    program = [sys.executable, "-m", "tests.integration.workers.operations.rebuild.killed"]
    environment = {**os.environ, **folded.environment}
    ended = subprocess.run(program, env=environment, check=False, timeout=180)
    [begun] = listed(installation_of(folded.settings))
    heard: list[str] = []

    report = rebuild(installation_of(folded.settings), folded.order(swap=True), heard.append)

    assert (ended.returncode, begun.state) == (-9, "FOLDING")
    assert any("going on" in line for line in heard)
    assert "partition 0: folded before" in heard
    assert (report.topics, report.tables) == (compared.topics, compared.tables)
    assert report.swapped
    assert everything(folded, live=True) == written
    for table, order in TABLES.items():
        found = folded.rows(f"SELECT * FROM {table} WHERE {outside(table)} ORDER BY {order}")
        assert found == unaffected[table], table
    scheduled = (
        f"SELECT DISTINCT scheduled FROM zone_occupancy WHERE zone_id = '{ZONE}'"
        f" AND as_of >= '{at(ABSENT_FROM)}' AND as_of < '{at(ABSENT_TO)}'"
    )
    assert folded.rows(scheduled) == [(1,)]
    assert folded.rows(scheduled, live=True) == [(0,)]
    assert [t.difference for t in compare(installation_of(folded.settings)) if t.difference] == []


def outside(table: str) -> str:
    """Rows of other zones, or of minutes that the shift does not touch."""
    if "zone_id" not in TABLES[table]:
        return "true"
    time = TABLES[table].split(", ")[1] if table != "zone_events" else "as_of"
    return (
        f"(zone_id <> '{ZONE}' OR {time} < '{at(ABSENT_FROM - 60 * S)}'"
        f" OR {time} > '{at(ABSENT_TO + 60 * S)}')"
    )


def test_minutes_of_a_revision_are_what_its_measurements_say(folded: Ward) -> None:
    minutes = f"SELECT minute, scheduled_us FROM occupancy_minutes WHERE zone_id = '{ZONE}'"
    summed = f"""
        SELECT minute, sum(scheduled * us)::bigint FROM (
            SELECT scheduled, minute, (extract(epoch FROM least(until, minute + INTERVAL '1 minute')
                - greatest(as_of, minute)) * 1000000)::bigint AS us
            FROM (
                SELECT as_of, scheduled, least(lead(as_of, 1, as_of) OVER (ORDER BY as_of),
                    as_of + occupancy_holds()) AS until
                FROM zone_occupancy WHERE zone_id = '{ZONE}'
            ) AS steps
            CROSS JOIN generate_series(time_bucket(INTERVAL '1 minute', as_of), until,
                INTERVAL '1 minute') AS minute
        ) AS pieces WHERE us > 0 GROUP BY minute
    """

    found = sorted(folded.rows(minutes))

    assert found == sorted(folded.rows(summed))
    assert sum(row[1] for row in found) == ABSENT_TO - ABSENT_FROM


def test_the_pipeline_goes_on_after_a_revision_that_is_in_force(folded: Ward) -> None:
    """And a rebuild beside a line that runs finds what one finds that stands still."""
    count = f"SELECT count(*) FROM zone_occupancy WHERE zone_id = '{ZONE}'"
    before = folded.rows(count)[0][0]

    with ThreadPoolExecutor(1) as pool:
        feeding = pool.submit(folded.trickle, 90)
        report = folded.rebuild()
        feeding.result()
    folded.settle()

    assert folded.rows(count)[0][0] > before
    assert differing(report) == {}, "what is in force is what a rebuild gives"


def test_a_second_revision_lies_over_the_first_and_shows_in_redis(folded: Ward) -> None:
    folded.edit(3, ABSENT_FROM, START_US + HOUR_US)

    report = folded.rebuild(swap=True)

    [coverage] = [t for t in report.tables if t.table == "coverage"]
    assert coverage.stretches[0].first >= at(ABSENT_TO), "the first revision had the rest"
    assert report.shown == 1
    assert (scheduled_now(folded), scheduled_now(folded, field="unrevised")) == (1, 0)
    first, second = listed(installation_of(folded.settings))
    assert (first.state, second.state) == ("IN_FORCE", "IN_FORCE")
    assert report.revision == second.revision
    for one, back in ((first, 0), (second, first.revision)):
        with pytest.raises(Stop, match=rf"{one.revision} is in force: .* revert {back}`"):
            drop(installation_of(folded.settings), one.revision, "ward manager", "?")


def scheduled_now(ward: Ward, field: str = "json") -> int:
    """What the board is told of the zone, or what the line had said."""
    with redis.Redis.from_url(ward.settings.redis_url.get_secret_value()) as client:
        text = client.hget(state_key(ward.settings.live_prefix, "zone", ZONE), field)
    record: dict[str, int] = json.loads(text or "{}")
    return record["scheduled"]


def test_reverting_gives_back_what_was_there_revision_by_revision(folded: Ward) -> None:
    clock = SystemClock()
    first, second = (one.revision for one in listed(installation_of(folded.settings, clock)))
    scheduled = f"SELECT sum(scheduled_us)::bigint FROM occupancy_minutes WHERE zone_id = '{ZONE}'"

    assert revert(
        installation_of(folded.settings, clock), first, "ward manager", "wrong again"
    ) == ([second], 1)
    assert folded.rows(scheduled) == [(ABSENT_TO - ABSENT_FROM,)]
    assert scheduled_now(folded) == 0
    with pytest.raises(Stop, match="there is no revision 99"):
        revert(installation_of(folded.settings, clock), 99, "ward manager", "?")
    assert revert(
        installation_of(folded.settings, clock), 0, "ward manager", "as the line had it"
    ) == ([first], 0)
    assert everything(folded) == everything(folded, live=True)


def test_who_put_a_revision_in_force_and_took_it_back_is_on_record(folded: Ward) -> None:
    codec = SchemaRegistry(folded.settings.registry_url).reader(AUDIT)

    entries = read_chain(cluster_of(folded.settings), codec, CHAIN)

    assert [entry["action"] for entry in entries] == [
        "revision.swapped",
        "revision.swapped",
        "revision.taken_back",
        "revision.taken_back",
    ]
    assert {entry["actor"] for entry in entries} == {"ward manager"}
    assert entries[-1]["why"] == "as the line had it"


def says(ward: Ward, *words: str, code: int = 0) -> str:
    """What `wardstream rebuild WORDS` says, when it ends with the exit code."""
    result = CliRunner().invoke(load("rebuild"), list(words), env=ward.environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def test_what_was_taken_back_can_be_dropped_with_all_that_is_its_own(folded: Ward) -> None:
    clock = SystemClock()
    first, second = (one.revision for one in listed(installation_of(folded.settings, clock)))
    before, shown = everything(folded), says(folded, "list")
    [(number, prefix, records, rows), other] = re.findall(
        r"(\d+) topics (\S+)\* with (\d+) records; (\d+) rows", shown
    )
    assert min(int(number), int(records), int(rows)) > 0
    assert {int(number) + int(other[0])} == {len(topics_of_rebuilds(folded))}

    told = says(folded, "drop", str(first), "--why", "nobody asks for it")

    assert told == (
        f"dropped: revision {first}, {number} topics with {records} records, {rows} rows\n"
    )
    wait_until(
        lambda: not any(name.startswith(prefix) for name in topics_of_rebuilds(folded)),
        60,
        "the topics to be gone",
    )
    for table in (*(f"revised_{table}" for table in TABLES), "revision_ranges", "revisions"):
        left = folded.rows(f"SELECT DISTINCT revision FROM {table}")
        assert left in ([], [(second,)]), table
    assert everything(folded) == before
    codec = SchemaRegistry(folded.settings.registry_url).reader(AUDIT)
    entry = read_chain(cluster_of(folded.settings), codec, CHAIN)[-1]
    assert (entry["action"], entry["subject"]) == ("revision.dropped", f"revision/{first}")
    assert entry["why"] == "nobody asks for it"
    assert f"there is no revision {first}" in says(
        folded, "drop", str(first), "--why", "again", code=78
    )


def test_a_rebuild_that_was_never_finished_can_be_dropped(folded: Ward) -> None:
    clock, before = SystemClock(), listed(installation_of(folded.settings))
    with open_ledger(installation_of(folded.settings, clock)) as ledger:
        nothing = Plan(partitions=(), floors=None, facts={})
        begun = ledger.start("--from 1h", folded.settings.topic_prefix, nothing, "anna")
        ledger.stage(begun.revision)
        topics.create(cluster_of(folded.settings).under(begun.run_prefix), [0])
    there = len(topics_of_rebuilds(folded))
    assert "under way, or interrupted" in says(folded, "list")

    gone = drop(
        installation_of(folded.settings, clock), begun.revision, "ward manager", "no longer wanted"
    )

    assert gone.topics > 0
    wait_until(
        lambda: len(topics_of_rebuilds(folded)) == there - gone.topics, 60, "the topics to be gone"
    )
    assert listed(installation_of(folded.settings, clock)) == before
    assert folded.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'") == []


def test_frames_of_a_camera_that_was_registered_too_late_count_in_a_rebuild(folded: Ward) -> None:
    early = simulated.Feed(folded.settings, ["sim-2"], 12, seed=9, partition=2)
    early.send()
    folded.settle()
    folded.register_too_late("sim-2")

    report = folded.rebuild(floors=("sim-2",))

    added = {name: counts[1] for name, counts in differing(report).items()}
    assert added["tracks"] > 0 < added["zone_occupancy"]
    assert all(counts[::2] == (0, 0) for counts in differing(report).values()), "only added"
    assert [plan.partition for plan in report.plan.partitions] == [2]
    with pytest.raises(Stop, match=r"floor sim-9 is not in .*; there are sim-0, sim-1"):
        folded.rebuild(floors=("sim-9",))
