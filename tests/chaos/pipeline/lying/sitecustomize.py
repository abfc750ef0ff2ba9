"""Make the wall clock of a process wrong by as many seconds as a file says.

Python loads this module first if the folder is on its path. Monotonic clocks stay right, as they do
when the real clock is stepped.
"""

import os
import time

_AGAIN_S = 0.1

_file = os.environ["LYING_CLOCK"]
_true_ns = time.time_ns
_monotonic = time.monotonic
_ahead_ns = 0
_read_s = float("-inf")


def _time_ns() -> int:
    global _ahead_ns, _read_s  # noqa: PLW0603 - one clock for the process
    if _monotonic() - _read_s > _AGAIN_S:
        _read_s = _monotonic()
        with open(_file) as text:  # noqa: PTH123 - pathlib is not to be loaded for this
            _ahead_ns = round(float(text.read()) * 1e9)
    return _true_ns() + _ahead_ns


def _time() -> float:
    return _time_ns() / 1e9


time.time_ns, time.time = _time_ns, _time
