"""From the command to the live board, and from capture to the browser.

    python tests/bench/demo.py [--seconds 40] [--backend openvino]

Starts the demo twice on a run directory of its own: once with nothing in it, once again on what the
first run left. Prints Markdown for BENCHMARKS.md.
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


def play(run_dir: Path, seconds: float, backend: str) -> tuple[float, list[str]]:
    """Run the demo; returns seconds to the live board, and what it printed."""
    command = [sys.executable, "-m", "workers.cli", "demo", "--once", "--run-dir", str(run_dir)]
    command += ["--seconds", str(seconds), "--backend", backend, "--port", "0"]
    began = time.monotonic()
    board_s = float("nan")
    lines = []
    environment = {**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if BOARD in line:
                board_s = time.monotonic() - began
    return board_s, lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--backend", default="auto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wardstream-bench-") as folder:
        first_s, _ = play(Path(folder) / "demo", 3.0, options.backend)
        load = os.getloadavg()[0]
        second_s, lines = play(Path(folder) / "demo", options.seconds, options.backend)
    print("## Demo\n")
    print(
        f"`python tests/bench/demo.py --seconds {options.seconds:g} --backend {options.backend}`; "
        f"{os.cpu_count()} cores, load average {load:.1f} before the second run. Two cameras x 10 "
        "fps, live mode; everything runs on the same cores.\n"
    )
    print("| from the command to the live board | s |\n|---|---|")
    print(f"| services installed, empty run directory | {first_s:.1f} |")
    print(f"| services installed, second run | {second_s:.1f} |\n")
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
