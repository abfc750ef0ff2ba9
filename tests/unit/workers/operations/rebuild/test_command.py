"""`wardstream rebuild` reports what it needs before it changes anything."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from runtime.errors import EXIT_STOP
from workers.cli.app import load
from workers.operations.rebuild.difference import RowDifference, Stretch, TableDifference
from workers.operations.rebuild.dropping import Size
from workers.operations.rebuild.order import Order
from workers.operations.rebuild.plan import Plan
from workers.operations.rebuild.records import TopicDifference
from workers.operations.rebuild.report import lines_of, listed
from workers.operations.rebuild.result import Report
from workers.operations.rebuild.revision import IN_FORCE, TAKEN_BACK, Revision
from workers.operations.rebuild.start import parse_origin

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        pytest.param(["run", "--from", "1h"], "--dry-run, to compare only, or", id="no-end"),
        pytest.param(["run", "--from", "1h", "--dry-run", "--swap"], "--dry-run, to", id="both"),
        pytest.param(["run", "--from", "1h", "--swap"], "--why is empty", id="swap"),
        pytest.param(["revert", "0"], "--why is empty", id="revert"),
        pytest.param(["drop", "1"], "--why is empty", id="drop"),
        pytest.param(["checkpoints"], "--why is empty", id="checkpoints"),
        pytest.param(["run", "--from", "noon", "--dry-run"], "'noon' is no time", id="no-time"),
    ],
)
def test_what_is_missing_is_asked_for(arguments: list[str], answer: str) -> None:
    result = CliRunner().invoke(load("rebuild"), arguments)

    assert result.exit_code == EXIT_STOP
    assert answer in result.output


def report(*, differs: bool, swapped: bool) -> Report:
    row = RowDifference("CHANGED", "bay", NINE, {"scheduled": (0, 1)})
    table = TableDifference("coverage", 9, 3, 0, 0, (Stretch("bay", NINE, TEN, 3),), (row,))
    equal = TableDifference("tracks", 9, 0, 0, 0, (), ())
    topic = TopicDifference(
        "zone-occupancy.measured.v1", 9, changed=3, first=[("bay", 4, "changed")]
    )
    plan = Plan(partitions=(), floors=None, facts={})
    made = Report(7, "rebuild-7.", plan, before=5, swapped=swapped)
    made.topics = [topic] if differs else []
    made.tables = [table, equal] if differs else [equal]
    return made


def test_a_difference_is_reported_by_table_zone_time_and_column() -> None:
    lines = list(lines_of(report(differs=True, swapped=False)))

    assert "zone-occupancy.measured.v1: 9 records, 3 changed, 0 added, 0 removed" in lines
    assert "    bay seq 4: changed" in lines
    assert "table coverage: 9 rows, 3 changed, 0 added, 0 removed" in lines
    assert (
        "    bay: 3 rows from 2026-03-02T09:00:00.000+00:00 to 2026-03-02T10:00:00.000+00:00"
        in lines
    )
    assert any(line.endswith("2026-03-02T09:00:00.000+00:00: scheduled 0 -> 1") for line in lines)
    assert "table tracks: 9 rows, equal" in lines
    assert lines[-1] == "nothing was changed; --swap puts it in force"


def test_a_swap_is_reported_with_the_way_back() -> None:
    lines = list(lines_of(report(differs=True, swapped=True)))

    assert "revision 7 is in force; its records are in the topics rebuild-7.*" in lines
    assert lines[-1] == "`wardstream rebuild revert 5 --why …` takes it back"
    assert list(lines_of(report(differs=False, swapped=False)))[-1].startswith("no row differs")


def test_revisions_are_listed_with_their_reason() -> None:
    common = ("--from 2h", "rebuild-7.", "{}", {"coverage": 3}, NINE, "anna", TEN, "anna", "shift")

    revisions = [Revision(6, TAKEN_BACK, *common), Revision(7, IN_FORCE, *common)]

    lines = list(listed(revisions, {6: Size(topics=7, records=120, rows=30)}))

    assert lines[0] == "6  taken back  2026-03-02T10:00:00.000+00:00  anna  --from 2h"
    assert "    why: shift" in lines
    assert "    7 topics rebuild-7.* with 120 records; 30 rows" in lines
    assert lines[-1] == "    topics: rebuild-7.*", "its size is not known"
    assert list(listed([], {})) == ["no revision: the tables are what the pipeline wrote"]


def test_an_order_is_the_same_one_if_it_starts_at_the_same_time_however_that_is_written() -> None:
    def request(start: str, now: datetime = TEN) -> str:
        now_us = round(now.timestamp() * 1e6)
        return Order(origin=parse_origin(start, now_us), floors=("b", "a"), by="anna").request

    assert request("1h") == "--from 2026-03-02T09:00:00.000+00:00 --floor a --floor b"
    assert request("2026-03-02T10:00+01:00") == request("2026-03-02T09:00") == request("1h")
    assert request("1h", NINE) != request("1h")
    assert request("3:12000", NINE) == request("3:12000") == "--from 3:12000 --floor a --floor b"
