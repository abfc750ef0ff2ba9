"""Rebuild what the pipeline wrote: equal without an edit, else different only where it must.

The tests share one pipeline, which goes through stages: nothing is edited, a shift is corrected
twice, both revisions are reverted and one is dropped. Each stage is a fixture that builds on the
stage before and keeps what it found, so that a test needs no other test and any order will do.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import redis
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

pytestmark = pytest.mark.timeout(900)

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


Rows = list[tuple[Any, ...]]
Tables = dict[str, Rows]


def everything(ward: Ward, *, live: bool = False) -> Tables:
    """Every row of every table."""
    return {
        table: ward.rows(f"SELECT * FROM {table} ORDER BY {order}", live=live)
        for table, order in TABLES.items()
    }


def middle(ward: Ward, partition: int = 0) -> str:
    """Where a checkpoint was archived: after the first detection, before the shift began."""
    store = ObjectStore(ward.settings.checkpoint_archive_url)
    archive = CheckpointArchive(store, f"{ward.settings.topic_prefix}stream")
    offsets = [one.next_offset for one in archive.held(partition)]
    [chosen] = [offset for offset in offsets if 0 < offset < 190][-1:]
    return f"{partition}:{chosen}"


def topics_of_rebuilds(ward: Ward) -> list[str]:
    admin = cluster_of(ward.settings).admin()
    prefix = f"{ward.settings.topic_prefix}rebuild-"
    return [name for name in admin.list_topics(timeout=30).topics if name.startswith(prefix)]


def differing(report: Report) -> dict[str, tuple[int, int, int]]:
    return {t.table: (t.changed, t.added, t.removed) for t in report.tables if t.any}


@dataclass(frozen=True)
class Unedited:
    """Rebuilds of a pipeline whose reference data nobody has edited.

    Attributes:
        before: Tables before the rebuild.
        after: Tables after it, as analysts read them.
        live: Tables after it, as the pipeline wrote them.
        whole: Report of a rebuild from the start.
        from_archive: Report of a rebuild from an archived checkpoint.
        positions: Rows of the table of positions.
        kept: Revisions, and schemas of the database, that the rebuilds left.
    """

    before: Tables
    after: Tables
    live: Tables
    whole: Report
    from_archive: Report
    positions: int
    kept: list[Any]


@pytest.fixture(scope="module")
def unedited(folded: Ward) -> Unedited:
    before = everything(folded)
    whole = folded.rebuild()
    after, live = everything(folded), everything(folded, live=True)
    from_archive = folded.rebuild(middle(folded))
    wait_until(lambda: topics_of_rebuilds(folded) == [], 60, "the topics to be gone")
    return Unedited(
        before=before,
        after=after,
        live=live,
        whole=whole,
        from_archive=from_archive,
        positions=len(folded.rows("SELECT 1 FROM positions")),
        kept=[
            *listed(installation_of(folded.settings)),
            *folded.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'"),
        ],
    )


def test_without_an_edit_a_rebuild_equals_what_the_pipeline_wrote_byte_for_byte(
    unedited: Unedited,
) -> None:
    report = unedited.whole

    assert {p: part.dead_letters for p, part in report.folded.items()} == {0: {}, 1: {}}
    assert [t.topic for t in report.topics if t.any or t.expired] == []
    assert min(t.records for t in report.topics if "links" not in t.topic) > 100
    assert differing(report) == {}
    assert {t.table for t in report.tables if t.rows == 0} <= {"links"}
    assert unedited.after == unedited.before == unedited.live


def test_a_rebuild_that_only_compares_leaves_nothing_in_the_database(unedited: Unedited) -> None:
    assert unedited.kept == []


def test_from_an_archived_checkpoint_a_rebuild_is_the_same_as_from_the_beginning(
    unedited: Unedited,
) -> None:
    report = unedited.from_archive

    [plan] = report.plan.partitions
    assert plan.base is not None
    assert plan.start > 100
    assert [t.topic for t in report.topics if t.any or t.expired] == []
    assert differing(report) == {}
    rows = {t.table: t.rows for t in report.tables}
    assert 0 < rows["positions"] < unedited.positions
    assert rows["occupancy_minutes"] > 0


def test_an_altered_archive_is_skipped_and_the_rebuild_starts_before_it(
    folded: Ward,
) -> None:
    clock = SystemClock()
    start = parse_origin(middle(folded), clock.now_us())
    [intact] = Planner(
        cluster_of(folded.settings, clock=clock), folded.settings.checkpoint_archive_url
    ).partitions(start, [0])
    assert intact.base is not None
    store = ObjectStore(folded.settings.checkpoint_archive_url)
    whole = store.get(store.uri(intact.base.path), intact.base.sha256)
    store.put(intact.base.path, whole[:-5])
    try:
        [plan] = Planner(
            cluster_of(folded.settings, clock=clock), folded.settings.checkpoint_archive_url
        ).partitions(start, [0])
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


@dataclass(frozen=True)
class Compared:
    """What rebuilds find once the shift is corrected, as if it had been right from the start.

    Attributes:
        whole: Report of a rebuild from the start.
        from_archive: Report of a rebuild from an archived checkpoint.
    """

    whole: Report
    from_archive: Report


@pytest.fixture(scope="module")
def compared(folded: Ward, unedited: Unedited) -> Compared:
    folded.edit(2, ABSENT_FROM, ABSENT_TO)
    return Compared(folded.rebuild(), folded.rebuild(middle(folded)))


def test_a_back_dated_shift_changes_coverage_while_it_lasts_and_nothing_else(
    compared: Compared,
) -> None:
    report = compared.whole
    minute_tables = {name for name in differing(report) if name.endswith("_minutes")}

    assert minute_tables == {"occupancy_minutes", "coverage_minutes"}
    assert differing(report).keys() == {"zone_occupancy", "coverage", *minute_tables}
    for table in report.tables:
        if table.any:
            [stretch] = table.stretches
            assert stretch.key == ZONE
            slack = timedelta(minutes=1) if "minutes" in table.table else timedelta(0)
            assert at(ABSENT_FROM) - slack <= stretch.first
            assert stretch.last <= at(ABSENT_TO) + slack
    assert {t.topic for t in report.topics if t.any} == {"zone-occupancy.measured.v1"}
    assert differing(compared.from_archive) == differing(report)


def outside(table: str) -> str:
    """Rows of other zones, or of minutes that the shift does not touch."""
    if "zone_id" not in TABLES[table]:
        return "true"
    time = TABLES[table].split(", ")[1] if table != "zone_events" else "as_of"
    return (
        f"(zone_id <> '{ZONE}' OR {time} < '{at(ABSENT_FROM - 60 * S)}'"
        f" OR {time} > '{at(ABSENT_TO + 60 * S)}')"
    )


def unaffected(ward: Ward) -> Tables:
    """Rows that the correction must leave as they are."""
    return {
        table: ward.rows(f"SELECT * FROM {table} WHERE {outside(table)} ORDER BY {order}")
        for table, order in TABLES.items()
    }


@dataclass(frozen=True)
class Revised:
    """A rebuild with a swap that was killed, and run again to its end.

    Attributes:
        killed: Exit status of the first run, and what the ledger said of it.
        heard: Progress that the second run reported.
        report: Report of the second run.
        live: Tables as the pipeline wrote them, before and after.
        unaffected: Rows that the correction does not touch, before and after.
        scheduled: What was scheduled while the shift lasts: revised, and as the pipeline wrote it.
        minutes: Scheduled time by minute: as the table has it, and summed from its measurements.
        differences: Of tables from their topics.
    """

    killed: tuple[int, str]
    heard: list[str]
    report: Report
    live: tuple[Tables, Tables]
    unaffected: tuple[Tables, Tables]
    scheduled: tuple[Rows, Rows]
    minutes: tuple[Rows, Rows]
    differences: list[str]


@pytest.fixture(scope="module")
def revised(folded: Ward, compared: Compared) -> Revised:
    live, untouched = everything(folded, live=True), unaffected(folded)
    program = [sys.executable, "-m", "tests.integration.workers.operations.rebuild.killed"]
    environment = {**os.environ, **folded.environment}
    ended = subprocess.run(program, env=environment, check=False, timeout=180)
    [interrupted] = listed(installation_of(folded.settings))
    heard: list[str] = []
    report = rebuild(installation_of(folded.settings), folded.order(swap=True), heard.append)
    scheduled = (
        f"SELECT DISTINCT scheduled FROM zone_occupancy WHERE zone_id = '{ZONE}'"
        f" AND as_of >= '{at(ABSENT_FROM)}' AND as_of < '{at(ABSENT_TO)}'"
    )
    return Revised(
        killed=(ended.returncode, interrupted.state),
        heard=heard,
        report=report,
        live=(live, everything(folded, live=True)),
        unaffected=(untouched, unaffected(folded)),
        scheduled=(folded.rows(scheduled), folded.rows(scheduled, live=True)),
        minutes=(sorted(folded.rows(MINUTES)), sorted(folded.rows(SUMMED_MINUTES))),
        differences=[
            t.difference for t in compare(installation_of(folded.settings)) if t.difference
        ],
    )


MINUTES = f"SELECT minute, scheduled_us FROM occupancy_minutes WHERE zone_id = '{ZONE}'"
SUMMED_MINUTES = f"""
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


