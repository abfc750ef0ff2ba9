"""Revisions of a pipeline: swapped in, one over another, reverted and dropped.

The tests share one pipeline, which goes through the stages of `revising`. Each stage is a fixture
that builds on the stage before, so a test needs no other test and any order will do.
"""

import re

import pytest

from tests.integration.workers.operations.rebuild.observed import (
    differing,
    explained_at,
    newest_before,
    topics_of_rebuilds,
)
from tests.integration.workers.operations.rebuild.revising import (
    Continued,
    Dropped,
    Reverted,
    Revised,
    Second,
    correct,
    drop_first,
    go_on,
    revise_again,
    take_back,
    text_of,
)
from tests.integration.workers.operations.rebuild.ward import ABSENT_FROM, ABSENT_TO, CAMERAS, Ward
from tests.support.clusters import cluster_of, installation_of
from tests.support.waiting import eventually
from workers.explain.text import lines_of
from workers.operations.rebuild import topics
from workers.operations.rebuild.dropping import drop
from workers.operations.rebuild.opening import listed, open_ledger
from workers.operations.rebuild.plan import Plan
from workers.storage.timescale.rows import at

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def revised(folded: Ward) -> Revised:
    return correct(folded)


@pytest.fixture(scope="module")
def continued(folded: Ward, revised: Revised) -> Continued:
    return go_on(folded)


@pytest.fixture(scope="module")
def second(folded: Ward, continued: Continued) -> Second:
    return revise_again(folded)


@pytest.fixture(scope="module")
def reverted(folded: Ward, second: Second) -> Reverted:
    return take_back(folded, second)


@pytest.fixture(scope="module")
def dropped(folded: Ward, second: Second, reverted: Reverted) -> Dropped:
    return drop_first(folded, second)


def test_a_swapped_revision_shows_analysts_the_correction_and_keeps_what_the_pipeline_wrote(
    revised: Revised,
) -> None:
    assert revised.report.swapped
    assert revised.live[1] == revised.live[0]
    assert revised.unaffected[1] == revised.unaffected[0]
    assert revised.scheduled == ([(1,)], [(0,)])
    assert revised.differences == []


def test_an_explanation_gives_what_was_shown_then_and_what_a_revision_says_now(
    folded: Ward, revised: Revised
) -> None:
    """Each record of the chain is where the explanation says, and there is none between it and the
    moment."""
    moment = at(ABSENT_FROM + (ABSENT_TO - ABSENT_FROM) // 2)

    explained = explained_at(folded, moment)

    shown, known = explained.shown, explained.revised
    assert shown is not None
    assert known is not None
    assert (shown.figure["scheduled"], known.figure["scheduled"]) == (0, 1)
    assert explained.revision == revised.report.revision
    assert [row["person_id"] for row in shown.people] == sorted(shown.figure["person_ids"])
    assert [row["requirement_id"] for row in explained.requirements] == ["nurse"]
    assert [each.camera["camera_id"] for each in explained.cameras if each.saw] == CAMERAS[:1]
    found = {link.store: link for link in explained.links}
    expected = newest_before(folded, shown.figure["as_of"])
    assert {store: (found[store].partition, found[store].offset) for store in expected} == expected
    assert found["frames.captured.v1"].state != "there", "this pipeline has no pictures"
    text = "\n".join(lines_of(explained))
    assert f"As known now, by revision {explained.revision}: " in text
    assert list(explained.shifts) == [], "as known then, the shift was over"


def test_minutes_of_a_revision_are_what_its_measurements_say(revised: Revised) -> None:
    found, summed = revised.minutes

    assert found == summed
    assert sum(row[1] for row in found) == ABSENT_TO - ABSENT_FROM


def test_the_pipeline_continues_while_a_revision_is_in_force(continued: Continued) -> None:
    """A rebuild during that time finds the same as one of an idle pipeline."""
    before, after = continued.measured

    assert after > before
    assert differing(continued.report) == {}, "what is in force is what a rebuild gives"


def test_a_second_revision_lies_over_the_first_and_shows_in_redis(second: Second) -> None:
    [coverage] = [t for t in second.report.tables if t.table == "coverage"]
    assert coverage.stretches[0].first >= at(ABSENT_TO), "the first revision had the rest"
    assert second.report.shown == 2, "the zone, and the floor with its coverage"
    assert second.scheduled == (1, 0)
    assert second.states == ("IN_FORCE", "IN_FORCE")
    assert second.report.revision == second.numbers[1]


def test_a_revision_in_force_is_not_dropped_and_the_refusal_names_the_way_back(
    second: Second,
) -> None:
    ways_back = (0, second.numbers[0])
    for number, back, refusal in zip(second.numbers, ways_back, second.undroppable, strict=True):
        assert re.search(rf"{number} is in force: .* revert {back}\b", refusal), refusal


def test_reverting_gives_back_what_was_there_revision_by_revision(
    second: Second, reverted: Reverted
) -> None:
    one, two = second.numbers

    assert reverted.answers == [([two], 2), ([one], 0)]
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
    assert reverted.audit[-1]["why"] == "as the pipeline had it"


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
    eventually(
        lambda: len(topics_of_rebuilds(folded)) == there - gone.topics, what="the topics to be gone"
    )
    assert listed(installation) == before
    assert folded.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rebuild%'") == []
