"""Run a benchmark and keep its figures: `python -m tests.bench.record stream_processor`.

A benchmark prints Markdown. Its tables and paragraphs go to `tests/bench/results/SUBJECT.json`, as
one run for each heading, with date, commit, command and machine; a run of the same title is
replaced. `make docs` writes the page of benchmark tables from there.
"""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

RESULTS = ROOT / "tests" / "bench" / "results"

Block = str | dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark that the first argument names, print what it prints, and record it."""
    subject, *options = arguments
    command = [sys.executable, "-m", f"tests.bench.{subject}", *options]
    lines = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    if running.returncode == 0:
        shown = " ".join(["python", *command[1:]])
        print(record(subject, shown, "".join(lines)))
    return running.returncode


def record(subject: str, command: str, printed: str, folder: Path = RESULTS) -> Path:
    """Put the runs of a benchmark into its subject's file.

    Args:
        subject: Name of the benchmark, and of the file.
        command: How to measure it again.
        printed: Markdown that the benchmark printed.
        folder: Where the files are.

    Returns:
        The file.
    """
    path = folder / f"{subject.replace('.', '_')}.json"
    content = json.loads(path.read_text()) if path.exists() else _empty(subject)
    for title, blocks in runs_of(printed):
        run = {
            "title": title,
            "date": datetime.now(UTC).date().isoformat(),
            "commit": _commit(),
            "command": command,
            "machine": _machine(),
            "blocks": blocks,
        }
        titles = [one["title"] for one in content["runs"]]
        if title in titles:
            content["runs"][titles.index(title)] = run
        else:
            content["runs"].append(run)
    path.write_text(dumped(content))
    return path


def runs_of(printed: str) -> list[tuple[str, list[Block]]]:
    """Titles and blocks of what a benchmark printed; headings begin a run.

    >>> runs_of("Two cores.\\n\\n### One\\n\\n| a | b |\\n|---|---|\\n| 1 | 2 |\\n")
    [('', ['Two cores.']), ('One', [{'columns': ['a', 'b'], 'rows': [['1', '2']]}])]
    """
    found = []
    parts = re.split(r"^#{2,3} +(.+)$", printed, flags=re.MULTILINE)
    for title, text in zip(["", *parts[1::2]], parts[::2], strict=True):
        blocks = [_block(one) for one in re.split(r"\n\s*\n", text) if one.strip()]
        if blocks:
            found.append((title.strip(), blocks))
    return found


def dumped(content: object) -> str:
    """JSON with one line for each row of a table, so that a changed figure is a changed line."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    row = re.compile(r'\[\s*((?:"(?:[^"\\]|\\.)*"(?:,\s*)?)+)\s*\]')
    return (
        row.sub(lambda found: "[" + re.sub(r'",\s*"', '", "', found[1]).strip() + "]", text) + "\n"
    )


def _block(text: str) -> Block:
    lines = text.strip().splitlines()
    if not all(line.startswith("|") for line in lines) or len(lines) < 3:
        return " ".join(line.strip() for line in lines)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {"columns": cells[0], "rows": cells[2:]}


def _empty(subject: str) -> dict[str, Any]:
    return {"title": subject.replace("_", " ").capitalize(), "order": 100, "runs": []}


def _machine() -> str:
    load = os.getloadavg()[1]
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}; load average {load:.1f} over the last five minutes."


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(
        asked, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
