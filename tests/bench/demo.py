"""From the command to the live board, and from capture to the browser.

    python tests/bench/demo.py [--seconds 40] [--starts 3] [--backend openvino]

Starts the demo on a run directory of its own: once with nothing in it, then again on what the run
before left. The processor time of all processes, services included, is told beside the seconds: it
does not change with the load of the machine. Prints Markdown.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BOARD = "live board at"
TICKS = os.sysconf("SC_CLK_TCK")


def processor_s(root: int) -> float:
    """Seconds of processor that a process and all below it have used, ended ones included."""
    used: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            used[int(entry.name)] = sum(map(int, fields[11:15])) / TICKS
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    todo, total = [root], 0.0
    while todo:
        pid = todo.pop()
        total += used.get(pid, 0.0)
        todo += children.get(pid, [])
    return total


def play(run_dir: Path, seconds: float, backend: str) -> tuple[float, float, list[str]]:
    """Run the demo; returns seconds to the live board, of them processor, and what it printed."""
    command = [sys.executable, "-m", "workers.cli", "demo", "--once", "--run-dir", str(run_dir)]
    command += ["--seconds", str(seconds), "--backend", backend, "--port", "0"]
    began = time.monotonic()
    board_s = used_s = float("nan")
    lines = []
    environment = {**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if BOARD in line:
                board_s = time.monotonic() - began
                used_s = processor_s(process.pid)
    return board_s, used_s, lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--starts", type=int, default=3, help="starts on what an earlier one left")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wardstream-bench-") as folder:
        run_dir = Path(folder) / "demo"
        starts = [play(run_dir, 3.0, options.backend) for _ in range(options.starts)]
        load = os.getloadavg()[0]
        *last, lines = play(run_dir, options.seconds, options.backend)
    print("## Demo\n")
    print(
        f"`python tests/bench/demo.py --seconds {options.seconds:g} --starts {options.starts} "
        f"--backend {options.backend}`; "
        f"{os.cpu_count()} cores, load average {load:.1f} before the last run. Two cameras x 10 "
        "fps, live mode; everything runs on the same cores.\n"
    )
    first, *later = [*((wall, used) for wall, used, _ in starts), tuple(last)]
    walls, useds = zip(*later, strict=True)
    print("| from the command to the live board | s | s of processor |\n|---|---|---|")
    print(f"| services installed, empty run directory | {first[0]:.1f} | {first[1]:.1f} |")
    print(
        f"| services installed, {len(later)} later runs | {min(walls):.1f} to {max(walls):.1f} "
        f"| {min(useds):.1f} to {max(useds):.1f} |\n"
    )
    print("| capture to the event in a browser's stream | p50 | p95 | p99 | events |")
    print("|---|---|---|---|---|")
    pattern = r"browser, (\w+): p50 (\S+) ms, p95 (\S+) ms, p99 (\S+) ms \((\d+) events\)"
    for kind, p50, p95, p99, count in re.findall(pattern, " ".join(lines)):
        print(f"| {kind} | {p50} ms | {p95} ms | {p99} ms | {count} |")
    print()
    for line in lines:
        if line.strip().startswith(("frames ", "drops:", "detections ")):
            print(f"    {line.strip()}")


if __name__ == "__main__":
    main()
