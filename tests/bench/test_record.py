"""Figures of benchmarks are kept whole, and a run replaces those of the same title."""

import json
from pathlib import Path

import pytest

from tests.bench.record import RESULTS, dumped, record, runs_of


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_figures_name_date_commit_command_and_machine(path: Path) -> None:
    content = json.loads(path.read_text())

    assert content["title"]
    assert content["runs"]
    assert path.read_text() == dumped(content)
    for run in content["runs"]:
        assert all(run[name] for name in ("date", "commit", "command", "machine", "blocks"))
        for block in run["blocks"]:
            if not isinstance(block, str):
                assert all(len(row) == len(block["columns"]) for row in block["rows"])


def test_a_benchmark_that_runs_again_replaces_its_figures(tmp_path: Path) -> None:
    printed = "2 cores.\n\n### Latency\n\n| p50 | p99 |\n|---|---|\n| {} | 2 |\n\nQuiet.\n"
    record("made_up", "make bench", printed.format(1), tmp_path)
    path = record("made_up", "make bench", printed.format(3), tmp_path)

    runs = json.loads(path.read_text())["runs"]
    assert [run["title"] for run in runs] == ["", "Latency"]
    assert runs[1]["blocks"] == [{"columns": ["p50", "p99"], "rows": [["3", "2"]]}, "Quiet."]


def test_what_a_benchmark_prints_without_tables_is_a_paragraph() -> None:
    assert runs_of("One line\nand another.\n") == [("", ["One line and another."])]