def test_a_killed_rebuild_resumes_and_ends_like_an_undisturbed_one(
    compared: Compared, revised: Revised
) -> None:
    assert revised.killed == (-9, "FOLDING")
    assert any("going on" in line for line in revised.heard)
    assert "partition 0: folded before" in revised.heard
    report = revised.report
    assert (report.topics, report.tables) == (compared.whole.topics, compared.whole.tables)


def test_a_swapped_revision_shows_analysts_the_correction_and_keeps_what_the_pipeline_wrote(
    revised: Revised,
) -> None:
    assert revised.report.swapped
    assert revised.live[1] == revised.live[0]
    assert revised.unaffected[1] == revised.unaffected[0]
    assert revised.scheduled == ([(1,)], [(0,)])
    assert revised.differences == []


def test_minutes_of_a_revision_are_what_its_measurements_say(revised: Revised) -> None:
    found, summed = revised.minutes

    assert found == summed
    assert sum(row[1] for row in found) == ABSENT_TO - ABSENT_FROM


@dataclass(frozen=True)
class Continued:
    """A rebuild of a pipeline that runs, while a revision is in force.

    Attributes:
        measured: Measurements of the zone before and after.
        report: What the rebuild found.
    """

    measured: tuple[int, int]
    report: Report


@pytest.fixture(scope="module")
def continued(folded: Ward, revised: Revised) -> Continued:
    count = f"SELECT count(*) FROM zone_occupancy WHERE zone_id = '{ZONE}'"
    before = folded.rows(count)[0][0]
    with ThreadPoolExecutor(1) as pool:
        feeding = pool.submit(folded.trickle, 90)
        report = folded.rebuild()
        feeding.result()
    folded.settle()
    return Continued((before, folded.rows(count)[0][0]), report)


