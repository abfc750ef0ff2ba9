"""Each threat of docs/threats.md names what stops it and tests that exist."""

import ast
import re

import pytest

from tests.support.paths import ROOT

PAGE = (ROOT / "docs/threats.md").read_text()
KINDS = (
    "Spoofing",
    "Tampering",
    "Repudiation",
    "Information disclosure",
    "Denial of service",
    "Elevation of privilege",
)
"""The kinds of threats of STRIDE."""


def rows_of(kind: str) -> list[list[str]]:
    """Cells of each row of a kind's table."""
    section = PAGE.partition(f"\n## {kind}:")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def names_of(path: str) -> set[str]:
    """Names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text())
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name.startswith("test_")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_threat_has_a_mitigation_and_tests_that_exist(kind: str) -> None:
    rows = rows_of(kind)

    assert len(rows) >= 6, f"{kind}: the table is gone"
    for row in rows:
        assert len(row) == 3, row
        threat, mitigation, tests = row
        assert threat.endswith(".")
        assert mitigation.endswith(".")
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
        assert named, f"{threat} names no test"
        assert re.sub(r"`[^`]+`|[, ]", "", tests) == "", f"{threat}: {tests}"
        for path, name in named:
            assert name in names_of(path), f"{threat}: {path} has no {name}"
