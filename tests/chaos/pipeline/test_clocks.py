"""In a process with a stepped clock, the wall clock jumps and the monotonic clock does not."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.chaos.pipeline.clocks import Clocks
from tests.support.paths import ROOT

HOUR_S = 3600.0
REPORT = """
import time
from runtime.clock import SystemClock
while input():
    time.sleep(0.2)
    print(SystemClock().now_us() / 1e6, time.time(), time.monotonic(), flush=True)
"""


def test_a_wall_clock_is_stepped_while_a_process_runs(tmp_path: Path) -> None:
    clocks = Clocks(tmp_path)
    reported: list[list[float]] = []
    with subprocess.Popen(
        [sys.executable, "-c", REPORT],
        cwd=ROOT,
        env={**os.environ, **clocks.environment("one")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for step_s in (0, HOUR_S, -HOUR_S, 0):
            clocks.step("one", step_s)
            process.stdin.write("tell\n")
            process.stdin.flush()
            wall, plain, monotonic = map(float, process.stdout.readline().split())
            reported.append([wall - time.time(), plain - time.time(), monotonic - time.monotonic()])
        process.stdin.write("\n")

    for (wall, plain, monotonic), step_s in zip(reported, (0, HOUR_S, -HOUR_S, 0), strict=True):
        assert abs(wall - step_s) < 60
        assert abs(plain - step_s) < 60
        assert abs(monotonic) < 60
