"""What a rebuild finds: nothing without an edit, else what the edit changes.

The tests share one pipeline, which goes through stages: nothing is edited, a shift is corrected,
and a rebuild is killed and run again. Each stage is a fixture that builds on the stage before and
keeps what it found, so a test needs no other test and any order will do.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from runtime.clock import SystemClock
from runtime.errors import Stop
from runtime.storage.objects import ObjectStore
from tests.integration.workers.operations.rebuild.observed import (
    Tables,
    differing,
    everything,
    middle,
    topics_of_rebuilds,
)
from tests.integration.workers.operations.rebuild.ward import ABSENT_FROM, ABSENT_TO, ZONE, Ward
from tests.support import simulated
from tests.support.clusters import cluster_of, installation_of
from tests.support.waiting import eventually
from workers.operations.rebuild.opening import listed, open_ledger
from workers.operations.rebuild.plan import Planner
from workers.operations.rebuild.result import Report
from workers.operations.rebuild.run import rebuild
from workers.operations.rebuild.start import parse_origin
from workers.storage.timescale.rows import at

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Unedited:
    """Rebuilds of a pipeline whose reference data nobody has edited.

    Attributes:
        before: Tables before the rebuild.
        after: Tables after it, as analysts read them.
        live: Tables after it, as the pipeline wrote them.
        whole: Report of a rebuild from the start.
        archived: Partition and end of an archived checkpoint.
        from_archive: Report of a rebuild from there.
        positions: Rows of the table of positions.
        roles: Roles of the people of the floor on which a badge is read.
        late_reads: Number of links of reads that came too late.
        kept: Revisions, and schemas of the database, that the rebuilds left.
    """

    before: Tables
    after: Tables
    live: Tables
    whole: Report
    archived: str
    from_archive: Report
    positions: int
    roles: set[str]
    late_reads: int
    kept: list[Any]


@pytest.fixture(scope="module")
def unedited(folded: Ward) -> Unedited:
    before = everything(folded)
    whole = folded.rebuild()
    after, live = everything(folded), everything(folded, live=True)
    archived = middle(folded)
    from_archive = folded.rebuild(archived)
    eventually(lambda: topics_of_rebuilds(folded) == [], what="the topics to be gone")
    return Unedited(
        before=before,
        after=after,
        live=live,
        whole=whole,
        archived=archived,
        from_archive=from_archive,
        positions=len(folded.rows("SELECT 1 FROM positions")),
        roles={role for (role,) in folded.rows("SELECT DISTINCT role FROM positions")},
        late_reads=len(folded.rows("SELECT 1 FROM links WHERE kind = 'BADGE'")),
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
    few = ("links.observed.v1", "zone-alerts.decided.v1")
    assert min(t.records for t in report.topics if t.topic not in few) > 100
    assert min(t.records for t in report.topics) > 5
    assert differing(report) == {}
    assert {t.table for t in report.tables if t.rows == 0} == set()
    assert "DOCTOR" in unedited.roles
    assert unedited.late_reads > 0
    assert unedited.after == unedited.before == unedited.live


def test_a_rebuild_that_only_compares_leaves_nothing_in_the_database(unedited: Unedited) -> None:
    assert unedited.kept == []


def test_from_an_archived_checkpoint_a_rebuild_is_the_same_as_from_the_beginning(
    unedited: Unedited,
) -> None:
    report = unedited.from_archive

    [plan] = report.plan.partitions
    assert plan.base is not None
    assert f"0:{plan.start}" == unedited.archived
    assert plan.start == plan.base.next_offset
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
    zone_tables = {"zone_occupancy", "coverage", *minute_tables}
    assert differing(report).keys() == {"floor_coverage", *zone_tables}
    for table in report.tables:
        if table.any:
            [stretch] = table.stretches
            assert stretch.key == (ZONE if table.table in zone_tables else "sim-0")
            slack = timedelta(minutes=1) if "minutes" in table.table else timedelta(0)
            assert at(ABSENT_FROM) - slack <= stretch.first
            assert stretch.last <= at(ABSENT_TO) + slack
    # Presence holds the coverage of its floor.
    changed = {"zone-occupancy.measured.v1", "presence.updated.v1"}
    assert {t.topic for t in report.topics if t.any} == changed
    assert differing(compared.from_archive) == differing(report)


@dataclass(frozen=True)
class Resumed:
    """A rebuild that was killed, and run again to its end.

    Attributes:
        killed: Exit status of the first run, and its state in the ledger.
        heard: Progress that the second run reported.
        report: Report of the second run.
    """

    killed: tuple[int, str]
    heard: list[str]
    report: Report


@pytest.fixture(scope="module")
def resumed(folded: Ward, compared: Compared) -> Resumed:
    program = [sys.executable, "-m", "tests.integration.workers.operations.rebuild.killed"]
    environment = {**os.environ, **folded.environment}
    ended = subprocess.run(program, env=environment, check=False, timeout=180)
    [interrupted] = listed(installation_of(folded.settings))
    heard: list[str] = []
    report = rebuild(installation_of(folded.settings), folded.order(swap=True), heard.append)
    return Resumed((ended.returncode, interrupted.state), heard, report)


def test_a_killed_rebuild_resumes_and_ends_like_an_undisturbed_one(
    compared: Compared, resumed: Resumed
) -> None:
    assert resumed.killed == (-9, "FOLDING")
    assert any("going on" in line for line in resumed.heard)
    assert "partition 0: folded before" in resumed.heard
    report = resumed.report
    assert (report.topics, report.tables) == (compared.whole.topics, compared.whole.tables)


def test_frames_of_a_camera_that_was_registered_too_late_count_in_a_rebuild(
    folded: Ward, resumed: Resumed
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
