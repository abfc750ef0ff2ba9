"""Each promise on the page of guarantees has tests that exist, and its periods are in force."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from schemas.topics import TOPICS
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "guarantees.md"
RETENTION = ROOT / "deploy" / "timescale" / "migrations"
VERSIONED = (
    *("cameras", "floors", "zones", "staff", "shifts", "requirements", "units"),
    *("readers", "badges", "roles", "census", "rules"),
    *("camera_clock", "camera_views"),
)

PAGE_TEXT = PAGE.read_text()
PROMISED, NOT_PROMISED = PAGE_TEXT.split("\n## Not promised\n")
DEFINITION = re.compile(r"^\[([A-Z]\d+[a-z])\]: (\S+)#(test_\w+)$")


def rows() -> list[list[str]]:
    """Cells of every row of a table of promises, which begins with the promise's id."""
    lines = [line for line in PROMISED.splitlines() if re.match(r"\| [A-Z]\d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def definitions() -> list[tuple[str, str, str]]:
    """Id, file and function of every test that the page names."""
    found = [DEFINITION.match(line) for line in NOT_PROMISED.splitlines() if line.startswith("[")]
    assert all(found), "a test is written as `[D1a]: FILE#test_NAME`"
    return [(match[1], match[2], match[3]) for match in found if match]


ROWS = rows()
TESTS = definitions()


@cache
def names_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_the_page_has_promises_of_every_kind() -> None:
    kinds = {row[0][0] for row in ROWS}

    assert kinds == set("DOTLZFCSEA")
    assert len(ROWS) >= 121


def test_nothing_is_promised_outside_of_a_row_with_an_id() -> None:
    """Before the part on what is not promised are only tables, code, headings and lead-ins."""
    text = re.sub(r"```.*?```", "", PROMISED[PROMISED.index("\n## ") :], flags=re.DOTALL)
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text) if block.strip()]
    prose = [block for block in blocks if block[0] not in "#|" and not block.endswith(":")]
    cells = [line for line in text.splitlines() if line.startswith("|")]
    heads = [line for line in cells if line.startswith(("| id |", "|---"))]

    assert prose == []
    assert len(cells) - len(heads) == len(ROWS)


def test_ids_are_counted_without_a_gap() -> None:
    for kind in "DOTLZFCSEA":
        numbers = [int(row[0][1:]) for row in ROWS if row[0].startswith(kind)]
        assert numbers == list(range(1, len(numbers) + 1)), kind


def test_every_test_of_the_page_belongs_to_one_row() -> None:
    named = [name for row in ROWS for name in re.findall(r"\[(\w+)\]", row[-1])]

    assert named == [name for name, _, _ in TESTS]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_promise_is_one_sentence_with_tests_of_its_own(row: list[str]) -> None:
    tests = re.findall(r"\[(\w+)\]", row[-1])
    promise = row[1:-1]

    assert tests, f"{row[0]} has no test"
    assert all(re.fullmatch(rf"{row[0]}[a-z]", test) for test in tests)
    assert not re.search(r"[.!?] +[A-Z`]", " | ".join(promise)), (
        f"more than one sentence: {promise}"
    )


@pytest.mark.parametrize(("name", "target", "function"), TESTS, ids=[test[0] for test in TESTS])
def test_a_test_of_the_page_exists(name: str, target: str, function: str) -> None:
    path = (PAGE.parent / target).resolve()

    assert path.is_file(), f"{name}: {target} does not exist"
    assert function in names_in(path), f"{name}: {target} has no {function}"


def kept() -> dict[str, str]:
    """How long each topic and table is kept, from the cell before the tests."""
    found = {}
    for row in ROWS:
        if len(row) > 4:
            found.update(dict.fromkeys(re.findall(r"`([^`]+)`", row[1]), row[-2]))
    return found


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_every_topic_is_named_with_how_long_it_is_kept(topic) -> None:  # type: ignore[no-untyped-def]
    hours = topic.retention_ms // 3_600_000
    period = f"{hours} hours" if hours < 24 else f"{hours // 24} days"

    assert kept()[topic.name] == ("newest per key" if topic.cleanup == "compact" else period)


def test_every_table_is_named_with_how_long_it_is_kept() -> None:
    text = "".join(path.read_text() for path in sorted(RETENTION.glob("*.sql")))
    periods = dict(re.findall(r"\('(\w+)', '\w+', INTERVAL '(\d+ days)'\)", text))

    named = kept()

    assert {name: named[name] for name in periods} == periods
    assert {name: named[name] for name in VERSIONED} == dict.fromkeys(VERSIONED, "for ever")
    assert len(periods) == 13