def test_the_pipeline_continues_while_a_revision_is_in_force(continued: Continued) -> None:
    """And a rebuild beside it finds what one finds while it stands still."""
    before, after = continued.measured

    assert after > before
    assert differing(continued.report) == {}, "what is in force is what a rebuild gives"


def scheduled_now(ward: Ward, field: str = "json") -> int:
    """What the board shows for the zone, or what the pipeline had written."""
    with redis.Redis.from_url(ward.settings.redis_url.get_secret_value()) as client:
        text = client.hget(state_key(ward.settings.live_prefix, "zone", ZONE), field)
    record: dict[str, int] = json.loads(text or "{}")
    return record["scheduled"]


@dataclass(frozen=True)
class Second:
    """A second revision over the first.

    Attributes:
        report: What the rebuild found.
        numbers: Both revisions.
        states: What the ledger says of them.
        scheduled: What the board shows for the zone, and what the pipeline had written.
        undroppable: Why each of them cannot be dropped.
    """

    report: Report
    numbers: tuple[int, int]
    states: tuple[str, str]
    scheduled: tuple[int, int]
    undroppable: list[str]


@pytest.fixture(scope="module")
def second(folded: Ward, continued: Continued) -> Second:
    folded.edit(3, ABSENT_FROM, START_US + HOUR_US)
    report = folded.rebuild(swap=True)
    installation = installation_of(folded.settings)
    one, two = listed(installation)
    undroppable = []
    for number in (one.revision, two.revision):
        with pytest.raises(Stop) as refused:
            drop(installation, number, "ward manager", "?")
        undroppable.append(str(refused.value))
    return Second(
        report=report,
        numbers=(one.revision, two.revision),
        states=(one.state, two.state),
        scheduled=(scheduled_now(folded), scheduled_now(folded, field="unrevised")),
        undroppable=undroppable,
    )


