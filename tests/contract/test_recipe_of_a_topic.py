"""The recipe for a derived topic works as the page gives it, and names five files."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from schemas import topics
from streams.domain.floor.state import FloorState
from streams.domain.output import Output
from tests.support.paths import ROOT
from workers.storage.timescale import tables
from workers.storage.timescale.rows import at

PAGE = (ROOT / "docs/adding-a-topic.md").read_text()
MOST_FILES = 5


def code(heading: str, language: str) -> str:
    """The block of code under a heading of the page."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    [block] = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return str(block)


@pytest.fixture
def row() -> Any:
    """The topic that the recipe adds."""
    names: dict[str, Any] = dict(vars(topics))
    exec(code("The row", "python"), names)
    return names["FLOOR_COUNTS"]


@pytest.fixture
def table(row: Any) -> Any:
    """The table that the recipe adds."""
    names: dict[str, Any] = {**vars(tables), "FLOOR_COUNTS": row}
    exec(code("The table", "python"), names)
    return names["FLOOR_COUNTS_TABLE"]


def test_a_derived_topic_is_five_files() -> None:
    files = re.findall(r"^\| \d+ \| `[^`]+` \|", PAGE, re.MULTILINE)

    assert 0 < len(files) <= MOST_FILES


def test_the_step_counts_by_the_name_of_the_topic(row: Any, table: Any) -> None:
    """Its record becomes a row of the table."""
    floor = FloorState("f1", seqs={row.name: 6})
    outputs: list[Output] = []
    names = {
        "FLOOR_COUNTS": row,
        "FloorCount": dict,
        "Output": Output,
        "floor": floor,
        "moment": SimpleNamespace(as_of_us=200_000),
        "people": 3,
        "outputs": outputs,
    }

    exec(code("The step", "python"), names)

    [output] = outputs
    assert (output.topic, output.key, output.record["seq"]) == (row, "f1", 7)
    record = dict(output.record)
    item: Any = SimpleNamespace(record=record, digest=b"d", seq=7, key="f1")
    assert table.fold([item], 1) == [(at(200_000), "f1", 7, 3, b"d")]


def test_the_migration_creates_the_columns_of_the_table(row: Any, table: Any) -> None:
    created, *_ = re.findall(
        r"CREATE TABLE floor_counts \((.*?)\n\);", code("The table", "sql"), re.DOTALL
    )
    columns = re.findall(r"^    (\w+) (?!KEY)", created, re.MULTILINE)

    assert columns == [name for name, _ in table.columns]
    assert table.holds_every_seq
    assert table.comparison.key == row.key == f"{row.owner}_id"
