"""The page of benchmark tables, from `tests/bench/results/*.json`."""

import json
from pathlib import Path
from typing import Any, Final

from docs.generate.markdown import table

RESULTS: Final = Path(__file__).parents[2] / "tests" / "bench" / "results"

INTRODUCTION = """\
# Benchmark tables

Every measured figure, from `tests/bench/results/*.json`. The headline figures are in
[BENCHMARKS.md](../../BENCHMARKS.md). Each section names the command, the machine, the date, and
the commit that recorded the figures.
"""


def page() -> str:
    """The whole page."""
    results = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    results.sort(key=lambda result: (result["order"], result["title"]))
    return "\n".join([INTRODUCTION, *(_section(result) for result in results)])


def _section(result: dict[str, Any]) -> str:
    parts = [f"## {result['title']}\n"]
    parts += [_run(run) for run in result["runs"]]
    return "\n".join(parts)


def _run(run: dict[str, Any]) -> str:
    parts = [f"### {run['title']}\n"] if run.get("title") else []
    parts.append(f"{run['date']}, recorded in `{run['commit']}`. {run['machine']}\n")
    parts.append(f"```sh\n{run['command']}\n```\n")
    for block in run["blocks"]:
        if isinstance(block, str):
            parts.append(block + "\n")
        else:
            parts.append(table(block["columns"], block["rows"]))
    return "\n".join(parts)