def test_a_second_revision_lies_over_the_first_and_shows_in_redis(second: Second) -> None:
    [coverage] = [t for t in second.report.tables if t.table == "coverage"]
    assert coverage.stretches[0].first >= at(ABSENT_TO), "the first revision had the rest"
    assert second.report.shown == 1
    assert second.scheduled == (1, 0)
    assert second.states == ("IN_FORCE", "IN_FORCE")
    assert second.report.revision == second.numbers[1]


def test_a_revision_in_force_is_not_dropped_and_the_refusal_names_the_way_back(
    second: Second,
) -> None:
    ways_back = (0, second.numbers[0])
    for number, back, refusal in zip(second.numbers, ways_back, second.undroppable, strict=True):
        assert re.search(rf"{number} is in force: .* revert {back}\b", refusal), refusal


@dataclass(frozen=True)
class Reverted:
    """Both revisions, reverted one by one.

    Attributes:
        answers: What each revert answered: revisions taken back, and live values put back.
        scheduled_us: Scheduled time of the zone after the first revert, microseconds.
        scheduled: What the board shows after the first revert.
        unknown: Why a revision that is none is refused.
        tables: Tables in the end, as analysts read them, and as the pipeline wrote them.
        audit: Entries of the audit chain.
    """

    answers: list[tuple[list[int], int]]
    scheduled_us: Rows
    scheduled: int
    unknown: str
    tables: tuple[Tables, Tables]
    audit: list[Any]


@pytest.fixture(scope="module")
def reverted(folded: Ward, second: Second) -> Reverted:
    installation = installation_of(folded.settings)
    total = f"SELECT sum(scheduled_us)::bigint FROM occupancy_minutes WHERE zone_id = '{ZONE}'"
    first_answer = revert(installation, second.numbers[0], "ward manager", "wrong again")
    scheduled_us, scheduled = folded.rows(total), scheduled_now(folded)
    with pytest.raises(Stop) as unknown:
        revert(installation, 99, "ward manager", "?")
    second_answer = revert(installation, 0, "ward manager", "as the line had it")
    return Reverted(
        answers=[first_answer, second_answer],
        scheduled_us=scheduled_us,
        scheduled=scheduled,
        unknown=str(unknown.value),
        tables=(everything(folded), everything(folded, live=True)),
        audit=audited(folded),
    )


def audited(ward: Ward) -> list[Any]:
    """Entries of the audit chain of rebuilds."""
    codec = SchemaRegistry(ward.settings.registry_url).reader(AUDIT)
    return list(read_chain(cluster_of(ward.settings), codec, CHAIN))


def test_reverting_gives_back_what_was_there_revision_by_revision(
    second: Second, reverted: Reverted
) -> None:
    one, two = second.numbers

    assert reverted.answers == [([two], 1), ([one], 0)]
    assert reverted.scheduled_us == [(ABSENT_TO - ABSENT_FROM,)]
    assert reverted.scheduled == 0
    assert "there is no revision 99" in reverted.unknown
    analysts, pipeline = reverted.tables
    assert analysts == pipeline


def test_swaps_and_reverts_of_revisions_are_audited(reverted: Reverted) -> None:
    assert [entry["action"] for entry in reverted.audit] == [
        "revision.swapped",
        "revision.swapped",
        "revision.taken_back",
        "revision.taken_back",
    ]
    assert {entry["actor"] for entry in reverted.audit} == {"ward manager"}
    assert reverted.audit[-1]["why"] == "as the line had it"


def text_of(ward: Ward, *description: str, code: int = 0) -> str:
    """What `wardstream rebuild WORDS` says, when it ends with the exit code."""
    result = CliRunner().invoke(load("rebuild"), list(description), env=ward.environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@dataclass(frozen=True)
class Dropped:
    """The first revision, dropped after it was reverted.

    Attributes:
        listed: Topics, prefix, records and rows of each revision, as `rebuild list` shows them.
        topics: Topics of all revisions before.
        answer: What `rebuild drop` prints.
        again: What it prints the second time.
        left: Revisions of which each table still holds rows.
        tables: Tables before and after.
        entry: Last entry of the audit chain.
    """

    listed: list[tuple[str, ...]]
    topics: int
    answer: str
    again: str
    left: dict[str, Rows]
    tables: tuple[Tables, Tables]
    entry: Any


@pytest.fixture(scope="module")
def dropped(folded: Ward, second: Second, reverted: Reverted) -> Dropped:
    number = str(second.numbers[0])
    before, shown = everything(folded), text_of(folded, "list")
    revisions = re.findall(r"(\d+) topics (\S+)\* with (\d+) records; (\d+) rows", shown)
    prefix, there = revisions[0][1], len(topics_of_rebuilds(folded))
    answer = text_of(folded, "drop", number, "--why", "nobody asks for it")
    wait_until(
        lambda: not any(name.startswith(prefix) for name in topics_of_rebuilds(folded)),
        60,
        "the topics to be gone",
    )
    tables = (*(f"revised_{table}" for table in TABLES), "revision_ranges", "revisions")
    return Dropped(
        listed=revisions,
        topics=there,
        answer=answer,
        again=text_of(folded, "drop", number, "--why", "again", code=78),
        left={table: folded.rows(f"SELECT DISTINCT revision FROM {table}") for table in tables},
        tables=(before, everything(folded)),
        entry=audited(folded)[-1],
    )


def test_a_reverted_revision_can_be_dropped_with_all_its_rows_and_topics(
    second: Second, dropped: Dropped
) -> None:
    one, two = second.numbers
    [(topics_of_first, _, records, rows), other] = dropped.listed

    assert min(int(topics_of_first), int(records), int(rows)) > 0
    assert int(topics_of_first) + int(other[0]) == dropped.topics
    assert dropped.answer == (
        f"dropped: revision {one}, {topics_of_first} topics with {records} records, {rows} rows\n"
    )
    for table, left in dropped.left.items():
        assert left in ([], [(two,)]), table
    assert dropped.tables[1] == dropped.tables[0]
    assert f"there is no revision {one}" in dropped.again


def test_a_dropped_revision_is_audited_with_its_reason(second: Second, dropped: Dropped) -> None:
    entry = dropped.entry

    assert (entry["action"], entry["subject"]) == (
        "revision.dropped",
        f"revision/{second.numbers[0]}",
    )
    assert entry["why"] == "nobody asks for it"


def test_an_interrupted_rebuild_can_be_dropped(folded: Ward, dropped: Dropped) -> None:
    installation = installation_of(folded.settings)
    before = listed(installation)
    with open_ledger(installation) as ledger:
        nothing = Plan(partitions=(), floors=None, facts={})
        started = ledger.start("--from 1h", folded.settings.topic_prefix, nothing, "anna")
        ledger.stage(started.revision)
        topics.create(cluster_of(folded.settings).under(started.run_prefix), [0])
    there = len(topics_of_rebuilds(folded))
    assert "under way, or interrupted" in text_of(folded, "list")

    gone = drop(installation, started.revision, "ward manager", "no longer wanted")

    assert gone.topics > 0
    wait_until(
        lambda: len(topics_of_rebuilds(folded)) == there - gone.topics, 60, "the topics to be gone"
    )
    assert listed(installation) == before
    assert folded.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'") == []


def test_frames_of_a_camera_that_was_registered_too_late_count_in_a_rebuild(
    folded: Ward, dropped: Dropped
) -> None:
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
